"""What is cut at both ends of a track, and what is silence.

Conventions: audio is float32 (n_samples, 2); levels are dB of full scale, of the louder channel; bins are those of
`legato.audio.loudness`. Whole bins are cut from the beginning, so that what was measured of a file's bins holds for
those of its track.
"""

from dataclasses import dataclass, replace

import numpy as np

from legato.audio.loudness import END_BEND, Bins
from legato.audio.samples import Source, decibels
from legato.errors import LegatoError

SILENT_DBFS = -105.0  # FluidSynth plays a channel at volume 0 some 96 dB under one at full volume: peaks of -113
SILENT_STEPS = 4  # of a file's format: rounding noise reaches one, dithered two


@dataclass(frozen=True, kw_only=True)
class Trim:
    """What is cut, what is kept, and how the ends fade."""

    threshold_db: float  # relative to the track's peak
    hold_s: float  # kept after the last bin above the threshold, so that a tail rings out
    fade_s: float


@dataclass(frozen=True, kw_only=True)
class Span:
    """Samples from `start` up to `stop`, of which the first `n_in` fade in and the last `n_out` fade out."""

    start: int
    stop: int
    n_in: int
    n_out: int
    n_fade: int  # a whole fade's length; it begins where its part that does not fit would end

    def fades(self, begin: int, end: int) -> bool:
        """Whether some of these samples of the span do."""
        return begin < self.n_in or end > self.stop - self.start - self.n_out

    def gains(self, at: np.ndarray) -> np.ndarray:
        """The fades' gains at samples of the span, float32."""
        left = self.stop - self.start - 1 - at
        rising = np.where(at < self.n_in, at + self.n_fade - self.n_in, np.inf)
        falling = np.where(left < self.n_out, left, np.inf)
        shares = np.clip(np.minimum(rising, falling) / max(self.n_fade - 1, 1), 0, 1)
        return (np.sin(np.pi / 2 * shares) ** 2).astype(np.float32)


def span_of(bins: Bins, trim: Trim, step: float = 0.0) -> Span:
    """What is left of a track without the bins below the threshold at both ends.

    Args:
        step: the smallest that two samples can differ.

    Raises:
        LegatoError: it is silent: nothing in it is louder than rounding noise, or than what a synth makes of volume 0;
            or it is not finite.
    """
    peak = float(bins.peaks.max(initial=0))
    if not np.isfinite(peak):
        raise LegatoError("the audio holds NaN or infinite samples")
    if peak <= max(10 ** (SILENT_DBFS / 20), SILENT_STEPS * step):
        level = f": its peak is {decibels(peak):.0f} dBFS" if peak else ""
        raise LegatoError(f"the audio is silent{level}")
    loud = np.flatnonzero(bins.peaks > np.float32(peak * 10 ** (trim.threshold_db / 20)))
    n_fade, n_hold = round(trim.fade_s * bins.sample_rate), round(trim.hold_s * bins.sample_rate)
    first, last = (loud[[0, -1]] * bins.n_bin).tolist()
    start = max(0, first - -(-n_fade // bins.n_bin) * bins.n_bin)
    stop = min(bins.n_samples, last + bins.n_bin + n_hold + n_fade)
    return Span(start=start, stop=stop, n_in=min(n_fade, first - start), n_out=min(n_fade, stop - start), n_fade=n_fade)


def trimmed(source: Source, span: Span) -> Source:
    """The samples of a span, faded in and out."""

    def read(begin: int, end: int) -> np.ndarray:
        audio = source.read(span.start + begin, span.start + end)
        return audio * span.gains(np.arange(begin, end))[:, None] if span.fades(begin, end) else audio

    return Source(n_samples=span.stop - span.start, read=read)


def lengthened(source: Source, n_samples: int) -> Source:
    """A source with silence after it where it is shorter than that."""
    return Source(n_samples=max(source.n_samples, n_samples), read=source.around)


def bins_within(bins: Bins, span: Span, n_samples: int) -> Bins:
    """The bins of a span, faded, and of silence after it up to `n_samples`.

    Peaks are those before the fades, and may be higher than what is left of them.
    """
    n_kept, n_bins = -(-(span.stop - span.start) // bins.n_bin), -(-n_samples // bins.n_bin)
    first = span.start // bins.n_bin
    peaks, bends, energies = (
        np.pad(values[first : first + n_kept], (0, n_bins - n_kept))
        for values in (bins.peaks, bins.bends, bins.energies)
    )
    for end in (0, n_kept - 1):  # a cut may leave an edge
        bends[end] = max(bends[end], END_BEND * peaks[end])
    n_in, n_out = (-(-n // bins.n_bin) for n in (span.n_in, span.n_out))
    fading = np.unique([*range(min(n_in, n_kept)), *range(max(n_kept - n_out - 1, 0), n_kept)])
    ends = np.minimum((fading + 1) * bins.n_bin, span.stop - span.start)
    energies[fading] *= span.gains((fading * bins.n_bin + ends) // 2) ** 2  # of its middle
    return replace(bins, n_samples=n_samples, peaks=peaks, bends=bends, energies=energies)

"""What is cut at both ends of a track, and what is silence.

Conventions: audio is float32 (n_samples, 2); levels are dB of full scale, of the louder channel.
"""

from dataclasses import dataclass

import numpy as np

from legato.audio.samples import Source, decibels, loudest_channel
from legato.errors import LegatoError

SILENT_DBFS = -105.0  # FluidSynth plays a channel at volume 0 some 96 dB under one at full volume: peaks of -113
SILENT_STEPS = 4  # of a file's format: rounding noise reaches one, dithered two
BLOCK_SAMPLES = 2**17


@dataclass(frozen=True, kw_only=True)
class Trim:
    """What is cut, what is kept, and how the ends fade."""

    threshold_db: float  # relative to the track's peak
    hold_s: float  # kept after the last sample above the threshold, so that a tail rings out
    fade_s: float


def trimmed(source: Source, sample_rate: int, trim: Trim) -> Source:
    """The track without what is below the threshold at both ends, faded in and out.

    Raises:
        LegatoError: it is silent: nothing in it is louder than rounding noise, or than what a synth makes of volume 0.
    """
    first, last = _loud_span(source, trim.threshold_db)
    n_fade, n_hold = round(trim.fade_s * sample_rate), round(trim.hold_s * sample_rate)
    start = max(0, first - n_fade)
    n_kept = min(source.n_samples, last + 1 + n_hold + n_fade) - start
    n_in, n_out = first - start, min(n_fade, n_kept)
    rising = np.sin(np.linspace(0, np.pi / 2, n_fade, dtype=np.float32)) ** 2
    fade_in, fade_out = rising[n_fade - n_in :], rising[::-1][n_fade - n_out :]

    def read(begin: int, end: int) -> np.ndarray:
        audio = source.read(start + begin, start + end).copy()
        _fade(audio, begin, 0, fade_in)
        _fade(audio, begin, n_kept - n_out, fade_out)
        return audio

    return Source(n_samples=n_kept, read=read)


def lengthened(source: Source, n_samples: int) -> Source:
    """A source with silence after it where it is shorter than that."""
    return Source(n_samples=max(source.n_samples, n_samples), read=source.around)


def _fade(audio: np.ndarray, begin: int, start: int, ramp: np.ndarray) -> None:
    """Multiply by a ramp that begins at sample `start` of a track whose samples from `begin` these are."""
    low, high = max(begin, start), min(begin + len(audio), start + len(ramp))
    if low < high:
        audio[low - begin : high - begin] *= ramp[low - start : high - start, None]


def _loud_span(source: Source, threshold_db: float) -> tuple[int, int]:
    """The first and the last sample above the threshold."""
    peaks = []
    for block in source.blocks(BLOCK_SAMPLES):
        if not np.isfinite(block).all():
            raise LegatoError("the audio holds NaN or infinite samples")
        peaks.append(float(loudest_channel(block).max(initial=0)))
    peak = max(peaks, default=0.0)
    if peak <= max(10 ** (SILENT_DBFS / 20), SILENT_STEPS * source.step):
        level = f": its peak is {decibels(peak):.0f} dBFS" if peak else ""
        raise LegatoError(f"the audio is silent{level}")
    threshold = np.float32(peak * 10 ** (threshold_db / 20))
    loud = [at for at, value in enumerate(peaks) if value > threshold]
    return _loud_in(source, loud[0], threshold)[0], _loud_in(source, loud[-1], threshold)[-1]


def _loud_in(source: Source, block: int, threshold: np.float32) -> list[int]:
    start = block * BLOCK_SAMPLES
    level = loudest_channel(source.read(start, min(start + BLOCK_SAMPLES, source.n_samples)))
    return (start + np.flatnonzero(level > threshold)).tolist()

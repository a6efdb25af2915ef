"""What one note alone tells of a sound: its partials, how they beat, how bright it is and how fast it decays.

Conventions: a note is float32 (n_samples, 2) and begins at its first sample; partial h is near h times the fundamental;
a brightness is in octaves over the fundamental.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.fft

HOP_S = 0.01  # of levels
N_PARTIALS = 40
HIGHEST_HZ = 12000.0  # of a partial that is measured
LINES_HZ = (600.0, 9000.0)  # of partials whose lines lie far enough apart to be told, and are still loud
LINES_FROM, LINES_TO = 8, 14  # of a low key from the first of these on; over the last, neighbours come too near
LINES_S = (0.2, 2.4)  # a window that tells lines 1 Hz apart
NEAR_CENTS = 60.0  # of a partial
LINE_POWER = 0.01  # of the highest line: what is lower is none
PARTIAL_POWER = 1e-5  # of the highest line of all: partials under it tell nothing
BRIGHTNESS_HOP_S, BRIGHTNESS_S, PERIODS = 0.02, 0.05, 4  # of its windows, and of the fundamental in one at least
AUDIBLE_POWER = 1e-3  # of the loudest window
ONSET_S = (0.0, 0.15)
BODY_S = (0.02, 0.5)
FIRST_S = (0.02, 1.0)
OFF_PARTIALS = (1.3, 10.0)  # where what lies between partials is heard as inharmonic
OFF_SHARE = 0.15  # of the fundamental: nearer to a partial it belongs to that
TINE = ((12.5, 15.5), (9.0, 12.0))  # the partials of a tine of 14 times, and those under it
TINY = 1e-14  # a power under all that is heard


class Lines(NamedTuple):
    """What a partial consists of."""

    n: int
    cents: float  # the deviation of its power's frequency


@dataclass(frozen=True, kw_only=True)
class Note:
    """A note of one instrument, played alone."""

    audio: np.ndarray  # (n_samples, 2)
    sample_rate: int
    hz: float  # of its key

    @cached_property
    def levels(self) -> np.ndarray:
        """The power of every `HOP_S`, (n_hops,)."""
        hop = round(HOP_S * self.sample_rate)
        frames = self.audio[: len(self.audio) // hop * hop].astype(np.float64).reshape(-1, hop * 2)
        return np.mean(frames**2, axis=1)

    @cached_property
    def loudest_s(self) -> float:
        """When it is loudest."""
        return float(self.levels.argmax() * HOP_S)

    def seconds_to(self, fall_db: float) -> float:
        """From the loudest moment to that from which on it stays so far under it; infinite where it never does."""
        after = self.levels[int(self.levels.argmax()) :]
        above = np.flatnonzero(after >= after[0] * 10 ** (-fall_db / 10))  # beating voices fall and come back
        return float((above[-1] + 1) * HOP_S) if above[-1] + 1 < len(after) else np.inf

    def spectrum(self, start_s: float, end_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Frequencies in Hz, and both channels' power between two moments, seen through a Hann window."""
        piece = self.audio[round(start_s * self.sample_rate) : round(end_s * self.sample_rate)].astype(np.float64)
        length = scipy.fft.next_fast_len(2 * len(piece), real=True)
        power = np.abs(scipy.fft.rfft(piece * np.hanning(len(piece))[:, None], length, axis=0)) ** 2
        return np.fft.rfftfreq(length, 1 / self.sample_rate), power.mean(axis=1) / max(len(piece), 1) ** 2

    def partials(self, start_s: float, end_s: float) -> np.ndarray:
        """The power around each partial, the first at index 0, up to `HIGHEST_HZ`, (n_partials,)."""
        n = int(np.clip(HIGHEST_HZ // self.hz, 1, N_PARTIALS))
        hz, power = self.spectrum(start_s, end_s)
        nearest = np.clip(np.round(hz / self.hz).astype(int), 0, n + 1)
        return np.bincount(nearest, weights=power, minlength=n + 2)[1 : n + 1]

    @cached_property
    def fundamental_share(self) -> float:
        """Of all partials' power."""
        partials = self.partials(*BODY_S)
        return float(partials[0] / max(partials.sum(), TINY))

    @cached_property
    def odd_over_even_db(self) -> float:
        """The power of the odd partials over that of the even ones: 20 and more of a square."""
        partials = self.partials(*BODY_S)
        return decibels_of(partials[0::2].sum()) - decibels_of(partials[1::2].sum())

    @cached_property
    def overtones_db(self) -> float:
        """The power of all partials over the first, and the first's."""
        partials = self.partials(*BODY_S)
        return decibels_of(partials[1:].sum()) - decibels_of(partials[0])

    @cached_property
    def lines(self) -> Lines:
        """The medians, over the partials that can tell, of how many lines they are and how far these lie apart."""
        hz, power = self.spectrum(*LINES_S)
        found = []
        first = min(int(LINES_HZ[0] // self.hz) + 1, LINES_FROM)
        for h in range(first, min(int(LINES_HZ[1] // self.hz), LINES_TO) + 1):
            middle = h * self.hz
            low, high = np.searchsorted(hz, middle * 2 ** (np.array((-NEAR_CENTS, NEAR_CENTS)) / 1200))
            near, some = hz[low:high], power[low:high]
            if len(some) < 5 or not some.max() > PARTIAL_POWER * power.max():
                continue
            is_line = (some[1:-1] > some[:-2]) & (some[1:-1] >= some[2:]) & (some[1:-1] > LINE_POWER * some.max())
            cents = 1200 * np.log2(near / middle)
            mean = np.average(cents, weights=some)
            found.append((int(is_line.sum()), float(np.sqrt(np.average((cents - mean) ** 2, weights=some)))))
        return Lines(*np.median(found, axis=0)) if found else Lines(0, 0.0)

    @cached_property
    def brightness(self) -> np.ndarray:
        """The mean octave of the partials over the first, weighted by their amplitude, every 20 ms while it is heard.

        (n_windows,), empty of silence.
        """
        length_s = max(BRIGHTNESS_S, PERIODS / self.hz)
        starts = np.arange(0, len(self.audio) / self.sample_rate - length_s, BRIGHTNESS_HOP_S)
        powers = np.array([self.partials(start, start + length_s) for start in starts])
        total = powers.sum(axis=1)
        amplitudes = np.sqrt(powers[total > max(AUDIBLE_POWER * total.max(), TINY)])
        octaves = np.log2(np.arange(1, amplitudes.shape[1] + 1))
        return amplitudes @ octaves / amplitudes.sum(axis=1)

    @cached_property
    def brightening(self) -> float:
        """By how many octaves it brightens from its beginning to its brightest moment."""
        return float(self.brightness.max() - self.brightness[0]) if len(self.brightness) else 0.0

    @cached_property
    def darkening(self) -> float:
        """By how many octaves it darkens after its brightest moment."""
        track = self.brightness
        return float(track.max() - track[int(track.argmax()) :].min()) if len(track) else 0.0

    @cached_property
    def centroid_hz(self) -> float:
        """The mean frequency of the first second, weighted by amplitude."""
        hz, power = self.spectrum(*FIRST_S)
        return float((hz * np.sqrt(power)).sum() / max(np.sqrt(power).sum(), TINY))

    def power_hz(self, start_s: float, end_s: float) -> float:
        """The mean frequency between two moments, weighted by power."""
        hz, power = self.spectrum(start_s, end_s)
        return float((hz * power).sum() / max(power.sum(), TINY))

    @cached_property
    def resonance_db(self) -> float:
        """How far the strongest partial from the third on is over those an octave under it, in the clearest moments.

        Of a saw it is -6 and less, of a resonant filter more.
        """
        length_s = max(BRIGHTNESS_S, PERIODS / self.hz)
        found = []
        for start in np.arange(0.02, 1.0, 2 * BRIGHTNESS_HOP_S):
            powers = self.partials(start, start + length_s)
            if len(powers) < 4 or powers.sum() < TINY:
                continue
            h = 3 + int(np.argmax(powers[2:]))
            under = powers[(h + 1) // 2 - 1 : h - 1]
            found.append(decibels_of(powers[h - 1]) - decibels_of(float(under.mean())))
        return float(np.percentile(found, 75)) if found else -np.inf

    @cached_property
    def inharmonic_db(self) -> float:
        """The power between the partials over all of it."""
        hz, power = self.spectrum(0, BODY_S[1])
        at = hz / self.hz
        is_off = (np.abs(at - np.round(at)) > OFF_SHARE) & (at > OFF_PARTIALS[0]) & (at < OFF_PARTIALS[1])
        return decibels_of(power[is_off].sum()) - decibels_of(power.sum())

    @cached_property
    def tine_db(self) -> tuple[float, float]:
        """The power of partials 13 to 15 at the onset, over that of 9 to 12 and over all."""
        hz, power = self.spectrum(*ONSET_S)
        above, under = (decibels_of(power[(hz > a * self.hz) & (hz < b * self.hz)].sum()) for a, b in TINE)
        return above - under, above - decibels_of(power.sum())


def decibels_of(power: float) -> float:
    """A power in dB, at least -140."""
    return float(10 * np.log10(max(power, TINY)))

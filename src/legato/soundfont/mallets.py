"""Bars, tubes, bells and skins that are struck, as sums of decaying modes.

Ratios of the modes: Fletcher and Rossing, "The Physics of Musical Instruments", 2nd edition, chapters 18 to 21.
Conventions: as in `synthesis`.
"""

from dataclasses import dataclass

import numpy as np

from legato.soundfont.oscillators import everywhere
from legato.soundfont.synthesis import Amplitude, Made, key_hz, modes, noise, rung_out, seconds_of_time


# Key idea: a struck body is a sum of modes, each a sine that dies by itself; a table has their ratios, weights and ring
# times, and the key only scales them. 261.6 Hz is middle C, at which tables state ring times. 6.9 is ln 1000: a rate of
# 6.9 / s is a fall by 60 dB per second. A sample lasts 1.05 times as long as its longest mode needs for these 60 dB, at
# least 0.15 s and at most `seconds`. Two halves of a mode, `beat_cents` apart, have 0.6 of the weight 0.4 of the way
# down and 0.4 of it 0.6 of the way up: their weighted mean stays in tune. Phases within 0.2 rad of zero begin near
# silence and still differ from stroke to stroke. The stroke is noise that grows to `mallet_hz`, falls by 12 dB per
# octave above it, and dies with a time constant of 5 ms. 0.15, 0.2, 0.25, 5 ms and the tables' weights are chosen for
# the sound; ratios: see the source above.
@dataclass(frozen=True, kw_only=True)
class Struck:
    """A tuned piece of metal, wood or skin: (ratio, weight, seconds to fall by 60 dB at middle C) of each mode."""

    partials: tuple[tuple[float, float, float], ...]
    seconds: float = 3.0
    slowing: float = 0.5  # how much longer low notes ring: decay grows as hz to the power of -slowing
    mallet: float = 0.1  # the noise of the stroke
    mallet_hz: float = 2500.0
    beat_cents: float = 0.0  # between the two halves of a mode that is not quite round
    body: Amplitude = everywhere
    attack_s: float = 0.001

    def __call__(self, key: int, top_hz: float, rng: np.random.Generator) -> Made:
        hz = key_hz(key)
        ratio, weight, ring_s = np.array(self.partials).T
        stretch = (hz / 261.6) ** -self.slowing
        seconds = float(np.clip(1.05 * stretch * ring_s.max(), 0.15, self.seconds))
        frequencies = hz * ratio
        weights = weight * self.body(frequencies)
        rates = 6.9 / (ring_s * stretch)
        if self.beat_cents:
            apart = 2 ** (self.beat_cents / 1200)
            frequencies = np.concatenate([frequencies / apart**0.4, frequencies * apart**0.6])
            weights, rates = np.concatenate([0.6 * weights, 0.4 * weights]), np.tile(rates, 2)
        phases = rng.uniform(-0.2, 0.2, len(weights))
        wave = modes(frequencies, weights, rates, phases, seconds=seconds, top_hz=top_hz)
        wave /= np.abs(wave).max()
        time = seconds_of_time(seconds)
        width = self.mallet_hz
        stroke = noise(len(time), lambda f: f / (1 + (f / width) ** 3), rng, top_hz) * np.exp(-time / 0.005)
        return rung_out(wave + 0.25 * self.mallet * stroke, self.attack_s), None


MARIMBA = ((1, 1, 1.3), (3.93, 0.28, 0.35), (9.2, 0.1, 0.12), (0.996, 0.1, 1.1))
XYLOPHONE = ((1, 1, 0.55), (3.0, 0.45, 0.3), (6.1, 0.3, 0.14), (10.2, 0.12, 0.07))
VIBRAPHONE = ((1, 1, 5.0), (4.0, 0.22, 2.0), (9.9, 0.1, 0.6), (16.2, 0.03, 0.2))
GLOCKENSPIEL = ((1, 1, 3.5), (2.76, 0.35, 1.6), (5.4, 0.25, 0.8), (8.93, 0.12, 0.4), (13.3, 0.05, 0.2))
CELESTA = ((1, 1, 2.6), (2.0, 0.06, 1.2), (4.0, 0.22, 0.8), (6.8, 0.06, 0.3), (10.0, 0.03, 0.15))
MUSIC_BOX = ((1, 1, 2.4), (2.01, 0.25, 1.1), (5.4, 0.18, 0.5), (6.27, 0.12, 0.35), (11.1, 0.05, 0.15))
KALIMBA = ((1, 1, 1.7), (2.0, 0.08, 0.6), (5.4, 0.2, 0.16), (6.9, 0.1, 0.1), (13.6, 0.04, 0.05))
TUBULAR = (
    (0.5, 0.12, 5),
    (1, 1, 5.5),
    (1.5, 0.75, 4.5),
    (2.02, 0.6, 4),
    (2.62, 0.4, 3),
    (3.28, 0.3, 2.2),
    (4.0, 0.2, 1.5),
    (5.7, 0.1, 0.8),
)
CHURCH_BELL = (
    (0.5, 0.5, 7),
    (1, 1, 5),
    (1.2, 0.6, 4.5),
    (1.5, 0.4, 4),
    (2.0, 0.8, 3.5),
    (2.6, 0.35, 2),
    (3.0, 0.3, 1.7),
    (4.1, 0.2, 1.2),
)
STEEL_DRUM = ((1, 1, 1.9), (2.0, 0.7, 1.3), (3.01, 0.3, 0.8), (4.02, 0.22, 0.5), (5.05, 0.1, 0.3), (6.9, 0.08, 0.2))
TIMPANI = (
    (1, 1, 2.6),
    (1.5, 0.7, 2.0),
    (1.98, 0.45, 1.6),
    (2.44, 0.3, 1.2),
    (2.9, 0.2, 0.9),
    (0.6, 0.25, 0.4),
    (3.6, 0.1, 0.5),
)
GLASS = ((1, 1, 3.6), (2.32, 0.25, 2.0), (4.25, 0.25, 1.4), (6.63, 0.18, 0.8), (9.38, 0.1, 0.5))
AGOGO = ((1, 1, 0.7), (2.55, 0.6, 0.5), (3.9, 0.5, 0.35), (5.6, 0.3, 0.2))
WOOD = ((1, 1, 0.26), (1.6, 0.4, 0.08), (2.7, 0.3, 0.06), (4.3, 0.15, 0.04))
TAIKO = ((1, 1, 1.6), (1.59, 0.55, 0.9), (2.14, 0.4, 0.6), (2.3, 0.3, 0.5), (2.65, 0.2, 0.4), (2.92, 0.2, 0.3))
TOM = ((1, 1, 0.9), (1.59, 0.4, 0.45), (2.14, 0.25, 0.3), (2.65, 0.12, 0.2))

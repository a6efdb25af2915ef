"""What drums are made of: membranes, plates, noise; and `Sound`, which is one drum in its velocity layers and takes.

Conventions: a maker takes a `hardness`, 0.3 for a soft stroke to 1 for a hard one, and gives a mono wave at SAMPLE_RATE
that starts at its onset and has died away at its end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from legato.soundfont.synthesis import (
    SAMPLE_RATE,
    TOP_HZ,
    Wave,
    band,
    decay,
    driven,
    faded,
    limited,
    modes,
    noise,
    seconds_of_time,
    shaped,
)

Strike = Callable[[float, np.random.Generator], Wave]
MEMBRANE = np.array([1, 1.59, 2.14, 2.3, 2.65, 2.92, 3.16, 3.5])  # of an ideal skin (18.2)


@dataclass(frozen=True, kw_only=True)
class Sound:
    """One drum: a sample for each velocity layer and take."""

    name: str
    strike: Strike
    layers: tuple[float, ...] = (1.0,)  # hardness of each, the softest first
    takes: int = 1  # that neighbouring velocities alternate between

    def waves(self, rng: np.random.Generator) -> list[list[Wave]]:
        """For each layer, its takes; without clicks at their ends, peak 1."""
        return [[self._finished(self.strike(hardness, rng)) for _ in range(self.takes)] for hardness in self.layers]

    @staticmethod
    def _finished(wave: Wave) -> Wave:
        wave = limited(wave, TOP_HZ)
        heard = np.flatnonzero(np.abs(wave) > 6e-4 * np.abs(wave).max())[-1]
        wave = faded(wave[: heard + 1], attack_s=0.0003, release_s=min(0.02, heard / SAMPLE_RATE / 3))
        return wave / np.abs(wave).max()


def swept(hz: float, sweep: float, sweep_s: float, time: Wave) -> Wave:
    """A sine that starts `sweep` times higher and falls onto `hz`."""
    return np.sin(2 * np.pi * hz * (time + (sweep - 1) * sweep_s * (1 - np.exp(-time / sweep_s))))


def hiss(seconds: float, low_hz: float, high_hz: float, rng: np.random.Generator) -> Wave:
    """Noise between two edges, rms 1."""
    return noise(round(seconds * SAMPLE_RATE), band(low_hz, high_hz), rng)


def click(time: Wave, hz: float, seconds: float, rng: np.random.Generator) -> Wave:
    """A short burst of noise around a frequency, peak about 1."""
    return noise(len(time), band(hz / 2, hz * 2), rng) * decay(seconds, time) / 3


def squares(frequencies: tuple[float, ...], time: Wave) -> Wave:
    """Square waves of odd partials up to TOP_HZ, rms 1."""
    numbers = [(hz, n) for hz in frequencies for n in range(1, int(TOP_HZ / hz) + 1, 2)]
    hz, weights = np.array([hz * n for hz, n in numbers]), np.array([1 / n for _, n in numbers])
    wave = modes(hz, weights, np.zeros(len(hz)), np.zeros(len(hz)), seconds=len(time) / SAMPLE_RATE)
    return wave / wave.std()


def skin(
    hz: float, seconds: float, hardness: float, rng: np.random.Generator, *, drop: float = 1.08, ring: float = 1.0
) -> Wave:
    """A tuned drum: a membrane's modes; the lowest drops as the stroke relaxes, and the stick."""
    time = seconds_of_time(seconds)
    ratios = MEMBRANE[1:] * rng.uniform(0.99, 1.01, len(MEMBRANE) - 1)
    upper = modes(
        hz * ratios,
        ring * 0.5 * hardness / ratios**1.3,
        6.9 / seconds * ratios * 1.5,
        rng.uniform(0, 6, len(ratios)),
        seconds=seconds,
    )
    body = swept(hz * rng.uniform(0.995, 1.005), 1 + (drop - 1) * (0.5 + hardness), 0.035, time) * decay(seconds, time)
    return body + 0.5 * upper + 0.25 * hardness * click(time, 2200 * (0.5 + hardness), 0.012, rng)


def plate(
    seconds: float,
    hardness: float,
    rng: np.random.Generator,
    *,
    low_hz: float = 350,
    n_modes: int = 420,
    bright: float = 0.6,
    bell: tuple[float, ...] = (),
    wash: float = 0.5,
    slope: float = 0.6,
) -> Wave:
    """A cymbal: many modes, the high ones dying first, a bell's few strong ones, and the wash between them."""
    time = seconds_of_time(seconds)
    hz = low_hz * (16500 / low_hz) ** np.sort(rng.uniform(0, 1, n_modes) ** 0.75)
    weights = (
        rng.uniform(0.3, 1, n_modes)
        * (hz / 4000) ** (bright - 0.5)
        / (1 + (3000 * (0.35 + hardness) * 3 / hz) ** -2) ** 0.5
    )
    rates = 6.9 / seconds * (0.7 + (hz / 5000) ** slope)
    wave = modes(hz, weights, rates, rng.uniform(0, 6.28, n_modes), seconds=seconds)
    wave /= np.abs(wave[: SAMPLE_RATE // 10]).max()
    if bell:
        strong = np.array(bell) * rng.uniform(0.998, 1.002, len(bell))
        wave += 0.8 * modes(
            strong,
            1 / np.arange(1, len(bell) + 1) ** 0.5,
            np.full(len(bell), 6.9 / seconds / 0.8),
            rng.uniform(0, 6, len(bell)),
            seconds=seconds,
        )
    swell = 1 - 0.6 * np.exp(-time / 0.02)
    washed = noise(len(time), band(2500 * (1.4 - hardness), 15000), rng) * decay(seconds * 0.6, time) * swell
    return wave + wash * 0.25 * washed + 0.2 * hardness * click(time, 6000, 0.01, rng)


def wires(
    seconds: float, hardness: float, rng: np.random.Generator, low_hz: float = 1500, high_hz: float = 9000
) -> Wave:
    """A snare's wires: noise that answers the skin for a moment, then rattles on."""
    time = seconds_of_time(seconds)
    rattle = noise(len(time), band(low_hz, high_hz * (0.4 + 0.6 * hardness)), rng)
    return (
        rattle * (0.75 * decay(seconds * 0.45, time) + 0.25 * decay(seconds, time)) * (1 - 0.5 * np.exp(-time / 0.0015))
    )


def crushed(strike: Strike, *, drive: float, low_pass_hz: float, bits: int, grit: float = 0.0) -> Strike:
    """A sound as an old sampler keeps it: driven, few bits, no highs."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        wave = strike(hardness, rng)
        wave = driven(wave / np.abs(wave).max(), lambda x: np.tanh(drive * x) / np.tanh(drive), TOP_HZ)
        steps = 2 ** (bits - 1)
        wave = np.round(wave * steps + rng.uniform(-0.5, 0.5, len(wave)) * grit) / steps
        return shaped(wave, lambda hz: 1 / (1 + (hz / low_pass_hz) ** 6))

    return make

"""An 808-style drum kit by arithmetic, one function a drum and a table of all.

Conventions: every function gives a mono wave at SAMPLE_RATE that starts at its onset and has died away at its end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from legato.soundfont.synthesis import SAMPLE_RATE, TOP_HZ, faded

METAL_HZ = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)  # the six oscillators of a TR-808's cymbals
Wave = np.ndarray


def _time(seconds: float) -> Wave:
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _decay(seconds: float, time: Wave) -> Wave:
    """An exponential that falls by 60 dB in `seconds`."""
    return np.exp(-6.9 * time / seconds)


def _band(wave: Wave, low_hz: float, high_hz: float) -> Wave:
    """The wave's spectrum between two frequencies, with edges of an octave at 24 dB."""
    spectrum = np.fft.rfft(wave, 2 * len(wave))
    hz = np.maximum(np.fft.rfftfreq(2 * len(wave), 1 / SAMPLE_RATE), 1)
    weights = 1 / (1 + (low_hz / hz) ** 4) / (1 + (hz / high_hz) ** 8)
    return np.fft.irfft(spectrum * weights)[: len(wave)]


def _noise(seconds: float, low_hz: float, high_hz: float, rng: np.random.Generator) -> Wave:
    return _band(rng.standard_normal(round(seconds * SAMPLE_RATE)), low_hz, high_hz)


def _swept(hz: float, sweep: float, sweep_s: float, time: Wave) -> Wave:
    """A sine that starts `sweep` times higher and falls onto `hz`."""
    return np.sin(2 * np.pi * hz * (time + (sweep - 1) * sweep_s * (1 - np.exp(-time / sweep_s))))


def _squares(frequencies: tuple[float, ...], time: Wave) -> Wave:
    """Square waves of odd partials up to TOP_HZ."""
    wave = np.zeros_like(time)
    for hz in frequencies:
        for number in range(1, int(TOP_HZ / hz) + 1, 2):
            wave += np.sin(2 * np.pi * hz * number * time) / number
    return wave


def kick(rng: np.random.Generator, hz: float = 52, seconds: float = 0.7) -> Wave:
    """A sine that drops, with a click."""
    time = _time(seconds)
    return _swept(hz, 4.5, 0.018, time) * _decay(seconds, time) + 0.12 * _noise(seconds, 1500, 8000, rng) * _decay(
        0.02, time
    )


def snare(rng: np.random.Generator, seconds: float = 0.32) -> Wave:
    """Two membrane modes and the wires' noise."""
    time = _time(seconds)
    tone = _swept(180, 1.3, 0.02, time) + 0.6 * _swept(330, 1.2, 0.02, time)
    return tone * _decay(0.16, time) + 0.55 * _noise(seconds, 1200, 11000, rng) * _decay(seconds, time)


def clap(rng: np.random.Generator) -> Wave:
    """Four bursts of noise, the last one long."""
    time = _time(0.4)
    bursts = sum(
        np.where(time >= late, _decay(length, time - late), 0)
        for late, length in ((0, 0.02), (0.011, 0.02), (0.022, 0.02), (0.033, 0.32))
    )
    return _noise(0.4, 900, 4500, rng) * bursts


def side_stick() -> Wave:
    """Two short high sines."""
    time = _time(0.09)
    return (np.sin(2 * np.pi * 1667 * time) + 0.7 * np.sin(2 * np.pi * 465 * time)) * _decay(0.06, time)


def hat(rng: np.random.Generator, seconds: float) -> Wave:
    """The metal oscillators and noise, high-passed."""
    time = _time(seconds)
    metal = _band(_squares(METAL_HZ, time), 7000, 14000)
    return (metal / metal.std() + 0.6 * _noise(seconds, 7500, 15000, rng)) * _decay(seconds, time)


def cymbal(rng: np.random.Generator, seconds: float, low_hz: float, bell: float) -> Wave:
    """Noise and metal that darken as they die."""
    time = _time(seconds)
    metal = _band(_squares(METAL_HZ, time), low_hz, 10000)
    wash = _noise(seconds, low_hz, 12000, rng)
    return bell * metal / metal.std() * _decay(seconds * 0.7, time) + wash / wash.std() * _decay(seconds, time)


def tom(rng: np.random.Generator, hz: float) -> Wave:
    """A sine that drops, and a little skin."""
    time = _time(0.5)
    return _swept(hz, 1.5, 0.04, time) * _decay(0.5, time) + 0.05 * _noise(0.5, 400, 3000, rng) * _decay(0.08, time)


def conga(hz: float, seconds: float = 0.25) -> Wave:
    """A short sine with hardly a drop."""
    time = _time(seconds)
    return _swept(hz, 1.15, 0.01, time) * _decay(seconds, time)


def cowbell() -> Wave:
    """Two squares, band-passed."""
    time = _time(0.4)
    return _band(_squares((540.0, 800.0), time), 500, 5000) * (0.7 * _decay(0.06, time) + 0.5 * _decay(0.4, time))


def shaken(rng: np.random.Generator, seconds: float, low_hz: float) -> Wave:
    """Noise that swells and dies: maracas, shaker, tambourine."""
    time = _time(seconds)
    return _noise(seconds, low_hz, 15000, rng) * np.minimum(time / 0.012, 1) * _decay(seconds, time)


def claves() -> Wave:
    """One high sine."""
    time = _time(0.08)
    return np.sin(2 * np.pi * 2500 * time) * _decay(0.07, time)


@dataclass(frozen=True, kw_only=True)
class Drum:
    """A drum's keys, its wave, its level, and the group in which one hit cuts off another."""

    keys: tuple[int, ...]
    make: Callable[[np.random.Generator], Wave]
    level_db: float = 0.0  # of its peak
    pan: int = 0  # -500 left to 500 right
    exclusive: int = 0


HATS = 1
KIT = (
    Drum(keys=(35, 36), make=kick),
    Drum(keys=(37,), make=lambda _: side_stick(), level_db=-6, pan=-60),
    Drum(keys=(38, 40), make=snare, level_db=-2),
    Drum(keys=(39,), make=clap, level_db=-4, pan=40),
    Drum(keys=(42,), make=lambda rng: hat(rng, 0.09), level_db=-11, pan=90, exclusive=HATS),
    Drum(keys=(44,), make=lambda rng: hat(rng, 0.06), level_db=-12, pan=90, exclusive=HATS),
    Drum(keys=(46,), make=lambda rng: hat(rng, 0.5), level_db=-11, pan=90, exclusive=HATS),
    Drum(keys=(41,), make=lambda rng: tom(rng, 82), level_db=-4, pan=180),
    Drum(keys=(43,), make=lambda rng: tom(rng, 96), level_db=-4, pan=140),
    Drum(keys=(45,), make=lambda rng: tom(rng, 116), level_db=-4, pan=90),
    Drum(keys=(47,), make=lambda rng: tom(rng, 138), level_db=-4, pan=-30),
    Drum(keys=(48,), make=lambda rng: tom(rng, 160), level_db=-4, pan=-90),
    Drum(keys=(50,), make=lambda rng: tom(rng, 190), level_db=-4, pan=-150),
    Drum(keys=(49, 57), make=lambda rng: cymbal(rng, 1.8, 3500, 0.4), level_db=-9, pan=-140),
    Drum(keys=(51, 59), make=lambda rng: cymbal(rng, 1.2, 5000, 1.2), level_db=-13, pan=150),
    Drum(keys=(54,), make=lambda rng: shaken(rng, 0.22, 6500), level_db=-9, pan=120),
    Drum(keys=(56,), make=lambda _: cowbell(), level_db=-8, pan=-100),
    Drum(keys=(62,), make=lambda _: conga(370, 0.12), level_db=-6, pan=100),
    Drum(keys=(63,), make=lambda _: conga(370), level_db=-6, pan=100),
    Drum(keys=(64,), make=lambda _: conga(250), level_db=-6, pan=130),
    Drum(keys=(70, 82), make=lambda rng: shaken(rng, 0.1, 5000), level_db=-10, pan=-160),
    Drum(keys=(75,), make=lambda _: claves(), level_db=-8, pan=-60),
)


def drum_wave(drum: Drum, rng: np.random.Generator) -> Wave:
    """A drum's wave without clicks at its ends, peak 1."""
    wave = faded(drum.make(rng), attack_s=0.0005, release_s=0.01)
    return wave / np.abs(wave).max()

"""Drums of wood, skin and metal: two kick drums, snares, toms, cymbals and hats, in velocity layers."""

from typing import Any

import numpy as np

from legato.soundfont.kits.sounds import Sound, Strike, click, crushed, hiss, plate, skin, swept, wires
from legato.soundfont.synthesis import SAMPLE_RATE, Wave, decay, modes, seconds_of_time

THREE = (0.4, 0.7, 1.0)
TWO = (0.55, 1.0)


def kick(hz: float, seconds: float, beater: float) -> Strike:
    """A large skin that drops by a little, its shell, and the beater's knock."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        time = seconds_of_time(seconds)
        body = swept(hz * rng.uniform(0.99, 1.01), 1 + 1.3 * (0.4 + hardness), 0.013, time) * decay(seconds * 0.8, time)
        shell = modes(
            hz * np.array([1.6, 2.2, 3.4]),
            np.array([0.25, 0.15, 0.08]),
            6.9 / np.array([0.2, 0.12, 0.08]),
            rng.uniform(0, 6, 3),
            seconds=seconds,
        )
        knock = click(time, 1300 + 2200 * hardness, 0.016, rng) + 0.5 * click(time, 350, 0.05, rng)
        return body + hardness * shell + beater * (0.25 + 0.75 * hardness) * knock

    return make


def snare(hz: float, seconds: float, rattle: float) -> Strike:
    """Two skins' modes and the wires under them."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        tuned = hz * rng.uniform(0.994, 1.006)
        head = skin(tuned, 0.22, hardness, rng, drop=1.12, ring=1.6)
        shell = modes(
            tuned * np.array([1.83, 2.74, 3.9]),
            np.array([0.4, 0.2, 0.12]),
            6.9 / np.array([0.14, 0.1, 0.07]),
            rng.uniform(0, 6, 3),
            seconds=seconds,
        )
        time = seconds_of_time(seconds)
        wave = rattle * (0.2 + 0.25 * hardness) * wires(seconds, hardness, rng) + hardness * shell
        wave[: len(head)] += 0.8 * head
        return wave + 0.5 * hardness * click(time, 3800, 0.006, rng)

    return make


def cross_stick(hardness: float, rng: np.random.Generator) -> Wave:
    """A stick laid over the rim."""
    time = seconds_of_time(0.16)
    tones = modes(
        np.array([430.0, 1020.0, 1690.0, 2600.0]),
        np.array([0.5, 0.9, 0.8, 0.4]),
        6.9 / np.array([0.12, 0.06, 0.05, 0.03]),
        rng.uniform(0, 6, 4),
        seconds=0.16,
    )
    return tones + 0.5 * hardness * click(time, 3500, 0.01, rng)


def hat(seconds: float, tight: float) -> Strike:
    """Two plates on each other: the tighter, the shorter."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        wave = plate(max(seconds * 1.6, 0.12), hardness, rng, low_hz=500, n_modes=300, bright=1.25, wash=1.0, slope=0.3)
        time = np.arange(len(wave)) / SAMPLE_RATE
        return wave * decay(seconds * (0.75 + 0.35 * hardness), time) + tight * 0.3 * click(time, 5000, 0.015, rng)

    return make


def cymbal(
    seconds: float, low_hz: float, bell: tuple[float, ...] = (), wash: float = 0.6, bright: float = 0.7
) -> Strike:
    """A crash, a ride, a splash, a china."""
    return lambda hardness, rng: plate(
        seconds, hardness, rng, low_hz=low_hz, n_modes=500, bright=bright, bell=bell, wash=wash
    )


def brushed(seconds: float) -> Strike:
    """A brush's wires on a snare's skin."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        time = seconds_of_time(seconds)
        sweep = hiss(seconds, 1200, 8000, rng) * decay(seconds, time) * (1 - 0.7 * np.exp(-time / 0.006))
        tap = skin(190, 0.15, 0.4 * hardness, rng)
        sweep[: len(tap)] += 0.9 * tap
        return sweep

    return make


def tom(hz: float, seconds: float) -> Strike:
    """A tuned skin."""
    return lambda hardness, rng: skin(hz, seconds, hardness, rng, drop=1.18)


KICK = Sound(name="Kick", strike=kick(58, 0.45, 0.75), layers=THREE, takes=2)
KICK_2 = Sound(name="Kick 2", strike=kick(50, 0.6, 0.5), layers=TWO)
JAZZ_KICK = Sound(name="Jazz Kick", strike=kick(72, 0.5, 0.3), layers=TWO, takes=2)
SNARE = Sound(name="Snare", strike=snare(196, 0.34, 1.0), layers=THREE, takes=2)
SNARE_2 = Sound(name="Snare 2", strike=snare(238, 0.26, 1.2), layers=TWO)
CROSS_STICK = Sound(name="Cross Stick", strike=cross_stick, takes=2)
CLOSED = Sound(name="Closed Hat", strike=hat(0.085, 1.0), layers=THREE, takes=3)
PEDAL = Sound(name="Pedal Hat", strike=hat(0.07, 0.3), takes=2)
OPEN = Sound(name="Open Hat", strike=hat(0.9, 0.5), layers=TWO)
CRASH = Sound(name="Crash", strike=cymbal(2.3, 320), layers=TWO)
CRASH_2 = Sound(name="Crash 2", strike=cymbal(1.9, 450))
RIDE = Sound(name="Ride", strike=cymbal(2.0, 380, (520.0, 790.0, 1240.0, 2650.0, 3300.0), 0.25, 0.5), layers=TWO)
RIDE_BELL = Sound(name="Ride Bell", strike=cymbal(1.8, 420, (690.0, 1010.0, 1720.0, 2430.0, 3980.0), 0.1, 0.2))
CHINA = Sound(name="China", strike=cymbal(1.5, 280, (), 1.2, 0.5))
SPLASH = Sound(name="Splash", strike=cymbal(0.8, 700))
BRUSH = Sound(name="Brush", strike=brushed(0.3), layers=TWO, takes=2)
BRUSH_SLAP = Sound(name="Brush Slap", strike=brushed(0.16), layers=TWO)
TOMS = tuple(
    Sound(name=f"Tom {hz}", strike=tom(hz, seconds), layers=TWO)
    for hz, seconds in ((76, 0.75), (92, 0.68), (110, 0.6), (132, 0.52), (158, 0.46), (188, 0.4))
)


def old(sound: Sound, **how: Any) -> Sound:
    """A sound through the old sampler."""
    return Sound(
        name=f"Old {sound.name}",
        strike=crushed(sound.strike, **{"drive": 2.2, "low_pass_hz": 11000, "bits": 12, **how}),
        layers=sound.layers,
        takes=sound.takes,
    )


def dusty(sound: Sound) -> Sound:
    """A sound from a worn tape."""
    return Sound(
        name=f"Dusty {sound.name}",
        strike=crushed(sound.strike, drive=1.4, low_pass_hz=4200, bits=9, grit=0.6),
        layers=sound.layers,
        takes=sound.takes,
    )


HIP_HOP_KICK = Sound(
    name="Boom Bap Kick", strike=crushed(kick(62, 0.38, 1.0), drive=3.0, low_pass_hz=8000, bits=12), layers=TWO, takes=2
)
HIP_HOP_SNARE = Sound(
    name="Boom Bap Snare",
    strike=crushed(snare(214, 0.28, 1.3), drive=3.2, low_pass_hz=11000, bits=12),
    layers=THREE,
    takes=2,
)

"""Drum machines: the 808's, the 909's, and the simple electronic drums of the 1980s."""

import numpy as np

from legato.soundfont.kits.sounds import Sound, Strike, click, hiss, squares, swept, wires
from legato.soundfont.synthesis import TOP_HZ, Wave, band, decay, driven, seconds_of_time, shaped

METAL_HZ = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)  # the six oscillators of a TR-808's cymbals
METAL_909 = (263.0, 400.0, 421.0, 474.0, 587.0, 845.0)


def kick_808(hz: float = 49, seconds: float = 1.1, sweep: float = 3.2) -> Strike:
    """A sine that drops and rings, with a soft click."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        time = seconds_of_time(seconds)
        hertz = hz * rng.uniform(0.995, 1.005)
        body = swept(hertz, 1 + (sweep - 1) * (0.6 + 0.4 * hardness), 0.012, time) * decay(seconds, time)
        return body + 0.12 * hardness * click(time, 2500, 0.012, rng)

    return make


def kick_909(hardness: float, rng: np.random.Generator) -> Wave:
    """A fast drop into a driven sine, and a sharp click."""
    time = seconds_of_time(0.5)
    body = swept(51, 1 + 4.2 * (0.6 + 0.4 * hardness), 0.026, time) * decay(0.48, time)
    return driven(1.6 * body, np.tanh, TOP_HZ) + 0.5 * hardness * click(time, 3500, 0.008, rng)


def snare_808(hardness: float, rng: np.random.Generator) -> Wave:
    """Two modes and a short noise."""
    time = seconds_of_time(0.3)
    tone = swept(178, 1.25, 0.02, time) + 0.6 * swept(331, 1.2, 0.02, time)
    return tone * decay(0.15, time) + (0.12 + 0.14 * hardness) * hiss(0.3, 1400, 10000, rng) * decay(0.25, time)


def snare_909(hardness: float, rng: np.random.Generator) -> Wave:
    """Two modes that drop, and a long bright noise."""
    time = seconds_of_time(0.4)
    tone = swept(186, 1.6, 0.018, time) + 0.5 * swept(330, 1.4, 0.015, time)
    return tone * decay(0.17, time) + 0.32 * hardness * wires(0.4, hardness, rng, 900, 14000)


def clap(seconds: float, low_hz: float, high_hz: float) -> Strike:
    """Four bursts of noise, the last one long."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        del hardness
        time = seconds_of_time(seconds)
        late = np.array([0, 0.0105, 0.0215, 0.0325]) + np.concatenate([[0], rng.uniform(-0.0008, 0.0008, 3)])
        lengths = (0.022, 0.022, 0.022, seconds * 0.8)
        bursts = sum(
            np.where(time >= at, decay(n, np.maximum(time - at, 0)), 0) for at, n in zip(late, lengths, strict=True)
        )
        return hiss(seconds, low_hz, high_hz, rng) * bursts

    return make


def hat(seconds: float, metal: tuple[float, ...] = METAL_HZ, low_hz: float = 7000, grain: float = 0.5) -> Strike:
    """The metal oscillators and noise, high-passed."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        time = seconds_of_time(seconds * 1.1)
        wave = shaped(squares(tuple(hz * rng.uniform(0.995, 1.005) for hz in metal), time), band(low_hz, 14000))
        wave = wave / wave.std() + grain * hiss(seconds * 1.1, low_hz, 15000, rng)
        return wave * decay(seconds * (0.8 + 0.2 * hardness), time)

    return make


def cymbal(seconds: float, low_hz: float, bell: float) -> Strike:
    """Metal and noise that die apart."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        del hardness
        time = seconds_of_time(seconds)
        metal = shaped(squares(METAL_HZ, time), band(low_hz, 10000))
        return bell * metal / metal.std() * decay(seconds * 0.7, time) + hiss(seconds, low_hz, 12000, rng) * decay(
            seconds, time
        )

    return make


def tom(hz: float, seconds: float = 0.5, sweep: float = 1.5) -> Strike:
    """A sine that drops, and a little skin."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        time = seconds_of_time(seconds)
        body = swept(hz, 1 + (sweep - 1) * (0.5 + 0.5 * hardness), 0.04, time) * decay(seconds, time)
        return body + 0.1 * click(time, 900, 0.06, rng)

    return make


def blip(hz: float, seconds: float, drop: float = 1.15) -> Strike:
    """A short sine: an 808's conga, a claves."""
    return lambda hardness, rng: (
        swept(hz * rng.uniform(0.998, 1.002), drop, 0.01, (time := seconds_of_time(seconds)))
        * decay(seconds * (0.85 + 0.15 * hardness), time)
    )


def rim(first_hz: float, second_hz: float) -> Strike:
    """Two short high sines and a click."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        time = seconds_of_time(0.09)
        tones = np.sin(2 * np.pi * first_hz * time) + 0.7 * np.sin(2 * np.pi * second_hz * time)
        return tones * decay(0.055, time) + 0.3 * hardness * click(time, 4000, 0.01, rng)

    return make


def cowbell(hardness: float, rng: np.random.Generator) -> Wave:
    """Two squares, band-passed."""
    time = seconds_of_time(0.45)
    wave = shaped(squares((540.0 * rng.uniform(0.998, 1.002), 800.0), time), band(500, 5000))
    return wave * (hardness * 0.7 * decay(0.06, time) + 0.5 * decay(0.42, time))


def zap(hz: float, seconds: float, sweep: float, air: float) -> Strike:
    """An electronic drum of the 1980s: a long drop and filtered noise."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        time = seconds_of_time(seconds)
        body = swept(hz, 1 + (sweep - 1) * (0.6 + 0.4 * hardness), 0.07, time)
        body = body + 0.25 * np.sign(body) * np.abs(body) ** 0.5
        return body * decay(seconds, time) + air * hiss(seconds, 600, 9000, rng) * decay(seconds * 0.5, time)

    return make


TWO = (0.6, 1.0)
KICK_808 = Sound(name="808 Kick", strike=kick_808(), layers=TWO, takes=2)
KICK_808_SHORT = Sound(name="808 Kick Short", strike=kick_808(55, 0.45, 4.2), layers=TWO)
KICK_909 = Sound(name="909 Kick", strike=kick_909, layers=TWO, takes=2)
KICK_ZAP = Sound(name="Zap Kick", strike=zap(52, 0.4, 5.0, 0.06), layers=TWO, takes=2)
SNARE_808 = Sound(name="808 Snare", strike=snare_808, layers=TWO, takes=2)
SNARE_909 = Sound(name="909 Snare", strike=snare_909, layers=TWO, takes=2)
SNARE_ZAP = Sound(name="Zap Snare", strike=zap(170, 0.38, 2.2, 0.45), layers=TWO, takes=2)
CLAP_808 = Sound(name="808 Clap", strike=clap(0.36, 900, 4000), takes=2)
CLAP_909 = Sound(name="909 Clap", strike=clap(0.42, 1100, 7000), takes=2)
CLOSED_808 = Sound(name="808 Closed", strike=hat(0.075), layers=TWO, takes=3)
PEDAL_808 = Sound(name="808 Pedal", strike=hat(0.05))
OPEN_808 = Sound(name="808 Open", strike=hat(0.6), takes=2)
CLOSED_909 = Sound(name="909 Closed", strike=hat(0.1, METAL_909, 6000, 1.6), layers=TWO, takes=3)
PEDAL_909 = Sound(name="909 Pedal", strike=hat(0.07, METAL_909, 5500, 1.6))
OPEN_909 = Sound(name="909 Open", strike=hat(0.75, METAL_909, 6000, 1.6), takes=2)
CRASH_808 = Sound(name="808 Crash", strike=cymbal(1.8, 3500, 0.6))
CRASH_909 = Sound(name="909 Crash", strike=cymbal(2.0, 2800, 0.35))
RIDE_808 = Sound(name="808 Ride", strike=cymbal(1.2, 5000, 1.4))
RIM_808 = Sound(name="808 Rim", strike=rim(1667, 465))
RIM_909 = Sound(name="909 Rim", strike=rim(1100, 520))
COWBELL_808 = Sound(name="808 Cowbell", strike=cowbell)
CLAVES_808 = Sound(name="808 Claves", strike=blip(2500, 0.08, 1.0))
TOMS_808 = tuple(Sound(name=f"808 Tom {hz}", strike=tom(hz)) for hz in (80, 96, 114, 136, 160, 190))
TOMS_909 = tuple(Sound(name=f"909 Tom {hz}", strike=tom(hz, 0.42, 1.9)) for hz in (76, 92, 112, 134, 160, 195))
TOMS_ZAP = tuple(Sound(name=f"Zap Tom {hz}", strike=zap(hz, 0.55, 2.6, 0.08)) for hz in (70, 88, 108, 132, 160, 195))
CONGAS_808 = tuple(
    Sound(name=f"808 Conga {hz}", strike=blip(hz, seconds)) for hz, seconds in ((370, 0.12), (372, 0.28), (250, 0.3))
)

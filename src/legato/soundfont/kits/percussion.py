"""Hand percussion: what General MIDI puts on keys 54 to 82."""

import numpy as np

from legato.soundfont.kits.sounds import Sound, Strike, click, hiss, plate, skin, squares
from legato.soundfont.synthesis import Wave, band, decay, driven, modes, seconds_of_time, shaped


def shaken(seconds: float, low_hz: float, swell_s: float = 0.012) -> Strike:
    """Noise that swells and dies: maracas, shaker, cabasa."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        time = seconds_of_time(seconds)
        grains = hiss(seconds, low_hz, 15000 * (0.5 + 0.5 * hardness), rng)
        return grains * np.minimum(time / swell_s, 1) ** 2 * decay(seconds, np.maximum(time - swell_s, 0))

    return make


def tambourine(hardness: float, rng: np.random.Generator) -> Wave:
    """Jingles: clusters of high modes, a little apart in time."""
    wave = plate(0.35, hardness, rng, low_hz=3500, n_modes=160, bright=0.8, wash=0.4)
    later = np.roll(wave, 700) * (np.arange(len(wave)) >= 700)
    return wave + 0.6 * later


def hand_drum(hz: float, seconds: float, slap: float) -> Strike:
    """A bongo, a conga, a timbale."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        wave = skin(hz, seconds, hardness, rng, drop=1.05)
        time = np.arange(len(wave)) / 44100
        return wave + slap * hardness * click(time, hz * 6, 0.02, rng)

    return make


def metal(ratios: tuple[float, ...], hz: float, seconds: float) -> Strike:
    """An agogo, a cowbell, a triangle."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        frequencies = hz * np.array(ratios) * rng.uniform(0.998, 1.002, len(ratios))
        weights = 1 / np.arange(1, len(ratios) + 1) ** (1.3 - 0.6 * hardness)
        rates = 6.9 / seconds * (1 + 0.4 * np.arange(len(ratios)))
        wave = modes(frequencies, weights, rates, rng.uniform(0, 6, len(ratios)), seconds=seconds)
        return wave + 0.2 * hardness * click(seconds_of_time(seconds), min(hz * 4, 8000), 0.008, rng)

    return make


def whistle(seconds: float) -> Strike:
    """A referee's: a tone that trembles, and breath."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        del hardness
        time = seconds_of_time(seconds)
        phase = 2 * np.pi * 2350 * time + 1.3 * np.sin(2 * np.pi * 34 * time)
        ends = np.minimum(time / 0.02, 1) * np.minimum((seconds - time) / 0.03, 1)
        return (
            np.sin(phase) * (1 - 0.35 * np.sin(2 * np.pi * 34 * time)) + 0.1 * hiss(seconds, 1500, 6000, rng)
        ) * ends

    return make


def scraped(seconds: float, per_s: float) -> Strike:
    """A guiro: short clicks, one per notch."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        time = seconds_of_time(seconds)
        since = (time * per_s * (1 + 0.3 * time / seconds)) % 1 / per_s
        return (
            hiss(seconds, 1800, 7000 * (0.5 + hardness), rng)
            * np.exp(-since / 0.003)
            * np.minimum((seconds - time) / 0.04, 1)
        )

    return make


def cuica(low_hz: float, high_hz: float, seconds: float) -> Strike:
    """A rubbed skin whose pitch bends."""

    def make(hardness: float, rng: np.random.Generator) -> Wave:
        del hardness
        time = seconds_of_time(seconds)
        hz = low_hz + (high_hz - low_hz) * np.sin(np.pi * np.clip(time / seconds, 0, 1)) ** 2
        tone = np.sin(2 * np.pi * np.cumsum(hz) / 44100)
        ends = np.minimum(time / 0.01, 1) * np.minimum((seconds - time) / 0.03, 1)
        return (driven(1.8 * tone, np.tanh, 9000) + 0.08 * hiss(seconds, 500, 4000, rng)) * ends

    return make


def vibraslap(hardness: float, rng: np.random.Generator) -> Wave:
    """Teeth that rattle in a box."""
    time = seconds_of_time(0.9)
    since = (time * 24) % 1 / 24
    rattle = shaped(squares((1120.0, 1630.0), time) + hiss(0.9, 1500, 5000, rng), band(1200, 5000))
    return rattle * np.exp(-since / 0.009) * decay(0.85, time) * (0.5 + 0.5 * hardness)


BELL_RATIOS = (1.0, 1.48, 2.56, 3.9, 5.3)
TRIANGLE_RATIOS = (1.0, 1.83, 2.71, 3.4, 4.6, 5.5, 6.9)
WOOD_RATIOS = (1.0, 1.6, 2.7, 4.2)

TAMBOURINE = Sound(name="Tambourine", strike=tambourine, layers=(0.5, 1.0), takes=2)
COWBELL = Sound(name="Cowbell", strike=metal((1.0, 1.504, 2.1, 3.35, 4.4), 562, 0.4))
VIBRASLAP = Sound(name="Vibraslap", strike=vibraslap)
BONGOS = tuple(Sound(name=f"Bongo {hz}", strike=hand_drum(hz, 0.2, 0.5), takes=2) for hz in (400, 300))
CONGAS = tuple(
    Sound(name=f"Conga {hz}", strike=hand_drum(hz, seconds, slap), takes=2)
    for hz, seconds, slap in ((335, 0.12, 1.0), (330, 0.35, 0.4), (220, 0.42, 0.3))
)
TIMBALES = tuple(Sound(name=f"Timbale {hz}", strike=hand_drum(hz, 0.4, 0.8)) for hz in (300, 225))
AGOGOS = tuple(Sound(name=f"Agogo {hz}", strike=metal(BELL_RATIOS, hz, 0.45)) for hz in (960, 690))
CABASA = Sound(name="Cabasa", strike=shaken(0.09, 4500, 0.02), takes=2)
MARACAS = Sound(name="Maracas", strike=shaken(0.08, 5000), takes=2)
SHAKER = Sound(name="Shaker", strike=shaken(0.13, 4200, 0.03), takes=2)
WHISTLES = tuple(
    Sound(name=f"Whistle {n}", strike=whistle(seconds)) for n, seconds in (("Short", 0.18), ("Long", 0.55))
)
GUIROS = tuple(
    Sound(name=f"Guiro {n}", strike=scraped(seconds, 90)) for n, seconds in (("Short", 0.12), ("Long", 0.45))
)
CLAVES = Sound(name="Claves", strike=metal((1.0, 2.7), 2480, 0.11))
WOOD_BLOCKS = tuple(Sound(name=f"Wood Block {hz}", strike=metal(WOOD_RATIOS, hz, 0.11)) for hz in (1050, 760))
CUICAS = (
    Sound(name="Cuica Mute", strike=cuica(420, 620, 0.14)),
    Sound(name="Cuica Open", strike=cuica(330, 560, 0.32)),
)
TRIANGLES = tuple(
    Sound(name=f"Triangle {n}", strike=metal(TRIANGLE_RATIOS, 1650, seconds))
    for n, seconds in (("Mute", 0.12), ("Open", 1.6))
)

"""Strings that are plucked or struck: guitars, basses, harps, pianos, as sums of decaying modes.

Source: Fletcher and Rossing, "The Physics of Musical Instruments", 2nd edition, chapters 2, 9 and 12.
Conventions: as in `synthesis`.
"""

from dataclasses import dataclass

import numpy as np

from legato.soundfont.oscillators import cycles_in, everywhere, with_loop
from legato.soundfont.synthesis import (
    SAMPLE_RATE,
    Amplitude,
    Made,
    Wave,
    driven,
    faded,
    key_hz,
    limited,
    modes,
    noise,
    rung_out,
    seconds_of_time,
    shaped,
)

POLARISATIONS = ((0.72, -0.15, 1.0), (0.28, 0.35, 0.55))  # weight, cents, rate: the string's two planes


# Key idea: a string is the sum of its modes. Division by 1 + stiffness keeps the first mode at the key's pitch, however
# stiff the string. Each mode is there twice, once for each plane that the string swings in (`POLARISATIONS`): 0.35 and
# -0.15 cents weighted by 0.28 and 0.72 leave the pitch within 0.01 cents, and the second plane dies at 0.55 of the
# rate, so that a note falls quickly at first and then slowly. Rates grow with the root of the pitch, which shortens
# high notes, and with the square of a mode's frequency; 400 per second, a time constant of 2.5 ms, is the most. A
# sample lasts 7 time constants (61 dB) of the slower plane: 1.8 is 1 / 0.55. The thump (below 900 Hz, 12 ms) is the
# body's, the scrape (up to 3.5 kHz, 3 ms) the plectrum's. The planes, the roots and powers, and the noises are chosen
# for the sound, not measured on an instrument.
@dataclass(frozen=True, kw_only=True)
class Pluck:
    """A plucked string, to be called with a root key.

    Mode n sounds at n * hz * sqrt(1 + stiffness * n**2) with the weight sin(n pi pluck) / n (2.8, 2.18) and dies the
    faster the higher it is; a soft finger takes the highest modes away.
    """

    seconds: float
    pluck: float  # where along the string, 0 to 1
    pickup: float | None = None  # where a pickup listens, or None for the bridge
    decay_s: float  # the time constant of the lowest mode at 100 Hz
    damping: float  # how much faster high modes die
    stiffness: float = 5e-5
    softness_hz: float = 20_000.0  # of the finger or plectrum
    body: Amplitude = everywhere
    knock: float = 0.0  # the body's thump and the plectrum's scrape
    attack_s: float = 0.001

    def __call__(self, key: int, top_hz: float, rng: np.random.Generator) -> Made:
        return rung_out(self.wave(key_hz(key), top_hz, rng), self.attack_s), None

    def wave(self, hz: float, top_hz: float, rng: np.random.Generator) -> Wave:
        """The ringing string, its end not yet faded."""
        numbers = np.arange(1, int(top_hz / hz) + 1)
        frequencies = hz * numbers * np.sqrt((1 + self.stiffness * numbers**2) / (1 + self.stiffness))
        weights = np.sin(np.pi * self.pluck * numbers) / numbers * self.body(frequencies)
        weights = weights / (1 + (frequencies / self.softness_hz) ** 2)
        if self.pickup is not None:
            weights = weights * np.sin(np.pi * self.pickup * numbers)
        rates = (hz / 100) ** 0.5 / self.decay_s * (1 + self.damping * (frequencies / 1000) ** 2)
        rates = np.minimum(rates, 400)
        planes = [
            (share * weights, frequencies * 2 ** (cents / 1200), rates * slower)
            for share, cents, slower in POLARISATIONS
        ]
        weights, frequencies, rates = (np.concatenate(part) for part in zip(*planes, strict=True))
        phases = rng.uniform(-0.3, 0.3, len(weights))
        seconds = max(min(self.seconds, 7 * self.decay_s * (100 / hz) ** 0.5 * 1.8), 0.12)
        wave = modes(frequencies, weights, rates, phases, seconds=seconds, top_hz=top_hz)
        wave /= np.abs(wave).max()
        if self.knock:
            time = seconds_of_time(seconds)
            thump = noise(len(time), lambda f: self.body(f) / (1 + (f / 900) ** 2), rng, top_hz) * np.exp(-time / 0.012)
            scrape = noise(len(time), lambda f: f / (1 + (f / 3500) ** 3), rng, top_hz) * np.exp(-time / 0.003)
            wave = wave + self.knock * 0.3 * (thump + 0.5 * scrape)
        return wave


# Key idea: the curve makes a decaying string nearly steady, and a steady wave can loop. tanh with a bias is a lopsided
# curve, which adds even harmonics; tanh(bias) is taken off so that silence stays silence. Harmonics above 14 kHz are
# left out (chosen).
@dataclass(frozen=True, kw_only=True)
class Driven:
    """A plucked string through an amplifier and its cabinet, held by the drive; it loops after `head_s`."""

    string: Pluck
    gain: float
    bias: float  # of the valve: even harmonics
    cabinet: Amplitude
    head_s: float = 0.7
    loop_s: float = 0.35

    def __call__(self, key: int, top_hz: float, rng: np.random.Generator) -> Made:
        hz = key_hz(key)
        clean = self.string.wave(hz, top_hz, rng)
        loud = driven(clean, lambda x: np.tanh(self.gain * x + self.bias) - np.tanh(self.bias), min(top_hz, 14_000))
        return crossfaded(faded(shaped(loud, self.cabinet), attack_s=0.002, release_s=0), hz, self.head_s, self.loop_s)


# Key idea: a loop has no click if its last samples lead into its first as the original did. The samples before the loop
# did so; thus the loop's end is faded into them. A fade of two waves that are alike keeps their level with weights that
# add up to 1, a fade of two that are not with squares that do; `alike`, their correlation, gives the true level of
# every case between: rms^2 = r^2 + f^2 + 2 r f alike for waves of rms 1. Division by it takes the dip out.
def crossfaded(wave: Wave, hz: float, head_s: float, loop_s: float) -> Made:
    """A nearly periodic wave made to loop: the loop's end fades into what comes before its start.

    The decay over the loop is taken out first; the preset's envelope continues it. Where the wave is too short for
    that, it stays without a loop.
    """
    _, n_loop = cycles_in(hz, loop_s)
    n_head = round(head_s * SAMPLE_RATE)
    if n_head + n_loop > len(wave) or n_loop > n_head:
        return rung_out(wave), None
    before, loop = wave[n_head - n_loop : n_head], wave[n_head : n_head + n_loop]
    ratio = np.sqrt(np.mean(before**2) / np.mean(loop**2))  # over one loop
    loop = loop * ratio ** (np.arange(n_loop) / n_loop)
    fade = 0.5 - 0.5 * np.cos(np.pi * np.arange(n_loop) / n_loop)
    alike = np.clip(np.corrcoef(before, loop)[0, 1], 0, 1)
    rising, falling = fade, 1 - fade
    power = np.sqrt(rising**2 + falling**2 + 2 * rising * falling * alike)
    return with_loop(wave[:n_head], (falling * loop + rising * before) / power)


# Key idea: as `Pluck`, but the hammer sets the weights and two or three strings share a key. Stiffness makes partials
# sharp, more so toward both ends of the keyboard. The hammer strikes at 1 / 8.3 of the string, where modes near
# multiples of 8.3 have a node; 0.05 keeps these from being missing. Its felt is a low pass whose cutoff grows with the
# pitch (261.6 Hz is middle C). A share of 0.6 dies fast and two of 0.25, which beat with it by about `mistuned_cents`,
# die slowly: the two slopes of a piano's decay. Below key 36 a key has two strings. The knock is the soundboard's, the
# quiet click the key's. All exponents, rates and levels here are chosen for the sound, not measured on an instrument.
@dataclass(frozen=True, kw_only=True)
class Piano:
    """A struck note: the modes of two or three strings a fraction of a cent apart, on a soundboard (12.3, 12.5).

    The hammer's felt is harder for loud and high notes: its spectrum falls off beyond `hardness` at middle C.
    """

    hardness_hz: float
    seconds: float = 4.0
    knock: float = 0.25
    mistuned_cents: float = 0.35
    board: Amplitude = everywhere

    def __call__(self, key: int, top_hz: float, rng: np.random.Generator) -> Made:
        hz = key_hz(key)
        stiffness = 3e-4 * 2 ** ((key - 60) / 7.5) if key > 48 else 1.0e-4 * 2 ** ((48 - key) / 24)
        numbers = np.arange(1, int(top_hz / hz) + 1)
        frequencies = hz * numbers * np.sqrt((1 + stiffness * numbers**2) / (1 + stiffness))
        hammer = self.hardness_hz * (hz / 261.6) ** 0.45
        weights = np.abs(np.sin(np.pi * numbers / 8.3)) + 0.05
        weights = weights / numbers**0.5 / (1 + (frequencies / hammer) ** 2.4) * self.board(frequencies)
        weights *= 10 ** (rng.normal(0, 2, len(weights)) / 20)  # each string has its own colour
        slow = 0.22 * (hz / 130) ** 0.75 * (1 + 0.25 * (frequencies / 1000) ** 1.1)
        strings = (
            ((0.0, 0.6, 2.6), (-1.0, 0.25, 0.8), (1.1, 0.25, 1.1)) if key > 35 else ((0.0, 0.7, 2.2), (-1, 0.3, 0.8))
        )
        parts = [
            (share * weights, frequencies * 2 ** (cents * self.mistuned_cents / 1200), slow * faster)
            for cents, share, faster in strings
        ]
        weights, frequencies, rates = (np.concatenate(part) for part in zip(*parts, strict=True))
        phases = np.where(np.arange(len(weights)) % 2, 0.0, 0.2) + rng.uniform(-0.4, 0.4, len(weights))
        seconds = float(np.clip(self.seconds * 2 ** ((54 - key) / 20), 0.5, self.seconds))
        wave = modes(frequencies, weights, rates, phases, seconds=seconds, top_hz=top_hz)
        wave /= np.abs(wave).max()
        time = seconds_of_time(seconds)
        knock = noise(len(time), lambda f: 1 / (1 + (f / 350) ** 2) * (f > 60), rng, top_hz)
        key_noise = noise(len(time), lambda f: f / (1 + (f / 2500) ** 3), rng, top_hz)
        wave += self.knock * (0.12 * knock * np.exp(-time / 0.045) + 0.04 * key_noise * np.exp(-time / 0.006))
        return rung_out(wave, 0.0015), None


@dataclass(frozen=True, kw_only=True)
class Tine:
    """An electric piano's tine: a struck bar before a pickup whose field bends the wave the more, the louder it is."""

    drive: float  # how far the tine swings into the field
    offset: float = 0.35  # of the pickup from the tine's rest: even harmonics
    bell: float = 0.18
    seconds: float = 2.6

    def __call__(self, key: int, top_hz: float, rng: np.random.Generator) -> Made:
        hz = key_hz(key)
        frequencies = hz * np.array([1, 1.0004, 6.27, 17.55])
        weights = np.array([0.8, 0.2, self.bell * min(1, 300 / hz), self.bell * 0.35 * min(1, 300 / hz)])
        base = 0.55 * (hz / 200) ** 0.4
        seconds = float(np.clip(self.seconds * 2 ** ((60 - key) / 30), 0.4, self.seconds))
        wave = modes(
            frequencies, weights, base * np.array([1, 0.7, 14, 45]), np.zeros(4), seconds=seconds, top_hz=top_hz
        )
        wave = driven(wave, lambda x: 1 / (1 + (self.drive * x - self.offset) ** 2), top_hz)
        time = seconds_of_time(seconds)
        thud = noise(len(time), lambda f: 1 / (1 + (f / 600) ** 2) * (f > 80), rng, top_hz) * np.exp(-time / 0.008)
        wave = wave / np.abs(wave).max() + 0.04 * thud
        return rung_out(wave - wave.mean()), None


@dataclass(frozen=True, kw_only=True)
class Fm:
    """Pairs of sines, one bending the other: (ratio of carrier, of modulator, index, index's decay, level, its decay).

    Source: Chowning, "The Synthesis of Complex Audio Spectra by Means of Frequency Modulation", 1973.
    """

    pairs: tuple[tuple[float, float, float, float, float, float], ...]
    seconds: float = 2.4
    tail: bool = True  # fade out, or else loop

    def __call__(self, key: int, top_hz: float, rng: np.random.Generator) -> Made:
        del rng
        hz = key_hz(key)
        time = seconds_of_time(float(np.clip(self.seconds * 2 ** ((60 - key) / 36), 0.4, self.seconds)))
        speed = (hz / 260) ** 0.35
        wave = np.zeros_like(time)
        for carrier, modulator, index, index_s, level, level_s in self.pairs:
            room = (top_hz / hz - carrier) / modulator - 1.5  # Carson: sidebands reach index + 1 modulators out
            if carrier * hz > top_hz * 0.9:
                continue
            bend = min(index * min(1, (700 / hz) ** 0.5), max(room, 0)) * np.exp(-time * speed / index_s)
            phase = 2 * np.pi * hz * time
            wave += level * np.exp(-time * speed / level_s) * np.sin(carrier * phase + bend * np.sin(modulator * phase))
        wave = shaped(limited(wave, top_hz), lambda f: f > max(20, 0.3 * hz))  # equal ratios make an offset
        return rung_out(wave / np.abs(wave).max()), None

"""Instruments that a bow or a breath keeps sounding: an attack that brightens, then a loop that is never quite still.

Conventions: as in `synthesis`. A tone is a spectrum by partial number, weighted by a body's resonances in Hz.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from legato.soundfont.oscillators import alive, everywhere, shorter, with_loop
from legato.soundfont.synthesis import SAMPLE_RATE, Amplitude, Made, key_hz, noise


@dataclass(frozen=True, kw_only=True)
class Sustained:
    """One player: partials that are lines with narrow bands around them, breath or bow noise, and how a note speaks."""

    tone: Amplitude
    body: Amplitude = everywhere
    seconds: float = 0.7  # of the loop
    spread_cents: float = 5.0
    line: float = 0.75  # 1 is a machine, 0 an ensemble
    breath: float = 0.0  # the level of the noise, 0.1 being -20 dB
    breath_hz: float = 2500.0
    chiff: float = 0.0  # a burst of breath as the note speaks
    rise_s: float = 0.06  # while the upper partials come in
    dull: float = 1.0  # the slope of their absence at first

    def __call__(self, key: int, top_hz: float, rng: np.random.Generator) -> Made:
        hz = key_hz(key)
        state = rng.bit_generator.state
        seconds = shorter(self.seconds, key)
        same: dict[str, Any] = {
            "seconds": seconds,
            "spread_cents": self.spread_cents,
            "line": self.line,
            "top_hz": top_hz,
            "rng": rng,
        }
        full = alive(hz, self.tone, self.body, **same)
        rng.bit_generator.state = state  # the same phases: the two states differ in their brightness alone
        soft = alive(hz, lambda numbers: self.tone(numbers) * numbers**-self.dull, self.body, **same)
        n_loop = len(full)
        scale = np.sqrt(np.mean(full**2))
        air = noise(n_loop, self._air, rng, top_hz)
        loop = full / scale + self.breath * air
        n_head = max(round(2.5 * self.rise_s * SAMPLE_RATE), 64)
        place = np.arange(-n_head, 0) % n_loop
        since = np.arange(n_head) / SAMPLE_RATE
        bright = 0.5 - 0.5 * np.cos(np.pi * np.clip(since / (2 * self.rise_s), 0, 1))
        head = bright * full[place] + (1 - bright) * soft[place]
        puff = self.chiff * np.exp(-since / (0.6 * self.rise_s)) * (1 - np.clip((since - since[-1]) / 0.005 + 1, 0, 1))
        head = head / scale + (self.breath + puff) * air[place]
        return with_loop(head, loop)

    def _air(self, hz: np.ndarray) -> np.ndarray:
        return hz / self.breath_hz / (1 + (hz / self.breath_hz) ** 2.5)


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Noise without a pitch: breath, surf, applause; a loop of `seconds`."""

    weights: Amplitude
    seconds: float = 2.0

    def __call__(self, key: int, top_hz: float, rng: np.random.Generator) -> Made:
        del key
        return with_loop(np.zeros(0), noise(round(self.seconds * SAMPLE_RATE), self.weights, rng, top_hz))

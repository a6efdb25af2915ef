"""The melodic presets of legato.sf2 as a table: a preset more is a row more."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from legato.soundfont.synthesis import (
    LOOP_LEAD,
    Amplitude,
    formants,
    key_hz,
    looped,
    low_pass,
    pulse,
    saw,
    sine_808,
    square,
    string,
)

KIT_NAMES = ("standard_kit", "tr808_kit")

Made = tuple[np.ndarray, tuple[int, int] | None]  # samples and their loop
Maker = Callable[[int, np.random.Generator], Made]  # for a root key


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Times in seconds; `sustain_db` is how far the level falls while a key is held."""

    attack_s: float = 0.002
    decay_s: float = 0.001
    sustain_db: float = 0.0
    release_s: float = 0.15


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A resonant low pass that an envelope opens by `sweep_cents` and lets fall back."""

    cutoff_hz: float
    q_db: float = 0.0
    sweep_cents: int = 0
    attack_s: float = 0.001
    decay_s: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Tonal:
    """A melodic preset: a sample at each root key, spread over the keys around it."""

    name: str
    program: str
    roots: range
    make: Maker
    envelope: Envelope
    filter: Filter | None = None
    layers: tuple[int, ...] = (0,)  # pan of each, -500 left to 500 right; each has a sample of its own
    level_db: float = 0.0  # at most 0
    reverb: float = 0.0  # share sent, 0 to 1
    chorus: float = 0.0


def looping(amplitude: Amplitude, cycles: tuple[int, ...]) -> Maker:
    """Samples that repeat for as long as a key is held; a voice for each of `cycles`."""

    def make(key: int, rng: np.random.Generator) -> Made:
        wave = looped(key_hz(key), amplitude, cycles=cycles, rng=rng)
        return np.concatenate([wave[-LOOP_LEAD:], wave, wave[:LOOP_LEAD]]), (LOOP_LEAD, LOOP_LEAD + len(wave))

    return make


def plucked(
    seconds: float,
    pluck: float,
    pickup: float | None,
    decay_s: float,
    damping: float,
    stiffness: float,
    body: Amplitude,
) -> Maker:
    """Samples of a string that rings out."""

    def make(key: int, rng: np.random.Generator) -> Made:
        wave = string(
            key_hz(key),
            seconds=seconds,
            pluck=pluck,
            pickup=pickup,
            decay_s=decay_s,
            damping=damping,
            stiffness=stiffness,
            body=body,
            rng=rng,
        )
        return wave, None

    return make


def eight_oh_eight(key: int, rng: np.random.Generator) -> Made:
    """An 808 bass; nothing about it is random."""
    del rng
    return sine_808(key_hz(key), sweep_cycles=2, sweep_s=0.012, drive=1.4)


ACOUSTIC_BODY = formants((110, 40, 1.2), (220, 70, 0.9), (410, 120, 0.6), (2500, 900, 0.7))

TONALS = (
    Tonal(
        name="Warm Pad",
        program="warm_pad",
        roots=range(48, 97, 6),
        make=looping(saw, (248, 249, 250, 251)),
        envelope=Envelope(attack_s=0.45, release_s=0.9),
        filter=Filter(cutoff_hz=1100, q_db=1, sweep_cents=1200, attack_s=0.9, decay_s=3.0),
        layers=(-350, 350),
        level_db=-9,
        reverb=0.25,
        chorus=0.25,
    ),
    Tonal(
        name="Polysynth Pad",
        program="polysynth_pad",
        roots=range(48, 97, 6),
        make=looping(pulse(0.3), (124, 125)),
        envelope=Envelope(attack_s=0.06, decay_s=1.5, sustain_db=5, release_s=0.5),
        filter=Filter(cutoff_hz=1500, q_db=3, sweep_cents=2000, decay_s=1.2),
        layers=(-300, 300),
        level_db=-9,
        reverb=0.2,
        chorus=0.3,
    ),
    Tonal(
        name="Saw Lead",
        program="saw_lead",
        roots=range(48, 103, 6),
        make=looping(saw, (249, 250, 251)),
        envelope=Envelope(attack_s=0.01, decay_s=0.8, sustain_db=3, release_s=0.2),
        filter=Filter(cutoff_hz=4500, q_db=2, sweep_cents=1400, decay_s=0.6),
        level_db=-3,
        reverb=0.2,
        chorus=0.15,
    ),
    Tonal(
        name="Square Lead",
        program="square_lead",
        roots=range(48, 103, 6),
        make=looping(square, (100,)),
        envelope=Envelope(attack_s=0.005, decay_s=0.6, sustain_db=3, release_s=0.12),
        filter=Filter(cutoff_hz=6000, q_db=1, sweep_cents=600, decay_s=0.4),
        level_db=-8,
        reverb=0.15,
        chorus=0.1,
    ),
    Tonal(
        name="Synth Bass",
        program="synth_bass_1",
        roots=range(24, 61, 5),
        make=looping(saw, (124, 125)),
        envelope=Envelope(attack_s=0.003, decay_s=0.7, sustain_db=5, release_s=0.08),
        filter=Filter(cutoff_hz=450, q_db=7, sweep_cents=2600, decay_s=0.35),
    ),
    Tonal(
        name="808 Bass",
        program="synth_bass_2",
        roots=range(24, 61, 4),
        make=eight_oh_eight,
        envelope=Envelope(attack_s=0.001, decay_s=3.2, sustain_db=100, release_s=0.12),
    ),
    Tonal(
        name="Steel Guitar",
        program="steel_guitar",
        roots=range(40, 86, 5),
        make=plucked(3.2, 0.13, None, 1.1, 0.10, 6e-5, ACOUSTIC_BODY),
        envelope=Envelope(release_s=0.25),
        reverb=0.12,
    ),
    Tonal(
        name="Clean Guitar",
        program="clean_guitar",
        roots=range(40, 86, 5),
        make=plucked(3.2, 0.18, 0.27, 1.6, 0.16, 4e-5, low_pass(4200)),
        envelope=Envelope(release_s=0.2),
        level_db=-5,
        reverb=0.15,
        chorus=0.15,
    ),
    Tonal(
        name="Finger Bass",
        program="finger_bass",
        roots=range(24, 61, 5),
        make=plucked(3.0, 0.21, 0.16, 1.1, 1.2, 5e-5, low_pass(1400)),
        envelope=Envelope(release_s=0.12),
    ),
)

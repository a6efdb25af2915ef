"""What an instrument is heard with, where it is drawn, timed or compared with what it played before."""

import hashlib
from collections.abc import Mapping

import numpy as np

from legato.instruments.catalogue import DRUMS, EFFECT, Instrument, load
from legato.instruments.effects import process
from legato.instruments.parts import Part
from legato.instruments.playing import play

SAMPLE_RATE = 44100
MIDDLE = {"sub": 31, "bass": 36}  # keys by an instrument's first role
MIDDLE_KEY = 60  # of all others
GOLDEN_S = 1.5
DRUM_KEYS = (36, 38, 42, 46, 44, 39, 45, 56, 37, 49, 51, 70, 63, 75)


def notes(*rows: tuple[float, float, int, int], bend: tuple[tuple[float, float], ...] = ()) -> Part:
    """A part of (start in s, end in s, pitch, velocity)."""
    start_s, end_s, pitch, velocity = (np.array(column) for column in zip(*rows, strict=True))
    return Part(start_s=start_s, end_s=end_s, pitch=pitch, velocity=velocity, bend=bend)


def middle_key(instrument: Instrument) -> int:
    """A key in the middle of what an instrument is for."""
    return next((MIDDLE[role] for role in instrument.roles[:1] if role in MIDDLE), MIDDLE_KEY)


def phrase(instrument: Instrument) -> Part:
    """A second and a half that uses all that an instrument has: each drum; loud, soft, overlapping and bent notes."""
    if instrument.kind == DRUMS:
        return notes(*((0.1 * at, 0.1 * at + 0.05, key, 110 - 3 * at) for at, key in enumerate(DRUM_KEYS)))
    key = middle_key(instrument)
    rows = ((0.0, 0.4, key, 110), (0.3, 0.7, key + 7, 64), (0.6, 0.7, key + 12, 120), (0.75, 1.1, key + 3, 100))
    return notes(*rows, bend=((0.9, 0.5), (1.0, 1.0)))


def sounding(name: str, parameters: Mapping[str, float] | None = None, at_once: int = 0) -> np.ndarray:
    """The phrase by an instrument, or by a supersaw through an effect, (n_samples, 2)."""
    instrument = load(name)
    if instrument.kind != EFFECT:
        return play(name, parameters or {}, phrase(instrument), GOLDEN_S, SAMPLE_RATE, at_once=at_once)
    dry = sounding("supersaw")
    return process(name, parameters or {}, dry, SAMPLE_RATE, at_once=at_once)


def golden(name: str) -> str:
    """SHA-256 of the phrase: the same on every machine, as long as nothing changes what is heard."""
    return hashlib.sha256(sounding(name).tobytes()).hexdigest()

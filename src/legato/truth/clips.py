"""Whether what a prompt asks for is heard in a few seconds decoded from codes, of what a model plays and of real music.

The codec takes the highs in which `by_ear` listens for drums, and four seconds have too few beats for a beat tracker.
So clips have thresholds and estimators of their own. What must hold of them: real music that is as asked passes in 90 %
of its excerpts, other music fails in 70 %. `python benchmarks/ear.py` has the table, and a test holds them to it; what
does not reach it is left out, by name.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import scipy.fft

from legato.audio.beats import RATE
from legato.audio.chroma import pitch_classes
from legato.audio.pulse import pulse_bpm
from legato.midi.key import CANDIDATES, PROFILES
from legato.midi.theory import NOTE_NAMES
from legato.prompts.claims import NARROW_DB, WIDE_DB, third_of
from legato.truth.by_ear import (
    BASS_808_HEARD,
    BPM_HEARD,
    DRUMS_HEARD,
    KEY_HEARD,
    LOFI_HEARD,
    NARROW_HEARD,
    NO_DRUMS_HEARD,
    ONLY_DRUMS_HEARD,
    ROOM_DB,
    WIDE_HEARD,
    Asked,
    Sound,
    bpm_error,
)

DRUMS_HISS, NO_DRUMS_HISS = 3.5e-5, 5e-5  # percussive and above 4 kHz, of the energy: over and under them
ONLY_DRUMS_SHARE, ONLY_DRUMS_OVER_BASS = 0.08, 0.09  # percussive, of the energy and of what is above 400 Hz
LOW_SHARE, HIGHS_HZ, HIGHS_DB = 0.9, 2000.0, -45.0  # of an 808 bass: moments that are low, and hardly any highs
BPM_TOLERANCE = 0.04  # up to a factor of two
LIKELIEST_KEYS = 6  # of 24: a stated key is among them, since a few seconds hold a chord or two
PROFILE = "albrecht_shanahan"
TINY = 1e-12


class Measured(NamedTuple):
    """What is measured of a clip; None where nothing can be said."""

    percussive_share: float  # of the energy
    hiss_share: float  # of the energy: percussive and above 4 kHz
    over_bass: float  # of the energy above 400 Hz: percussive
    low_share: float | None  # of audible moments: those whose fundamental is within C1 to C3
    highs_db: float  # energy above 2 kHz over all
    width_db: float  # of the sides over the middle
    pulse_bpm: float | None
    pitch_classes: tuple[float, ...]  # (12,), of 1


def measure(sound: Sound) -> Measured:
    """Measure a clip of a second or more that is not silent."""
    power = np.abs(scipy.fft.rfft(sound.wave.astype(np.float64))) ** 2
    is_high = np.fft.rfftfreq(len(sound.wave), 1 / RATE) > HIGHS_HZ
    classes = pitch_classes(sound.wave)
    return Measured(
        percussive_share=sound.percussion.share,
        hiss_share=sound.percussion.hiss,
        over_bass=sound.percussion.over_bass,
        low_share=sound.low_share,
        highs_db=10 * math.log10(max(float(power[is_high].sum() / max(power.sum(), TINY)), TINY)),
        width_db=sound.width_db,
        pulse_bpm=pulse_bpm(sound.wave),
        pitch_classes=tuple((classes / max(classes.sum(), TINY)).tolist()),
    )


HEARD: dict[str, Callable[[Asked, Measured], bool]] = {
    NO_DRUMS_HEARD: lambda _, heard: heard.hiss_share <= NO_DRUMS_HISS,
    DRUMS_HEARD: lambda _, heard: heard.hiss_share >= DRUMS_HISS,
    ONLY_DRUMS_HEARD: lambda _, heard: (
        heard.percussive_share > ONLY_DRUMS_SHARE and heard.over_bass > ONLY_DRUMS_OVER_BASS
    ),
    BASS_808_HEARD: lambda _, heard: (heard.low_share or 0) >= LOW_SHARE and heard.highs_db <= HIGHS_DB,
    WIDE_HEARD: lambda _, heard: heard.width_db >= WIDE_DB - ROOM_DB,
    NARROW_HEARD: lambda _, heard: heard.width_db <= NARROW_DB + ROOM_DB,
    BPM_HEARD: lambda asked, heard: asked.bpm is not None and is_bpm(heard.pulse_bpm, asked.bpm),
    KEY_HEARD: lambda asked, heard: asked.key is not None and _key_of(asked.key) in likely_keys(heard)[:LIKELIEST_KEYS],
}


OPPOSITES = {
    DRUMS_HEARD: NO_DRUMS_HEARD,
    NO_DRUMS_HEARD: DRUMS_HEARD,
    WIDE_HEARD: NARROW_HEARD,
    NARROW_HEARD: WIDE_HEARD,
}


def not_told(asked: Asked) -> dict[str, str]:
    """Of the kinds that are asked for, those that a few seconds decoded from codes cannot tell, and why."""
    reasons = {
        LOFI_HEARD: "the codec smooths what few bits leave in the highs",
        BPM_HEARD: None if DRUMS_HEARD in asked.kinds else "a pulse is told by drums, and none are asked for",
    }
    return {kind: why for kind in asked.kinds if (why := reasons.get(kind))}


def told(asked: Asked) -> Asked:
    """What a few seconds can tell of what is asked for."""
    kinds = tuple(kind for kind in asked.kinds if kind not in not_told(asked))
    return Asked(kinds, asked.bpm if BPM_HEARD in kinds else None, asked.key if KEY_HEARD in kinds else None)


def judge_clip(asked: Asked, heard: Measured) -> dict[str, bool]:
    """Whether each kind of what is asked for is heard."""
    return {kind: bool(HEARD[kind](asked, heard)) for kind in asked.kinds}


def denied(kind: str, asked: Asked, own: Asked) -> bool:
    """Whether music that was asked for as `own` says that it is not what a check listens for.

    That there are no drums, or only drums, is said of all music of which it is true; that there are some need not be
    said, nor a bpm or a key.
    """
    if kind == BPM_HEARD:
        return None not in (asked.bpm, own.bpm) and not is_bpm(own.bpm, asked.bpm or 0)
    if kind == KEY_HEARD:
        return None not in (asked.key, own.key) and _key_of(own.key or "") != _key_of(asked.key or "")
    return OPPOSITES[kind] in own.kinds if kind in OPPOSITES else kind not in own.kinds


def is_bpm(heard: float | None, bpm: float) -> bool:
    """Whether a heard bpm is the stated one, its half or its double, within 4 %.

    >>> is_bpm(161.0, 80), is_bpm(106.0, 100), is_bpm(None, 100)
    (True, False, False)
    """
    return heard is not None and bpm_error(heard, bpm) <= BPM_TOLERANCE


def in_octave_of(bpm: float, heard: float) -> float:
    """A heard bpm, or its half or double, whichever is nearest to a stated one.

    >>> in_octave_of(80, 161.0)
    80.5
    """
    return min((heard * ratio for ratio in (0.5, 1, 2)), key=lambda one: abs(one / bpm - 1))


def likely_keys(heard: Measured) -> list[tuple[int, str]]:
    """All 24 keys, the likeliest first, by how well the sounding pitch classes fit their profiles; none of silence."""
    deviations = np.array(heard.pitch_classes) - np.mean(heard.pitch_classes)
    if not deviations.any():
        return []
    return [CANDIDATES[at] for at in np.argsort(-(_profiles() @ deviations), kind="stable")]


@cache
def _profiles() -> np.ndarray:
    """The profile of each key without its mean, of length 1, (24, 12)."""
    rows = np.array([np.roll(PROFILES[PROFILE][mode], tonic) for tonic, mode in CANDIDATES])
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def heard_key(heard: Measured) -> str | None:
    """The likeliest key in words; None where nothing sounds."""
    keys = likely_keys(heard)
    return f"{NOTE_NAMES[keys[0][0]]} {keys[0][1]}" if keys else None


def _key_of(key: str) -> tuple[int, str]:
    """The tonic and third of a key in words."""
    note, scale = key.rsplit(" ", 1)
    return NOTE_NAMES.index(note), third_of(scale)

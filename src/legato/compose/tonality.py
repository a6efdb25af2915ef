"""Which key a listener hears in a draft: the composer reads its page aloud before anybody else does."""

from collections.abc import Iterable, Sequence

import numpy as np

from legato.compose.score import Tone
from legato.midi.key import PROFILES, estimate_key


def durations(tones: Iterable[Tone]) -> np.ndarray:
    """Ticks that each of the twelve pitch classes sounds."""
    classes, ticks = [0], [0]
    for tone in tones:
        classes.append(tone.pitch % 12)
        ticks.append(tone.ticks)
    return np.bincount(classes, weights=ticks, minlength=12)


def heard_key(durations_12: Sequence[float] | np.ndarray, profiles: str) -> tuple[int, bool]:
    """The tonic's pitch class and whether the third is minor, of the key that correlates best."""
    tonic, third, _ = estimate_key(np.asarray(durations_12), profiles)
    return tonic, third == "minor"


def is_heard(durations_12: Sequence[float] | np.ndarray, tonic: int, minor_third: bool) -> bool:
    """Whether the profiles of every study find this key."""
    return all(heard_key(durations_12, profiles) == (tonic, minor_third) for profiles in PROFILES)

"""Which key a listener hears: pitch classes by duration against the profiles of two studies.

Profiles: C. Krumhansl and E. Kessler, Psychological Review 89 (1982); J. Albrecht and D. Shanahan, Music Perception 31
(2013).
The composer uses this to hear its own draft, as a writer reads a page aloud; what checks the dataset is another module.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from legato.compose.score import Tone

PROFILES = {
    "krumhansl_kessler": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    "albrecht_shanahan": (
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
}


def _rotations(name: str) -> np.ndarray:
    """(24, 12) unit rows without mean: twelve major keys from C, then twelve minor ones."""
    rows = np.array([np.roll(profile, tonic) for profile in PROFILES[name] for tonic in range(12)])
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


_KEYS = {name: _rotations(name) for name in PROFILES}


def durations(tones: Iterable[Tone]) -> np.ndarray:
    """Ticks that each of the twelve pitch classes sounds."""
    classes, ticks = [0], [0]
    for tone in tones:
        classes.append(tone.pitch % 12)
        ticks.append(tone.ticks)
    return np.bincount(classes, weights=ticks, minlength=12)


def heard_key(durations_12: Sequence[float] | np.ndarray, profile: str) -> tuple[int, bool]:
    """The tonic's pitch class and whether the third is minor, of the profile that correlates best."""
    best = int(np.argmax(_KEYS[profile] @ np.asarray(durations_12)))
    return best % 12, best >= 12


def is_heard(durations_12: Sequence[float] | np.ndarray, tonic: int, minor_third: bool) -> bool:
    """Whether both profiles find this key."""
    return all(heard_key(durations_12, profile) == (tonic, minor_third) for profile in PROFILES)

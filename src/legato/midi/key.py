"""The key that notes are in, estimated from how long each pitch class sounds.

Method: Krumhansl, "Cognitive Foundations of Musical Pitch", 1990: the histogram is correlated with a profile of each of
the 24 major and minor keys. Profiles: Albrecht and Shanahan, Music Perception 31(1), 2013, each pitch class's share in
982 pieces; Krumhansl and Kessler, Psychological Review 89(4), 1982, how well listeners found each to fit.
"""

from collections.abc import Mapping

import numpy as np

PROFILES = {  # from the tonic upwards
    "albrecht_shanahan": {
        "major": (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        "minor": (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    },
    "krumhansl_kessler": {
        "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    },
}
CANDIDATES = tuple((tonic, mode) for mode in ("major", "minor") for tonic in range(12))


def _unit_rows(profiles: Mapping[str, tuple[float, ...]]) -> np.ndarray:
    """(24, 12) profiles of the candidates without their means, of length 1."""
    rows = np.array([np.roll(profiles[mode], tonic) for tonic, mode in CANDIDATES])
    rows -= rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


_ROWS = {name: _unit_rows(profiles) for name, profiles in PROFILES.items()}


def estimate_key(histogram: np.ndarray, profiles: str = "albrecht_shanahan") -> tuple[int, str, float]:
    """The tonic (C = 0) and mode whose profile correlates best, and by how much more than the next key's.

    Args:
        histogram: (12,), the sounding time of each pitch class, C first, in any unit.

    >>> tonic, mode, margin = estimate_key(np.array([4, 0, 2, 0, 2, 2, 0, 3, 0, 2, 0, 1]))
    >>> tonic, mode, margin > 0.1
    (0, 'major', True)
    """
    deviations = histogram - histogram.mean()
    scale = float(np.linalg.norm(deviations))
    if scale == 0:
        return 0, "major", 0.0
    scores = _ROWS[profiles] @ deviations / scale
    best, second = np.argsort(-scores, kind="stable")[:2]
    tonic, mode = CANDIDATES[best]
    return tonic, mode, float(scores[best] - scores[second])


def pitch_class_seconds(pitch: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """The sounding time of each pitch class, C first: (n_notes,) twice to (12,)."""
    return np.bincount(pitch % 12, weights=seconds, minlength=12)

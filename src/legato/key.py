"""The key that notes are in, estimated from how long each pitch class sounds.

Method: Krumhansl, "Cognitive Foundations of Musical Pitch", 1990: the histogram is correlated with a profile of each
of the 24 major and minor keys. Profiles: Albrecht & Shanahan, "The Use of Large Corpora to Train a New Type of
Key-Finding Algorithm", Music Perception 31(1), 2013.
"""

import numpy as np

PROFILES = {  # from the tonic upwards
    "major": (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    "minor": (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
}
CANDIDATES = tuple((tonic, mode) for mode in PROFILES for tonic in range(12))
_ROTATED = np.array([np.roll(PROFILES[mode], tonic) for tonic, mode in CANDIDATES])


def estimate_key(histogram: np.ndarray) -> tuple[int, str, float]:
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
    profiles = _ROTATED - _ROTATED.mean(axis=1, keepdims=True)
    scores = profiles @ deviations / (np.linalg.norm(profiles, axis=1) * scale)
    best, second = np.argsort(-scores, kind="stable")[:2]
    tonic, mode = CANDIDATES[best]
    return tonic, mode, float(scores[best] - scores[second])


def pitch_class_seconds(pitch: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """The sounding time of each pitch class, C first: (n_notes,) twice to (12,)."""
    return np.bincount(pitch % 12, weights=seconds, minlength=12)

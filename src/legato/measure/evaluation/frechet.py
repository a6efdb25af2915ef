"""A Fréchet distance between two sets of audio, in levels of mel bands.

It is not the "Fréchet audio distance": that one compares what a trained network makes of the audio, this one the bare
levels of 80 mel bands, frame by frame. It hears timbre, loudness and how much both vary, not what follows what.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from legato.audio.mel import N_MELS, log_mel_db


class Gaussian(NamedTuple):
    """A normal distribution's mean, (D,), and covariance, (D, D)."""

    mean: np.ndarray
    covariance: np.ndarray


def fit(vectors: np.ndarray) -> Gaussian:
    """The Gaussian of (n, D) vectors; of a single one it has no spread."""
    mean = vectors.mean(axis=0)
    return Gaussian(mean, (vectors - mean).T @ (vectors - mean) / len(vectors))


# Key idea: the trace of (C1 C2)^(1/2) is the sum of the roots of the eigenvalues of C1 C2. With the symmetric roots A =
# C1^(1/2) and B = C2^(1/2), C1 C2 = A (A B B) has the eigenvalues of (A B B) A = (A B)(A B)^T, whose roots are the
# singular values of A B. So no root of the unsymmetric C1 C2 is taken, which may come out complex by rounding, and
# nothing is added to the diagonals. `_root` and the result clip at 0 what rounding makes negative.
def frechet(one: Gaussian, other: Gaussian) -> float:
    """The squared Fréchet distance of two Gaussians (Dowson and Landau, 1982).

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). The last trace is the sum of the singular values of C1^(1/2) C2^(1/2),
    which needs no inverse: covariances of few vectors, which lack rank, need no loading of their diagonals.

    >>> unit = np.eye(2)
    >>> round(frechet(Gaussian(np.zeros(2), unit), Gaussian(np.array([3.0, 4.0]), 4 * unit)), 6)
    27.0
    """
    apart = one.mean - other.mean
    shared = np.linalg.svd(_root(one.covariance) @ _root(other.covariance), compute_uv=False).sum()
    found = apart @ apart + np.trace(one.covariance) + np.trace(other.covariance) - 2 * shared
    return max(float(found), 0.0)


def frechet_log_mel_db(clips: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> float:
    """The Fréchet distance in dB per band of two sets of clips, each clip as `levels_of` gives it.

    It is the root of the squared distance's mean over the 80 bands: two sets, one 6 dB louder and otherwise
    the same, are 6 apart. Frames of left and right count alike, and the order of clips does not. Few clips make it
    larger, because they cannot vary as many do: compare it with that of real audio of the same length.
    """
    squared = frechet(fit(np.concatenate(clips)), fit(np.concatenate(others)))
    return float(np.sqrt(squared / N_MELS))


def levels_of(audio: np.ndarray) -> np.ndarray:
    """Levels of the mel bands in the frames of both channels, (n_samples, 2) to (n, 80)."""
    return log_mel_db(audio).reshape(-1, N_MELS)


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root of a covariance."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T

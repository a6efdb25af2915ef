"""Loudness as others' code measures it, pyloudnorm: it judges what was leveled by our own, `legato.audio.loudness`."""

import warnings

import numpy as np
import pyloudnorm


def integrated_lufs(audio: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness of (n_samples, 2); -inf for silence. At least `MIN_SECONDS` long."""
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of silence: means of nothing, and logarithms of zero
        return float(pyloudnorm.Meter(sample_rate).integrated_loudness(audio.astype(np.float64)))

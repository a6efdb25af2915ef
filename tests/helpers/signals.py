"""Signals whose loudness, peaks and silence are known beforehand."""

import numpy as np
import soxr

SAMPLE_RATE = 44100


def sine(seconds: float, dbfs: float, hz: float = 997.0, phase: float = 0.0) -> np.ndarray:
    """The same sine in both channels, (n_samples, 2) float32; `dbfs` is its peak."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave = 10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * time + phase)
    return np.repeat(wave[:, None], 2, axis=1).astype(np.float32)


def drum_loop(seconds: float, decay_per_s: float = 25.0, seed: int = 0) -> np.ndarray:
    """Low-passed noise bursts twice a second: a high crest factor, and little near the Nyquist frequency."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.apply_along_axis(np.convolve, 0, rng.standard_normal((len(time), 2)), np.hanning(9) / 4, "same")
    return (0.2 * noise * np.exp(-decay_per_s * (time % 0.5))[:, None]).astype(np.float32)


def noise(seconds: float, dbfs: float, seed: int = 0) -> np.ndarray:
    """White noise, (n_samples, 2) float32; `dbfs` is its root mean square."""
    samples = np.random.default_rng(seed).standard_normal((round(seconds * SAMPLE_RATE), 2))
    return (samples * 10 ** (dbfs / 20)).astype(np.float32)


def true_peak(audio: np.ndarray) -> float:
    """The highest of all samples and of the whole signal oversampled four times at once, linear: slow and plain."""
    return max(float(np.abs(values).max(initial=0)) for values in (audio, soxr.resample(audio, 1, 4, quality="VHQ")))


def silence(seconds: float) -> np.ndarray:
    """Digital silence, (n_samples, 2) float32."""
    return np.zeros((round(seconds * SAMPLE_RATE), 2), np.float32)


def si_sdr_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al., 2019), over all samples."""
    estimate, reference = estimate.ravel().astype(float), reference.ravel().astype(float)
    target = reference * (estimate @ reference) / (reference @ reference)
    return float(10 * np.log10((target @ target) / ((estimate - target) @ (estimate - target))))

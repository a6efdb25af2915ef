"""Levels of mel bands.

Conventions: audio is float32 (n_samples, 2) at 44.1 kHz; 80 bands, frames of 2048 samples every 512; levels in dB of
full scale.
"""

from functools import cache

import numpy as np

from legato.tokens import HOP_LENGTH, SAMPLE_RATE

N_FFT, N_MELS, FLOOR_DB = 2048, 80, -80.0
AT_A_TIME = 1024  # frames in memory, so that a long track needs little more than a short one


def mel_centres_hz() -> np.ndarray:
    """The middle of each band, (N_MELS,): equal steps of 2595 log10(1 + f / 700) up to half the sample rate."""
    return _mel_edges_hz()[1:-1]


def _mel_edges_hz() -> np.ndarray:
    top = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    return 700 * (10 ** (np.linspace(0, top, N_MELS + 2) / 2595) - 1)


def log_mel_db(audio: np.ndarray) -> np.ndarray:
    """Levels of (n_samples, 2) as (channels, frames, N_MELS), none under `FLOOR_DB` of full scale."""
    window = np.hanning(N_FFT).astype(np.float32)
    padded = np.pad(audio.T, ((0, 0), (0, max(0, N_FFT - len(audio)))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT, axis=1)[:, ::HOP_LENGTH]
    return np.concatenate(
        [_levels_db(frames[:, at : at + AT_A_TIME], window) for at in range(0, frames.shape[1], AT_A_TIME)], axis=1
    )


def _levels_db(frames: np.ndarray, window: np.ndarray) -> np.ndarray:
    power = np.abs(np.fft.rfft(frames * window) / (window.sum() / 2)) ** 2
    return np.maximum(10 * np.log10(power @ mel_filters() + 1e-12), FLOOR_DB)


@cache
def mel_filters() -> np.ndarray:
    """Triangles over the spectrum's bins, (N_FFT / 2 + 1, N_MELS)."""
    hz, edges = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE)[:, None], _mel_edges_hz()
    rising = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    return np.clip(np.minimum(rising, falling), 0, None)

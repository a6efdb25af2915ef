"""Stereo audio in files and in memory.

Conventions: float32 (n_samples, 2), full scale at 1.0; `sample_rate` in Hz; levels in dB relative to full scale.
"""

import io
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from legato.errors import LegatoError
from legato.files import write_bytes

Subtype = Literal["PCM_16", "PCM_24"]
LIBSNDFILE = soundfile.__libsndfile_version__  # the bytes of a .flac are its
SILENCE_DBFS = -60.0
SILENCE_BLOCK_S = 0.05


def read_audio(path: Path, sample_rate: int) -> np.ndarray:
    """The file's samples as float32 (n_samples, 2); mono is duplicated to both channels.

    Raises:
        LegatoError: no such file, not audio, another sample rate, more than two channels, or not finite.
    """
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        reason = "no such file" if not path.exists() else error.error_string
        raise LegatoError(f"{path}: cannot be read as audio: {reason}") from None
    if rate != sample_rate:
        raise LegatoError(f"{path}: sample rate {rate}: must be {sample_rate}")
    if audio.shape[1] > 2:
        raise LegatoError(f"{path}: {audio.shape[1]} channels: must be 1 or 2")
    if not np.isfinite(audio).all():
        raise LegatoError(f"{path}: holds NaN or infinite samples")
    return np.repeat(audio, 2, axis=1) if audio.shape[1] == 1 else audio


def write_audio(path: Path, audio: np.ndarray, sample_rate: int, subtype: Subtype) -> None:
    """Write (n_samples, 2) to .wav or .flac, whole or not at all."""
    encoded = io.BytesIO()  # libsndfile would not say that the disk is full
    soundfile.write(encoded, audio, sample_rate, subtype, format=path.suffix.removeprefix("."))
    write_bytes(path, encoded.getvalue())


def quantize(audio: np.ndarray, bits: int = 16) -> np.ndarray:
    """Round to the levels that a PCM file of `bits` holds, so that what is measured is what is read back."""
    levels = 2 ** (bits - 1)
    return (np.clip(np.round(audio * levels), -levels, levels - 1) / levels).astype(np.float32)


def decibels(amplitude: float) -> float:
    """An amplitude in dB relative to full scale; zero is -inf.

    >>> round(decibels(0.5), 2)
    -6.02
    """
    return 20 * float(np.log10(amplitude)) if amplitude > 0 else float("-inf")


def loudest_channel(audio: np.ndarray) -> np.ndarray:
    """The magnitude of each sample's louder channel, (n_samples, 2) to (n_samples,).

    NumPy's own maximum along so short an axis takes many times as long.
    """
    return np.maximum(np.abs(audio[:, 0]), np.abs(audio[:, 1]))


def trim_silence(
    audio: np.ndarray, sample_rate: int, *, threshold_db: float, hold_s: float, fade_s: float
) -> np.ndarray:
    """Cut what lies below `threshold_db` (relative to the peak) at both ends, fading over `fade_s`.

    `hold_s` more is kept behind the last sample above the threshold, so that a tail rings out.
    Silence all through gives an empty array.
    """
    level = loudest_channel(audio)
    loud = np.flatnonzero(level > level.max(initial=0) * 10 ** (threshold_db / 20))
    if not len(loud):
        return audio[:0]
    n_fade, n_hold = round(fade_s * sample_rate), round(hold_s * sample_rate)
    start = max(0, loud[0] - n_fade)
    kept = audio[start : loud[-1] + 1 + n_hold + n_fade].copy()
    n_fade_in = loud[0] - start
    ramp = np.sin(np.linspace(0, np.pi / 2, n_fade, dtype=np.float32)) ** 2
    kept[:n_fade_in] *= ramp[n_fade - n_fade_in :, None]
    n_fade_out = min(n_fade, len(kept))
    kept[len(kept) - n_fade_out :] *= ramp[::-1][n_fade - n_fade_out :, None]
    return kept


def silence_share(audio: np.ndarray, sample_rate: int) -> float:
    """The share of 50 ms blocks whose peak lies under -60 dBFS."""
    n_block = round(SILENCE_BLOCK_S * sample_rate)
    n_blocks = max(1, len(audio) // n_block)
    peaks = [np.abs(block).max(initial=0) for block in np.array_split(audio, n_blocks)]
    return float(np.mean(np.array(peaks) < 10 ** (SILENCE_DBFS / 20)))

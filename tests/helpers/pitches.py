"""How far a lone note is from its key."""

import numpy as np

from legato.audio.estimators import fundamentals, mono

HIGHEST_OF_YIN = 83  # B5, 988 Hz


def hz_of(key: float) -> float:
    """Equal temperament, A4 = 440 Hz."""
    return float(440 * 2 ** ((key - 69) / 12))


def heard_key(audio: np.ndarray, sample_rate: int, *, about: float) -> float:
    """The key of a lone note: the median of YIN's answers, or of a high one its strongest partial within an octave."""
    if about <= HIGHEST_OF_YIN:
        return float(69 + 12 * np.log2(np.median(fundamentals(mono(audio, sample_rate))) / 440))
    padded = 2**19
    spectrum = np.abs(np.fft.rfft(audio.mean(axis=1) * np.hanning(len(audio)), padded))
    frequencies = np.fft.rfftfreq(padded, 1 / sample_rate)
    near = np.abs(np.log2(np.maximum(frequencies, 1) / hz_of(about))) < 1
    return float(69 + 12 * np.log2(frequencies[near][spectrum[near].argmax()] / 440))


def level_db(audio: np.ndarray) -> float:
    """Root mean square in dB of full scale."""
    return float(10 * np.log10(np.mean(np.square(audio, dtype=float)) + 1e-15))

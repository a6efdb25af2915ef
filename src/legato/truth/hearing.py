"""What can be heard in a mix: its beat, how percussive it is, how wide, and a lone bass's fundamental.

Conventions: audio is float32 (n_samples, 2). Estimators are librosa's (ISC), on mono at `RATE`.
"""

from typing import NamedTuple

import librosa
import numpy as np
import soxr

RATE = 22050  # Hz
BEAT_HOP = 256
MIN_BEATS = 8
USUAL_BPM = 90  # which of several regular pulses is the beat: the one nearest to this, other things being equal
SPECTRUM = 1024
EXCERPT_S = 15.0  # from a quarter of the track on
HISS_HZ = 4000.0
LOWEST_HZ, HIGHEST_HZ = 25.0, 1000.0  # of a fundamental
F0_FRAME, F0_HOP = 4096, 1024
AUDIBLE_DB = -30.0  # under the loudest frame


def mono(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """The mean of both channels at `RATE`, (n_samples, 2) to (m,)."""
    return soxr.resample(audio.mean(axis=1), sample_rate, RATE).astype(np.float32)


def heard_bpm(wave: np.ndarray) -> float | None:
    """The tempo of a beat tracker's beats (Ellis, 2007), fitted through all of them; None where there are too few."""
    strength = librosa.onset.onset_strength(y=wave, sr=RATE, hop_length=BEAT_HOP)
    _, beats = librosa.beat.beat_track(
        onset_envelope=strength, sr=RATE, hop_length=BEAT_HOP, start_bpm=USUAL_BPM, trim=False
    )
    if len(beats) < MIN_BEATS:
        return None
    return 60 * RATE / BEAT_HOP / float(np.polyfit(np.arange(len(beats)), beats, 1)[0])


class Percussion(NamedTuple):
    """Shares of the energy that is percussive, 0 to 1."""

    share: float  # drums alone reach 0.1 and more
    hiss: float  # of it above 4 kHz: with drums 0.0003 and more, pitched instruments alone seldom as much


def percussion(wave: np.ndarray) -> Percussion:
    """How percussive an excerpt is: short in time and broad in frequency (Driedger et al., 2014, margin 3)."""
    start = len(wave) // 4
    spectrum = np.abs(librosa.stft(wave[start : start + round(EXCERPT_S * RATE)], n_fft=SPECTRUM))
    _, percussive = librosa.decompose.hpss(spectrum, margin=(1, 3))
    is_hiss = librosa.fft_frequencies(sr=RATE, n_fft=SPECTRUM) > HISS_HZ
    by_frequency = (percussive**2).sum(axis=1) / max((spectrum**2).sum(), 1e-12)
    return Percussion(share=float(by_frequency.sum()), hiss=float(by_frequency[is_hiss].sum()))


def fundamentals(wave: np.ndarray) -> np.ndarray:
    """The fundamental in Hz of each audible frame of a lone voice (YIN; de Cheveigne and Kawahara, 2002)."""
    hz = librosa.yin(wave, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, sr=RATE, frame_length=F0_FRAME, hop_length=F0_HOP)
    rms = librosa.feature.rms(y=wave, frame_length=F0_FRAME, hop_length=F0_HOP)[0][: len(hz)]
    return hz[: len(rms)][rms > rms.max() * 10 ** (AUDIBLE_DB / 20)]

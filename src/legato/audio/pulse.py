"""The bpm of a few seconds, in which a beat tracker finds too few beats.

Conventions: waves are mono, float32 (n_samples,) at `beats.RATE`; a frame comes every `HOP` samples.
"""

from functools import cache

import numpy as np
import scipy.fft

from legato.audio.beats import RATE, framed, spectra

WINDOW, HOP = 1024, 128  # samples: 46 and 5.8 ms
FRAMES_PER_S = RATE / HOP
BAND_EDGES_HZ = np.geomspace(40, 10_000, 25)
FLOOR_DB = -60.0  # of a band, under the loudest of all
RISE_FRAMES = 3  # over which a level rises
BPMS = np.geomspace(60, 240, 400)  # steps of 0.35 %
BEATS = (0.25, 0.5, 1, 2)  # a pulse comes again after a 16th, an 8th, a quarter and two of a true bpm
LEAST_OVERLAP = 0.15  # of the whole: what is measured on less counts no more for it
LONGEST_LAG = 0.75  # of the whole


def pulse_bpm(wave: np.ndarray) -> float | None:
    """The bpm within 60 and 240 after whose 16ths, 8ths, quarters and halves the onsets are most like themselves.

    Autocorrelations of the mean rise of bands' levels are added at these four lags, so that four seconds tell. Which
    octave it is they do not: compare it by a factor of two. None where nothing rises.
    """
    strength = _strength(wave)
    if not strength.any():
        return None
    similar = _autocorrelation(strength)
    lags = 60 / BPMS * FRAMES_PER_S * np.array(BEATS)[:, None]  # (4, n_bpms)
    found = np.interp(lags, np.arange(len(similar)), similar)
    return float(BPMS[np.argmax(np.where(lags < LONGEST_LAG * len(similar), found, 0).sum(axis=0))])


def _strength(wave: np.ndarray) -> np.ndarray:
    """How much the bands rise at each frame, in dB, mean of all."""
    power = spectra(framed(wave, WINDOW, HOP)) ** 2 @ _bands()
    level_db = 10 * np.log10(power / max(float(power.max()), 1e-12) + 10 ** (FLOOR_DB / 10))
    return np.maximum(level_db[RISE_FRAMES:] - level_db[:-RISE_FRAMES], 0).mean(axis=1)


def _autocorrelation(values: np.ndarray) -> np.ndarray:
    """Of a series without its mean, for each lag by the part that overlaps, 1 at lag 0."""
    centred = values - values.mean()
    padded = scipy.fft.next_fast_len(2 * len(values), real=True)
    found = scipy.fft.irfft(np.abs(scipy.fft.rfft(centred, padded)) ** 2, padded)[: len(values)]
    overlap = 1 - np.arange(len(values)) / len(values)
    return found / max(float(found[0]), 1e-12) / np.maximum(overlap, LEAST_OVERLAP)


@cache
def _bands() -> np.ndarray:
    """Which bins each band has, (WINDOW / 2 + 1, n_bands); bands that lie between two bins are left out."""
    hz = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    inside = (hz >= BAND_EDGES_HZ[:-1]) & (hz < BAND_EDGES_HZ[1:])
    return inside[:, inside.any(axis=0)].astype(np.float32)

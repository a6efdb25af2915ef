"""What can be heard in a mix: its beat, how percussive it is, how wide, and a lone bass's fundamental.

Conventions: audio is float32 (n_samples, 2); waves are its mean at `RATE`, float32 (m,). The estimators' answers are
librosa's (0.11), without what it compiles: see `beats`.
"""

from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.ndimage
import soxr

from legato.audio.beats import FRAMES_PER_S, RATE, beats, blocks, framed, spectra

MIN_BEATS = 8
SPECTRUM = 1024
NEIGHBOURS = 31  # frames or bins, whose median is what lasts
MARGIN = 3.0  # how much more percussive than lasting
EXCERPT_S = 15.0  # from a quarter of the track on
HISS_HZ, BASS_HZ = 4000.0, 400.0
GRAIN_HZ, GRAIN_AUDIBLE = (3000.0, 20000.0), 1e-4  # and the power of frames that count, of the loudest
LOWEST_HZ, HIGHEST_HZ = 25.0, 1000.0  # of a fundamental
F0_FRAME, F0_HOP = 4096, 1024
PERIODIC = 0.1  # the difference from a period to the next, of their mean difference, at which they are alike
AUDIBLE_DB = -30.0  # under the loudest frame


def mono(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """The mean of both channels at `RATE`, (n_samples, 2) to (m,)."""
    return soxr.resample(_middle(audio), sample_rate, RATE).astype(np.float32)


def heard_bpm(wave: np.ndarray) -> float | None:
    """The tempo of a beat tracker's beats, fitted through all of them; None where there are too few."""
    found = beats(wave)
    if len(found) < MIN_BEATS:
        return None
    return 60 * FRAMES_PER_S / float(np.polyfit(np.arange(len(found)), found, 1)[0])


class Percussion(NamedTuple):
    """Shares of the energy that is percussive, 0 to 1."""

    share: float  # drums alone reach 0.1 and more
    hiss: float  # of it above 4 kHz: with drums 0.0003 and more, pitched instruments alone seldom as much
    over_bass: float  # of what is above 400 Hz: drums alone 0.3 and more, however long a bass drum hums


def percussion(wave: np.ndarray) -> Percussion:
    """How percussive an excerpt is: short in time and broad in frequency (Driedger et al., 2014, margin 3)."""
    start = len(wave) // 4
    excerpt = wave[start : start + round(EXCERPT_S * RATE)]
    spectrum = spectra(framed(excerpt, SPECTRUM, SPECTRUM // 4))  # (frames, bins)
    lasting, broad = _medians(spectrum.T).T * MARGIN, _medians(spectrum)
    larger = np.maximum(np.maximum(broad, lasting), np.finfo(spectrum.dtype).tiny)
    broad, lasting = (broad / larger) ** 2, (lasting / larger) ** 2
    percussive = spectrum * broad / np.maximum(broad + lasting, np.finfo(spectrum.dtype).tiny)
    is_hiss = np.fft.rfftfreq(SPECTRUM, 1 / RATE) > HISS_HZ
    by_frequency = (percussive**2).sum(axis=0) / max((spectrum**2).sum(), 1e-12)
    is_over = np.fft.rfftfreq(SPECTRUM, 1 / RATE) > BASS_HZ
    over_bass = (percussive[:, is_over] ** 2).sum() / max((spectrum[:, is_over] ** 2).sum(), 1e-12)
    return Percussion(
        share=float(by_frequency.sum()), hiss=float(by_frequency[is_hiss].sum()), over_bass=float(over_bass)
    )


def grain(audio: np.ndarray, sample_rate: int) -> tuple[float, float]:
    """How much like noise the highs of an excerpt are, and their level over all of it in dB; both medians of frames.

    The first is their flatness, the geometric mean of the power over its mean: 0.5 of noise, hardly anything of
    partials. Steps in level or in time, as few bits or a low rate make them, fill what lies between partials.
    """
    start = len(audio) // 4
    wave = _middle(audio[start : start + round(EXCERPT_S * sample_rate)])
    power = spectra(framed(wave, SPECTRUM, SPECTRUM // 2)).astype(np.float64) ** 2
    total = power.sum(axis=1)
    hz = np.fft.rfftfreq(SPECTRUM, 1 / sample_rate)
    highs = power[total > total.max() * GRAIN_AUDIBLE][:, (hz > GRAIN_HZ[0]) & (hz < GRAIN_HZ[1])]
    if not len(highs):
        return 0.0, -np.inf
    flatness = np.exp(np.log(highs + 1e-16).mean(axis=1)) / (highs.mean(axis=1) + 1e-16)
    level = highs.sum(axis=1) / total[total > total.max() * GRAIN_AUDIBLE]
    return float(np.median(flatness)), float(10 * np.log10(max(np.median(level), 1e-14)))


def _middle(audio: np.ndarray) -> np.ndarray:
    """The mean of both channels, (n_samples, 2) to (n_samples,): many times as fast as NumPy along so short an axis."""
    return (audio[:, 0] + audio[:, 1]) / 2


def _medians(rows: np.ndarray) -> np.ndarray:
    """The median of each value and its `NEIGHBOURS` in the same row, which is mirrored at its ends.

    SciPy's filter of one long row takes a tenth of the time of that of many.
    """
    beyond = NEIGHBOURS // 2
    padded = np.pad(rows, ((0, 0), (beyond, beyond)), mode="symmetric")
    return scipy.ndimage.median_filter(padded.ravel(), NEIGHBOURS).reshape(padded.shape)[:, beyond:-beyond]


def fundamentals(wave: np.ndarray) -> np.ndarray:
    """The fundamental in Hz of each audible frame of a lone voice (YIN; de Cheveigne and Kawahara, 2002)."""
    frames = framed(wave, F0_FRAME, F0_HOP)
    rms = np.concatenate([np.sqrt(np.mean(np.square(block), axis=1)) for block in blocks(frames)])
    is_audible = rms > rms.max() * 10 ** (AUDIBLE_DB / 20)
    return np.concatenate([_yin(some[which]) for some, which in zip(blocks(frames), blocks(is_audible), strict=True)])


def _yin(frames: np.ndarray) -> np.ndarray:
    """The frequency of each frame's first period that is followed by one like it, or else of the best one."""
    shortest, longest = int(RATE / HIGHEST_HZ), min(-int(-RATE // LOWEST_HZ), F0_FRAME - 1)
    unlike = _differences(frames, longest)[:, shortest - 1 :]  # (frames, periods)
    before, after = np.roll(unlike, 1, axis=1), np.roll(unlike, -1, axis=1)
    before[:, 0], after[:, -1] = np.inf, np.inf
    is_alike = (unlike < before) & (unlike <= after) & (unlike < PERIODIC)
    best = np.where(is_alike.any(axis=1), is_alike.argmax(axis=1), unlike.argmin(axis=1))
    left, middle, right = (np.take_along_axis(of, best[:, None], axis=1)[:, 0] for of in (before, unlike, after))
    return RATE / (shortest + best + _vertex(left, middle, right))


def _differences(frames: np.ndarray, longest: int) -> np.ndarray:
    """YIN's normalized difference of each frame and itself 1 to `longest` samples later, (frames, longest)."""
    padded = scipy.fft.next_fast_len(2 * F0_FRAME - 1, real=True)
    products = scipy.fft.irfft(np.abs(scipy.fft.rfft(frames, padded)) ** 2, padded)[:, : longest + 1]
    energy = np.cumsum(np.square(frames), axis=1)[:, :longest]
    difference = 2 * (products[:, :1] - products[:, 1:]) - energy
    mean = np.cumsum(difference, axis=1) / np.arange(1, longest + 1, dtype=frames.dtype)
    return difference / (mean + np.finfo(mean.dtype).tiny)


def _vertex(left: np.ndarray, middle: np.ndarray, right: np.ndarray) -> np.ndarray:
    """How far the lowest point of the parabola through three neighbours is from the middle one, under 1."""
    bend, slope = left + right - 2 * middle, (right - left) / 2
    inside = np.isfinite(bend) & (np.abs(slope) < np.abs(bend))
    return np.where(inside, -slope / np.where(inside, bend, 1), 0)

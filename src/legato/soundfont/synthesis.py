"""What every sound here is made of: decaying modes, periodic spectra, noise, drive, and samples' ends.

Conventions: everything is mono at `SAMPLE_RATE`, float, peak about 1; `hz` is the fundamental; `top_hz` the highest
frequency that a sample may hold, so that it folds nothing back when it is played up to the end of its zone.
"""

from collections.abc import Callable

import numpy as np

SAMPLE_RATE = 44100
TOP_HZ = 18_000.0
LOOP_LEAD = 32  # samples before and after a loop, for the synth's interpolation
BLOCK = 256  # samples that one factor of `modes` spans

Wave = np.ndarray
Amplitude = Callable[[np.ndarray], np.ndarray]  # of partial numbers, counted from 1, or of frequencies in Hz
Made = tuple[Wave, tuple[int, int] | None]  # samples and their loop
Maker = Callable[[int, float, np.random.Generator], Made]  # for a root key and its top_hz


def key_hz(key: float) -> float:
    """The equal-tempered frequency of a MIDI key, A4 = 440 Hz.

    >>> key_hz(69)
    440.0
    """
    return 440 * 2 ** ((key - 69) / 12)


def seconds_of_time(seconds: float) -> Wave:
    """The time of each sample, in seconds."""
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def decay(seconds: float, time: Wave) -> Wave:
    """An exponential that falls by 60 dB in `seconds`."""
    return np.exp(-6.9 * time / seconds)


def modes(
    frequencies: Wave, weights: Wave, rates: Wave, phases: Wave, *, seconds: float, top_hz: float = TOP_HZ
) -> Wave:
    """The sum of weights * exp(-rates * t) * sin(2 pi frequencies * t + phases), leaving out what is above `top_hz`.

    exp(s (a + b)) = exp(s a) exp(s b): with coarse times a and fine times b, the sum over all modes is one matrix
    product, a hundred times as fast as a sine per sample.
    """
    weights = np.asarray(weights, float)
    kept = (np.abs(weights) > 1e-5 * np.abs(weights).max()) & (frequencies < top_hz)
    n_samples = round(seconds * SAMPLE_RATE)
    s = -np.broadcast_to(rates, weights.shape)[kept] + 2j * np.pi * frequencies[kept]
    coarse = np.exp(np.arange(0, n_samples, BLOCK)[:, None] / SAMPLE_RATE * s)
    start = weights * np.exp(1j * np.broadcast_to(phases, weights.shape))
    fine = np.exp(s[:, None] * np.arange(BLOCK) / SAMPLE_RATE) * start[kept][:, None]
    return (coarse.real @ fine.imag + coarse.imag @ fine.real).ravel()[:n_samples]


def noise(n_samples: int, weights: Amplitude, rng: np.random.Generator, top_hz: float = TOP_HZ) -> Wave:
    """Noise whose spectrum follows `weights` of the frequency, rms 1; it repeats without a seam."""
    hz = np.fft.rfftfreq(n_samples, 1 / SAMPLE_RATE)
    spectrum = rng.standard_normal(len(hz)) + 1j * rng.standard_normal(len(hz))
    wave = np.fft.irfft(spectrum * weights(np.maximum(hz, 1)) * (hz < top_hz), n_samples)
    return wave / wave.std()


def band(low_hz: float, high_hz: float) -> Amplitude:
    """Weights by frequency between two edges, 24 dB per octave."""
    return lambda hz: 1 / (1 + (low_hz / np.maximum(hz, 1)) ** 4) / (1 + (hz / high_hz) ** 4)


def formants(*peaks: tuple[float, float, float], floor: float = 1.0) -> Amplitude:
    """Weights by frequency from resonances of (hz, width in hz, gain), over a floor."""

    def weights(hz: Wave) -> Wave:
        gains = (gain / (1 + ((hz - centre) / width) ** 2) for centre, width, gain in peaks)
        return floor + sum(gains, np.zeros_like(hz))

    return weights


def low_pass(cutoff_hz: float, order: int = 2) -> Amplitude:
    """Weights by frequency of a low pass of 6 dB per octave times `order`."""
    return lambda hz: 1 / (1 + (hz / cutoff_hz) ** order)


def shaped(wave: Wave, weights: Amplitude) -> Wave:
    """The wave's spectrum weighted, its ends kept apart by silence."""
    n = fast_length(len(wave))
    return np.fft.irfft(np.fft.rfft(wave, n) * weights(np.fft.rfftfreq(n, 1 / SAMPLE_RATE)), n)[: len(wave)]


def fast_length(n_samples: int) -> int:
    """A longer even length, by 50 ms of silence at least, that a Fourier transform is quick with."""
    from scipy.fft import next_fast_len  # SciPy takes a while, and most of what reads this module makes no sound

    return 2 * next_fast_len(-(-(n_samples + SAMPLE_RATE // 20) // 2), real=True)


def limited(wave: Wave, top_hz: float) -> Wave:
    """The wave without what is above `top_hz`; the edge is a raised cosine over a tenth below it."""
    return shaped(wave, lambda hz: 0.5 + 0.5 * np.cos(np.pi * np.clip((hz / top_hz - 0.9) / 0.1, 0, 1)))


def driven(wave: Wave, shape: Callable[[Wave], Wave], top_hz: float) -> Wave:
    """A wave through a curve at eight times its rate, so that the curve's harmonics do not fold back."""
    n = fast_length(len(wave))
    up = 8
    curved = shape(np.fft.irfft(np.fft.rfft(wave, n), up * n) * up)
    spectrum = np.fft.rfft(curved)[: n // 2 + 1] / up
    hz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    spectrum *= hz**2 / (hz**2 + 12**2)  # no offset
    spectrum *= 0.5 + 0.5 * np.cos(np.pi * np.clip((hz / top_hz - 0.9) / 0.1, 0, 1))
    return np.fft.irfft(spectrum, n)[: len(wave)]


def faded(wave: Wave, *, attack_s: float, release_s: float) -> Wave:
    """The wave with raised-cosine ends, so that it neither begins nor ends with a click."""
    wave = wave.copy()
    for seconds, ends in ((attack_s, wave), (release_s, wave[::-1])):
        n_fade = min(round(seconds * SAMPLE_RATE), len(wave))
        ends[:n_fade] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(n_fade) / max(n_fade, 1))
    return wave


def rung_out(wave: Wave, attack_s: float = 0.001) -> Wave:
    """A ringing wave damped over its second half, by 44 dB at its end, and cut where it has fallen by 56 dB.

    A low string rings for longer than a sample may last; a note held to the end dies away instead of stopping.
    """
    late = np.clip(2 * np.arange(len(wave)) / len(wave) - 1, 0, 1)
    wave = faded(wave * 10 ** (-2.2 * late**2), attack_s=attack_s, release_s=0.02)
    heard = np.flatnonzero(np.abs(wave) > 1.6e-3 * np.abs(wave).max())
    return faded(wave[: heard[-1] + 1], attack_s=0, release_s=0.02)


def pcm16(wave: Wave, peak: float = 0.9) -> np.ndarray:
    """A wave as 16-bit samples with the given peak."""
    return np.round(wave / np.abs(wave).max() * peak * 32767).astype(np.int16)


def k_weight(hz: Wave) -> Wave:
    """The gain of BS.1770's two filters by frequency: a shelf of 4 dB above 1.7 kHz and a high pass at 38 Hz."""
    shelf = 1 + (10 ** (4 / 20) - 1) / (1 + (1681 / np.maximum(hz, 1)) ** 2)
    return shelf * (hz / 38) ** 2 / np.sqrt(1 + (hz / 38) ** 4)


def loudness_db(wave: Wave, window_s: float = 0.4) -> float:
    """The loudest K-weighted level over any window, in dB: how loud a wave sounds, as one number."""
    power = shaped(wave, k_weight) ** 2
    window = min(round(window_s * SAMPLE_RATE), len(power))
    sums = np.concatenate([[0.0], np.cumsum(power)])
    return float(10 * np.log10((sums[window:] - sums[:-window]).max() / max(window_s * SAMPLE_RATE, 1) + 1e-12))

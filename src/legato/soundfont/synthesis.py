"""Tonal samples by arithmetic: looped sums of partials, decaying strings, an 808.

Conventions: everything is mono at `SAMPLE_RATE`, float, peak about 1; `hz` is the fundamental. No partial lies
above `TOP_HZ`, so that a sample played three semitones up still folds nothing back.
"""

from collections.abc import Callable

import numpy as np

SAMPLE_RATE = 44100
TOP_HZ = 17_000.0
LOOP_LEAD = 32  # samples before and behind a loop, for the synth's interpolation

Amplitude = Callable[[np.ndarray], np.ndarray]  # of partial numbers, counted from 1


def key_hz(key: int) -> float:
    """The equal-tempered frequency of a MIDI key, A4 = 440 Hz.

    >>> key_hz(69)
    440.0
    """
    return 440 * 2 ** ((key - 69) / 12)


def saw(numbers: np.ndarray) -> np.ndarray:
    """Partials of a sawtooth."""
    return 1 / numbers


def square(numbers: np.ndarray) -> np.ndarray:
    """Partials of a square wave: the odd ones."""
    return (numbers % 2) / numbers


def pulse(duty: float) -> Amplitude:
    """Partials of a pulse that is high for `duty` of its period."""
    return lambda numbers: np.abs(np.sin(np.pi * numbers * duty)) / numbers


def looped(hz: float, amplitude: Amplitude, *, cycles: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A wave that repeats without a seam: each voice's partials fit the loop a whole number of times.

    The mean of the voices sounds at `hz`. The loop's length is rounded to whole samples, which detunes it by
    866 / n_samples cents at most. Each voice starts somewhere in its period, so that voices beat instead of adding up.

    Args:
        cycles: for each voice, how many of its periods fill the loop; neighbours are 1731 / cycles cents apart.
            Neighbours one cycle apart make the shortest loop: the beat that they make fills it once.
    """
    n_samples = round(float(np.mean(cycles)) * SAMPLE_RATE / hz)
    spectrum = np.zeros(n_samples // 2 + 1, complex)
    for n_cycles in cycles:
        numbers = np.arange(1, int(TOP_HZ / SAMPLE_RATE * n_samples / n_cycles) + 1)
        phases = rng.uniform(0, 2 * np.pi) * numbers if len(cycles) > 1 else 0 * numbers
        spectrum[numbers * n_cycles] += amplitude(numbers) * np.exp(1j * (phases - np.pi / 2))
    wave = np.fft.irfft(spectrum, n_samples)
    return wave / np.abs(wave).max()


def string(
    hz: float,
    *,
    seconds: float,
    pluck: float,
    pickup: float | None,
    decay_s: float,
    damping: float,
    stiffness: float,
    body: Amplitude,
    rng: np.random.Generator,
) -> np.ndarray:
    """A plucked string as the sum of its modes (Fletcher and Rossing, The Physics of Musical Instruments, 2.8, 2.18).

    Mode n sounds at n * hz * sqrt(1 + stiffness * n**2) with the weight sin(n pi pluck) / n, and dies the faster
    the higher it is. Two polarisations, a fraction of a cent apart, give the slow beating of a real string.

    Args:
        pluck: where along the string it is plucked, 0 to 1.
        pickup: where a pickup listens, or None for the bridge.
        decay_s: the time constant of the lowest mode at 100 Hz.
        damping: how much faster high modes die.
        body: weights by frequency in Hz.
    """
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    numbers = np.arange(1, int(TOP_HZ / hz) + 1)
    frequencies = hz * numbers * np.sqrt(1 + stiffness * numbers**2) / np.sqrt(1 + stiffness)
    kept = frequencies < TOP_HZ
    numbers, frequencies = numbers[kept], frequencies[kept]
    weights = np.sin(np.pi * pluck * numbers) / numbers * body(frequencies)
    if pickup is not None:
        weights = weights * np.sin(np.pi * pickup * numbers)
    rates = (hz / 100) ** 0.5 / decay_s * (1 + damping * (frequencies / 1000) ** 2)
    wave = np.zeros_like(time)
    for frequency, weight, rate in zip(frequencies, weights, rates, strict=True):
        if abs(weight) < 1e-4 * np.abs(weights).max():
            continue
        for share, cent, slower in ((0.7, 0.0, 1.0), (0.3, 0.4, 0.6)):
            n_audible = min(len(time), round(9 / (rate * slower) * SAMPLE_RATE))  # 9 time constants are -78 dB
            phase = 2 * np.pi * frequency * 2 ** (cent / 1200) * time[:n_audible] + rng.uniform(-0.2, 0.2)
            wave[:n_audible] += weight * share * np.exp(-rate * slower * time[:n_audible]) * np.sin(phase)
    return rung_out(wave / np.abs(wave).max())


def rung_out(wave: np.ndarray) -> np.ndarray:
    """A ringing wave damped over its second half and cut where it has fallen by 60 dB.

    A low string rings for longer than a sample may last; a note held to the end dies away instead of stopping.
    """
    wave = faded(wave, attack_s=0.001, release_s=len(wave) / 2 / SAMPLE_RATE)
    heard = np.flatnonzero(np.abs(wave) > 1e-3 * np.abs(wave).max())
    return faded(wave[: heard[-1] + 1], attack_s=0, release_s=0.02)


def formants(*peaks: tuple[float, float, float]) -> Amplitude:
    """Weights by frequency from resonances of (hz, width in hz, gain), over a floor of 1."""
    return lambda hz: 1 + sum(gain / (1 + ((hz - centre) / width) ** 2) for centre, width, gain in peaks)


def low_pass(cutoff_hz: float) -> Amplitude:
    """Weights by frequency of a second-order low pass."""
    return lambda hz: 1 / (1 + (hz / cutoff_hz) ** 2)


def sine_808(hz: float, *, sweep_cycles: int, sweep_s: float, drive: float) -> tuple[np.ndarray, tuple[int, int]]:
    """An 808 bass: a driven sine whose pitch drops onto its note, then one period to loop.

    The sweep adds a whole number of cycles, so that the phase is back in place where the loop begins. The drive is
    odd and mild: its harmonics fall off before the Nyquist frequency. Returns the wave and its loop.
    """
    n_cycles = round(14 * sweep_s * hz) + 1
    n_loop = round(8 * SAMPLE_RATE / hz)  # eight periods, so that rounding detunes by an eighth as much
    loop_hz = 8 * SAMPLE_RATE / n_loop
    loop_start = round(n_cycles * SAMPLE_RATE / loop_hz)
    time = np.arange(loop_start + n_loop + LOOP_LEAD) / SAMPLE_RATE
    sweep = sweep_cycles * (1 - np.exp(-time / sweep_s))
    wave = np.tanh(drive * np.sin(2 * np.pi * (loop_hz * (time - loop_start / SAMPLE_RATE) + sweep))) / np.tanh(drive)
    return faded(wave, attack_s=0.002, release_s=0), (loop_start, loop_start + n_loop)


def faded(wave: np.ndarray, *, attack_s: float, release_s: float) -> np.ndarray:
    """The wave with raised-cosine ends, so that it neither begins nor ends with a click."""
    wave = wave.copy()
    for seconds, ends in ((attack_s, wave), (release_s, wave[::-1])):
        n_fade = min(round(seconds * SAMPLE_RATE), len(wave))
        ends[:n_fade] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(n_fade) / max(n_fade, 1))
    return wave


def pcm16(wave: np.ndarray, peak: float = 0.9) -> np.ndarray:
    """A wave as 16-bit samples with the given peak."""
    return np.round(wave / np.abs(wave).max() * peak * 32767).astype(np.int16)

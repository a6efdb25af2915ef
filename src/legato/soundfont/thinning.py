"""Samples at the lowest rate at which nobody hears the difference: dark sounds need fewer samples per second.

A synth interpolates between samples with a cubic, as FluidSynth does by default. That leaves images of the spectrum
around the sample's rate and takes a little from the highest partials; a rate will do where
both stay under the limits below.
"""

from functools import cache

import numpy as np

from legato.soundfont.oscillators import with_loop
from legato.soundfont.synthesis import LOOP_LEAD, SAMPLE_RATE, Wave, fast_length, k_weight

RATES = (14700, 22050, 29400)  # a third, a half and two thirds
IMAGES_DB, DROOP_DB = -47.0, -36.0  # of the K-weighted power: what may be added, and what may be missing
ROOM = 0.48  # of a rate, below which a spectrum must be


def thinned(wave: Wave, loop: tuple[int, int] | None) -> tuple[Wave, tuple[int, int] | None, int]:
    """A wave, its loop and its sample rate, which is lower where that does no harm."""
    if loop is not None and loop[0] != LOOP_LEAD:
        return wave, loop, SAMPLE_RATE  # a head that runs into a loop keeps its rate
    whole = wave if loop is None else wave[loop[0] : loop[1]]
    n = len(whole) if loop else fast_length(len(whole))
    hz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    power = np.abs(np.fft.rfft(whole, n) * k_weight(hz)) ** 2
    rate = next((rate for rate in RATES if _will_do(rate, hz, power / power.sum())), SAMPLE_RATE)
    if rate == SAMPLE_RATE:
        return wave, loop, rate
    if loop is not None:
        n_samples = round(len(whole) * rate / SAMPLE_RATE)
        made, places = with_loop(np.zeros(0), _resampled(whole, n_samples))
        return made, places, round(SAMPLE_RATE * n_samples / len(whole))
    padded = np.concatenate([whole, np.zeros(6 * fast_length(len(whole) // 6) - len(whole))])
    n_padded = len(padded) * rate // SAMPLE_RATE
    return _resampled(padded, n_padded)[: len(whole) * rate // SAMPLE_RATE], None, rate


def _will_do(rate: int, hz: Wave, power: Wave) -> bool:
    inside = hz < ROOM * rate
    gain, below, above = (_cubic_gain(np.abs(each) / rate) for each in (hz, rate - hz, rate + hz))
    images = (power * (below**2 + above**2))[inside].sum() + power[~inside].sum()
    droop = (power * (1 - gain) ** 2)[inside].sum()
    return bool(images < 10 ** (IMAGES_DB / 10) and droop < 10 ** (DROOP_DB / 10))


def _resampled(wave: Wave, n_samples: int) -> Wave:
    return np.fft.irfft(np.fft.rfft(wave)[: n_samples // 2 + 1], n_samples) * n_samples / len(wave)


def _cubic_gain(rates: Wave) -> Wave:
    """How much a cubic interpolation leaves of a frequency, given as a share of the sample rate."""
    grid, gains = _cubic_response()
    return np.interp(rates, grid, gains)


@cache
def _cubic_response() -> tuple[Wave, Wave]:
    at = np.linspace(-2, 2, 2001)
    far = np.abs(at)
    near = 1.5 * far**3 - 2.5 * far**2 + 1
    kernel = np.where(far < 1, near, -0.5 * far**3 + 2.5 * far**2 - 4 * far + 2)
    grid = np.linspace(0, 3, 301)
    return grid, np.cos(2 * np.pi * grid[:, None] * at) @ kernel * (at[1] - at[0])

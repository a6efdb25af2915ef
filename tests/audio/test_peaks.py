"""True peaks: those of the whole array oversampled at once, wherever they are looked for."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from helpers.checkout import SHIPPED_PARAMS
from helpers.signals import SAMPLE_RATE, drum_loop, noise, silence, sine, true_peak
from legato.audio.loudness import bin_samples, measured
from legato.audio.normalize import NormalizeParams, normalize
from legato.audio.peaks import OVERBEND, OVERSAMPLING, OVERSHOOT, REACH, RIPPLE, found, peaks_of, true_peak_dbtp
from legato.audio.samples import decibels, in_memory
from legato.workspace import params

PARAMS = params.load("normalize", NormalizeParams, SHIPPED_PARAMS)
N_BIN = bin_samples(SAMPLE_RATE)


def test_a_peak_between_samples_is_found() -> None:
    """At a quarter of the sample rate and 45 degrees, every sample of a sine lies 3.01 dB under its peak."""
    wave = sine(1, 0, hz=SAMPLE_RATE / 4, phase=np.pi / 4)
    assert decibels(float(np.abs(wave).max())) == pytest.approx(-3.01, abs=0.01)
    middle = wave * np.hanning(len(wave))[:, None].astype(np.float32)
    assert true_peak_dbtp(middle) == pytest.approx(0, abs=0.1)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30_000), st.floats(0, 300), st.floats(-60, 0), st.integers(0, 9))
def test_it_is_that_of_the_whole_array(n_samples: int, decay_per_s: float, fall_db: float, seed: int) -> None:
    """Of noise, the worst there is between samples, that fades, with a quiet stretch that need not be looked at."""
    audio = noise(1, -3, seed)[:n_samples] * np.exp(-decay_per_s * np.arange(n_samples) / SAMPLE_RATE)[:, None]
    audio[n_samples // 4 : n_samples // 2] *= 10 ** (fall_db / 20)
    audio = audio.astype(np.float32)
    assert true_peak_dbtp(audio) == pytest.approx(decibels(true_peak(audio)), abs=1e-4)


def test_only_what_can_matter_is_oversampled(monkeypatch: pytest.MonkeyPatch) -> None:
    audio = np.concatenate([drum_loop(4), silence(4), drum_loop(1) / 100])
    known = peaks_of(*peaks_and_bends(audio), N_BIN)
    exact = found(in_memory(audio), N_BIN, known, 0.0).at_least
    floor = float(exact.max()) / 2
    assert (exact > floor).sum() >= 8
    n_heard = heard_by_the_oversampler(monkeypatch)
    some = found(in_memory(audio), N_BIN, known, floor)
    np.testing.assert_array_equal(some.at_least[exact > floor], exact[exact > floor])
    assert not some.open_over(floor).any()
    assert 0 < sum(n_heard) < len(audio) / 10


def test_of_music_a_small_share_is_oversampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chords under hits that the limiter takes: both for what it meets, and for what it leaves."""
    chords = sum(sine(8, -32, hz) for hz in (110, 277.2, 659.3, 1975.5, 4186))
    n_heard = heard_by_the_oversampler(monkeypatch)
    _, facts = normalize(chords + 2 * drum_loop(8, decay_per_s=60), SAMPLE_RATE, PARAMS)
    assert facts["limiter_db"] > 1
    assert 0 < sum(n_heard) < 8 * SAMPLE_RATE / 5


@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.integers(300, 2000))
@settings(max_examples=50, deadline=None)
def test_no_true_peak_is_outside_its_bounds(seed: int, smooth: float, n_samples: int) -> None:
    """Of noise from white to brown, in bits of it, with sudden ends."""
    rng = np.random.default_rng(seed)
    audio = lfilter([1 - smooth], [1, -smooth], rng.standard_normal((n_samples, 2)), axis=0)
    audio = (audio * (rng.random((n_samples, 1)) > 0.01).cumprod(axis=0)).astype(np.float32)
    known = peaks_of(*peaks_and_bends(audio), N_BIN)
    values = np.abs(soxr.resample(audio, 1, 4, quality="VHQ")).max(axis=1)
    values = np.pad(values, (0, 4 * N_BIN * len(known.at_most) - len(values)))
    exact = np.maximum(values.reshape(-1, 4 * N_BIN).max(axis=1), known.at_least)
    assert (exact <= known.at_most + 1e-6 * exact.max()).all()


def test_the_bounds_are_those_of_the_filter() -> None:
    """The worst signal for each phase of soxr's filter, by its response to single samples."""
    n_reach = 400
    impulse = np.zeros(2 * n_reach + 1)
    impulse[n_reach] = 1
    response = soxr.resample(impulse, 1, OVERSAMPLING, quality="VHQ")
    for phase in range(OVERSAMPLING):
        weights = response[phase::OVERSAMPLING][: 2 * n_reach + 1]  # of a sample at each distance
        assert np.abs(weights).sum() < OVERSHOOT
        line = np.zeros_like(weights)
        line[n_reach], line[n_reach - 1] = 1 - phase / OVERSAMPLING, phase / OVERSAMPLING
        of_bends = np.cumsum(np.cumsum(weights - line))
        assert np.abs(of_bends[n_reach - REACH : n_reach + REACH]).sum() < OVERBEND
        assert np.abs(weights)[np.abs(np.arange(-n_reach, n_reach + 1)) > REACH].sum() < RIPPLE / 10
        assert abs(weights.sum() - 1) < RIPPLE / 10
        assert abs(of_bends[-1]) < RIPPLE / 10


def peaks_and_bends(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each bin."""
    bins = measured(in_memory(audio).blocks(50 * N_BIN), SAMPLE_RATE)
    return bins.peaks, bins.bends


def heard_by_the_oversampler(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many samples each call from now on takes in."""
    counts: list[int] = []
    resample = soxr.resample
    monkeypatch.setattr("soxr.resample", lambda audio, *a, **k: counts.append(len(audio)) or resample(audio, *a, **k))
    return counts


def test_silence_has_no_peak() -> None:
    assert true_peak_dbtp(silence(0.1)) == float("-inf")
    assert true_peak_dbtp(silence(0)) == float("-inf")

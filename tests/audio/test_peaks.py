"""True peaks: those of the whole array oversampled at once, wherever they are looked for."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.signals import SAMPLE_RATE, drum_loop, noise, silence, sine, true_peak
from legato.audio.loudness import bin_samples, per_bin
from legato.audio.peaks import true_peak_dbtp, true_peaks
from legato.audio.samples import decibels, in_memory, loudest_channel

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
    peaks = per_bin(loudest_channel(audio), N_BIN).max(axis=1)
    exact = true_peaks(in_memory(audio), N_BIN, peaks)
    floor = float(exact.max()) / 2
    assert (exact > floor).sum() >= 8
    n_heard = []
    resample = soxr.resample
    monkeypatch.setattr("soxr.resample", lambda audio, *a, **k: n_heard.append(len(audio)) or resample(audio, *a, **k))
    found = true_peaks(in_memory(audio), N_BIN, peaks, floor)
    np.testing.assert_array_equal(found[exact > floor], exact[exact > floor])
    assert (found[exact <= floor] <= floor).all()
    assert 0 < sum(n_heard) < len(audio) / 4


def test_silence_has_no_peak() -> None:
    assert true_peak_dbtp(silence(0.1)) == float("-inf")
    assert true_peak_dbtp(silence(0)) == float("-inf")

"""Loudness and peaks as physics has them, and what the limiter promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from legato.audio import decibels
from legato.loudness import Limiter, apply_gain, integrated_lufs, level, reduction_db, true_peak_dbtp
from signals import SAMPLE_RATE, drum_loop, sine

LIMITER = Limiter(ceiling_dbtp=-1, max_reduction_db=6, lookahead_s=0.005, release_s=0.1)


@pytest.mark.parametrize("lufs", [-23, -14, -33])
def test_a_stereo_sine_has_the_loudness_of_its_peak_level(lufs: float) -> None:
    """EBU Tech 3341, cases 1 and 2: a 1 kHz sine in both channels at -23 dBFS measures -23 LUFS."""
    assert integrated_lufs(sine(10, lufs, hz=1000), SAMPLE_RATE) == pytest.approx(lufs, abs=0.1)


def test_a_peak_between_samples_is_found() -> None:
    """At a quarter of the sample rate and 45 degrees, every sample of a sine lies 3.01 dB under its peak."""
    wave = sine(1, 0, hz=SAMPLE_RATE / 4, phase=np.pi / 4)
    assert decibels(float(np.abs(wave).max())) == pytest.approx(-3.01, abs=0.01)
    middle = wave * np.hanning(len(wave))[:, None].astype(np.float32)
    assert true_peak_dbtp(middle) == pytest.approx(0, abs=0.1)


@given(st.lists(st.floats(0, 4), min_size=1, max_size=200), st.floats(0.01, 3), st.floats(0.001, 1))
def test_the_reduction_holds_the_ceiling_and_moves_no_faster_than_asked(
    peaks: list[float], attack_db: float, release_db: float
) -> None:
    reduction = reduction_db(np.array(peaks), -1.0, attack_db, release_db)
    assert (np.array(peaks) * 10 ** (-reduction / 20) <= 10 ** (-1 / 20) + 1e-9).all()
    steps = np.diff(reduction)
    assert (steps <= attack_db + 1e-9).all()
    assert (steps >= -release_db - 1e-9).all()
    if max(peaks) <= 10 ** (-1 / 20):
        assert (reduction == 0).all()


def test_a_quiet_track_takes_plain_gain() -> None:
    quiet = sine(5, -40)
    leveled = level(quiet, SAMPLE_RATE, -14, LIMITER)
    assert leveled.reduction_db == 0
    np.testing.assert_allclose(leveled.audio, apply_gain(quiet, leveled.gain_db), atol=1e-7)
    assert integrated_lufs(leveled.audio, SAMPLE_RATE) == pytest.approx(-14, abs=0.02)


@settings(max_examples=12, deadline=None)
@given(st.floats(8, 40), st.floats(-30, 12), st.integers(0, 9))
def test_the_target_is_met_within_reach_and_the_ceiling_always(decay_per_s: float, gain_db: float, seed: int) -> None:
    track = apply_gain(drum_loop(4, decay_per_s, seed), gain_db)
    leveled = level(track, SAMPLE_RATE, -14, LIMITER)
    lufs = integrated_lufs(leveled.audio, SAMPLE_RATE)
    assert true_peak_dbtp(leveled.audio) <= -1
    assert decibels(float(np.abs(resample_poly(leveled.audio.astype(float), 4, 1)).max())) <= -0.9
    assert leveled.reduction_db <= 6.2
    if leveled.reduction_db < 5.9:
        assert lufs == pytest.approx(-14, abs=0.1)
    else:
        assert lufs < -13.9


def test_beyond_the_limiter_the_ceiling_wins() -> None:
    clicks = np.zeros((5 * SAMPLE_RATE, 2), np.float32)
    clicks[:: SAMPLE_RATE // 2] = 0.5
    leveled = level(clicks, SAMPLE_RATE, -14, LIMITER)
    assert leveled.reduction_db == pytest.approx(6, abs=0.2)
    assert true_peak_dbtp(leveled.audio) <= -1
    assert integrated_lufs(leveled.audio, SAMPLE_RATE) < -20


def test_level_does_not_depend_on_the_level_it_is_given() -> None:
    loop = drum_loop(4)
    soft, loud = (level(apply_gain(loop, gain), SAMPLE_RATE, -14, LIMITER).audio for gain in (-20, 6))
    np.testing.assert_allclose(soft, loud, atol=2e-3)

"""What the limiter promises: the ceiling, and a gain that moves evenly and no faster than asked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.audio.limiter import Limiter, bin_weights, edge_reductions_db, reduction_db, sample_gains

CEILING = 10 ** (-1 / 20)
LIMITER = Limiter(ceiling_dbtp=-1, max_reduction_db=6, lookahead_s=0.005, release_s=0.1)
PEAKS = st.lists(st.floats(0, 4), min_size=1, max_size=200).map(np.array)


@given(PEAKS, st.floats(0.01, 3), st.floats(0.001, 1))
def test_the_reduction_holds_the_ceiling_and_moves_no_faster_than_asked(
    peaks: np.ndarray, attack_db: float, release_db: float
) -> None:
    reduction = reduction_db(peaks, -1.0, attack_db, release_db).astype(np.float64)
    assert (peaks * 10 ** (-reduction / 20) <= CEILING + 1e-6).all()
    steps = np.diff(reduction)
    assert (steps <= attack_db + 1e-5).all()
    assert (steps >= -release_db - 1e-5).all()
    if max(peaks) <= CEILING:
        assert (reduction == 0).all()


@pytest.mark.parametrize("at_a_time", [1, 7, 100])
def test_a_long_track_is_limited_in_parts_as_at_once(monkeypatch: pytest.MonkeyPatch, at_a_time: int) -> None:
    peaks = np.random.default_rng(0).exponential(0.5, 300)
    whole = reduction_db(peaks, -1.0, 1.2, 0.06)
    monkeypatch.setattr("legato.audio.limiter.AT_A_TIME", at_a_time)
    np.testing.assert_allclose(reduction_db(peaks, -1.0, 1.2, 0.06), whole, atol=1e-5)
    assert whole.max() > 6


@given(PEAKS, st.floats(-12, 12), st.sampled_from([0.0024, 0.005, 0.05]))
def test_every_sample_of_a_bin_is_under_the_ceiling(peaks: np.ndarray, gain_db: float, lookahead_s: float) -> None:
    limiter = Limiter(ceiling_dbtp=-1, max_reduction_db=6, lookahead_s=lookahead_s, release_s=0.1)
    edges = edge_reductions_db(peaks, gain_db, 0.0, 0.0024, limiter)
    gains = sample_gains(gain_db, edges, 105)
    assert (gains.reshape(-1, 105) * peaks[:, None] <= CEILING + 1e-6).all()
    steps_db = np.abs(np.diff(20 * np.log10(gains.astype(np.float64))))
    fastest_db = 6 * max(0.0024 / lookahead_s, 0.0024 / 0.1) / 105  # a sample
    assert steps_db.max(initial=0) <= fastest_db + 1e-5


def test_a_peak_is_met_in_time_and_left_at_leisure() -> None:
    peaks = np.full(200, 0.1)
    peaks[100] = 10 ** (5 / 20)
    edges = edge_reductions_db(peaks, 0.0, 0.0, 0.001, LIMITER)
    assert edges[100:102] == pytest.approx(6)
    assert edges[:95] == pytest.approx(0)
    assert edges[98] == pytest.approx(6 - 2 * 1.2)
    assert edges[151] == pytest.approx(3)
    assert np.flatnonzero(edges).max() == 200


@given(st.lists(st.floats(0, 6), min_size=2, max_size=50).map(np.array))
def test_the_weight_of_a_bin_is_the_mean_square_of_its_gains(edges: np.ndarray) -> None:
    gains = sample_gains(0.0, edges, 105).reshape(-1, 105).astype(np.float64)
    np.testing.assert_allclose(bin_weights(edges), (gains**2).mean(axis=1), rtol=0.02)

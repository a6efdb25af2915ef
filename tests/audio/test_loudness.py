"""Loudness as physics and pyloudnorm have it, in blocks of any size, and behind any gain."""

from collections.abc import Callable

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import sosfilt

from helpers.signals import SAMPLE_RATE, drum_loop, noise, silence, sine
from legato.audio.k_weighting import KWeighting, filtered, sections
from legato.audio.loudness import Meter, bin_samples, block_powers, blocks_of, gated_lufs, measured, plain_gain_db
from legato.audio.samples import in_memory
from legato.audio.second_opinion import integrated_lufs

POWERS = st.lists(st.floats(1e-14, 1.0), min_size=1, max_size=60).map(np.array)


def our_lufs(audio: np.ndarray, sample_rate: int = SAMPLE_RATE) -> float:
    return gated_lufs(block_powers(measured(blocks_of(in_memory(audio), sample_rate), sample_rate)))


@pytest.mark.parametrize("lufs", [-23, -14, -33])
@pytest.mark.parametrize("measure", [our_lufs, integrated_lufs])
def test_a_stereo_sine_has_the_loudness_of_its_peak_level(
    lufs: float, measure: Callable[[np.ndarray, int], float]
) -> None:
    """EBU Tech 3341, cases 1 and 2: a 1 kHz sine in both channels at -23 dBFS measures -23 LUFS."""
    assert measure(sine(10, lufs, hz=1000), SAMPLE_RATE) == pytest.approx(lufs, abs=0.1)


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.4, 4.0) | st.integers(8, 80).map(lambda half_hops: half_hops / 20), st.floats(-60, 0), st.integers(0, 9)
)
def test_it_is_pyloudnorms(seconds: float, fall_db: float, seed: int) -> None:
    """Of any length, the last block's too, and with gates that act."""
    audio = noise(seconds, -20, seed)
    audio[len(audio) // 3 :] *= 10 ** (fall_db / 20)
    assert our_lufs(audio) == pytest.approx(integrated_lufs(audio, SAMPLE_RATE), abs=1e-6)


@pytest.mark.parametrize("measure", [our_lufs, integrated_lufs])
@pytest.mark.parametrize("audio", [silence(1), sine(1, -80)], ids=["silent", "under the gate"])
def test_what_no_gate_lets_through_has_no_loudness(
    audio: np.ndarray, measure: Callable[[np.ndarray, int], float]
) -> None:
    assert measure(audio, SAMPLE_RATE) == float("-inf")


@pytest.mark.parametrize("sample_rate", [8000, 22_100, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("offset", [0.0, 0.7])
def test_the_weighting_is_that_of_the_filters_sample_by_sample(sample_rate: int, offset: float) -> None:
    """Block by block, from loud to silence: each bin's energy, against the plain loop and against SciPy's."""
    n_bin = bin_samples(sample_rate)
    audio = np.concatenate([noise(0.2, -12) + np.float32(offset), silence(0.4), noise(0.1, -60)])[: 70 * n_bin - 13]
    plain, _ = filtered(sections(sample_rate), np.zeros((4, 2)), audio.astype(np.float64))
    theirs = sosfilt([[*one.b, 1, *one.a] for one in sections(sample_rate)], audio.astype(np.float64), axis=0)
    np.testing.assert_allclose(plain, theirs, atol=1e-12)
    ours, in_blocks = KWeighting(sample_rate, n_bin), KWeighting(sample_rate, n_bin)
    energies = np.pad((plain**2).sum(axis=1), (0, 13)).reshape(-1, n_bin).sum(axis=1)
    np.testing.assert_allclose(ours.energies(audio), energies, rtol=1e-6, atol=1e-12)
    parts = [in_blocks.energies(block) for block in in_memory(audio).blocks(7 * n_bin)]
    np.testing.assert_allclose(np.concatenate(parts), energies, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("sample_rate", [8000, 44_100, 48_000])
def test_the_filters_are_pyloudnorms(sample_rate: int) -> None:
    meter = pyloudnorm.Meter(sample_rate)
    for ours, name in zip(sections(sample_rate), ("high_shelf", "high_pass"), strict=True):
        theirs = meter._filters[name]
        np.testing.assert_allclose(ours.b, theirs.b, rtol=1e-12)
        np.testing.assert_allclose(ours.a, theirs.a[1:], rtol=1e-12)


def test_blocks_of_any_size_are_measured_alike() -> None:
    audio, n_bin = drum_loop(3)[:-77], bin_samples(SAMPLE_RATE)
    whole = Meter(SAMPLE_RATE)
    whole.add(audio)
    for n_bins in (1, 7, 300):
        parts = Meter(SAMPLE_RATE)
        for block in in_memory(audio).blocks(n_bins * n_bin):
            parts.add(block)
        np.testing.assert_allclose(parts.bins().energies, whole.bins().energies, rtol=1e-6)
        np.testing.assert_array_equal(parts.bins().peaks, whole.bins().peaks)
        np.testing.assert_array_equal(parts.bins().bends, whole.bins().bends)
        assert parts.bins().n_samples == len(audio)


@given(POWERS, st.floats(-90, 90))
def test_gates_act_behind_the_gain(powers: np.ndarray, gain_db: float) -> None:
    behind = gated_lufs(powers * 10 ** (gain_db / 10))
    asked = gated_lufs(powers, gain_db)
    if behind != pytest.approx(asked, abs=1e-6):  # a block on the very edge of a gate
        nudged = [gated_lufs(powers * 10 ** ((gain_db + off) / 10)) for off in (-1e-9, 1e-9)]
        assert any(value == pytest.approx(asked, abs=1e-6) for value in nudged)


@given(POWERS, st.floats(-40, -5))
def test_there_is_a_gain_for_every_target_and_the_least_is_found(powers: np.ndarray, target: float) -> None:
    gain_db = plain_gain_db(powers, target)
    assert gated_lufs(powers, gain_db) == pytest.approx(target, abs=1e-6)
    lower = np.linspace(gain_db - 60, gain_db - 1e-3, 200)
    assert all(gated_lufs(powers, one) < target for one in lower)


def test_what_was_seen_in_the_wild() -> None:
    """8 dB apart, the softer one under -70 LUFS before the gain: without it, the gain was 2.3 dB too little."""
    tiers = np.repeat([10**-6.6, 10**-7.4], 50)
    assert gated_lufs(tiers, plain_gain_db(tiers, -14)) == pytest.approx(-14, abs=1e-9)


def test_a_bin_is_a_part_of_half_a_hop_at_any_usual_rate() -> None:
    for rate in (8000, 16000, 32000, 44100, 48000, 96000):
        assert 64 <= bin_samples(rate) <= 128
        assert rate // 20 % bin_samples(rate) == 0
    assert block_powers(_meter(sine(0.4, -20)).bins()).shape == (1,)


def _meter(audio: np.ndarray) -> Meter:
    meter = Meter(SAMPLE_RATE)
    meter.add(audio)
    return meter

"""Loudness as physics and pyloudnorm have it, in blocks of any size, and behind any gain."""

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.signals import SAMPLE_RATE, drum_loop, noise, silence, sine
from legato.audio.loudness import Meter, bin_samples, block_powers, gated_lufs, integrated_lufs, plain_gain_db
from legato.audio.samples import in_memory

POWERS = st.lists(st.floats(1e-14, 1.0), min_size=1, max_size=60).map(np.array)


@pytest.mark.parametrize("lufs", [-23, -14, -33])
def test_a_stereo_sine_has_the_loudness_of_its_peak_level(lufs: float) -> None:
    """EBU Tech 3341, cases 1 and 2: a 1 kHz sine in both channels at -23 dBFS measures -23 LUFS."""
    assert integrated_lufs(sine(10, lufs, hz=1000), SAMPLE_RATE) == pytest.approx(lufs, abs=0.1)


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.4, 4.0) | st.integers(8, 80).map(lambda half_hops: half_hops / 20), st.floats(-60, 0), st.integers(0, 9)
)
def test_it_is_pyloudnorms(seconds: float, fall_db: float, seed: int) -> None:
    """Of any length, the last block's too, and with gates that act."""
    audio = noise(seconds, -20, seed)
    audio[len(audio) // 3 :] *= 10 ** (fall_db / 20)
    theirs = pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(audio.astype(np.float64))
    assert integrated_lufs(audio, SAMPLE_RATE) == pytest.approx(theirs, abs=1e-6)


def test_silence_has_no_loudness() -> None:
    assert integrated_lufs(silence(1), SAMPLE_RATE) == float("-inf")


def test_blocks_of_any_size_are_measured_alike() -> None:
    audio, n_bin = drum_loop(3)[:-77], bin_samples(SAMPLE_RATE)
    whole = Meter(SAMPLE_RATE)
    whole.add(audio)
    for n_bins in (1, 7, 300):
        parts = Meter(SAMPLE_RATE)
        for block in in_memory(audio).blocks(n_bins * n_bin):
            parts.add(block)
        np.testing.assert_allclose(parts.bins().energies, whole.bins().energies, rtol=1e-9)
        np.testing.assert_array_equal(parts.bins().peaks, whole.bins().peaks)
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

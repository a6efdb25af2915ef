"""Trimming keeps what sounds, refuses what is silent, and reads the same piece by piece."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.signals import SAMPLE_RATE, noise, silence, sine
from legato.audio.loudness import bin_samples, blocks_of, measured
from legato.audio.samples import Source, in_memory
from legato.audio.trimming import Trim, bins_within, lengthened, span_of, trimmed
from legato.errors import LegatoError

N_BIN = bin_samples(SAMPLE_RATE)
TRIM = Trim(threshold_db=-60.0, hold_s=0.3, fade_s=0.05)


def trimmed_source(source: Source, **changes: float) -> Source:
    bins = measured(blocks_of(source, SAMPLE_RATE), SAMPLE_RATE)
    return trimmed(source, span_of(bins, Trim(**vars(TRIM) | changes), source.step))


def trim(audio: np.ndarray, **changes: float) -> np.ndarray:
    """All of what is left."""
    left = trimmed_source(in_memory(audio), **changes)
    return left.read(0, left.n_samples)


def test_trimming_cuts_silence_and_keeps_the_sound() -> None:
    tone = sine(1, -6)
    kept = trim(np.concatenate([silence(2), tone, silence(3)]))
    assert len(kept) / SAMPLE_RATE == pytest.approx(1 + 0.3 + 2 * 0.05, abs=2 * N_BIN / SAMPLE_RATE)
    n_lead = 2 * SAMPLE_RATE % N_BIN + round(0.05 * SAMPLE_RATE)
    np.testing.assert_array_equal(kept[n_lead : n_lead + len(tone)], tone)


def test_a_tail_is_kept_down_to_the_threshold_and_faded() -> None:
    time = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    tail = (sine(6, 0) * (10 ** (-time))[:, None]).astype(np.float32)  # -20 dB a second
    kept = trim(tail)
    assert len(kept) / SAMPLE_RATE == pytest.approx(3 + 0.35, abs=0.01)
    np.testing.assert_array_equal(kept[: 3 * SAMPLE_RATE], tail[: 3 * SAMPLE_RATE])
    assert np.abs(kept[-1]).max() == 0


def test_a_sound_at_the_very_edges_loses_nothing() -> None:
    tone = sine(0.5, -6, phase=1.0)
    np.testing.assert_array_equal(trim(tone, hold_s=0, fade_s=0), tone)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9000), st.integers(1, 9000), st.integers(0, 9000), st.integers(0, 30_000), st.data())
def test_it_reads_the_same_piece_by_piece(
    before: int, within: int, after: int, n_least: int, data: st.DataObject
) -> None:
    audio = np.concatenate([noise(1, -120)[:before], noise(1, -6)[:within], noise(1, -120)[:after]])
    left = lengthened(trimmed_source(in_memory(audio)), n_least)
    whole = left.read(0, left.n_samples)
    assert len(whole) == left.n_samples == max(n_least, len(trim(audio)))
    np.testing.assert_array_equal(whole[: len(trim(audio))], trim(audio))
    assert not whole[len(trim(audio)) :].any()
    start = data.draw(st.integers(0, left.n_samples))
    stop = data.draw(st.integers(start, left.n_samples))
    np.testing.assert_array_equal(left.read(start, stop), whole[start:stop])
    around = left.around(start - 100, stop + 100)
    np.testing.assert_array_equal(around, np.pad(whole, ((100, 100), (0, 0)))[start : stop + 200])


@given(st.integers(0, 99_999), st.integers(0, 99_999))
def test_less_than_a_bin_is_kept_before_the_first_loud_sample_and_after_the_last(one: int, other: int) -> None:
    audio = np.zeros((100_000, 2), np.float32)
    audio[[one, other]] = 0.5
    first, last = min(one, other), max(one, other)
    start, stop = first // N_BIN * N_BIN, min((last // N_BIN + 1) * N_BIN, len(audio))
    np.testing.assert_array_equal(trim(audio, hold_s=0, fade_s=0), audio[start:stop])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 30_000), st.integers(5000, 60_000), st.integers(0, 30_000), st.sampled_from([0.0, 0.05, 0.2]))
def test_what_was_measured_of_a_file_holds_for_its_track(before: int, within: int, after: int, fade_s: float) -> None:
    audio = np.concatenate([noise(1, -100)[:before], np.tile(noise(1, -6), (2, 1))[:within], noise(1, -100)[:after]])
    bins = measured(blocks_of(in_memory(audio), SAMPLE_RATE), SAMPLE_RATE)
    span = span_of(bins, Trim(threshold_db=-60.0, hold_s=0.1, fade_s=fade_s))
    left = lengthened(trimmed(in_memory(audio), span), SAMPLE_RATE // 2)
    ours = bins_within(bins, span, left.n_samples)
    plain = measured(blocks_of(left, SAMPLE_RATE), SAMPLE_RATE)
    assert ours.n_samples == plain.n_samples
    assert (ours.peaks >= plain.peaks - 1e-7).all()
    near = np.maximum(ours.bends, np.append(0, ours.bends[:-1]))  # the end's own are beyond it
    assert (near >= plain.bends - 1e-4).all()
    np.testing.assert_allclose(ours.energies, plain.energies, rtol=0.05, atol=0.01 * plain.energies.max())


def rounded(audio: np.ndarray, bits: int) -> Source:
    """As a file of so many bits would be read."""
    step = 2.0 ** (1 - bits)
    held = (np.round(audio / step) * step).astype(np.float32)
    return Source(n_samples=len(held), read=lambda start, stop: held[start:stop], step=step)


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_rounding_noise_is_silence_at_any_depth(bits: int) -> None:
    step_db = 20 * np.log10(2.0 ** (1 - bits))
    for dither in (silence(1), np.clip(noise(1, step_db - 6), -(2.0**-bits), 2.0**-bits)):
        with pytest.raises(LegatoError, match="the audio is silent"):
            trimmed_source(rounded(dither, bits))
    assert trimmed_source(rounded(sine(1, max(step_db + 20, -100)), bits)).n_samples > SAMPLE_RATE / 2


def test_silence_is_told_with_its_level() -> None:
    with pytest.raises(LegatoError, match="^the audio is silent$"):
        trim(silence(1))
    with pytest.raises(LegatoError, match="^the audio is silent$"):
        trim(silence(0))
    with pytest.raises(LegatoError, match=r"^the audio is silent: its peak is -112 dBFS$"):
        trim(sine(1, -112))
    assert len(trim(sine(1, -100)))

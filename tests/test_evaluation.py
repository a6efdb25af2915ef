"""What the figures of generated samples mean."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from legato import evaluation
from legato.audio import write_audio
from legato.dia.batches import Track
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS, SAMPLE_RATE

counts = st.lists(st.integers(0, 50), min_size=4, max_size=4).filter(any).map(np.array)


def sine(seconds: float, amplitude: float = 0.5) -> np.ndarray:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.repeat(amplitude * np.sin(2 * np.pi * 997 * time), 2).reshape(-1, 2).astype(np.float32)


def codes(n_frames: int, first: int, n_used: int) -> torch.Tensor:
    """Codes that use `n_used` entries of every codebook equally, from `first` on."""
    used_T = first + np.arange(n_frames) % n_used
    return torch.from_numpy(np.repeat(used_T[:, None], N_CHANNELS, axis=1).astype(np.int16))


def write_samples(folder, samples):
    folder.mkdir()
    rows = []
    for index, (audio, codes_TK) in enumerate(samples):
        name = f"{index:02d}"
        write_audio(folder / f"{name}.wav", audio, SAMPLE_RATE, "PCM_16")
        torch.save(codes_TK, folder / f"{name}.pt")
        rows.append({"id": name, "prompt": "pad", "frames": len(codes_TK), "ended": index == 0})
    (folder / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@given(counts, counts)
def test_divergence_is_symmetric_and_between_nothing_and_a_bit(left, right):
    found = evaluation.jensen_shannon_bits(left, right)
    assert -1e-9 <= found <= 1 + 1e-9
    assert found == pytest.approx(evaluation.jensen_shannon_bits(right, left))


@given(counts, st.integers(1, 9))
def test_divergence_compares_shares_and_not_amounts(values, times):
    assert evaluation.jensen_shannon_bits(values, values * times) == pytest.approx(0, abs=1e-9)


def test_divergence_of_a_half_shared_usage_is_the_formulas():
    left, right = np.array([1, 1, 0]), np.array([0, 1, 1])
    mixture_bits = -(0.25 * np.log2(0.25) * 2 + 0.5 * np.log2(0.5))
    assert evaluation.jensen_shannon_bits(left, right) == pytest.approx(mixture_bits - 1)


def test_figures_of_samples_are_what_they_are_made_of(tmp_path):
    half_silent = np.concatenate([sine(1.0), np.zeros((SAMPLE_RATE, 2), np.float32)])
    folder = write_samples(
        tmp_path / "samples",
        [(sine(2.0), codes(64, 0, 16)), (half_silent, codes(64, 512, 32))],
    )
    heldout = [Track("t", ("pad",), codes(160, 0, 16))]
    found = evaluation.evaluate(evaluation.read_samples(folder), heldout)
    assert found["00"] == {
        "seconds": 2.0,
        "ended": 1,
        "lufs": pytest.approx(-6.02, abs=0.1),  # a stereo sine at 997 Hz is as loud as its amplitude
        "silence": 0.0,
        "perplexity": 16.0,
        "unigram_js_bits": 0.0,
    }
    assert found["01"]["silence"] == pytest.approx(0.5, abs=0.03)
    assert found["01"]["perplexity"] == 32.0
    assert found["01"]["unigram_js_bits"] == 1.0
    total = found["total"]
    assert (total["samples"], total["seconds"], total["ended"]) == (2, 4.0, 1)
    assert total["perplexity"] == pytest.approx(2 * np.sqrt(16 * 32), abs=0.05)  # a bit for which, then either
    assert 0 < total["unigram_js_bits"] < 1


@pytest.mark.parametrize("audio", [np.zeros((SAMPLE_RATE, 2), np.float32), sine(0.1)], ids=["silence", "short"])
def test_what_has_no_loudness_says_so(tmp_path, audio):
    folder = write_samples(tmp_path / "samples", [(audio, codes(9, 0, 9))])
    found = evaluation.evaluate(evaluation.read_samples(folder), [Track("t", ("pad",), codes(9, 0, 9))])
    assert found["00"]["lufs"] is None
    assert found["total"]["lufs"] is None
    json.dumps(found, allow_nan=False)


def test_missing_samples_are_named(tmp_path):
    with pytest.raises(LegatoError, match=r"samples\.jsonl: no such file"):
        evaluation.read_samples(tmp_path)
    (tmp_path / "samples.jsonl").write_text("")
    with pytest.raises(LegatoError, match="at least one sample"):
        evaluation.read_samples(tmp_path)


@pytest.mark.parametrize("suffix", [".wav", ".pt"])
def test_a_missing_file_of_a_sample_is_named(tmp_path, suffix):
    folder = write_samples(tmp_path / "samples", [(sine(1.0), codes(CODEBOOK_SIZE, 0, 16))])
    (folder / f"00{suffix}").unlink()
    with pytest.raises(LegatoError, match=f"00{suffix}: .*no such file"):
        evaluation.read_samples(folder)

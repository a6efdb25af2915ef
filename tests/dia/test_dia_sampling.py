"""From prompts to codes."""

import numpy as np
import pytest
import torch

from helpers.micro_dia import SAMPLE, a_track, learnt_by_heart, load_changed, random_codes, sample_params
from legato.contract.codes import read_codes, write_codes
from legato.dia import batches, delay, model, sampling
from legato.dia.config import BOS, DELAY_PATTERN, EOS, PAD, VOCABULARY, SampleParams
from legato.dia.decoder import Decoder
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS

pytestmark = pytest.mark.usefixtures("micro_size", "one_thread")


def test_samples_are_codes_of_the_length_asked_and_the_seed_decides_them(micro):
    settings = sample_params()
    first, again = sampling.sample(micro, settings), sampling.sample(micro, settings)
    other = sampling.sample(micro, sample_params(seed=1))
    assert [codes_TK.dtype for codes_TK in first] == [torch.int16, torch.int16]
    assert all(codes_TK.shape == (17, N_CHANNELS) for codes_TK in first)
    assert all(codes_TK.min() >= 0 and codes_TK.max() < CODEBOOK_SIZE for codes_TK in first)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_a_model_that_ends_at_once_still_gives_a_frame(micro, monkeypatch):
    likely = torch.zeros(VOCABULARY)
    likely[EOS] = 100.0
    honest = Decoder.next
    monkeypatch.setattr(Decoder, "next", lambda self, row_BK: honest(self, row_BK) + likely)
    found = sampling.sample(micro, sample_params())
    assert [len(codes_TK) for codes_TK in found] == [1, 1]
    clip = sampling.clips_of(sample_params())[1]
    assert sampling.facts(sample_params(), clip, found[1]) == {
        "id": "01_0",
        "prompt": "808 bass melody",
        "clip": 0,
        "frames": 1,
        "frames_asked": 17,
        "ended": True,
    }


def test_processes_sample_what_one_samples_with_as_many_threads_as_there_are(tmp_path, micro, monkeypatch):
    model.save(micro, tmp_path / "dia")
    settings = sample_params(clips=2)
    monkeypatch.setenv("LEGATO_WORKERS", "2")
    by_two = sampling.sample_folder(tmp_path / "dia", settings, torch.device("cpu"))
    torch.set_num_threads(2)
    alone = sampling.sample(micro, settings)
    assert torch.get_num_threads() == 2
    assert len(alone) == 4
    assert all(torch.equal(one, other) for one, other in zip(by_two, alone, strict=True))


@pytest.mark.parametrize("special", [EOS, PAD, BOS])
@pytest.mark.parametrize("codebook", [0, 5, 17])
def test_nothing_is_kept_from_the_first_frame_with_a_special_token(special, codebook):
    codes_TK = random_codes(20).long()
    codes_TK[12, codebook] = special
    bos_1K = torch.full((1, N_CHANNELS), BOS)
    rows_TK = delay.apply(torch.cat([bos_1K, codes_TK]), DELAY_PATTERN, before=BOS, after=PAD)
    assert torch.equal(sampling.codes_of_rows(rows_TK), codes_TK[:12].to(torch.int16))


def test_a_sample_learnt_by_heart_is_what_was_learnt():
    """Training's windows and generation agree on every row: delay, BOS, EOS and the cut at the end."""
    track = a_track(12)
    built = learnt_by_heart(batches.fixed_batch(track, windows=1, frames=batches.n_rows(12)), steps=150)
    prompt = ", ".join(track.tags)
    asked = sample_params(prompts=[prompt], seconds=0.3, top_k=1, guidance=1.0)
    (codes_TK,) = sampling.sample(built, asked)
    assert torch.equal(codes_TK, track.codes_TK)


def test_the_same_codes_are_the_same_bytes_wherever_they_are_written(tmp_path):
    for folder, name in (("a", "00"), ("b", "longer_name")):
        write_codes(tmp_path / folder / f"{name}.pt", random_codes(9))
    assert torch.equal(read_codes(tmp_path / "a/00.pt"), random_codes(9))
    assert (tmp_path / "a/00.pt").read_bytes() == (tmp_path / "b/longer_name.pt").read_bytes()


def test_only_loud_audio_is_turned_down():
    quiet = np.linspace(-0.5, 0.5, 100, dtype=np.float32).reshape(-1, 2)
    assert np.array_equal(sampling.below_ceiling(quiet), quiet)
    assert np.abs(sampling.below_ceiling(quiet * 6)).max() == pytest.approx(10 ** (-1 / 20))
    assert np.array_equal(sampling.below_ceiling(quiet * 0), quiet * 0)


@pytest.mark.parametrize(
    "change", [{"prompts": []}, {"prompts": [" "]}, {"temperature": 0.0}, {"guidance": -0.5}, {"clips": 0}]
)
def test_a_sampling_parameter_that_breaks_a_rule_is_named(tmp_path, change):
    with pytest.raises(LegatoError, match=rf"sample\.{next(iter(change))}"):
        load_changed(tmp_path, "sample", SAMPLE, change, SampleParams)

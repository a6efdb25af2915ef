"""A pretrained Dia as a start: read, refused, and widened from 9 codebooks to 18."""

import re
from pathlib import Path

import pytest
import torch
from transformers import DiaConfig, DiaForConditionalGeneration

from helpers.micro_dia import MICRO, fixed_batch, mean_loss, new_run, random_codes
from legato.dia import model
from legato.dia.config import DELAY_PATTERN, VOCABULARY
from legato.dia.widen import read_start, widen
from legato.errors import LegatoError
from legato.tokens import N_CODEBOOKS

pytestmark = pytest.mark.usefixtures("micro_size", "one_thread")


def a_dia(**decoder_changes) -> DiaForConditionalGeneration:
    config = model.dia_config(MICRO).to_dict()
    config["decoder_config"] |= decoder_changes
    n_codebooks = config["decoder_config"]["num_channels"]
    config["delay_pattern"] = [0, 8, 9, 10, 11, 12, 13, 14, 15][:n_codebooks] + [15] * (n_codebooks - N_CODEBOOKS)
    torch.manual_seed(5)
    return DiaForConditionalGeneration(DiaConfig.from_dict(config)).eval()


@torch.no_grad()
def run(dia: DiaForConditionalGeneration, rows_BTK: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The decoder's last hidden states (B, T, D) and the logits (B, K, T, vocabulary)."""
    text_BL = torch.tensor([list(b"808 bass")] * len(rows_BTK))
    hidden = dia.model(input_ids=text_BL, decoder_input_ids=rows_BTK, use_cache=False).last_hidden_state
    logits = dia(input_ids=text_BL, decoder_input_ids=rows_BTK, use_cache=False).logits
    return hidden, logits.view(len(rows_BTK), -1, *logits.shape[1:])


def test_a_widened_model_hears_two_like_sides_as_the_mono_model_hears_one():
    mono = a_dia(num_channels=9)
    rows_BTK = random_codes(20)[None, :, :N_CODEBOOKS].long()
    hidden, logits_BKTV = run(mono, rows_BTK)
    wide_hidden, wide_BKTV = run(widen(mono).eval(), rows_BTK.repeat(1, 1, 2))
    assert torch.allclose(wide_hidden, hidden, atol=1e-5)
    assert torch.allclose(wide_BKTV[:, :N_CODEBOOKS], logits_BKTV, atol=1e-5)
    assert torch.equal(wide_BKTV[:, N_CODEBOOKS:], wide_BKTV[:, :N_CODEBOOKS])
    assert wide_BKTV.shape == (1, 18, 20, VOCABULARY)


def test_a_widened_model_hears_both_sides():
    stereo, rows_BTK = widen(a_dia(num_channels=9)).eval(), random_codes(20)[None].long()
    other_BTK = rows_BTK.clone()
    other_BTK[..., N_CODEBOOKS:] = random_codes(20, seed=1)[None, :, N_CODEBOOKS:]
    assert not torch.allclose(run(stereo, rows_BTK)[0], run(stereo, other_BTK)[0], atol=1e-3)


@pytest.mark.parametrize("n_codebooks", [9, 18])
def test_a_run_starts_from_the_weights_it_is_given(tmp_path, n_codebooks):
    pretrained = a_dia(num_channels=n_codebooks)
    pretrained.to(torch.bfloat16).save_pretrained(tmp_path)
    begun = new_run(start=str(tmp_path)).model
    assert begun.config.delay_pattern == list(DELAY_PATTERN)
    assert begun.config.decoder_config.num_channels == 18
    assert {weight.dtype for weight in begun.parameters()} == {torch.float32}
    norm = "model.decoder.layers.0.mlp.down_proj.weight"
    assert torch.equal(begun.state_dict()[norm], pretrained.state_dict()[norm].float())
    assert torch.isfinite(mean_loss(begun, fixed_batch()))


BAD_STARTS = {
    "codebooks": ({"num_channels": 12}, "num_channels: 12: must be 9 or 18"),
    "vocabulary": ({"vocab_size": 1030}, "decoder vocab_size: 1030: must be 1028"),
    "end": ({"eos_token_id": 7}, "eos_token_id: 7: must be 1024"),
}


@pytest.mark.parametrize(("changes", "rule"), BAD_STARTS.values(), ids=BAD_STARTS)
def test_a_start_with_other_tokens_is_refused(tmp_path, changes, rule):
    a_dia(**changes).save_pretrained(tmp_path)
    with pytest.raises(LegatoError, match=rf"train\.start: {re.escape(str(tmp_path))}: {rule}"):
        read_start(tmp_path)


def test_a_start_that_is_missing_or_no_model_is_named(tmp_path):
    with pytest.raises(LegatoError, match=r"train\.start: nowhere: no config\.json"):
        read_start(Path("nowhere"))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(LegatoError, match="not a Dia model"):
        read_start(tmp_path)

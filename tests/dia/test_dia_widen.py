"""A pretrained Dia as a start: read, refused, and widened from 9 codebooks to 18."""

import json
import os
import re
import shutil
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
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


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A folder that is as it should be."""
    folder = tmp_path_factory.mktemp("pretrained")
    a_dia().save_pretrained(folder)
    return folder


def rewritten(change):
    """Weights as safetensors has them, changed."""

    def write(folder):
        weights = load_file(folder / "model.safetensors")
        changed = change(weights)
        save_file(weights if changed is None else changed, folder / "model.safetensors", {"format": "pt"})

    return write


def configured(**changes):
    """config.json with other values; dotted keys are written with `__`."""

    def write(folder):
        values = json.loads((folder / "config.json").read_text())
        for key, value in changes.items():
            *parents, name = key.split("__")
            target = values
            for parent in parents:
                target = target[parent]
            target[name] = value
        (folder / "config.json").write_text(json.dumps(values))

    return write


def in_shards(name):
    def write(folder):
        weights = load_file(folder / "model.safetensors")
        (folder / "model.safetensors").rename(folder / "part.safetensors")
        index = {"metadata": {}, "weight_map": dict.fromkeys(weights, name)}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))

    return write


def replaced(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def as_pickle(folder):
    (folder / "model.safetensors").unlink()
    torch.save({"weights": Evil()}, folder / "pytorch_model.bin")


def with_code(folder):
    """A folder that names code of its own, which would be run if anybody asked for it."""
    (folder / "evil.py").write_text("import os; os.mkdir('pwned')\nclass Model: pass\n")
    configured(auto_map={"AutoModel": "evil.Model"}, trust_remote_code=True, num_hidden_layers=-1)(folder)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("pwned",)


NORM = "model.decoder.norm.weight"
BROKEN_STARTS = {
    "no tensor": (rewritten(lambda _: {}), "is missing"),
    "one less": (rewritten(lambda weights: {k: v for k, v in weights.items() if k != NORM}), f"{NORM} is missing"),
    "one more": (rewritten(lambda weights: weights | {"x": torch.zeros(2)}), "the weight x is none of the weights"),
    "another shape": (rewritten(lambda weights: weights | {NORM: torch.zeros(7)}), f"{NORM} has another shape"),
    "no numbers": (rewritten(lambda weights: weights | {NORM: weights[NORM] * torch.nan}), f"{NORM}: holds NaN"),
    "infinite": (rewritten(lambda weights: weights | {NORM: weights[NORM] / 0}), f"{NORM}: holds NaN or infinity"),
    "complex": (rewritten(lambda weights: weights | {NORM: weights[NORM] * 1j}), f"{NORM}: C64: must be one of"),
    "integers": (rewritten(lambda weights: weights | {NORM: weights[NORM].long()}), f"{NORM}: I64: must be one of"),
    "cut": (cut, "truncated, or no weights in safetensors"),
    "empty": (replaced("model.safetensors", b""), "truncated, or no weights in safetensors"),
    "wrong header": (replaced("model.safetensors", b"\xff" * 99), "truncated, or no weights in safetensors"),
    "half a header": (replaced("model.safetensors", struct.pack("<Q", 10**15) + b"{}"), "truncated, or no weights"),
    "a pickle": (as_pickle, r"no model\.safetensors there; weights in other formats are not read"),
    "shards elsewhere": (in_shards("../part.safetensors"), r"'\.\./part\.safetensors': must be a \.safetensors file"),
    "shards of pickles": (in_shards("part.bin"), r"'part\.bin': must be a \.safetensors file beside it"),
    "shards that are not there": (in_shards("other.safetensors"), r"other\.safetensors: no such file"),
    "a list": (replaced("config.json", b"[1]"), "not a Dia model: its model_type must be"),
    "null": (replaced("config.json", b"null"), "not a Dia model: its model_type must be"),
    "no JSON": (replaced("config.json", b"{"), "not JSON"),
    "nested": (replaced("config.json", b"[" * 10**5), "too deeply nested"),
    "not UTF-8": (replaced("config.json", b"\xff\xfe"), "not UTF-8"),
    "another model": (configured(model_type="llama"), "not a Dia model: its model_type must be"),
    "a decoder that is a list": (configured(decoder_config=[1]), "not a Dia model"),
    "a width in words": (configured(decoder_config__hidden_size="x"), "not a Dia model"),
    "no layers": (
        configured(decoder_config__num_hidden_layers=-1),
        "num_hidden_layers: must be a number from 1 to 256",
    ),
    "endless layers": (configured(decoder_config__num_hidden_layers=10**9), "num_hidden_layers: must be a number from"),
    "wide": (configured(encoder_config__hidden_size=65_536), "has another shape than config.json describes"),
    "5 channels": (configured(decoder_config__num_channels=5), "not a Dia model: .*channels must match"),
    "an activation": (configured(decoder_config__hidden_act="evil"), "not a Dia model"),
    "a number format": (configured(dtype="evil"), "not a Dia model"),
    "quantized": (configured(quantization_config={"quant_method": "bitsandbytes"}), "weights must be plain numbers"),
    "its own code": (with_code, "auto_map: no code of a model is run"),
    "a FIFO": (lambda folder: os.mkfifo(folder / "generation.json"), r"generation\.json: is not a file but a FIFO"),
    "a circle": (lambda folder: (folder / "x.json").symlink_to("x.json"), r"x\.json: (cannot be read|is a link)"),
}


@pytest.mark.parametrize(("breaks", "rule"), BROKEN_STARTS.values(), ids=BROKEN_STARTS)
def test_a_start_is_whole_or_one_line(tmp_path, monkeypatch, capfd, pretrained, breaks, rule):
    """Nothing is filled in, nothing of it is run, and nothing but the line is said."""
    folder = shutil.copytree(pretrained, tmp_path / "start")
    monkeypatch.chdir(tmp_path)
    breaks(folder)
    with pytest.raises(LegatoError, match=rf"^params\.yaml: train\.start: {folder}.*({rule})") as error:
        read_start(folder)
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["start"]
    assert capfd.readouterr() == ("", "")


def test_a_start_in_shards_is_read_as_one_in_one_file(tmp_path, pretrained):
    folder = shutil.copytree(pretrained, tmp_path / "start")
    in_shards("part.safetensors")(folder)
    one, other = (read_start(path).state_dict() for path in (pretrained, folder))
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_a_model_that_was_damaged_is_not_sampled_from(tmp_path, pretrained):
    folder = shutil.copytree(pretrained, tmp_path / "dia")
    rewritten(lambda weights: {k: v for k, v in weights.items() if k != NORM})(folder)
    with pytest.raises(LegatoError, match=rf"^{folder}: the weight {NORM} is missing"):
        model.load(folder)

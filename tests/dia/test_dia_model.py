"""The model: its sizes, its loss, its files."""

import math
from pathlib import Path

import pytest
import torch
from transformers import DiaForConditionalGeneration

from helpers.micro_dia import MICRO, fixed_batch, mean_loss, random_codes
from legato.dia import batches, model
from legato.dia.batches import IGNORED
from legato.dia.config import DELAY_PATTERN, EOS, SIZES, VOCABULARY
from legato.errors import LegatoError
from legato.tokens import N_CHANNELS

pytestmark = pytest.mark.usefixtures("micro_size", "one_thread")


@pytest.mark.parametrize("size", ["tiny", "micro"])
def test_a_new_model_has_18_codebooks_and_knows_nothing(size):
    built = model.build(SIZES[size], seed=0).eval()
    assert built.config.decoder_config.num_channels == N_CHANNELS
    assert built.config.delay_pattern == list(DELAY_PATTERN)
    with torch.inference_mode():
        loss = mean_loss(built, fixed_batch()).item()
    assert loss == pytest.approx(math.log(VOCABULARY), abs=0.15)


def test_our_loss_is_the_one_transformers_takes(micro):
    batch = fixed_batch()
    with torch.inference_mode():
        theirs = micro(
            input_ids=batch.text_BL,
            attention_mask=batch.text_mask_BL,
            decoder_input_ids=batch.inputs_BTK,
            labels=batch.labels_BTK.transpose(1, 2).flatten(0, 1),
        ).loss
        ours = mean_loss(micro, batch)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_the_loss_at_a_row_does_not_depend_on_later_rows(micro):
    batch = fixed_batch()
    changed = batches.Batch(batch.text_BL, batch.text_mask_BL, batch.inputs_BTK.clone(), batch.labels_BTK)
    changed.inputs_BTK[:, 10:] = 0
    with torch.inference_mode():
        before_BTK, after_BTK = model.losses(micro, batch), model.losses(micro, changed)
    assert torch.allclose(before_BTK[:, :10], after_BTK[:, :10], atol=1e-5)
    assert not torch.allclose(before_BTK[:, 10:], after_BTK[:, 10:], atol=1e-3)


def test_the_same_seed_gives_the_same_weights():
    first, again, other = (model.build(MICRO, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_a_saved_model_replaces_the_old_one_and_loads_as_it_was(tmp_path, micro):
    (tmp_path / "dia").mkdir()
    (tmp_path / "dia" / "old.bin").write_bytes(b"")
    model.save(micro, tmp_path / "dia")
    loaded = model.load(tmp_path / "dia").state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in micro.state_dict().items())
    assert [path.name for path in tmp_path.iterdir()] == ["dia"]
    assert not (tmp_path / "dia" / "old.bin").exists()


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(LegatoError, match="models/dia: no model"):
        model.load(tmp_path / "models/dia")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_one_line():
    with pytest.raises(LegatoError, match=r"train\.device: 'cuda'"):
        model.pick_device("cuda")
    assert model.pick_device("auto").type == "cpu"


@pytest.mark.parametrize("size", ["tiny", "small", "base"])
def test_the_sizes_are_those_that_the_docs_say(size):
    with torch.device("meta"):
        built = DiaForConditionalGeneration(model.dia_config(SIZES[size]))
    rows = [line.split("|") for line in Path("docs/training.md").read_text().splitlines() if line.startswith("| `")]
    said = {name.strip(" `"): [cell.strip() for cell in cells] for _, name, *cells, _ in rows}
    shape, n_parameters = SIZES[size], model.n_parameters(built)
    in_millions = f"{n_parameters / 1e6:.1f} M" if n_parameters < 1e7 else f"{n_parameters / 1e6:.0f} M"
    assert said[size] == [
        f"{shape.encoder_layers} × {shape.encoder_width}",
        f"{shape.decoder_layers} × {shape.decoder_width}",
        f"{n_parameters / 1e9:.2f} B" if n_parameters > 1e9 else in_millions,
    ]


def test_a_label_weighs_what_its_codebook_and_its_end_say():
    labels_BTK = random_codes(6)[None].long()
    labels_BTK[0, 1, 3], labels_BTK[0, 2, 12], labels_BTK[0, 4, 3] = EOS, EOS, IGNORED
    weights_K = model.codebook_weights([1, 1, 1, 0.5, 1, 1, 1, 1, 0], labels_BTK.device)
    weights_BTK = model.label_weights(labels_BTK, weights_K, eos_weight=3.0)
    assert weights_BTK[0, 0].tolist() == 2 * [1, 1, 1, 0.5, 1, 1, 1, 1, 0]
    assert weights_BTK[0, [1, 2, 4], [3, 12, 3]].tolist() == [1.5, 1.5, 0]


def test_bf16_changes_the_losses_little_and_leaves_them_in_float32(micro):
    batch = fixed_batch()
    with torch.no_grad():
        exact, rounded = (model.Learner(micro, kind).losses(batch) for kind in (torch.float32, torch.bfloat16))
    assert rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    assert torch.allclose(exact, rounded, atol=0.1)


def test_precision_is_what_is_asked_for_and_fp32_on_a_cpu():
    cpu = torch.device("cpu")
    assert [model.pick_precision(asked, cpu) for asked in ("auto", "fp32", "bf16")] == [
        torch.float32,
        torch.float32,
        torch.bfloat16,
    ]

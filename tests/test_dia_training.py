"""The training loop: its losses, its rate, its curves, and the same bytes again."""

import json
import math
import re
from pathlib import Path

import pytest
import torch
from dvc.repo import Repo
from hypothesis import given
from hypothesis import strategies as st
from scmrepo.git import Git

from legato.dia import batches, model, training
from legato.dia.batches import IGNORED
from legato.dia.config import TrainParams
from legato.errors import LegatoError
from legato.tokens import N_CHANNELS
from micro_dia import MICRO, TRAIN, a_track, fixed_batch, load_changed, train_params

pytestmark = pytest.mark.usefixtures("micro_size", "one_thread")


def test_one_small_batch_is_learnt_by_heart():
    built, batch = model.build(MICRO, seed=0), fixed_batch()
    settings = train_params(steps=60, warmup_steps=5, learning_rate=0.02)
    optimizer = torch.optim.AdamW(built.parameters())
    losses = [training.update(built, optimizer, batch, settings, step) for step in range(1, 61)]
    assert losses[-1] < losses[0] / 4


def test_held_out_losses_weigh_every_label_alike(micro):
    long, short = batches.fixed_batches([a_track(40), a_track(5, seed=1)], windows=2, frames=16)
    losses_K = training.heldout_losses(micro, [long, short])
    with torch.inference_mode():
        both = torch.cat([model.losses(micro, batch) for batch in (long, short)])
    asked = torch.cat([batch.labels_BTK for batch in (long, short)]) != IGNORED
    assert torch.allclose(losses_K, both.sum(dim=(0, 1)) / asked.sum(dim=(0, 1)), atol=1e-5)


@given(st.integers(1, 50), st.integers(0, 60))
def test_the_learning_rate_stays_between_nothing_and_its_peak(steps, warmup_steps):
    factors = [training.lr_factor(step, warmup_steps=warmup_steps, steps=steps) for step in range(1, steps + 1)]
    assert all(0 <= factor <= 1 for factor in factors)
    if warmup_steps < steps:
        assert factors[-1] == pytest.approx(0, abs=1e-12)


def _train_and_save(folder: Path) -> dict[str, bytes]:
    tracks = [a_track(40, seed) for seed in range(3)]
    trained = training.train(train_params(), tracks[:2], tracks[2:], folder / "reports")
    model.save(trained, folder / "model")
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_training_again_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # away from this repository, which DVCLive would look at
    first, again = _train_and_save(tmp_path / "a"), _train_and_save(tmp_path / "b")
    assert first == again
    metrics = json.loads(first["reports/metrics.json"])
    assert {"loss", "loss_start", "codebook"} == metrics["heldout"].keys()
    assert len(metrics["heldout"]["codebook"]) == N_CHANNELS
    curve = first["reports/plots/metrics/heldout/loss.tsv"].decode().split()
    assert curve[::2] == ["step", "0", "3", "6"]
    assert {name for name in first if name.startswith("model/")} >= {"model/config.json", "model/model.safetensors"}


def test_a_git_repository_without_a_commit_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Git.init(str(tmp_path)).close()
    Repo.init(str(tmp_path))
    with pytest.raises(LegatoError, match="reports: DVCLive needs a Git repository with a commit"):
        training.curves(tmp_path / "reports")


def test_a_loss_that_is_no_number_stops_the_training_with_its_step():
    built = model.build(MICRO, seed=0)
    torch.nn.init.constant_(built.logits_dense.weight, math.nan)
    before = {name: value.clone() for name, value in built.state_dict().items()}
    with pytest.raises(LegatoError, match="the loss is nan at step 3"):
        training.update(built, torch.optim.AdamW(built.parameters()), fixed_batch(), train_params(), 3)
    after = built.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before if name != "logits_dense.weight")


BAD_PARAMS = {
    "size": ({"size": "huge"}, "train.size: 'huge': must be one of tiny, small"),
    "device": ({"device": "tpu"}, "train.device: 'tpu'"),
    "steps": ({"steps": 0}, "train.steps: 0"),
    "dropout": ({"text_dropout": 1.5}, "train.text_dropout: 1.5"),
    "unknown": ({"ema": 0.9}, "train.ema: unknown key"),
}


@pytest.mark.parametrize(("change", "line"), BAD_PARAMS.values(), ids=BAD_PARAMS)
def test_a_parameter_that_breaks_a_rule_is_named(tmp_path, change, line):
    with pytest.raises(LegatoError, match=re.escape(line)):
        load_changed(tmp_path, "train", TRAIN, change, TrainParams)

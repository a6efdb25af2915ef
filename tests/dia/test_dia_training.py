"""The training loop: its losses, its steps, its curves, and the same bytes again."""

import json
import math
import re

import pytest
import torch
from accelerate import Accelerator
from dvc.repo import Repo
from hypothesis import given
from hypothesis import strategies as st
from scmrepo.git import Git
from torch.utils.flop_counter import FlopCounterMode

from helpers.micro_dia import (
    TRAIN,
    a_track,
    files_of,
    fixed_batch,
    learn,
    learnt_by_heart,
    load_changed,
    mean_loss,
    new_run,
    places,
    sample_params,
    train_params,
    write_split,
)
from legato.codec import model as codec
from legato.dia import batches, model, sampling, speed, training
from legato.dia.batches import IGNORED
from legato.dia.config import EOS, TrainParams
from legato.dia.curves import Curves
from legato.dia.dataset import Split
from legato.dia.meter import Meter, figures
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_NAMES, N_CHANNELS

pytestmark = pytest.mark.usefixtures("micro_size", "one_thread")

CPU = torch.device("cpu")


# Losses


def test_two_tracks_learnt_by_heart_are_what_is_played(codec_model):
    """Windows, delays, BOS, EOS, text, training and generation agree on every code, and so on every sample."""
    tracks = [a_track(12), a_track(12, seed=1)]
    texts = [b"pads", b"808 bass melody"]
    windows = [batches.Window(track, 0, text) for track, text in zip(tracks, texts, strict=True)]
    batch = batches.batch_of(windows, batches.n_rows(12))
    trained = learnt_by_heart(batch, steps=220)
    with torch.no_grad():
        assert mean_loss(trained, batch) < 0.02
    asked = sample_params(prompts=[text.decode() for text in texts], seconds=0.3, top_k=1, guidance=1.0)
    for codes_TK, track in zip(sampling.sample(trained, asked), tracks, strict=True):
        assert torch.equal(codes_TK, track.codes_TK)
        assert (codec.decode(codec_model, codes_TK) == codec.decode(codec_model, track.codes_TK)).all()


def test_held_out_losses_weigh_every_label_alike(micro):
    split = Split([a_track(9)], [a_track(40), a_track(5, seed=1)])
    found = training.measure(micro, split, 16, torch.float32, Accelerator(cpu=True))
    long, short = (batches.fixed_batch(track, windows=training.HELD_OUT_WINDOWS, frames=16) for track in split.held_out)
    with torch.inference_mode():
        both = torch.cat([model.losses(micro, batch) for batch in (long, short)])
    asked = torch.cat([batch.labels_BTK for batch in (long, short)]) != IGNORED
    wanted_K = both.sum(dim=(0, 1)) / asked.sum(dim=(0, 1))
    assert [found[f"codebook/{name}"] for name in CODEBOOK_NAMES] == pytest.approx(wanted_K.tolist(), rel=1e-5)
    assert found["loss"] == pytest.approx(wanted_K.mean().item(), rel=1e-5)


def test_a_meter_tells_categories_and_codebooks_apart():
    meter = Meter(["a", "b"], CPU)
    losses_BTK = torch.arange(3.0)[:, None, None] + torch.arange(N_CHANNELS) / 100 + torch.zeros(3, 4, 1)
    labels_BTK = torch.zeros(3, 4, N_CHANNELS, dtype=torch.long)
    meter.add(losses_BTK[:2], labels_BTK[:2], meter.rows(["b", None]))
    other = Meter(["a", "b"], CPU)
    other.add(losses_BTK[2:], labels_BTK[2:], other.rows(["b"]))
    meter.absorb(other)
    assert figures(other.state(), ["a", "b"]) == {}
    found = figures(meter.state(), ["a", "b"])
    assert found["codebook/L3"] == pytest.approx(1.03)
    assert found["category/b"] == pytest.approx(1 + 0.085)
    assert "category/a" not in found
    assert found["loss"] == pytest.approx(1 + 0.085)


def test_a_codebook_without_weight_teaches_its_head_nothing():
    trained, batch = new_run(), fixed_batch()
    head_KVD = trained.model.logits_dense.weight.view(N_CHANNELS, -1, trained.model.logits_dense.in_features)
    before_KVD = head_KVD.detach().clone()
    learn(trained, [batch], codebook_weights=[0] + [1] * 8)
    changed_K = (head_KVD != before_KVD).flatten(1).any(dim=1)
    assert changed_K.tolist() == 2 * ([False] + [True] * 8)


def test_an_end_that_weighs_more_is_learnt_sooner():
    batch, found = fixed_batch(12, windows=1, frames=batches.n_rows(12)), []
    for eos_weight in (0, 1, 10):
        trained = new_run()
        for _ in range(10):
            learn(trained, [batch], eos_weight=eos_weight, steps=10)
        with torch.no_grad():
            found.append(model.losses(trained.model, batch)[batch.labels_BTK == EOS].mean().item())
    assert found == sorted(found, reverse=True)


# Steps


def test_parts_of_a_batch_teach_what_the_whole_teaches():
    whole, parts = new_run(), new_run()
    first, second = fixed_batch(5, windows=1, frames=16), fixed_batch(40, windows=1, frames=16, seed=1)
    both = batches.Batch(
        *(torch.cat([a, b]) for a, b in zip(*(vars(x).values() for x in (first, second)), strict=True))
    )
    learn(whole, [both])
    learn(parts, [first, second])
    assert parts.norm == pytest.approx(whole.norm, rel=1e-5)
    theirs = parts.model.state_dict()
    assert all(torch.allclose(value, theirs[name], atol=1e-5) for name, value in whole.model.state_dict().items())


def test_averaged_weights_follow_the_trained_ones():
    trained, batch = new_run(ema=0.5), fixed_batch()
    before = {name: value.clone() for name, value in trained.model.state_dict().items()}
    learn(trained, [batch], ema=0.5)
    after, average = trained.model.state_dict(), trained.average.state_dict()
    decay = 1 / 11  # a young average follows faster
    for name, value in average.items():
        assert torch.allclose(value, decay * before[name] + (1 - decay) * after[name], atol=1e-6)
    assert trained.best is trained.average
    assert new_run().best is not None


def test_a_loss_that_is_no_number_stops_the_training_with_its_step():
    trained = new_run()
    torch.nn.init.constant_(trained.model.logits_dense.weight, math.nan)
    before = {name: value.clone() for name, value in trained.model.state_dict().items()}
    trained.step = 2
    with pytest.raises(LegatoError, match="no longer a number at step 3"):
        learn(trained, [fixed_batch()])
    after = trained.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before if name != "logits_dense.weight")


@given(st.integers(1, 50), st.integers(0, 60))
def test_the_learning_rate_stays_between_nothing_and_its_peak(steps, warmup_steps):
    factors = [training.lr_factor(step, warmup_steps=warmup_steps, steps=steps) for step in range(1, steps + 1)]
    assert all(0 <= factor <= 1 for factor in factors)
    if warmup_steps < steps:
        assert factors[-1] == pytest.approx(0, abs=1e-12)


def test_a_step_s_arithmetic_is_what_torch_counts():
    built, batch = new_run().model, fixed_batch(windows=1)
    built.set_attn_implementation("eager")  # torch counts no fused attention on a CPU
    with FlopCounterMode(display=False) as counter:
        model.losses(built, batch).sum().backward()
    found = speed.flops_per_window(built, batch.inputs_BTK.shape[1], batch.text_BL.shape[1])
    assert counter.get_total_flops() == found


# Whole runs


def test_training_again_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # away from this repository, which DVCLive would look at
    split = write_split(tmp_path)
    for name in "ab":
        training.train(train_params(ema=0.9), split, places(tmp_path / name))
    first, again = files_of(tmp_path / "a"), files_of(tmp_path / "b")
    assert first == again
    metrics = json.loads(first["reports/metrics.json"])
    assert {"loss", "loss_start", "codebook", "codebook_start", "category", "category_start"} == metrics[
        "held_out"
    ].keys()
    assert len(metrics["held_out"]["codebook"]) == len(metrics["held_out"]["codebook_start"]) == N_CHANNELS
    assert metrics["held_out"]["category"].keys() == {"a"}
    assert metrics["train"].keys() == {"loss", "gradient_norm", "codebook", "category"}
    curve = first["reports/plots/metrics/held_out/loss.tsv"].decode().split()
    assert curve[::2] == ["step", "0", "3", "6"]
    assert {name for name in first if name.startswith("model")} >= {
        "models/dia/config.json",
        "models/dia/training.json",
    }
    assert json.loads(first["models/dia/training.json"])["weights"] == "average, decay 0.9"
    assert not any("checkpoints" in name for name in first)


def test_what_depends_on_the_machine_is_in_the_logs_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    training.train(train_params(tensorboard=True), write_split(tmp_path), places(tmp_path / "a"))
    (row,) = map(json.loads, (tmp_path / "a/logs/speed.jsonl").read_text().splitlines())
    assert row.keys() == {"step", "frames_per_second", "ms_per_step", "wait_share"}
    assert list((tmp_path / "a/logs/tensorboard").glob("events*"))
    assert "second" not in (tmp_path / "a/reports/metrics.json").read_text()


def test_a_git_repository_without_a_commit_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Git.init(str(tmp_path)).close()
    Repo.init(str(tmp_path))
    with pytest.raises(LegatoError, match="reports: DVCLive needs a Git repository with a commit"):
        Curves(tmp_path / "reports")


BAD_PARAMS = {
    "size": ({"size": "huge"}, "train.size: 'huge': must be one of tiny, mini, small, base"),
    "device": ({"device": "tpu"}, "train.device: 'tpu'"),
    "steps": ({"steps": 0}, "train.steps: 0"),
    "dropout": ({"text_dropout": 1.5}, "train.text_dropout: 1.5"),
    "unknown": ({"emma": 0.9}, "train.emma: unknown key"),
    "ema": ({"ema": 1.0}, "train.ema: 1.0"),
    "codebooks": ({"codebook_weights": [1.0] * 18}, "train.codebook_weights"),
    "no codebook": ({"codebook_weights": [0] * 9}, "train.codebook_weights: [0, 0"),
    "compile": ({"compile": "no"}, "train.compile"),
}


@pytest.mark.parametrize(("change", "line"), BAD_PARAMS.values(), ids=BAD_PARAMS)
def test_a_parameter_that_breaks_a_rule_is_named(tmp_path, change, line):
    with pytest.raises(LegatoError, match=re.escape(line)):
        load_changed(tmp_path, "train", TRAIN, change, TrainParams)


def test_an_error_begins_on_a_line_of_its_own(tmp_path, monkeypatch, capfd):
    """The progress bar has ended its line before."""
    monkeypatch.chdir(tmp_path)
    wanted = train_params(learning_rate=100.0, warmup_steps=0, clip_norm=1e9, steps=40)
    with pytest.raises(LegatoError, match=r"train: the loss (diverges|or its gradient)"):
        training.train(wanted, write_split(tmp_path), places(tmp_path))
    shown = capfd.readouterr().err
    assert "train:" in shown
    assert shown.endswith("\n")


def test_a_step_that_memory_does_not_hold_is_one_line():
    rule = r"^params\.yaml: train\.batch: 2: memory does not hold so many windows of 12 frames; lower it"
    with pytest.raises(LegatoError, match=rule), training.in_memory(train_params()):
        torch.empty(2**62, dtype=torch.int8)
    with pytest.raises(RuntimeError, match="shape"), training.in_memory(train_params()):
        torch.zeros(3).view(2)

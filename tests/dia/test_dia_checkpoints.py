"""Runs that are broken off, and runs of many processes: they reach what one run in one go reaches."""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checkout import ROOT
from helpers.micro_dia import TRAIN, a_track, files_of, new_run, places, train_params, write_split
from helpers.waiting import until
from legato.dia import checkpoints, training
from legato.dia.config import TrainParams
from legato.dia.dataset import read_split
from legato.errors import LegatoError

pytestmark = pytest.mark.usefixtures("micro_size", "one_thread")

LAUNCH = ("-m", "accelerate.commands.launch", "--multi_gpu")  # with --cpu it starts one process, whatever is asked
STATE = {"weights": torch.arange(3.0)}


def a_workspace(folder: Path, **changes) -> TrainParams:
    """An audited dataset, a micro model to start from and a params.yaml, as the train stage finds them."""
    write_split(folder)
    new_run().model.save_pretrained(folder / "start")
    section = TRAIN | {"size": "tiny", "start": "start"} | changes
    (folder / "params.yaml").write_text(yaml.safe_dump({"train": section}))
    (folder / "reports").mkdir()
    (folder / "reports/audit.json").write_text('{"passed": true}')
    return TrainParams.model_validate(section)


def begin(folder: Path, *launcher: str, script: str = "stages/train.py") -> subprocess.Popen:
    """The train stage as a process of its own."""
    code = os.pathsep.join(str(ROOT / name) for name in ("src", "tests"))
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": code, "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, *launcher, str(ROOT / script)]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def train_here(params: TrainParams, resume: Path | None = None) -> None:
    """What the train stage does, in this process."""
    split = read_split(Path("dataset/encoded_dataset"), Path("dataset/heldout_dataset"))
    where = Path("models/dia"), Path("reports/train"), Path("models/dia_checkpoints"), Path("logs/train")
    training.train(params, split, training.Places(*where), resume)


def results(folder: Path) -> dict[str, bytes]:
    return files_of(folder / "models") | files_of(folder / "reports")


def test_a_run_that_is_killed_goes_on_to_the_same_bytes(tmp_path, monkeypatch):
    """The kill comes at any moment after the first checkpoint, which lies between two points of the curve."""
    wanted = {"steps": 90, "checkpoint_every": 11, "ema": 0.9, "eval_every": 45}
    for name in ("killed", "whole"):
        params = a_workspace(tmp_path / name, **wanted)
    speed_log = tmp_path / "killed/logs/train/speed.jsonl"
    process = begin(tmp_path / "killed")
    models = tmp_path / "killed/models"
    until(lambda: any(models.glob("dia_checkpoints/*/step_*.pt")) or process.poll() is not None)
    assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "killed/models/dia").exists()
    first_lap = speed_log.read_text().splitlines()[0]
    shutil.copytree(tmp_path / "killed", tmp_path / "named")
    (checkpoint,) = [path.resolve() for path in (tmp_path / "named").rglob("step_*.pt")][-1:]
    for name, resume in (("killed", None), ("named", checkpoint), ("whole", None)):
        monkeypatch.chdir(tmp_path / name)
        train_here(params, resume)
    assert results(tmp_path / "killed") == results(tmp_path / "named") == results(tmp_path / "whole")
    assert not (tmp_path / "killed/models/dia_checkpoints").exists()
    assert speed_log.read_text().splitlines()[0] == first_lap, "it began again"


def test_two_processes_reach_what_one_reaches(tmp_path):
    """From the same gradients: what differs is the order in which they are added up."""
    launchers = {"one": (), "two": (*LAUNCH, "--num_processes", "2", "--main_process_port", "0")}
    for name in launchers:
        a_workspace(tmp_path / name, batch=4, steps=8, eval_every=4)
    script = "tests/helpers/noted_gradients.py"
    runs = {name: begin(tmp_path / name, *launcher, script=script) for name, launcher in launchers.items()}
    for name, words in (("one", "on cpu in"), ("two", "on cpu x 2")):
        printed, errors = runs[name].communicate(timeout=600)
        assert runs[name].returncode == 0, (name, errors)
        assert words in printed
    gradients = [torch.load(tmp_path / name / "gradients.pt") for name in runs]
    assert any(gradient.abs().max() > 1e-3 for gradient in gradients[0])
    for mine, theirs in zip(*gradients, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    one, two = (json.loads((tmp_path / name / "reports/train/metrics.json").read_text()) for name in ("one", "two"))
    assert two["step"] == 8
    for side in ("train", "held_out"):
        for part in ("codebook", "category"):
            assert two[side][part] == pytest.approx(one[side][part], abs=1e-3)
        assert two[side]["loss"] == pytest.approx(one[side]["loss"], abs=1e-4)


def test_the_last_checkpoints_are_kept_and_read_back(tmp_path):
    run = {"train": {"seed": 0}, "tracks": "x"}
    for step in (5, 10, 100):
        checkpoints.write(tmp_path / "run", run, step, STATE, keep=2)
    assert [path.name for path in sorted((tmp_path / "run").iterdir())] == ["step_00000010.pt", "step_00000100.pt"]
    found = checkpoints.read(checkpoints.latest(tmp_path / "run"), run)
    assert found["step"] == 100
    assert torch.equal(found["weights"], STATE["weights"])
    assert checkpoints.latest(tmp_path / "other") is None


def test_a_checkpoint_of_another_run_is_refused_with_the_difference(tmp_path):
    split = write_split(tmp_path)
    run = checkpoints.identity(train_params(), split)
    path = checkpoints.write(tmp_path / "run", run, 5, STATE, keep=1)
    with pytest.raises(LegatoError, match=r"step_00000005\.pt: is of another run: train\.seed: 0 there, 1 here"):
        checkpoints.read(path, checkpoints.identity(train_params(seed=1), split))
    torch.save(a_track(40, seed=9).codes_TK, split.train[0].path)
    changed = read_split(tmp_path / "dataset/encoded_dataset", tmp_path / "dataset/heldout_dataset")
    with pytest.raises(LegatoError, match="is of another run: tracks:"):
        checkpoints.read(path, checkpoints.identity(train_params(), changed))
    how = checkpoints.identity(train_params(keep=9, device="auto", checkpoint_every=1, accumulate=2), split)
    assert checkpoints.read(path, how)["step"] == 5


def test_what_another_run_left_neither_stops_a_run_nor_is_used(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    split, where = write_split(tmp_path), places(tmp_path / "a")
    other = checkpoints.run_folder(where.checkpoints, checkpoints.identity(train_params(seed=1), split))
    stale = checkpoints.write(other, checkpoints.identity(train_params(seed=1), split), 5, STATE, keep=1)
    training.train(train_params(), split, where)
    assert f"note: {other}: checkpoints of another configuration or dataset" in capsys.readouterr().out
    training.train(train_params(), split, places(tmp_path / "b"))
    assert stale.exists()
    stale.unlink()
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")
    with pytest.raises(LegatoError, match="no such checkpoint"):
        training.train(train_params(), split, where, resume=stale)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04half"])
def test_an_unreadable_checkpoint_is_named(tmp_path, content):
    (tmp_path / "step_00000001.pt").write_bytes(content)
    with pytest.raises(LegatoError, match=r"step_00000001\.pt: truncated, or not a checkpoint"):
        checkpoints.read(checkpoints.latest(tmp_path), {"train": {}})


def test_a_diverging_run_stops_with_its_last_checkpoint_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = train_params(learning_rate=100.0, warmup_steps=0, clip_norm=1e9, steps=40, checkpoint_every=3)
    split, where = write_split(tmp_path), places(tmp_path)
    with pytest.raises(LegatoError, match=r"train: the loss (diverges|or its gradient).* lower train\.learning_rate"):
        training.train(wanted, split, where)
    assert not where.model.exists()
    run = checkpoints.identity(wanted, split)
    left = checkpoints.read(checkpoints.latest(checkpoints.run_folder(where.checkpoints, run)), run)
    assert all(torch.isfinite(weight).all() for weight in left["model"].values())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_checkpoint_is_what_was_written_or_refused(tmp_path_factory, at, bit):
    """Whichever bit is another one: it is told, or lies where nothing of the run is."""
    folder = tmp_path_factory.mktemp("run")
    run = {"train": {"seed": 0}, "tracks": "x"}
    state = {"model": {"w": torch.arange(300.0), "b": torch.tensor(1.5, dtype=torch.bfloat16)}, "rows": [[1, "a", 0.5]]}
    path = checkpoints.write(folder, run, 5, state, keep=1)
    content = bytearray(path.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        found = checkpoints.read(path, run)
    except LegatoError:
        return
    assert found["step"] == 5
    assert found["rows"] == state["rows"]
    assert all(torch.equal(found["model"][name], value) for name, value in state["model"].items())


def test_a_flipped_bit_of_a_weight_is_named(tmp_path):
    path = checkpoints.write(tmp_path, {"train": {}}, 5, {"model": torch.full((1000,), 1.5)}, keep=1)
    content = path.read_bytes()
    at = content.index(struct.pack("<f", 1.5) * 900) + 500
    path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    with pytest.raises(LegatoError, match=rf"^{path}: damaged: its content is not what its SHA-256 says; remove it"):
        checkpoints.read(path, {"train": {}})

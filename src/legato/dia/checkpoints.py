"""A run's checkpoints: one file per checkpoint, whole or absent, in a folder named after what the run is.

What a run is: the parameters that decide its weights, and what it learns from. A changed one is another run, with
a folder of its own: what an older run left neither stops it nor is used.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from legato.contract.tensors import read_sealed, write_sealed
from legato.dia.config import TrainParams
from legato.dia.dataset import Split, digest
from legato.errors import LegatoError
from legato.files import require_file, sha256_of

HOW = {
    "start_license",
    "device",
    "compile",
    "accumulate",
    "checkpoint_every",
    "keep",
    "tensorboard",
}  # never what comes out
NAME_DIGITS = 12
Identity = dict[str, Any]


def identity(params: TrainParams, split: Split) -> Identity:
    """What decides a run's weights: parameters, tracks, and the weights it starts from."""
    start = [path for path in sorted(Path(params.start).glob("*")) if not path.is_dir()] if params.start else []
    return {
        "train": params.model_dump(exclude=HOW),
        "tracks": digest(split.train),
        "held-out tracks": digest(split.held_out),
        "start": {path.name: sha256_of(require_file(path)) for path in start},
    }


def run_folder(folder: Path, run: Identity) -> Path:
    """Where a run keeps its checkpoints."""
    return folder / hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:NAME_DIGITS]


def write(folder: Path, run: Identity, step: int, state: dict[str, Any], keep: int) -> Path:
    """Write a checkpoint, whole or not at all, and remove all but the last `keep`."""
    path = folder / f"step_{step:08d}.pt"
    write_sealed(path, {"run": run, "step": step} | state)
    for old in _all(folder)[:-keep]:
        old.unlink()
    return path


def latest(folder: Path) -> Path | None:
    """A run's last checkpoint, or None."""
    found = _all(folder)
    return found[-1] if found else None


def read(path: Path, run: Identity) -> dict[str, Any]:
    """What `write` was given, with its `step`, on the CPU.

    Raises:
        LegatoError: the file is missing, cannot be read, or is of another run; the first difference is named.
    """
    if not path.exists():
        raise LegatoError(f"{path}: no such checkpoint")
    state = read_sealed(path, "not a checkpoint of a training run")
    if "run" not in state:
        raise LegatoError(f"{path}: not a checkpoint of a training run")
    for name, value in _flat(run).items():
        found = _flat(state["run"]).get(name)
        if found != value:
            raise LegatoError(f"{path}: is of another run: {name}: {found!r} there, {value!r} here")
    return state


def remove(folder: Path) -> None:
    """Remove a run's checkpoints, and the folder of all runs when it is empty."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.parent.is_dir() and not any(folder.parent.iterdir()):
        folder.parent.rmdir()


def left_behind(folder: Path) -> list[Path]:
    """What other runs left beside this run's folder. Nothing reads it."""
    return [path for path in sorted(folder.parent.glob("*")) if path.is_dir() and path != folder]


def _all(folder: Path) -> list[Path]:
    return sorted(folder.glob("step_*.pt"))


def _flat(run: Identity) -> dict[str, Any]:
    """Parameters beside the rest, under dotted names."""
    return {f"train.{name}": value for name, value in run["train"].items()} | {
        name: value for name, value in run.items() if name != "train"
    }

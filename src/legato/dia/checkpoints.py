"""A run's checkpoints: one file per checkpoint, whole or absent, in a folder named after what the run is.

What a run is: the parameters that decide its weights, and what it learns from. A changed one is another run, with
a folder of its own: what an older run left neither stops it nor is used.
"""

import hashlib
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import torch

from legato.dia.config import TrainParams
from legato.dia.dataset import Split, digest
from legato.errors import LegatoError
from legato.files import replacing, sha256_of

HOW = {"device", "compile", "accumulate", "checkpoint_every", "keep", "tensorboard"}  # never what comes out
NAME_DIGITS = 12
Identity = dict[str, Any]


def identity(params: TrainParams, split: Split) -> Identity:
    """What decides a run's weights: parameters, tracks, and the weights it starts from."""
    start = sorted(Path(params.start).glob("*")) if params.start else []
    return {
        "train": params.model_dump(exclude=HOW),
        "tracks": digest(split.train),
        "held-out tracks": digest(split.heldout),
        "start": {path.name: sha256_of(path) for path in start if path.is_file()},
    }


def run_folder(folder: Path, run: Identity) -> Path:
    """Where a run keeps its checkpoints."""
    return folder / hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:NAME_DIGITS]


def write(folder: Path, run: Identity, step: int, state: dict[str, Any], keep: int) -> Path:
    """Write a checkpoint, whole or not at all, and remove all but the last `keep`."""
    path = folder / f"step_{step:08d}.pt"
    with replacing(path) as temporary:
        torch.save({"run": run, "step": step} | state, temporary)
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
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise LegatoError(f"{path}: no such checkpoint") from None
    except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
        raise LegatoError(f"{path}: truncated, or not a checkpoint; remove it to go on without it") from None
    if not isinstance(state, dict) or "run" not in state:
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

"""The batches of a run, one step after another, made ahead by other processes where a GPU would wait for them.

A step's windows depend on (seed, step) alone: a run that continues from a checkpoint, and one of many processes,
learns from the same ones.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from legato.dia.batches import Batch, batch_of, random_windows
from legato.dia.config import TrainParams
from legato.dia.dataset import AnyTrack
from legato.dia.packed import PackedTrack, fetch
from legato.errors import LegatoError

MAX_WORKERS = 8  # processes that make batches for one GPU
AHEAD = 4  # steps that each of them is ahead


@dataclass(frozen=True)
class StepBatch:
    """A part of a step's windows, and the category of each."""

    batch: Batch
    categories: tuple[str | None, ...]

    def pin_memory(self) -> "StepBatch":
        """The same in memory that a GPU copies from; DataLoader calls this by its name."""
        return StepBatch(self.batch.pin_memory(), self.categories)


class Steps(Dataset):
    """What one of `n_processes` processes learns from in each step: `accumulate` parts of its share."""

    def __init__(self, params: TrainParams, tracks: Sequence[AnyTrack], process: int = 0, n_processes: int = 1) -> None:
        n_parts = n_processes * params.accumulate
        if params.batch % n_parts:
            raise LegatoError(
                f"params.yaml: train.batch: {params.batch}: must be a multiple of {n_parts}, "
                f"{n_processes} processes by train.accumulate {params.accumulate}"
            )
        self.params, self.tracks, self.process = params, tracks, process
        self.part_size = params.batch // n_parts

    def __getitem__(self, step: int) -> list[StepBatch]:
        windows = random_windows(
            self.tracks,
            step_rng(self.params.seed, step),
            batch=self.params.batch,
            frames=self.params.frames,
            text_dropout=self.params.text_dropout,
            tag_dropout=self.params.tag_dropout,
        )
        first = self.process * self.part_size * self.params.accumulate
        starts = [first + index * self.part_size for index in range(self.params.accumulate)]
        parts = [windows[start : start + self.part_size] for start in starts]
        own = [window.track for part in parts for window in part]
        fetch([track for track in own if isinstance(track, PackedTrack)])
        return [
            StepBatch(batch_of(part, self.params.frames), tuple(window.track.category for window in part))
            for part in parts
        ]


def step_rng(seed: int, step: int) -> np.random.Generator:
    """The random stream of one training step, which depends on no other step."""
    return np.random.default_rng([seed, step])


def load_steps(steps: Steps, first: int, last: int, n_workers: int = 0) -> DataLoader:
    """The batches of steps `first` to `last`; with workers they are made ahead, and pinned for a GPU."""
    order = range(first, last + 1)
    if not n_workers:
        return DataLoader(steps, batch_size=None, sampler=order)
    return DataLoader(
        steps,
        batch_size=None,
        sampler=order,
        num_workers=n_workers,
        prefetch_factor=AHEAD,
        pin_memory=torch.cuda.is_available(),
    )


def workers_for(device: torch.device, n_processes: int) -> int:
    """How many processes make batches for one that trains: none on a CPU, which they would take from training."""
    cores = (os.cpu_count() or 1) // n_processes
    return max(1, min(MAX_WORKERS, cores - 1)) if device.type == "cuda" else 0

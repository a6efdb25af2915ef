"""A training run: its weights, their average, the optimizer, and how all that goes to a checkpoint and back."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from transformers import DiaForConditionalGeneration

from legato.dia import checkpoints
from legato.dia import model as dia
from legato.dia.config import SIZES, TrainParams
from legato.dia.curves import Curves
from legato.dia.meter import Meter
from legato.dia.widen import read_start

BETAS = (0.9, 0.95)


@dataclass
class Run:
    """All that training changes, and all that a checkpoint holds, but for the curves."""

    model: DiaForConditionalGeneration
    average: DiaForConditionalGeneration | None  # EMA of the weights
    optimizer: torch.optim.Optimizer
    recent: Meter  # since the last point of the curve
    long: Meter  # since the last evaluation
    norm: float = 0.0  # sum of the gradient's norms since the last point of the curve
    step: int = 0

    @property
    def best(self) -> DiaForConditionalGeneration:
        """The weights that are measured and saved."""
        return self.average or self.model


def new_run(
    params: TrainParams, categories: Sequence[str], device: torch.device, codec_sha256: str | None = None
) -> Run:
    """A run that has not begun: new weights, or those of `params.start`, which must speak the codes of this codec."""
    model = read_start(Path(params.start), codec_sha256) if params.start else dia.build(SIZES[params.size], params.seed)
    model = dia.on(model, device)
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    gains = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": params.weight_decay}, {"params": gains, "weight_decay": 0.0}]
    return Run(
        model=model,
        average=copy.deepcopy(model).requires_grad_(False) if params.ema else None,
        optimizer=torch.optim.AdamW(groups, lr=params.learning_rate, betas=BETAS, fused=True),
        recent=Meter(categories, device),
        long=Meter(categories, device),
    )


@torch.no_grad()
def follow(average: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    """Move each averaged weight towards the model's: decay of the old, 1 - decay of the new."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)


def state_of(run: Run, curves: Curves, accelerator: Accelerator) -> dict[str, Any]:
    """All that a run needs to continue, of every process; to be called by each of them."""

    def total(tensor: Tensor) -> Tensor:
        return accelerator.reduce(tensor, "sum")

    return {
        "model": run.model.state_dict(),
        "average": run.average and run.average.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "recent": run.recent.state(total),
        "long": run.long.state(total),
        "norm": run.norm,
        "rows": curves.rows,
        "rng": torch.get_rng_state(),
    }


def restore(run: Run, path: Path | None, identity: checkpoints.Identity, *, is_main: bool) -> list[Any]:
    """Put a run back to where a checkpoint was written; return the rows of its curves, none without a checkpoint."""
    if path is None:
        return []
    state = checkpoints.read(path, identity)
    run.model.load_state_dict(state["model"])
    if run.average is not None:
        run.average.load_state_dict(state["average"])
    run.optimizer.load_state_dict(state["optimizer"])
    if is_main:  # it has what all processes had counted
        run.recent.load(state["recent"])
        run.long.load(state["long"])
    run.norm, run.step = state["norm"], state["step"]
    torch.set_rng_state(state["rng"])
    return state["rows"]

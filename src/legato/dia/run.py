"""A training run: its weights, their average, the optimizer, and how all that goes to a checkpoint and back."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
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
from legato.errors import LegatoError

BETAS = (0.9, 0.95)


@dataclass
class Run:
    """All that training changes, and all that a checkpoint holds, but for the curves."""

    model: DiaForConditionalGeneration
    average: DiaForConditionalGeneration | None  # EMA of the weights
    optimizer: torch.optim.Optimizer
    recent: Meter  # since the last point of the curve
    long: Meter  # since the last evaluation
    norm: float = 0.0  # sum of the gradient's norms since the last point of the curve, as far as they were read
    norms: list[Tensor] = field(default_factory=list)  # of the last steps, on the device: not read yet
    step: int = 0

    @property
    def best(self) -> DiaForConditionalGeneration:
        """The weights that are measured and saved."""
        return self.average or self.model

    def set_learning_rate(self, rate: float) -> None:
        """The learning rate of the next step."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["lr"].fill_(rate) if isinstance(group["lr"], Tensor) else rate

    def skip_where(self, bad: Tensor) -> None:
        """Have the optimizer's next step change nothing where `bad` is true, without asking the device for it."""
        untyped: Any = self.optimizer
        untyped.found_inf = bad.float()  # what a fused AdamW asks for, since gradients of float16 need it

    def read_norms(self) -> None:
        """Add up the norms of the last steps: here alone the host waits for the device.

        Raises:
            LegatoError: the gradient of one is no number; its weights were left as they were.
        """
        norms = torch.stack(self.norms).tolist() if self.norms else []
        self.norms.clear()
        for step, norm in enumerate(norms, self.step - len(norms) + 1):
            if not math.isfinite(norm):
                raise LegatoError(
                    f"params.yaml: train: the loss or its gradient is no longer a number at step {step}; "
                    "lower train.learning_rate"
                )
            self.norm += norm


def new_run(
    params: TrainParams, categories: Sequence[str], device: torch.device, codec_sha256: str | None = None
) -> Run:
    """A run that has not begun: new weights, or those of `params.start`, which must speak the codes of this codec."""
    model = read_start(Path(params.start), codec_sha256) if params.start else dia.build(SIZES[params.size], params.seed)
    model = dia.on(model, device)
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    gains = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": params.weight_decay}, {"params": gains, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=params.learning_rate, betas=BETAS, fused=True)
    _suit(optimizer, device)
    return Run(
        model=model,
        average=copy.deepcopy(model).requires_grad_(False) if params.ema else None,
        optimizer=optimizer,
        recent=Meter(categories, device),
        long=Meter(categories, device),
    )


def _suit(optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    """Keep the learning rate where the device has its work recorded, and a number elsewhere; each step sets it."""
    on_gpu = device.type == "cuda"
    for group in optimizer.param_groups:
        group["lr"] = torch.zeros((), device=device) if on_gpu else 0.0
        group["capturable"] = on_gpu


@torch.no_grad()
def follow(average: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    """Move each averaged weight towards the model's: decay of the old, 1 - decay of the new."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)


def state_of(run: Run, curves: Curves, accelerator: Accelerator) -> dict[str, Any]:
    """All that a run needs to continue, of every process; to be called by each of them.

    Raises:
        LegatoError: as `Run.read_norms` does.
    """
    run.read_norms()

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
    _suit(run.optimizer, run.recent.sums_CK.device)
    if is_main:  # it has what all processes had counted
        run.recent.load(state["recent"])
        run.long.load(state["long"])
    run.norm, run.step = state["norm"], state["step"]
    torch.set_rng_state(state["rng"])
    return state["rows"]

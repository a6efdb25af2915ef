"""The training loop, read from top to bottom."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from dvclive import Live
from scmrepo.exceptions import SCMError
from torch import Tensor
from tqdm import tqdm
from transformers import DiaForConditionalGeneration

from legato.dia import model as dia
from legato.dia.batches import IGNORED, Batch, Track, fixed_batches, random_batch, step_rng
from legato.dia.config import SIZES, TrainParams
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_NAMES

HELDOUT_WINDOWS = 4  # a track
LOG_EVERY = 10  # steps, of which the curve shows the mean
BETAS = (0.9, 0.95)
DIGITS = 5  # of a loss in the reports


def train(
    params: TrainParams, tracks: Sequence[Track], heldout: Sequence[Track], reports: Path
) -> DiaForConditionalGeneration:
    """Train a new model on `tracks` and write its curves under `reports`.

    The held-out loss is that of the same windows each time: before the first step, every `eval_every`
    steps, and after the last. Nothing that depends on the machine's speed is written.

    Raises:
        LegatoError: the device is not there, or the loss is no longer a number.
    """
    device = dia.pick_device(params.device)
    model = dia.build(SIZES[params.size], params.seed).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), betas=BETAS, weight_decay=params.weight_decay)
    fixed = fixed_batches(heldout, windows=HELDOUT_WINDOWS, frames=params.frames)
    print(f"train: {dia.n_parameters(model) / 1e6:.1f} M parameters on {device}, {len(tracks)} tracks")
    with curves(reports) as live:
        log_heldout(live, 0, heldout_losses(model, fixed))
        recent: list[float] = []
        for step in tqdm(range(1, params.steps + 1), desc="train", unit="step", mininterval=1):
            batch = step_batch(params, tracks, step).to(device)
            recent.append(update(model, optimizer, batch, params, step))
            if due(step, LOG_EVERY, params.steps):
                log(live, step, "train/loss", math.fsum(recent) / len(recent))
                recent.clear()
            if due(step, params.eval_every, params.steps):
                losses_K = heldout_losses(model, fixed)
                log_heldout(live, step, losses_K)
        log_codebooks(live, losses_K)
    return model


def step_batch(params: TrainParams, tracks: Sequence[Track], step: int) -> Batch:
    """The batch of a step, which depends on the seed and the step alone."""
    return random_batch(
        tracks,
        step_rng(params.seed, step),
        batch=params.batch,
        frames=params.frames,
        text_dropout=params.text_dropout,
        tag_dropout=params.tag_dropout,
    )


def update(
    model: DiaForConditionalGeneration,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    params: TrainParams,
    step: int,
) -> float:
    """Learn from one batch and return its loss.

    Raises:
        LegatoError: the loss is no longer a number; the weights are left as they were.
    """
    model.train()
    loss = dia.mean_loss(model, batch)
    if not torch.isfinite(loss):
        raise LegatoError(f"params.yaml: train: the loss is {loss.item()} at step {step}; lower train.learning_rate")
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), params.clip_norm)
    for group in optimizer.param_groups:
        group["lr"] = params.learning_rate * lr_factor(step, warmup_steps=params.warmup_steps, steps=params.steps)
    optimizer.step()
    return loss.item()


def lr_factor(step: int, *, warmup_steps: int, steps: int) -> float:
    """Share of the peak learning rate at a step from 1: a straight way up, then half a cosine down to 0.

    >>> [lr_factor(step, warmup_steps=2, steps=4) for step in range(1, 5)]
    [0.5, 1.0, 0.5, 0.0]
    """
    if step <= warmup_steps:
        return step / warmup_steps
    return 0.5 + 0.5 * math.cos(math.pi * (step - warmup_steps) / (steps - warmup_steps))


@torch.inference_mode()
def heldout_losses(model: DiaForConditionalGeneration, batches: Sequence[Batch]) -> Tensor:
    """Mean cross-entropy in nats of each codebook over all labels of all batches, (K,) on the CPU."""
    model.eval()
    on_device = [batch.to(model.device) for batch in batches]
    total_K = sum(dia.losses(model, batch).sum(dim=(0, 1)) for batch in on_device)
    count_K = sum((batch.labels_BTK != IGNORED).sum(dim=(0, 1)) for batch in on_device)
    return (total_K / count_K).cpu()


def curves(reports: Path) -> Live:
    """Where curves and metrics are written; older ones are removed.

    Raises:
        LegatoError: the Git repository around us has no commit, which DVCLive does not survive.
    """
    try:
        return Live(str(reports), resume=False, report=None, save_dvc_exp=False, dvcyaml=None)
    except SCMError as error:
        raise LegatoError(f"{reports}: DVCLive needs a Git repository with a commit: {error}") from None


def due(step: int, every: int, last: int) -> bool:
    """Whether something done every so many steps, and after the last, is done now."""
    return step % every == 0 or step == last


def log_heldout(live: Live, step: int, losses_K: Tensor) -> None:
    """A point of the held-out curve; the first is kept as `heldout.loss_start`, so that the fall shows."""
    log(live, step, "heldout/loss", losses_K.mean().item())
    if step == 0:
        log(live, step, "heldout/loss_start", losses_K.mean().item(), plot=False)


def log_codebooks(live: Live, losses_K: Tensor) -> None:
    """The held-out loss of each codebook, as a metric."""
    for name, loss in zip(CODEBOOK_NAMES, losses_K.tolist(), strict=True):
        log(live, live.step, f"heldout/codebook/{name}", loss, plot=False)


def log(live: Live, step: int, name: str, value: float, *, plot: bool = True) -> None:
    """One value of a metric, and a point of its curve unless `plot` is false."""
    live.step = step
    live.log_metric(name, round(value, DIGITS), plot=plot)

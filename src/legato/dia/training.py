"""The training loop, read from top to bottom.

One process or many (`accelerate launch stages/train.py`): a step's windows are shared out among them, and their
gradients are added up, so that the result does not depend on how many there are, to the rounding.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from tqdm import tqdm
from transformers import DiaForConditionalGeneration

from legato.dia import checkpoints, record, speed
from legato.dia import model as dia
from legato.dia.batches import TEXT_MULTIPLE, fixed_batch
from legato.dia.config import VOCABULARY, TrainParams
from legato.dia.curves import Curves
from legato.dia.dataset import Split
from legato.dia.loader import StepBatch, Steps, load_steps, workers_for
from legato.dia.meter import Meter, figures
from legato.dia.run import Run, follow, new_run, restore, state_of
from legato.dia.step import Recorded, Step, fit_for, tensors_of
from legato.errors import LegatoError
from legato.words import counted
from legato.work import compiler_cache

HELD_OUT_WINDOWS = 4  # a track
LOG_EVERY = 10  # steps; the curve shows their mean
DIVERGED = 1.5  # times the held-out loss before the first step, or that of a model that guesses if it is more


@dataclass(frozen=True)
class Places:
    """Where a run writes."""

    model: Path
    reports: Path  # metrics and curves, the same on every machine
    checkpoints: Path
    logs: Path  # what depends on the machine's speed, and TensorBoard's files


def train(params: TrainParams, split: Split, places: Places, resume: Path | None = None) -> None:
    """Train a Dia, write its curves as it goes, and save it; a run that was broken off continues where it can.

    The held-out loss is that of the same windows each time: before the first step, every `eval_every`
    steps, and after the last.

    Args:
        resume: a checkpoint to continue from, instead of this run's last one.

    Raises:
        LegatoError: the device is not there, `resume` is of another run, or the loss diverges.
    """
    device = dia.pick_device(params.device)
    accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision="no")
    is_main, device = accelerator.is_main_process, accelerator.device
    steps = Steps(params, split.train, accelerator.process_index, accelerator.num_processes)
    run = new_run(params, split.categories(), device, split.codec_sha256)
    identity = checkpoints.identity(params, split)
    folder = checkpoints.run_folder(places.checkpoints, identity)
    rows = restore(run, resume or checkpoints.latest(folder), identity, is_main=is_main)
    precision = dia.pick_precision(params.precision, device)
    learner = dia.Learner(run.model, precision)
    is_wanted = params.compile is True or (params.compile == "auto" and device.type == "cuda")
    if is_wanted and compiler_cache.can_compile(device.type):
        compiler_cache.folder()  # what is compiled is kept there
        learner.compile(dynamic=False)
    learner = accelerator.prepare(learner)
    accelerator.print(introduction(run, split, accelerator, precision))
    for path in checkpoints.left_behind(folder):
        accelerator.print(f"note: {path}: checkpoints of another configuration or dataset; nothing reads them")

    board, speed_log = places.logs / "tensorboard" if params.tensorboard else None, places.logs / "speed.jsonl"
    with Curves(places.reports if is_main else None, board, rows) as curves, in_memory(params), ExitStack() as stack:
        if run.step == 0:
            speed_log.unlink(missing_ok=True)
            log_held_out(curves, 0, measure(run.best, split, params.frames, precision, accelerator))
        n_workers = workers_for(device, accelerator.num_processes)
        loader = load_steps(steps, run.step + 1, params.steps, n_workers)
        watch, peak = speed.Stopwatch(), speed.peak_flops(device)
        flops = params.batch * speed.flops_per_window(run.model, params.frames, TEXT_MULTIPLE) if peak else 0
        step = fit_for(Step(accelerator, learner, run, params), params)
        bar = stack.enter_context(
            tqdm(desc="train", unit=" steps", initial=run.step, total=params.steps, mininterval=1, disable=not is_main)
        )  # which ends its line, whatever happens
        for parts in watch.watch(loader):
            learn(step, run, parts, params)
            bar.update()
            if due(run.step, LOG_EVERY, params.steps):
                log_training(curves, run, accelerator)
                lap = watch.lap(params.batch * params.frames, flops, peak and peak * accelerator.num_processes)
                bar.set_postfix(lap)
                if is_main:
                    speed.append(speed_log, {"step": run.step} | lap)
            if due(run.step, params.eval_every, params.steps):
                log_since_evaluation(curves, run, accelerator)
                log_held_out(curves, run.step, measure(run.best, split, params.frames, precision, accelerator))
                watch.restart()
            if run.step % params.checkpoint_every == 0:
                state = state_of(run, curves, accelerator)
                if is_main:
                    checkpoints.write(folder, identity, run.step, state, params.keep)
                watch.restart()
    if is_main:
        dia.save(run.best, places.model, facts(params, identity, run, split.codec_sha256))
        checkpoints.remove(folder)
    accelerator.wait_for_everyone()
    accelerator.end_training()


@contextmanager
def in_memory(params: TrainParams) -> Iterator[None]:
    """Say in a line that memory does not hold a step.

    Raises:
        LegatoError: torch has found no memory.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not (isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)):
            raise
        where = f"params.yaml: train.batch: {params.batch}"
        rule = f"memory does not hold so many windows of {params.frames} frames; lower it, or raise train.accumulate"
        raise LegatoError(f"{where}: {rule}") from None


def learn(step: Step | Recorded, run: Run, parts: Sequence[StepBatch], params: TrainParams) -> None:
    """One step on this process's parts of its windows; what comes of it is not waited for."""
    number = run.step + 1
    run.model.train()
    run.set_learning_rate(
        params.learning_rate * lr_factor(number, warmup_steps=params.warmup_steps, steps=params.steps)
    )
    device = run.recent.sums_CK.device
    run.norms.append(step([tensors_of(part, run, device) for part in parts]))
    if run.average is not None:
        follow(run.average, run.model, min(params.ema, number / (10 + number)))
    run.step = number


def lr_factor(step: int, *, warmup_steps: int, steps: int) -> float:
    """Share of the peak learning rate at a step from 1: a straight way up, then half a cosine down to 0.

    >>> [lr_factor(step, warmup_steps=2, steps=4) for step in range(1, 5)]
    [0.5, 1.0, 0.5, 0.0]
    """
    if step <= warmup_steps:
        return step / warmup_steps
    return 0.5 + 0.5 * math.cos(math.pi * (step - warmup_steps) / (steps - warmup_steps))


@torch.no_grad()
def measure(
    model: DiaForConditionalGeneration,
    split: Split,
    frames: int,
    precision: torch.dtype,
    accelerator: Accelerator,
) -> dict[str, float]:
    """Mean held-out losses, as `meter.figures` has them, over all labels of fixed windows of every held-out track.

    Empty where no track is held out.
    """
    if not split.held_out:
        return {}
    learner = dia.Learner(model.eval(), precision)
    meter = Meter(split.categories(), accelerator.device)
    for track in split.held_out[accelerator.process_index :: accelerator.num_processes]:
        batch = fixed_batch(track, windows=HELD_OUT_WINDOWS, frames=frames).to(accelerator.device)
        losses_BTK = learner.losses(batch)
        rows_B = meter.rows([track.category] * len(losses_BTK)).to(accelerator.device)
        meter.add(losses_BTK, batch.labels_BTK, rows_B)
    return figures(meter.state(accelerator.reduce), meter.categories)


def due(step: int, every: int, last: int) -> bool:
    """Whether something done every few steps, and after the last, is done now."""
    return step % every == 0 or step == last


def log_training(curves: Curves, run: Run, accelerator: Accelerator) -> None:
    """A point of the training curves: means since the last one.

    Raises:
        LegatoError: the loss diverges, or it or its gradient is no longer a number.
    """
    run.read_norms()
    loss = figures(run.recent.state(accelerator.reduce), run.recent.categories)["loss"]
    curves.log(run.step, "train/loss", loss)
    curves.log(run.step, "train/gradient_norm", run.norm / ((run.step - 1) % LOG_EVERY + 1))
    limit = DIVERGED * max(math.log(VOCABULARY), curves.first("held_out/loss_start", default=0))
    if loss > limit:
        raise LegatoError(
            f"params.yaml: train: the loss diverges: {loss:.2f} at step {run.step}, above {limit:.2f}; "
            "lower train.learning_rate"
        )
    run.long.absorb(run.recent)
    run.norm = 0.0


def log_since_evaluation(curves: Curves, run: Run, accelerator: Accelerator) -> None:
    """The training loss of each codebook and category since the last evaluation, as metrics.

    Raises:
        LegatoError: the loss or its gradient is no longer a number.
    """
    run.read_norms()
    run.long.absorb(run.recent)
    found = figures(run.long.state(accelerator.reduce), run.long.categories)
    log_parts(curves, run.step, "train", found)
    run.long.load([tensor * 0 for tensor in run.long.state()])


def log_held_out(curves: Curves, step: int, found: dict[str, float]) -> None:
    """A point of the held-out curve, and metrics of each codebook and category; nothing where nothing is held out.

    Those before the first step are kept under `loss_start`, `codebook_start` and `category_start`, so that the fall
    shows.
    """
    if not found:
        return
    curves.log(step, "held_out/loss", found["loss"])
    if step == 0:
        curves.log(step, "held_out/loss_start", found["loss"], plot=False)
        starts = {name.replace("/", "_start/"): loss for name, loss in found.items()}
        log_parts(curves, step, "held_out", starts)
    log_parts(curves, step, "held_out", found)


def log_parts(curves: Curves, step: int, side: str, found: dict[str, float]) -> None:
    """All but the total, as metrics."""
    for name, loss in found.items():
        if name != "loss":
            curves.log(step, f"{side}/{name}", loss, plot=False)


def introduction(run: Run, split: Split, accelerator: Accelerator, precision: torch.dtype) -> str:
    """What is about to be trained, in a line."""
    n_processes = f" x {accelerator.num_processes}" if accelerator.num_processes > 1 else ""
    begun = f", from step {run.step}" if run.step else ""
    return (
        f"train: {dia.n_parameters(run.model) / 1e6:.1f} M parameters on {accelerator.device.type}{n_processes} in "
        f"{str(precision).removeprefix('torch.')}, {counted(len(split.train), 'track')}{begun}"
    )


def facts(params: TrainParams, identity: checkpoints.Identity, run: Run, codec_sha256: str | None) -> dict[str, Any]:
    """What a saved model is: its run, which weights these are, and whose codes it speaks."""
    weights = f"average, decay {params.ema}" if params.ema else "last step"
    start_license = {"start_license": record.license_of_start(params)} if params.start else {}
    codes = {"codes": record.speaks(codec_sha256)}
    return identity | start_license | codes | {"weights": weights, "parameters": dia.n_parameters(run.model)}

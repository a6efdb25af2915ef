"""One step of training, and its recording as a CUDA graph.

Nothing in a step waits for the device, and its tensors keep their places. So the host is steps ahead of a GPU, and the
thousands of kernels of a step, which take less time than launching them, can be recorded once and replayed as one.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Protocol

import torch
from accelerate import Accelerator
from torch import Tensor

from legato.dia import model as dia
from legato.dia.batches import Batch
from legato.dia.config import TrainParams
from legato.dia.loader import StepBatch
from legato.dia.run import Run

WARM_UPS = 3  # steps of a shape that are launched one by one: they compile, and libraries choose their kernels
Part = list[Tensor]  # a batch's tensors, and the row of each window's category in the meter
Replay = Callable[[], object]


class Step:
    """What a step does with its parts on the device: gradients, one after another, and a change of the weights.

    The loss is the mean over the labels of all processes, each with its weight. A gradient that is no number leaves
    the weights as they are.
    """

    def __init__(self, accelerator: Accelerator, learner: torch.nn.Module, run: Run, params: TrainParams) -> None:
        self.accelerator, self.learner, self.run, self.params = accelerator, learner, run, params
        self.weights_K = dia.codebook_weights(params.codebook_weights, accelerator.device)

    def __call__(self, parts: Sequence[Part]) -> Tensor:
        """The norm of the gradient, on the device."""
        accelerator, run = self.accelerator, self.run
        parts = [[tensor.to(accelerator.device, non_blocking=True) for tensor in part] for part in parts]
        batches = [Batch(*tensors) for *tensors, _ in parts]
        weights = [dia.label_weights(batch.labels_BTK, self.weights_K, self.params.eos_weight) for batch in batches]
        total = accelerator.reduce(torch.stack([weights_BTK.sum() for weights_BTK in weights]).sum(), "sum")
        for at, (batch, weights_BTK) in enumerate(zip(batches, weights, strict=True), 1):
            with nullcontext() if at == len(parts) else accelerator.no_sync(self.learner):  # gradients are shared once
                losses_BTK, weighted = self.learner(*vars(batch).values(), weights_BTK)
                run.recent.add(losses_BTK, batch.labels_BTK, parts[at - 1][-1])
                accelerator.backward(weighted / total * accelerator.num_processes)
        norm = torch.nn.utils.clip_grad_norm_(run.model.parameters(), self.params.clip_norm)
        run.skip_where(~torch.isfinite(norm))
        run.optimizer.step()
        run.optimizer.zero_grad()
        return norm.detach()


def tensors_of(part: StepBatch, run: Run, device: torch.device) -> Part:
    """What a step is given of a part, in memory that `device` copies from without waiting."""
    rows_B = run.recent.rows(part.categories)
    return [*vars(part.batch).values(), rows_B.pin_memory() if device.type == "cuda" else rows_B]


class Recording(Protocol):
    """How a device runs a step's first times, and records it."""

    def warm_up(self, work: Callable[[], Tensor]) -> Tensor:
        """Do the work, where it will be recorded."""

    def record(self, work: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
        """What does the work again, and where the result then is; nothing is done yet."""


class Recorded:
    """A step that is recorded once for each shape of its parts (a text has one of four lengths), and then replayed.

    Its first times are steps as others are, so nothing is computed in vain. Where a step cannot be recorded, a line
    says so, and each is launched kernel by kernel.
    """

    def __init__(self, step: Callable[[Sequence[Part]], Tensor], recording: Recording, device: torch.device) -> None:
        self._step, self._recording, self._device = step, recording, device
        self._met: Counter[tuple[torch.Size, ...]] = Counter()
        self._recorded: dict[tuple[torch.Size, ...], tuple[list[Part], Replay, Tensor]] = {}
        self.n_replays = 0
        self.is_possible = True

    @property
    def n_recordings(self) -> int:
        """How often a step was recorded."""
        return len(self._recorded)

    def __call__(self, parts: Sequence[Part]) -> Tensor:
        """As `Step`."""
        shape = tuple(tensor.shape for part in parts for tensor in part)
        self._met[shape] += 1
        if shape not in self._recorded and self.is_possible and self._met[shape] > WARM_UPS:
            self._record(shape, parts)
        if shape not in self._recorded:
            return self._recording.warm_up(lambda: self._step(parts)) if self.is_possible else self._step(parts)
        held, replay, norm = self._recorded[shape]
        for mine, given in zip(held, parts, strict=True):
            for place, tensor in zip(mine, given, strict=True):
                place.copy_(tensor, non_blocking=True)
        replay()
        self.n_replays += 1
        return norm.clone()

    def _record(self, shape: tuple[torch.Size, ...], parts: Sequence[Part]) -> None:
        held = [[torch.empty_like(tensor, device=self._device) for tensor in part] for part in parts]
        for mine, given in zip(held, parts, strict=True):
            for place, tensor in zip(mine, given, strict=True):
                place.copy_(tensor)
        try:
            self._recorded[shape] = (held, *self._recording.record(lambda: self._step(held)))
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self.is_possible = False
            print(f"note: a step cannot be recorded as a CUDA graph, and is launched as it is: {_first_line(error)}")


class CudaGraphs:
    """Recordings of one GPU, which share their memory: one is replayed at a time, and leaves but its norm."""

    def __init__(self) -> None:
        self._stream, self._pool = torch.cuda.Stream(), torch.cuda.graph_pool_handle()

    def warm_up(self, work: Callable[[], Tensor]) -> Tensor:
        """As `Recording` says."""
        ours = torch.cuda.current_stream()
        self._stream.wait_stream(ours)
        with torch.cuda.stream(self._stream):
            found = work()
        ours.wait_stream(self._stream)
        found.record_stream(ours)
        return found

    def record(self, work: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
        """As `Recording` says."""
        graph = torch.cuda.CUDAGraph()
        with (
            torch.cuda.stream(torch.cuda.current_stream()),  # is the current one again, whatever fails
            torch.cuda.graph(graph, self._pool, self._stream, capture_error_mode="thread_local"),  # others pin memory
        ):
            found = work()
        return graph.replay, found


def fit_for(step: Step, params: TrainParams) -> Step | Recorded:
    """The step, recorded where it is compiled and one process has the GPU."""
    device = step.accelerator.device
    if device.type != "cuda" or params.compile is False or step.accelerator.num_processes > 1:
        return step
    return Recorded(step, CudaGraphs(), device)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]

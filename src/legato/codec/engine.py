"""Windows of audio through a codec's encoder: which device, which precision, how many at a time.

Conventions: a window is float32 (N,), whole frames of 512 samples; its codes are int16 (T, 9).
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from legato.codec.compiling import Network, compiled
from legato.codec.network import ExactEncoder, FastEncoder
from legato.errors import LegatoError
from legato.tokens import HOP_LENGTH

CPU_OUT_OF_MEMORY = "can't allocate memory"
GPU_BATCH = 32  # windows
FAST_FRAMES = 160  # in a window of `fast` on a CPU: the layers of longer ones leave its cache, and take a fifth longer
AHEAD = 2  # batches that a GPU has been given and not answered

Windows = Sequence[Tensor]
Job = tuple[Tensor, Future[Tensor]]
Answer = Callable[[], list[Tensor]]


def device_of(asked: str, key: str = "encode.device") -> str:
    """`cuda` or `cpu` for `auto`, `cuda` or `cpu`, which params.yaml has at `key`.

    Raises:
        LegatoError: a GPU is asked for and there is none.
    """
    if asked == "cuda" and not torch.cuda.is_available():
        raise LegatoError(f"params.yaml: {key}: 'cuda': there is no GPU here that PyTorch can use; auto or cpu runs")
    return "cuda" if asked != "cpu" and torch.cuda.is_available() else "cpu"


class Engine:
    """Codes of windows, in batches of one shape; where memory runs out, smaller batches from then on.

    One thread works on a window on a CPU, and a GPU gets whole batches, padded with silence: so the arithmetic on a
    window depends on its samples alone, not on which others there are nor on the number of cores.

    Args:
        model: as `skeleton.load_encoder` or `model.load` gives it.
        precision: `exact` is fp32 and `dac`'s own arithmetic; `fast` is the fast encoder, in fp16 on a GPU.
        compiled_frames: `fast` goes through torch.compile for windows of this length; None compiles nothing.
        batch: windows at a time; 0 is as many as suit the device.
        n_threads: of a CPU, each of which takes batches of its own; a compiled network has one.
    """

    def __init__(
        self,
        model: Any,
        precision: str,
        device: str = "cpu",
        compiled_frames: int | None = None,
        batch: int = 0,
        n_threads: int = 1,
    ) -> None:
        self.device, self.batch = device, batch or (1 if device == "cpu" else GPU_BATCH)
        self.n_threads = 1 if device == "cuda" or compiled_frames else n_threads
        if device == "cuda":  # true fp32, and the same kernels in every run
            torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
            torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
        half = torch.float16 if device == "cuda" else torch.float32
        network = ExactEncoder(model) if precision == "exact" else FastEncoder(model, half)
        self.least_frames = network.least_frames
        self.most_frames = FAST_FRAMES if precision == "fast" and device == "cpu" and not compiled_frames else None
        self.network = network.to(device).eval()
        self.compiled_length = (compiled_frames or 0) * HOP_LENGTH if precision == "fast" else 0
        self.compiled = self._compiled()

    @property
    def takes_any_length(self) -> bool:
        """Whether windows of each length cost what they hold: nothing is compiled for one, or shared by tracks."""
        return self.device == "cpu" and not self.compiled_length

    @property
    def n_at_once(self) -> int:
        """Windows that keep all of it busy."""
        return self.batch * self.n_threads

    def codes(self, windows: Windows) -> list[Tensor]:
        """The codes of windows of one length.

        Raises:
            LegatoError: memory does not hold a single window.
        """
        if self.n_threads == 1:
            return self._codes(windows)
        shares = [windows[start : start + self.batch] for start in range(0, len(windows), self.batch)]
        with ThreadPoolExecutor(self.n_threads) as threads:
            return [codes for found in threads.map(self._codes, shares) for codes in found]

    def _codes(self, windows: Windows) -> list[Tensor]:
        found: list[Tensor] = []
        while len(found) < len(windows):
            now = windows[len(found) : len(found) + self.batch]
            try:
                found += self.begin(now)()
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                self._halve(len(now[0]))
        return found

    @torch.inference_mode()
    def begin(self, windows: Windows) -> Answer:
        """Have the device begin with at most `batch` windows; what comes back waits for it and returns their codes.

        On a GPU the next batch is made while it computes: it copies from and to memory that is pinned for it.
        """
        on_gpu = self.device == "cuda"
        if not on_gpu:
            torch.set_num_threads(1)
        audio_BN = torch.zeros(self.batch, len(windows[0]), pin_memory=on_gpu)
        for row, window in zip(audio_BN, windows, strict=False):
            row.copy_(window)
        network = self.compiled if self.compiled and len(windows[0]) == self.compiled_length else self.network
        codes_BTK = network(audio_BN.to(self.device, non_blocking=True))
        if not on_gpu:
            return lambda: list(codes_BTK[: len(windows)])
        host_BTK = torch.empty(codes_BTK.shape, dtype=codes_BTK.dtype, pin_memory=True)
        host_BTK.copy_(codes_BTK, non_blocking=True)
        done = torch.cuda.Event()
        done.record()

        def wait() -> list[Tensor]:
            done.synchronize()
            return list(host_BTK[: len(windows)].clone())

        return wait

    def _halve(self, n_samples: int) -> None:
        if self.device == "cuda":
            torch.cuda.empty_cache()
        if self.batch == 1:
            frames = n_samples // HOP_LENGTH
            raise LegatoError(
                f"out of memory on {self.device} with one window of {frames} frames: lower encode.window_frames"
            )
        self.batch //= 2
        self.compiled = self._compiled()

    def _compiled(self) -> Network | None:
        return compiled(self.network, (self.batch, self.compiled_length)) if self.compiled_length else None


class Merged:
    """An engine that several threads use at once: their windows share batches.

    Each thread asks for its track's windows and waits; while one batch is computed, the others read and write, and the
    next one is made.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine, self.least_frames = engine, engine.least_frames
        self._waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    takes_any_length, most_frames = False, None

    @property
    def n_at_once(self) -> int:
        """Windows that the engine takes at a time."""
        return self._engine.batch

    def codes(self, windows: Windows) -> list[Tensor]:
        """As `Engine.codes`."""
        futures: list[Future[Tensor]] = [Future() for _ in windows]
        for job in zip(windows, futures, strict=True):
            self._waiting.put(job)
        return [future.result() for future in futures]

    def _work(self) -> None:
        held: list[Job] = []
        begun: deque[tuple[list[Job], Answer]] = deque()
        try:
            while True:
                self._step(held, begun)
        except Exception as error:  # a bug: nobody is to wait for ever
            fail = partial(_fail, error)
            self._answer([*held, *(job for jobs, _ in begun for job in jobs)], fail)
            while True:
                self._answer([self._waiting.get()], fail)

    def _step(self, held: list[Job], begun: deque[tuple[list[Job], Answer]]) -> None:
        if not (held or begun):
            held.append(self._waiting.get())
        while len(held) < self.n_at_once and not self._waiting.empty():
            held.append(self._waiting.get())
        length = len(held[0][0]) if held else 0
        alike = [job for job in held if len(job[0]) == length]
        now, later = alike[: self.n_at_once], alike[self.n_at_once :]  # a batch that memory has made smaller
        if now and len(begun) < AHEAD and (len(now) == self.n_at_once or not begun):
            held[:] = later + [job for job in held if len(job[0]) != length]
            self._begin(now, begun)
        else:  # who is answered has more to ask
            self._answer(*begun.popleft())

    def _begin(self, jobs: list[Job], begun: deque[tuple[list[Job], Answer]]) -> None:
        windows = [window for window, _ in jobs]
        try:
            begun.append((jobs, self._engine.begin(windows)))
        except RuntimeError as error:
            if not is_out_of_memory(error):
                self._answer(jobs, partial(_fail, error))
                return
            while begun:
                self._answer(*begun.popleft())
            self._answer(jobs, lambda: self._engine.codes(windows))  # in smaller batches

    def _answer(self, jobs: list[Job], answer: Answer) -> None:
        try:
            found = answer()
        except Exception as error:  # each track that waits fails by its name
            for _, future in jobs:
                future.set_exception(error)
            return
        for (_, future), codes in zip(jobs, found, strict=True):
            future.set_result(codes)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch has found no memory."""
    return isinstance(error, torch.OutOfMemoryError) or CPU_OUT_OF_MEMORY in str(error)


def _fail(error: Exception) -> list[Tensor]:
    raise error


def track_codes(engine: Engine | Merged, windows: Iterable[tuple[slice, np.ndarray]]) -> Tensor:
    """Codes of a track from its windows, int16 (T, 18), contiguous and owning its storage.

    Args:
        windows: each one's kept frames and its samples, (channels, N), as `windows.read_windows` gives them; the one
            channel of a mono window is encoded once and is on both sides.
    """
    parts_TK, waiting = [], iter(windows)
    while group := list(islice(waiting, engine.n_at_once)):
        found = iter(engine.codes([torch.from_numpy(channel) for _, window_CN in group for channel in window_CN]))
        for keep, window_CN in group:
            sides = [next(found)[keep] for _ in window_CN]
            parts_TK.append(codes_of_stereo(sides[0], sides[-1]))
    return torch.cat(parts_TK)


def codes_of_stereo(left_TK: Tensor, right_TK: Tensor) -> Tensor:
    """Two channels' codes side by side, (T, 9) and (T, 9) to (T, 18): the layout a stereo Dia reads."""
    return torch.cat([left_TK, right_TK], dim=1)

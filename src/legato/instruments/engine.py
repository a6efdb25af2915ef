"""The host of an instrument: WebAssembly in wasmtime, with nothing to reach but its own memory, and a deadline.

The same module gives the same bytes on every processor: WebAssembly defines every operation but the bits of a NaN, and
a sound that is not finite is an error. A hang, a wild address and too much memory are errors too, of one line.

Modules are compiled once a process, in 0.01 to 0.15 s each, and are not kept on disk: what would lie there is machine
code, which whoever can write the folder could replace.

Conventions: audio is float32 (n_samples, 2).
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import wasmtime

from legato.errors import LegatoError
from legato.instruments.catalogue import DRUMS, Instrument

MOST_MEMORY = 64 * 2**20  # bytes: the largest takes 2 MiB, and a million notes 24 MB
TICK_S = 0.25
LIMIT_S = 60.0  # of wall time, for each call: the longest takes a tenth of a second on an idle core
BLOCK = 64  # samples; voices.c's grid


class Machine:
    """One instrument or effect in a store of its own, from its first sample on. Make it with `start`."""

    def __init__(self, instrument: Instrument, sample_rate: int, *, limit_s: float, most_memory: int) -> None:
        self._name, self._limit_s, self._gain = instrument.name, limit_s, np.float32(instrument.gain)
        self._store = wasmtime.Store(_engine())
        self._store.set_limits(memory_size=most_memory, instances=1, tables=1, memories=1)
        self._store.set_epoch_deadline(self._ticks)
        with self._one_line():
            instance = wasmtime.Instance(self._store, _module(instrument), [])
            self._exports: Mapping[str, Any] = instance.exports(self._store)
        self._call("_initialize")
        n_names = self._call("open", sample_rate, instrument.polyphony, int(instrument.kind == DRUMS))
        self._numbers = {self._text(self._call("name", at)): at for at in range(n_names)}
        self._left, self._right = self._call("left"), self._call("right")
        self.chunk = self._call("chunk")  # samples; the most that can be had at once

    def set(self, name: str, value: float) -> None:
        """Set a parameter for all voices."""
        self._call("set", self._numbers[name], float(value))

    def number(self, name: str) -> int:
        """A parameter's number, as events name it."""
        return self._numbers[name]

    def give(self, events: np.ndarray) -> None:
        """The events of the whole part, an array of `EVENT` of `playing`, sorted by frame."""
        self._write(self._call("events", len(events)), events.tobytes())

    def render(self, n_samples: int) -> np.ndarray:
        """The next samples, at most `chunk`; the result is the same in whatever whole blocks it is asked for.

        Raises:
            LegatoError: the deadline has passed, the code has trapped, or the sound is not finite.
        """
        self._call("render", n_samples)
        audio = np.stack([self._read(at, 4 * n_samples) for at in (self._left, self._right)], axis=1) * self._gain
        if not np.isfinite(audio).all():
            raise LegatoError(f"instrument {self._name!r}: its sound is not finite")
        return audio

    def process(self, audio: np.ndarray) -> np.ndarray:
        """An effect's answer to the next samples, at most `chunk`."""
        for at, channel in zip((self._left, self._right), np.asarray(audio, np.float32).T, strict=True):
            self._write(at, np.ascontiguousarray(channel).tobytes())
        return self.render(len(audio))

    @property
    def _ticks(self) -> int:
        return max(1, round(self._limit_s / TICK_S)) + 1  # the current tick is partly over

    def _call(self, name: str, *arguments: float) -> Any:
        _tick()
        self._store.set_epoch_deadline(self._ticks)
        with self._one_line():
            return self._exports[name](self._store, *arguments)

    def _write(self, at: int, content: bytes) -> None:
        with self._one_line():
            self._exports["memory"].write(self._store, content, at)

    def _read(self, at: int, n_bytes: int) -> np.ndarray:
        return np.frombuffer(self._exports["memory"].read(self._store, at, at + n_bytes), np.float32)

    def _text(self, at: int) -> str:
        return bytes(self._exports["memory"].read(self._store, at, at + 64)).split(b"\0")[0].decode("ascii")

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except (wasmtime.Trap, wasmtime.WasmtimeError, KeyError, IndexError, ValueError) as error:
            raise LegatoError(f"instrument {self._name!r}: {_reason(error, self._limit_s)}") from None


def start(
    instrument: Instrument, sample_rate: int, *, limit_s: float = LIMIT_S, most_memory: int = MOST_MEMORY
) -> Machine:
    """A fresh machine: no part hears another.

    Raises:
        LegatoError: the module does not compile, wants something of its host, or more memory than `most_memory` bytes.
    """
    return Machine(instrument, sample_rate, limit_s=limit_s, most_memory=most_memory)


def _reason(error: Exception, limit_s: float) -> str:
    """What went wrong, in a few words."""
    code = getattr(error, "trap_code", None)
    if code == wasmtime.TrapCode.INTERRUPT:
        return f"did not answer within {limit_s:g} s"
    if code is not None:
        return f"trapped: {code.name.lower().replace('_', ' ')}"
    if isinstance(error, KeyError):
        return f"lacks the function {error}"
    return f"cannot be run: {str(error).strip().splitlines()[-1].strip()}"


@cache
def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    config.epoch_interruption = True
    config.parallel_compilation = False  # its threads would not survive a fork
    config.wasm_relaxed_simd = False  # its results may differ between processors
    config.wasm_threads = False
    return wasmtime.Engine(config)


@cache
def _module(instrument: Instrument) -> wasmtime.Module:
    module = wasmtime.Module(_engine(), instrument.wasm)
    if wanted := [f"{one.module}.{one.name}" for one in module.imports]:
        raise ValueError(f"wants {', '.join(wanted)} of its host")
    return module


_clock_of: list[int] = []  # the process whose clock runs: threads do not survive a fork
_starting = threading.Lock()


def _tick() -> None:
    """Let this process's clock run, if it does not."""
    with _starting:
        if _clock_of != [os.getpid()]:
            _clock_of[:] = [os.getpid()]
            threading.Thread(target=_run_clock, args=(_engine(),), daemon=True).start()


def _run_clock(engine: wasmtime.Engine) -> None:
    while True:
        time.sleep(TICK_S)
        engine.increment_epoch()

"""How far a stage is: a bar in a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from legato.words import counted, minutes, real_time

EVERY_S = 30.0  # between lines where there is no terminal
BAR = "{desc}: {percentage:3.0f}%|{bar}| {unit} [{elapsed}<{remaining}]"  # the unit is all of `_so_far`


class Progress:
    """Counts what is done, in tracks or in seconds of audio, and shows the rate and the time left."""

    def __init__(self, stage: str, total: float, *, is_audio: bool) -> None:
        self._stage, self._total, self._is_audio = stage, total, is_audio
        self._done, self._started = 0.0, time.monotonic()
        self._next_line = self._started + EVERY_S
        self._bar: Any = None
        if sys.stderr.isatty():
            from tqdm import tqdm  # which takes a while

            self._bar = tqdm(desc=stage, total=total, unit=self._so_far(0), bar_format=BAR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()

    def add(self, size: float) -> None:
        """So much more is done."""
        self._done = min(self._done + size, self._total)  # a sum of seconds may end a hair over its total
        now = time.monotonic()
        if self._bar is not None and not self._bar.disable:
            self._bar.unit = self._so_far(now - self._started)
            self._bar.update(self._done - self._bar.n)
        elif now >= self._next_line:
            self._next_line = now + EVERY_S
            took_s = now - self._started
            left_s = (self._total - self._done) * took_s / self._done if self._done else float("inf")
            print(f"{self._stage}: {self._so_far(took_s)}, {left_s:.0f} s left", flush=True)

    def _so_far(self, took_s: float) -> str:
        if self._is_audio:
            text = f"{minutes(self._done)} of {minutes(self._total)} min of audio"
            return f"{text}, {real_time(self._done, took_s)}" if self._done else text
        return f"{self._done:.0f} of {counted(round(self._total), 'track')}"

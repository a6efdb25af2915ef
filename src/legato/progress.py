"""How far a stage is: a bar in a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import Self

from tqdm import tqdm

EVERY_S = 30.0  # between lines where there is no terminal


class Progress:
    """Counts what is done, in `unit`s, and shows the rate and the time left."""

    def __init__(self, stage: str, total: float, unit: str) -> None:
        self._stage, self._total, self._unit = stage, total, unit
        self._done, self._started = 0.0, time.monotonic()
        self._next_line = self._started + EVERY_S
        self._bar = tqdm(desc=stage, total=round(total), unit=f" {unit}", disable=not sys.stderr.isatty())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.close()

    def add(self, size: float) -> None:
        """So much more is done."""
        self._done += size
        self._bar.update(size)
        now = time.monotonic()
        if self._bar.disable and now >= self._next_line:
            self._next_line = now + EVERY_S
            rate = self._done / (now - self._started)
            left_s = (self._total - self._done) / rate if rate else float("inf")
            print(
                f"{self._stage}: {self._done:.0f} of {self._total:.0f} {self._unit}, "
                f"{rate:.2g} a second, {left_s:.0f} s left",
                flush=True,
            )

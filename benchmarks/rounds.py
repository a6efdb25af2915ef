"""What the rows of the table share: ways that take turns within a run, ratios of rounds, and what a row tells."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Unit = Literal["x", "%", "ms", "MB", "s"]


class NotRunError(Exception):
    """A row cannot be measured here; says why."""


@dataclass(frozen=True)
class Scale:
    """How much a row does: all of it, or next to nothing, to see that it works."""

    is_tiny: bool = False

    def of(self, whole: int, tiny: int) -> int:
        return tiny if self.is_tiny else whole

    def rounds(self, whole: int) -> int:
        return 1 if self.is_tiny else whole


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the table, and what it should reach."""

    key: str  # of benchmarks/results.json
    work: str
    against: str
    reach: float
    unit: Unit
    at_least: bool = True  # else at most

    def is_reached(self, value: float) -> bool:
        return value >= self.reach if self.at_least else value <= self.reach


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured of a line."""

    value: float
    detail: str  # the figures that it is made from


def seconds_of(work: Callable[[], object]) -> float:
    """The wall time of a call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def take_turns(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The seconds that each way takes in each round: what else the machine does falls on all."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, work in ways.items():
            seconds[name].append(seconds_of(work))
    return seconds


def ratio(seconds: Mapping[str, list[float]], over: str, under: str) -> Found:
    """The median of all rounds' ratios of two ways' times, with each way's median."""
    ratios = [a / b for a, b in zip(seconds[over], seconds[under], strict=True)]
    middles = [f"{name} {statistics.median(seconds[name]):.1f} s" for name in (under, over)]
    rounds = f"{len(ratios)} round{'s' if len(ratios) > 1 else ''}"
    return Found(value=statistics.median(ratios), detail=f"{', '.join(middles)}; {rounds}")

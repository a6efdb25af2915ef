"""Cheap draws from a numpy stream: single calls to a Generator cost microseconds, a drawn block next to nothing."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

Choice = TypeVar("Choice")
BLOCK = 512


class Dice:
    """A random stream that is drawn in blocks; equal seeds give equal draws."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._pool: list[float] = []

    def random(self) -> float:
        """A number in [0, 1)."""
        if not self._pool:
            self._pool = self._rng.random(BLOCK).tolist()
        return self._pool.pop()

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + self.random() * (high - low)

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """One of `choices`, each as likely."""
        return choices[int(self.random() * len(choices))]

    def weighted(self, weights: Mapping[Choice, float]) -> Choice:
        """One of the keys, as likely as its weight says."""
        at = self.random() * sum(weights.values())
        for key, weight in weights.items():
            at -= weight
            if at < 0:
                return key
        return list(weights)[-1]  # rounding

    def shuffled(self, items: Sequence[Choice]) -> list[Choice]:
        """The items in a random order."""
        left = list(items)
        return [left.pop(int(self.random() * len(left))) for _ in items]

    def seed(self) -> int:
        """A seed for a stream that can be played again, as a section that returns is."""
        return int(self.random() * 2**53)


def dice_of(seed: int) -> Dice:
    """The stream of a seed."""
    return Dice(np.random.Generator(np.random.PCG64(seed)))

"""How sure a share of a few is, and whether two of them differ by more than chance.

Conventions: shares are 0 to 1; intervals are of 95 %. In figures that `dvc metrics diff` shows, the interval of `name`
is `name_low` to `name_high`, beside it.
"""

from collections.abc import Mapping
from math import sqrt
from typing import Any, NamedTuple

Z = 1.96  # standard deviations that 95 % of a normal distribution are within
LOW, HIGH = "_low", "_high"
DIGITS = 4


class Estimate(NamedTuple):
    """A figure and the interval that it is sure within."""

    value: float
    low: float
    high: float


def share_of(n_true: int, n: int) -> Estimate | None:
    """The share of `n` that are true, with Wilson's score interval (1927); None of none.

    It needs no large numbers, and of all or nothing it still says how little few clips tell.

    >>> share_of(8, 8), share_of(0, 0)
    (Estimate(value=1.0, low=0.6756, high=1.0), None)
    """
    if not n:
        return None
    share = n_true / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    low, high = max(middle - half, 0.0), min(middle + half, 1.0)
    return Estimate(*(round(one, DIGITS) for one in (share, low, high)))


def differ(one: Estimate, other: Estimate) -> bool:
    """Whether two figures of different clips differ by more than chance.

    The interval of their difference (Newcombe, 1998, method 10) is made of the squares of the distances to those ends
    of their own intervals that face each other; it must leave out 0. Less strict than that the intervals be apart.

    >>> differ(share_of(2, 8), share_of(5, 8)), differ(share_of(1, 16), share_of(13, 16))
    (False, True)
    """
    low, high = sorted((one, other))
    return high.value - low.value > sqrt((high.value - high.low) ** 2 + (low.high - low.value) ** 2)


def flat(name: str, found: Estimate | None) -> dict[str, float | None]:
    """A figure with its interval as three figures; all null where there is none.

    >>> flat("passed", share_of(1, 2))
    {'passed': 0.5, 'passed_low': 0.0945, 'passed_high': 0.9055}
    """
    value, low, high = found or (None, None, None)
    return {name: value, f"{name}{LOW}": low, f"{name}{HIGH}": high}


def estimates(figures: Mapping[str, Any], prefix: str = "") -> dict[str, Estimate]:
    """The figures of a file that have an interval, by dotted name.

    >>> estimates({"total": {"tracks": 4, "passed": 0.5, "passed_low": 0.1, "passed_high": 0.9, "loss_low": None}})
    {'total.passed': Estimate(value=0.5, low=0.1, high=0.9)}
    """
    found: dict[str, Estimate] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            found |= estimates(value, f"{prefix}{name}.")
        else:
            three = (value, figures.get(f"{name}{LOW}"), figures.get(f"{name}{HIGH}"))
            numbers = [one for one in three if isinstance(one, int | float)]
            if len(numbers) == len(three):
                found[f"{prefix}{name}"] = Estimate(*numbers)
    return found

"""How many tags are true: rates over the verdicts of many tracks.

Conventions: a row is one track's, with `"verdicts": [[tag, kind, is_true, basis], …]`; a rate is the share of true
verdicts, 0 to 1. Stated verdicts have rates of their own: they tell of records and edited prompts, not of tags.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from legato.contract.facts import Facts
from legato.truth.basis import STATED, Verdict

LIMITS = {"bpm_heard": 0.95, "key": 0.85, "mood": 0.85}  # estimators err: the least rate; 1 for the others


class Rate(NamedTuple):
    """How often a kind of verdict is true."""

    kind: str
    n: int
    n_true: int
    is_stated: bool = False

    @property
    def rate(self) -> float:
        return self.n_true / self.n

    @property
    def limit(self) -> float:
        """The least rate; what is only stated is estimated by nobody and must be true."""
        return 1.0 if self.is_stated else LIMITS.get(self.kind, 1.0)

    @property
    def reaches_limit(self) -> bool:
        return self.rate >= self.limit


def rates(rows: Iterable[Facts]) -> list[Rate]:
    """The rate of each kind of verdict that is checked, by name, then of each that is stated."""
    tally = Tally()
    for row in rows:
        tally.add(row)
    return tally.rates()


class Tally:
    """Counts verdicts, of one track after another."""

    def __init__(self) -> None:
        self._n: Counter[tuple[bool, str]] = Counter()
        self._n_true: Counter[tuple[bool, str]] = Counter()

    def add(self, row: Facts) -> None:
        """Count a track's verdicts."""
        for verdict in (Verdict(*one) for one in row["verdicts"]):
            self._n[verdict.basis == STATED, verdict.kind] += 1
            self._n_true[verdict.basis == STATED, verdict.kind] += verdict.is_true

    def rates(self) -> list[Rate]:
        """The rate of each kind of verdict that is checked, by name, then of each that is stated."""
        return [Rate(kind, n, self._n_true[stated, kind], stated) for (stated, kind), n in sorted(self._n.items())]


class Accuracy(NamedTuple):
    """How many of a dataset's verdicts are true: of those that are checked, and apart from them of the stated ones."""

    n_checked: int
    n_true: int
    n_stated: int
    n_stated_false: int

    @property
    def share(self) -> float | None:
        """Of checked verdicts, those that are true; None where nothing is checked."""
        return self.n_true / self.n_checked if self.n_checked else None


def accuracy(found: Iterable[Rate]) -> Accuracy:
    """The sums over all kinds of verdicts."""
    found = list(found)
    checked, stated = ([rate for rate in found if rate.is_stated == is_stated] for is_stated in (False, True))
    return Accuracy(
        n_checked=sum(rate.n for rate in checked),
        n_true=sum(rate.n_true for rate in checked),
        n_stated=sum(rate.n for rate in stated),
        n_stated_false=sum(rate.n - rate.n_true for rate in stated),
    )


def false_verdicts(rows: Iterable[Facts]) -> list[tuple[str, str, str]]:
    """(id, kind, tag) of every verdict that is not true, stated ones too."""
    return [(row["id"], kind, tag) for row in rows for tag, kind, is_true, _ in row["verdicts"] if not is_true]

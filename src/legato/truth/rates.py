"""How often prompts tell the truth: rates over the verdicts of many tracks.

Conventions: a row is one track's, with `"verdicts": [[tag, kind, is_true], …]`; a rate is the share of true verdicts,
0 to 1.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

Row = dict[str, Any]
UNKNOWN = "unknown"  # of a tag that no check knows: never true
LIMITS = {"bpm_heard": 0.95, "key": 0.85, "mood": 0.85}  # estimators err: the least rate; 1 for the others


class Rate(NamedTuple):
    """How often a kind of verdict is true."""

    kind: str
    n_checked: int
    n_true: int

    @property
    def rate(self) -> float:
        return self.n_true / self.n_checked

    @property
    def is_honest(self) -> bool:
        """Whether the rate reaches what the kind of verdict asks for."""
        return self.rate >= LIMITS.get(self.kind, 1.0)


def rates(rows: Iterable[Row]) -> list[Rate]:
    """The rate of each kind of verdict, by name."""
    checked: Counter[str] = Counter()
    true: Counter[str] = Counter()
    for row in rows:
        for _, kind, is_true in row["verdicts"]:
            checked[kind] += 1
            true[kind] += is_true
    return [Rate(kind, checked[kind], true[kind]) for kind in sorted(checked)]


def lies(rows: Iterable[Row]) -> list[tuple[str, str, str]]:
    """(id, kind, tag) of every verdict that is not true."""
    return [(row["id"], kind, tag) for row in rows for tag, kind, is_true in row["verdicts"] if not is_true]

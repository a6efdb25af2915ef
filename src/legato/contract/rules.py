"""What a contract says, as rules in their order: the first one that does not hold is the error."""

from collections.abc import Callable, Sequence
from typing import Any

from legato.errors import LegatoError

Rule = tuple[Callable[[Any], bool], str]


def obey(rules: Sequence[Rule], value: Any, where: object) -> None:
    """Check a value against rules in their order.

    Raises:
        LegatoError: the first rule that does not hold, and where.
    """
    if rule := broken(rules, value):
        raise LegatoError(f"{where}: {rule}")


def broken(rules: Sequence[Rule], value: Any) -> str | None:
    """The first rule that does not hold, or None."""
    return next((rule for holds, rule in rules if not holds(value)), None)

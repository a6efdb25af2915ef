"""The categories of params.yaml, by name."""

import re

from legato import params
from legato.errors import LegatoError
from legato.params import PARAMS
from legato.track import TrackCount

NAME = re.compile(r"[a-z0-9_]+")


def names() -> list[str]:
    """The categories in params.yaml, in its order.

    Raises:
        LegatoError: there is none, or a name is not made of `a-z`, `0-9` and `_`.
    """
    section = params.read().get("categories")
    if not isinstance(section, dict) or not section:
        raise LegatoError(f"{PARAMS}: categories: must name at least one category")
    for name in section:
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            raise LegatoError(f"{PARAMS}: categories: {name!r}: a category's name is made of a-z, 0-9 and _")
    return list(section)


def track_counts() -> dict[str, int]:
    """How many tracks each category has."""
    return {name: params.load(f"categories.{name}.tracks", TrackCount) for name in names()}

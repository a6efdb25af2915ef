"""What a person decided of records in doubt: `sources/<category>.review.yaml`, signed, in Git.

reviewed:
- id: "12345"
  record: 9f86d0…            # SHA-256 of the raw record that was seen; another one waits again
  doubts: [composer]         # that were looked at; a new one waits again
  verdict: admit             # or refuse
  reason: the composer is the artist under another name
  who: Jane Doe
  when: "2026-11-26"
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from legato.archives.config import AsOf
from legato.errors import LegatoError
from legato.workspace import params
from legato.workspace.layout import SOURCES
from legato.workspace.params import Strict


def _check_signed(text: str) -> str:
    if not text.strip() or text != text.strip() or not text.isprintable():
        raise ValueError("must be words, and not empty")
    return text


def _check_hash(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise ValueError("must be the 64 hex digits that `legato review` shows")
    return text


Signed = Annotated[str, AfterValidator(_check_signed)]


class Decision(Strict):
    """What one person decided of one record."""

    id: Signed
    record: Annotated[str, AfterValidator(_check_hash)]
    doubts: Annotated[list[Signed], Field(min_length=1)]
    verdict: Literal["admit", "refuse"]
    reason: Signed
    who: Signed
    when: AsOf


def review_path(category: str) -> Path:
    """Where a category's decisions are."""
    return SOURCES / f"{category}.review.yaml"


def read_reviews(category: str) -> dict[str, Decision]:
    """The decisions of a category by record; none where there is no such file.

    Raises:
        LegatoError: the file breaks a rule, or decides of a record twice.
    """
    path = review_path(category)
    if not path.exists():
        return {}
    found: dict[str, Decision] = {}
    for decision in params.load("reviewed", list[Decision], path):
        if decision.id in found:
            raise LegatoError(f"{path}: reviewed: {decision.id!a}: is decided twice")
        found[decision.id] = decision
    return found

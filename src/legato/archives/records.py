"""A record of an archive: what it says of the rights in its two layers, and what speaks against it.

Conventions: a layer is the recording (of a score: its transcription) or the composition, the work that is heard. A
refusal is final. A doubt is what only a person can decide. Texts of strangers are shown by `shown` alone.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from legato.licenses.policy import COMPOSITION, RECORDING

MOST_SHOWN = 60  # letters of a stranger's text in a message
MOST_TEXT = 200  # of a name or a title in facts
RECORD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Reason(NamedTuple):
    """Why a record is refused, or in doubt."""

    code: str  # one of a few words, to count by
    detail: str = ""  # a value of the record, shown

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What a record says of the rights in one layer."""

    license: str | None  # an id of `legato.licenses`; None where nothing is known
    rule: str  # that gave the id
    field: str  # of the record
    stated: str  # its value, letter by letter


@dataclass(frozen=True, kw_only=True)
class Record:
    """One work of an archive, before it is judged."""

    source: str
    id: str
    raw: Mapping[str, Any]  # as the archive has it: the evidence
    recording: Layer
    composition: Layer
    file: str  # in the pack, or an address
    groups: tuple[str, ...]  # who and what it belongs to: none is on both sides of the held-out line
    refusals: tuple[Reason, ...] = ()
    doubts: tuple[Reason, ...] = ()
    checks: Mapping[str, str] = field(default_factory=dict)  # hashes that the archive states of the file
    title: str = ""
    creator: str = ""
    url: str = ""
    attribution: str = ""  # of its metadata, where these ask for it
    words: tuple[str, ...] = ()  # tags or headings, in lower case: `legato.archives.words` maps them

    @property
    def layers(self) -> dict[str, Layer]:
        """Both layers by name."""
        return {RECORDING: self.recording, COMPOSITION: self.composition}


def raw_bytes(raw: Mapping[str, Any]) -> bytes:
    """A raw record as one line of JSON: what is kept, and what evidence is the hash of."""
    return json.dumps(raw, sort_keys=True, allow_nan=False).encode("ascii")


def evidence_of(raw: Mapping[str, Any]) -> str:
    """The SHA-256 of a raw record."""
    return hashlib.sha256(raw_bytes(raw)).hexdigest()


def shown(value: Any) -> str:
    """A stranger's value as it may be in a message: printable ASCII in quotes, cut.

    >>> shown("a" * 99)[-5:], shown("x\\u202ey")
    ('aa...', "'x\\\\u202ey'")
    """
    text = ascii(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."


def fact_text(text: str) -> str:
    """A name or a title for the facts: cut; no letter that steers a terminal or turns the script's direction.

    >>> fact_text("A\\u202eB\\n C")
    'AB C'
    """
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:MOST_TEXT]

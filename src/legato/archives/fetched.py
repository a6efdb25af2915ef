"""What was fetched for a category: `sources/<category>.fetched.jsonl`, in Git, and the originals beside the pipeline.

The list is a lock. Its first line says what was asked and how many records became what, then there is a line for each
record that was admitted. While it is there, `fetch` brings what it names and nothing else; where something else is
asked, it says so. So a new version of what an archive has is a change that one commit shows.

    dataset/fetched/<category>/originals/   the files, by record
    dataset/fetched/<category>/records.jsonl   raw records of what was admitted: the evidence
    dataset/fetched/<category>/refused.jsonl   every other record, with one reason each
    dataset/fetched/<category>/waiting.jsonl   what a person should look at: all doubts, and the raw record
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from legato.archives.config import ARCHIVES, Asked, asked_values
from legato.archives.judging import Judgement, layer_facts
from legato.archives.records import Layer, Record, evidence_of
from legato.errors import LegatoError
from legato.files import read_jsonl
from legato.workspace.layout import FETCHED, fetched_list

Row = dict[str, Any]
RECORDS, REFUSED, WAITING = "records.jsonl", "refused.jsonl", "waiting.jsonl"
ORIGINALS = "originals"
NEEDED = ("id", "file", "sha256", "record", "rights", "groups", "source")


def original_path(category: str, row: Mapping[str, Any]) -> Path:
    """Where the original of a row of the list is."""
    return FETCHED.folder(category) / ORIGINALS / row["file"]


def row_of(record: Record, judged: Judgement, original: Path, sha256: str, retrieved: str) -> Row:
    """A record that was admitted, as a line of the list."""
    evidence = evidence_of(record.raw)
    return {
        "id": record.id,
        "source": record.source,
        "file": original.name,
        "sha256": sha256,
        "bytes": original.stat().st_size,
        "record": evidence,
        "rights": {name: layer_facts(layer, evidence, retrieved) for name, layer in record.layers.items()},
        "groups": sorted(set(record.groups)),
        "title": record.title,
        "creator": record.creator,
        "url": record.url,
        "attribution": record.attribution,
        "words": list(record.words),
        "review": dict(judged.review) if judged.review else None,
    }


def layer_of(facts: Mapping[str, Any]) -> Layer:
    """A layer from the list."""
    return Layer(license=facts["license"], rule=facts["rule"], field=facts["field"], stated=facts["stated"])


def read_list(category: str) -> tuple[Row, list[Row]]:
    """What was asked, and the records that were admitted.

    Raises:
        LegatoError: there is no list, or it is none.
    """
    path = fetched_list(category)
    if not path.is_file():
        raise LegatoError(f"{path}: no such file; `dvc repro fetch@{category}` makes it")
    rows = read_jsonl(path)
    if not rows or "asked" not in rows[0]:
        raise LegatoError(f"{path}: its first line must say what was asked")
    for number, row in enumerate(rows[1:], start=2):
        if missing := [key for key in NEEDED if key not in row]:
            raise LegatoError(f"{path}: line {number}: {missing[0]}: this key is missing")
        if Path(row["file"]).name != row["file"]:
            raise LegatoError(f"{path}: line {number}: file: {row['file']!a}: must be a name without folders")
    return rows[0], rows[1:]


def check_asked(category: str, asked: Asked, head: Mapping[str, Any]) -> None:
    """See that a list is of what is asked now.

    Raises:
        LegatoError: it is not; the message says how to have it fetched again.
    """
    values = asked_values(asked)
    if head["asked"] != values:
        known = head["asked"] if isinstance(head["asked"], dict) else {}
        changed = ", ".join(sorted(key for key in values | known if values.get(key) != known.get(key)))
        path = fetched_list(category)
        raise LegatoError(
            f"{path}: is frozen: {ARCHIVES}.{category} has another {changed} than when it was fetched, "
            f"{head.get('retrieved')}: `rm {path}` and `dvc repro` fetch it again"
        )

"""What of an archive waits for a person, and how a decision is written down."""

import json
from collections.abc import Iterator, Sequence

from legato.archives.fetched import WAITING, Row
from legato.archives.review import read_reviews, review_path
from legato.errors import LegatoError
from legato.files import read_jsonl
from legato.words import counted
from legato.workspace import categories
from legato.workspace.layout import FETCHED, fetched_list
from legato.workspace.params import PARAMS


def waiting(category: str) -> list[Row]:
    """The records in doubt of which nothing has been decided since they were fetched.

    Raises:
        LegatoError: it is no category of an archive, or nothing was fetched for it.
    """
    if category not in categories.names() or not categories.is_archive(category):
        raise LegatoError(f"{PARAMS}: categories: {category!r}: no such category that comes from an archive")
    decided = read_reviews(category)
    rows = read_jsonl(FETCHED.folder(category) / WAITING)
    return [row for row in rows if not (row["id"] in decided and decided[row["id"]].record == row["record"])]


def lines_of(category: str, rows: Sequence[Row]) -> Iterator[str]:
    """What waits, as entries of the review file that lack a verdict, a reason, a name and a date."""
    n_records = counted(len(rows), "record")
    if not rows:
        yield f"{category}: nothing waits"
        return
    path, listed = review_path(category), fetched_list(category)
    yield f"# {category}: {n_records} waiting. Look at each, fill in what is empty, and put it into {path} below"
    yield f"# `reviewed:`. Then `rm {listed}` and `dvc repro`; commit both files."
    for row in rows:
        yield f"# {json.dumps(row['title'])} by {json.dumps(row['creator'])}, {json.dumps(row['url'])}"
        yield from (f"#   {code}: {detail}" for code, detail in row["doubts"])
        yield f"- id: {json.dumps(row['id'])}"
        yield f'  record: "{row["record"]}"'
        yield f"  doubts: [{', '.join(code for code, _ in row['doubts'])}]"
        yield from (f"  {key}:" for key in ("verdict", "reason", "who", "when"))

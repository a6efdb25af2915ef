"""fetch@category: judge an archive's records, and bring the originals of those that are admitted, each checked."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol

from legato.archives import fma, freesound, loc, scores
from legato.archives.config import (
    ARCHIVES,
    Asked,
    FmaParams,
    FreesoundParams,
    LocParams,
    PdmxParams,
    asked_values,
    read_asked,
)
from legato.archives.content import is_what_it_says
from legato.archives.fetched import (
    ORIGINALS,
    RECORDS,
    REFUSED,
    WAITING,
    Row,
    check_asked,
    original_path,
    read_list,
    row_of,
)
from legato.archives.freesound_api import FreesoundApi
from legato.archives.judging import REFUSED as REFUSES
from legato.archives.judging import WAITING as WAITS
from legato.archives.judging import Judgement, judge
from legato.archives.packs import Pack, UnusableError
from legato.archives.records import Reason, Record, evidence_of, raw_bytes
from legato.archives.review import read_reviews
from legato.errors import LegatoError
from legato.files import replacing, sha256_of, write_bytes, write_jsonl
from legato.licenses.policy import PolicyParams
from legato.words import counted
from legato.workspace import params
from legato.workspace.layout import FETCHED, fetched_list


class Archive(Protocol):
    """Where records come from, and originals."""

    def records(self) -> Iterator[Record]:
        """All of them."""

    def find(self, ids: set[str]) -> Iterator[Record]:
        """Those of a list."""

    def extract(self, wanted: Mapping[str, tuple[Record, Path]]) -> Iterator[tuple[str, Reason | None]]:
        """Write originals; give each record's id, and why its original cannot be had."""


@dataclass
class PackArchive:
    """A pack that the user has downloaded."""

    asked: Asked
    pack: Pack

    def records(self) -> Iterator[Record]:
        if isinstance(self.asked, FreesoundParams):
            yield from freesound.packed(self.asked, self.pack)
        elif isinstance(self.asked, FmaParams):
            yield from fma.packed(self.asked, self.pack)
        elif isinstance(self.asked, LocParams):
            yield from loc.packed(self.asked, self.pack)
        elif isinstance(self.asked, PdmxParams):
            yield from scores.of_pdmx(self.asked, self.pack)
        else:
            yield from scores.of_openscore(self.asked, self.pack)

    def find(self, ids: set[str]) -> Iterator[Record]:
        return (record for record in self.records() if record.id in ids)

    def extract(self, wanted: Mapping[str, tuple[Record, Path]]) -> Iterator[tuple[str, Reason | None]]:
        targets: dict[str, Path] = {}
        ids: dict[str, str] = {}
        for name, (record, path) in wanted.items():
            try:
                member = self.pack.find(record.file) if record.file else None
            except UnusableError as error:
                yield name, Reason("no audio", str(error))
                continue
            if member is None or member in ids:
                yield name, Reason("no original", "it is not in the pack" if member is None else "it is another's")
            else:
                targets[member], ids[member] = path, name
        for member, why in self.pack.extract(targets):
            yield ids[member], Reason("original", why) if why else None


@dataclass
class _Noted:
    """What is written of records that are not admitted, as they come: of these no more is kept than counts."""

    refused: IO[str]
    waiting: IO[str]
    counts: Counter[str] = field(default_factory=Counter)
    n_waiting: int = 0

    def refuse(self, name: str, reason: Reason) -> None:
        """One reason for each record."""
        self.counts[reason.code] += 1
        self.refused.write(json.dumps({"id": name[:64], "reason": reason.code, "detail": reason.detail}) + "\n")

    def wait(self, record: Record, judged: Judgement) -> None:
        """All doubts, and the raw record for whoever decides."""
        self.n_waiting += 1
        row = {
            "id": record.id,
            "record": evidence_of(record.raw),
            "doubts": [list(doubt) for doubt in judged.reasons],
            "title": record.title,
            "creator": record.creator,
            "url": record.url,
            "raw": dict(record.raw),
        }
        self.waiting.write(json.dumps(row, sort_keys=True) + "\n")


Admitted = dict[str, tuple[Record, Judgement]]


def fetch_category(category: str) -> None:
    """Make a category's list and bring its originals; where there is a list, bring what it names.

    Raises:
        LegatoError: what is asked breaks a rule, or is not what the list was made of; an archive cannot be read; an
            original is no longer what the list says.
    """
    asked = read_asked(category)
    if fetched_list(category).exists():
        _fetch_listed(category, asked)
    else:
        _fetch_new(category, asked, _open(category, asked))


def _open(category: str, asked: Asked) -> Archive:
    where = f"{params.PARAMS}: {ARCHIVES}.{category}"
    api = asked.api if isinstance(asked, FreesoundParams) else None
    if (asked.path is None) == (api is None):
        either = "path or api" if isinstance(asked, FreesoundParams) else "path"
        raise LegatoError(f"{where}: {either}: must say where the archive is")
    if isinstance(asked, FreesoundParams) and api:
        return FreesoundApi(asked, api)
    return PackArchive(asked, Pack(Path(asked.path or "")))


def _fetch_new(category: str, asked: Asked, archive: Archive) -> None:
    folder = FETCHED.folder(category)
    folder.mkdir(parents=True, exist_ok=True)
    retrieved = datetime.now(UTC).isoformat(timespec="seconds")
    with (
        replacing(folder / REFUSED) as refused_path,
        refused_path.open("w", encoding="ascii") as refused,
        replacing(folder / WAITING) as waiting_path,
        waiting_path.open("w", encoding="ascii") as waiting,
    ):
        noted = _Noted(refused, waiting)
        admitted = _judge_all(category, asked, archive, noted)
        rows = _bring(category, admitted, archive, retrieved, noted)
    lines = sorted(raw_bytes(record.raw) + b"\n" for record, _ in admitted.values())
    write_bytes(folder / RECORDS, b"".join(lines))
    _sweep(folder / ORIGINALS, {row["file"] for row in rows})
    head = {
        "asked": asked_values(asked),
        "retrieved": retrieved,
        "admitted": len(rows),
        "waiting": noted.n_waiting,
        "refused": dict(sorted(noted.counts.items())),
    }
    write_jsonl(fetched_list(category), [head, *rows])
    print(summary_of(category, head))


def _judge_all(category: str, asked: Asked, archive: Archive, noted: _Noted) -> Admitted:
    policy, reviews = params.load("policy", PolicyParams), read_reviews(category)
    is_pack = isinstance(archive, PackArchive)
    twice = _twice(archive.records()) if is_pack else set()  # a search gives each sound once
    admitted: Admitted = {}
    for record in archive.records():
        judged = judge(record, policy, reviews)
        if judged.outcome == REFUSES:
            noted.refuse(record.id, judged.reasons[0])
        elif record.id in twice:
            noted.refuse(record.id, Reason("id is there twice"))
        elif judged.outcome == WAITS:
            noted.wait(record, judged)
        elif asked.records is not None and len(admitted) >= asked.records:
            if not is_pack:  # what is not asked for is not searched for either
                break
            noted.refuse(record.id, Reason("not asked for", "records"))
        else:
            admitted[record.id] = record, judged
    return admitted


def summary_of(category: str, head: Row) -> str:
    """What became of an archive's records, in one line."""
    refused = ", ".join(f"{n} {reason}" for reason, n in sorted(head["refused"].items(), key=lambda one: -one[1]))
    told = f"; `legato review {category}` shows what waits" if head["waiting"] else ""
    return (
        f"fetch@{category}: {counted(head['admitted'], 'record')} admitted, {head['waiting']} waiting, "
        f"{sum(head['refused'].values())} refused{f' ({refused})' if refused else ''}{told}"
    )


def _twice(records: Iterable[Record]) -> set[str]:
    """Ids that more than one record has. Of an archive of any size its ids are in memory, and nothing else."""
    seen: set[str] = set()
    twice: set[str] = set()
    for record in records:
        (twice if record.id in seen else seen).add(record.id)
    return twice


def _bring(category: str, admitted: Admitted, archive: Archive, retrieved: str, noted: _Noted) -> list[Row]:
    """Bring the originals of what is admitted, and forget those that cannot be had, are another thing or another's."""
    folder = FETCHED.folder(category) / ORIGINALS
    wanted = {name: (record, folder / _file_name(record)) for name, (record, _) in admitted.items()}
    failed = dict(archive.extract(wanted))
    rows: list[Row] = []
    known: dict[str, str] = {}
    for name in sorted(wanted):
        record, path = wanted[name]
        why = failed.get(name) or is_what_it_says(path)
        sha256 = "" if why else sha256_of(path)
        if sha256 in known:
            why = Reason("same file", f"as {known[sha256]}")
        if why:
            noted.refuse(name, why)
            path.unlink(missing_ok=True)
            del admitted[name]
        else:
            known[sha256] = name
            rows.append(row_of(record, admitted[name][1], path, sha256, retrieved))
    return rows


def _file_name(record: Record) -> str:
    return f"{record.id}{Path(record.file).suffix.lower()[:5]}"


def _sweep(folder: Path, kept: set[str]) -> None:
    """Remove originals that no row names, from a fetch before."""
    for path in folder.glob("*") if folder.is_dir() else ():
        if path.name not in kept:
            path.unlink()


def _fetch_listed(category: str, asked: Asked) -> None:
    """Bring what the list names and is not here; it must be what it was. Where all is here, no archive is needed."""
    head, rows = read_list(category)
    check_asked(category, asked, head)
    missing = {row["id"]: row for row in rows if not _is_here(category, row)}
    if not missing:
        print(f"fetch@{category}: {counted(len(rows), 'record')}, all here: {fetched_list(category)} is frozen")
        return
    archive = _open(category, asked)
    wanted = {
        record.id: (record, original_path(category, missing[record.id]))
        for record in archive.find(set(missing))
        if evidence_of(record.raw) == missing[record.id]["record"]
    }
    failed = dict(archive.extract(wanted))
    for name, row in missing.items():
        if name not in wanted:
            raise LegatoError(f"{fetched_list(category)}: {name}: the archive has no such record any more")
        if failed.get(name) or not _is_here(category, row):
            why = failed.get(name) or "its original is not the one that the list names"
            raise LegatoError(f"{fetched_list(category)}: {name}: {why}")


def _is_here(category: str, row: Row) -> bool:
    path = original_path(category, row)
    return path.is_file() and sha256_of(path) == row["sha256"]

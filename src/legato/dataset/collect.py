"""Every category's codes and prompts as one dataset in the trainer's format, held-out tracks apart.

Memory holds a category's facts and of each other track its name: what all categories share, which is sorted lists, is
merged from files.
"""

import hashlib
import heapq
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from legato import shards
from legato.contract.facts import Facts
from legato.contract.folder import CODES_FOLDER, FACTS, METADATA
from legato.errors import LegatoError
from legato.files import Json, read_jsonl, replacing, rows_of, write_bytes, write_jsonl
from legato.prompts.tags import read_prompt
from legato.tokens import N_CHANNELS, SAMPLE_RATE
from legato.workspace.contents import facts_of
from legato.workspace.layout import CODES, HELD_OUT, PROMPT, STAGES_WITH_FACTS, TRAIN, facts_path
from legato.workspace.track import is_held_out, is_held_out_by_id

NO_FONT: Json = dict.fromkeys(("soundfont", "soundfont_license", "soundfont_sha256", "midi_sha256"))  # of a recording
RUNS = ".runs"  # in a folder that is being written: lists that are sorted within a category


def inputs(categories: Sequence[str]) -> list[Path]:
    """The files and folders that `collect` reads of categories."""
    return facts_of(categories) + [made.folder(name) for name in categories for made in (PROMPT, CODES)]


def collect(
    categories: Mapping[str, Sequence[str]], held_out: float, made_with: Facts, layout: shards.Layout = "files"
) -> None:
    """Write both datasets, or neither.

    Args:
        categories: the ids of each one's tracks. They are walked, never the folders: what a removed category
            left behind is not read.
        held_out: the fraction of each category that goes to `HELD_OUT`. Where that would be every track, the first
            one is trained on nevertheless: a dataset of one file is still a dataset.
        made_with: facts that all tracks share.
        layout: of both datasets; `auto` is by the number of all tracks.

    Raises:
        LegatoError: a category is missing or incomplete.
    """
    _check_distinct(categories)
    apart = _held_out_ids(categories, held_out)
    is_packed = shards.is_packed(layout, sum(map(len, categories.values())))
    folders = (TRAIN.path, HELD_OUT.path)
    writers = [_Writer(folder.with_name(f".{folder.name}"), is_packed=is_packed) for folder in folders]
    for category, names in sorted(categories.items()):
        sides: tuple[list[Facts], list[Facts]] = ([], [])
        for row in track_rows(category, names):
            is_apart = row["id"] in apart
            font = NO_FONT if row.get("is_audio") else {}
            sides[is_apart].append(cast(Facts, {**row, "held_out": is_apart, **made_with, **font}))
        for writer, side in zip(writers, sides, strict=True):
            writer.add(category, side)
    for writer in writers:
        writer.finish()
    for writer, folder in zip(writers, folders, strict=True):
        shutil.rmtree(folder, ignore_errors=True)
        writer.folder.replace(folder)


def _check_distinct(categories: Mapping[str, Sequence[str]]) -> None:
    known: set[str] = set()
    for category, names in categories.items():
        for name in names:
            if name in known:
                raise LegatoError(f"{category}: {name}: another track has this id: rename its file or category")
            known.add(name)


def _held_out_ids(categories: Mapping[str, Sequence[str]], held_out: float) -> set[str]:
    """The tracks that are held out.

    A track from one of the user's own files is held out by its id, a composed one by its index.
    """
    rows: list[Facts] = []
    for category, names in categories.items():
        path = facts_path(category, STAGES_WITH_FACTS[0])
        known = {row["id"]: ("source" in row, row.get("groups")) for row in rows_of(path)}
        for index, name in enumerate(names):
            if name not in known:
                raise LegatoError(f"{path}: {name}: this track is missing; run `dvc repro`")
            is_source, groups = known[name]
            is_apart = is_held_out_by_id(name, held_out) if is_source else is_held_out(index, held_out)
            rows.append({"id": name, "held_out": is_apart} | ({"groups": groups} if groups else {}))  # type: ignore[arg-type]
    groups_of = keep_groups_together(rows, held_out)
    if all(row["held_out"] for row in rows):
        for row, group in zip(rows, groups_of, strict=True):
            row["held_out"] = group != groups_of[0]
    return {row["id"] for row in rows if row["held_out"]}


def keep_groups_together(rows: Sequence[Facts], held_out: float) -> list[str]:
    """Put all tracks that share an artist, an album, an uploader, a pack or a score on one side, over all categories.

    Tracks are of one group where they share any of their `groups`, or each one with a third. The side of a group is
    that of its first name: it depends on the names alone.

    Returns:
        Of each row its group's name; a track of no group is one by itself.
    """
    parent: dict[str, str] = {}

    def top(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for row in rows:
        for name in row.get("groups", []):
            first, second = sorted((top(row["groups"][0]), top(name)))
            parent[second] = first
    for row in rows:
        if row.get("groups"):
            row["held_out"] = is_held_out_by_id(top(row["groups"][0]), held_out)
    return [top(row["groups"][0]) if row.get("groups") else f"track:{row['id']}" for row in rows]


def track_rows(category: str, names: Sequence[str]) -> Iterator[Facts]:
    """The merged facts of each of a category's tracks."""
    stages = [{row["id"]: row for row in read_jsonl(facts_path(category, stage))} for stage in STAGES_WITH_FACTS]
    for index, name in enumerate(names):
        row: Json = {"category": category, "index": index}
        for stage, facts in zip(STAGES_WITH_FACTS, stages, strict=True):
            if name not in facts:
                raise LegatoError(f"{facts_path(category, stage)}: {name}: this track is missing; run `dvc repro`")
            row |= facts.pop(name)
        text = read_prompt(category, name)
        path = PROMPT.file(category, name)
        _check_sha256(hashlib.sha256(text.encode()).hexdigest(), row.pop("prompt_sha256"), path)
        yield cast(Facts, row | {"prompt": text})


class _Writer:
    """Writes a dataset in the trainer's format, one category after another.

    Where codes are in archives, facts are in a file for each of these; `export` makes the trainer's folder.
    """

    def __init__(self, folder: Path, *, is_packed: bool) -> None:
        self.folder, self._is_packed = folder, is_packed
        shutil.rmtree(folder, ignore_errors=True)
        for name in (CODES_FOLDER, RUNS):
            (folder / name).mkdir(parents=True)

    def add(self, category: str, rows: Sequence[Facts]) -> None:
        """Write a category's tracks, some of them or none.

        Raises:
            LegatoError: a track's codes are missing, or are not those that were indexed.
        """
        if not rows:
            return
        rows = sorted(rows, key=_file_name)
        self._run(METADATA, category, ({"name": _file_name(row)} | _metadata(row) for row in rows))
        if self._is_packed:
            self._pack(category, rows)
            return
        for row in rows:
            source = CODES.file(row["category"], row["id"])
            write_bytes(self.folder / CODES_FOLDER / source.name, _codes_of(row, source))
        self._run(FACTS, category, sorted(rows, key=lambda row: row["id"]))

    def finish(self) -> None:
        """Write what is of all categories.

        Raises:
            LegatoError: a track's codes are missing, or are not those that were indexed.
        """
        _write_object(self.folder / METADATA, self._merged(METADATA, "name"))
        if self._is_packed:
            _write_lines(self.folder / CODES_FOLDER / shards.INDEX, self._merged(shards.INDEX, "name"))
        if not self._is_packed or not (self.folder / FACTS).exists():
            _write_lines(self.folder / FACTS, self._merged(FACTS, "id"))
        shutil.rmtree(self.folder / RUNS)

    def _pack(self, category: str, rows: Sequence[Facts]) -> None:
        """A category's codes in archives of its own; their index has what training needs of a track."""
        from legato.contract.packed import describe  # and torch

        def member(row: Facts) -> shards.Member:
            source = CODES.file(row["category"], row["id"])
            content = _codes_of(row, source)
            known = {"category": row["category"], "text": row["prompt"], "codec_sha256": row.get("codec_sha256")}
            facts = known | describe(content, source)
            return shards.Member(source.name, content, facts)

        by_name = {_file_name(row): row for row in rows}
        entries = []
        packed = shards.pack(self.folder / CODES_FOLDER, category, ([member(row)] for row in rows))
        for archive, inside in groupby(packed, key=lambda entry: entry["archive"]):
            found = list(inside)
            entries += found
            part = self.folder / FACTS / f"{Path(archive).stem}.jsonl"
            write_jsonl(part, (by_name[entry["name"]] for entry in found))
        self._run(shards.INDEX, category, entries)

    def _run(self, kind: str, category: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows of a category that are sorted, until those of all are merged."""
        _write_lines(self.folder / RUNS / f"{category}.{kind}", map(_line, rows))

    def _merged(self, kind: str, key: str) -> Iterator[str]:
        """The lines of all categories' runs, sorted by one of their keys."""
        with ExitStack() as stack:
            paths = sorted((self.folder / RUNS).glob(f"*.{kind}"))
            files = [stack.enter_context(path.open(encoding="ascii")) for path in paths]
            yield from heapq.merge(*files, key=lambda line: json.loads(line)[key])


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, sort_keys=True, allow_nan=False) + "\n"


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="ascii") as file:
        file.writelines(lines)


def _write_object(path: Path, lines: Iterable[str]) -> None:
    """Lines of JSON as one object, each under its `name`, as `write_json` would write it."""

    def pieces() -> Iterator[str]:
        before = "{\n"
        for row in map(json.loads, lines):
            yield before + json.dumps({row.pop("name"): row}, indent=1, sort_keys=True)[2:-2]
            before = ",\n"
        yield "{}\n" if before == "{\n" else "\n}\n"

    _write_lines(path, pieces())


def _file_name(row: Facts) -> str:
    return f"{row['id']}.pt"


def _codes_of(row: Facts, source: Path) -> bytes:
    if not shards.exists(source):
        raise LegatoError(f"{source}: no such file; run `dvc repro`")
    content = shards.read(source)
    _check_sha256(hashlib.sha256(content).hexdigest(), row["codes_sha256"], source)
    return content


def _check_sha256(found: str, sha256: str, origin: Path) -> None:
    if found != sha256:
        raise LegatoError(f"{origin}: its sha256 is not the indexed {sha256}; run `dvc repro`")


def _metadata(row: Facts) -> Json:
    return {"text": row["prompt"], "sr": SAMPLE_RATE, "channels": N_CHANNELS, "length": row["frames"]}

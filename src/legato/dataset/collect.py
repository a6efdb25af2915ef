"""Every category's codes and prompts as one dataset in the trainer's format, held-out tracks apart.

Memory holds each track's id, some bytes more of it, and the facts of one: facts are read where they are wanted, and
what all categories share, which is sorted lists, is merged from files.
"""

import hashlib
import heapq
import json
import shutil
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO, cast

import numpy as np

from legato import shards
from legato.contract.facts import Facts
from legato.contract.folder import CODES_FOLDER, FACTS, METADATA
from legato.errors import LegatoError
from legato.files import Json, replacing, write_bytes, write_jsonl
from legato.prompts.tags import read_prompt
from legato.tokens import N_CHANNELS, SAMPLE_RATE
from legato.work.spilled import Lines, Names, digests, known_by
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
    apart = _held_out(categories, held_out)
    is_packed = shards.is_packed(layout, sum(map(len, categories.values())))
    folders = (TRAIN.path, HELD_OUT.path)
    writers = [_Writer(folder.with_name(f".{folder.name}"), is_packed=is_packed) for folder in folders]
    for category, names in sorted(categories.items()):
        facts = CategoryFacts(category, names, apart[category], made_with)
        for writer, is_apart in zip(writers, (False, True), strict=True):
            writer.add(
                category, [name for name, one in zip(names, apart[category], strict=True) if one == is_apart], facts
            )
    for writer in writers:
        writer.finish()
    for writer, folder in zip(writers, folders, strict=True):
        shutil.rmtree(folder, ignore_errors=True)
        writer.folder.replace(folder)


def _check_distinct(categories: Mapping[str, Sequence[str]]) -> None:
    repeated = Names(name for names in categories.values() for name in names).repeated()
    seen: set[str] = set()
    for category, names in categories.items() if repeated else ():
        for name in names:
            if name in seen:
                raise LegatoError(f"{category}: {name}: another track has this id: rename its file or category")
            if name in repeated:
                seen.add(name)


def _held_out(categories: Mapping[str, Sequence[str]], held_out: float) -> dict[str, np.ndarray]:
    """Of each category's tracks, whether they are held out.

    A track from one of the user's own files is held out by its id, a composed one by its index; all that share an
    artist, an album, an uploader, a pack or a score are on one side.
    """
    found: dict[str, np.ndarray] = {}
    groups = Groups()
    grouped: list[tuple[str, int, str]] = []  # category, index, its first group
    for category, names in categories.items():
        path = facts_path(category, STAGES_WITH_FACTS[0])
        facts = Lines(path)
        found[category] = np.zeros(len(names), bool)
        for index, name in enumerate(names):
            row = facts.line(name).read()
            is_source = "source" in row
            found[category][index] = is_held_out_by_id(name, held_out) if is_source else is_held_out(index, held_out)
            if row.get("groups"):
                groups.join(row["groups"])
                grouped.append((category, index, sys.intern(row["groups"][0])))
    for category, index, name in grouped:
        found[category][index] = is_held_out_by_id(groups.first(name), held_out)
    if all(one.all() for one in found.values()):
        first_category = next(iter(categories))
        own = {(category, index): groups.first(name) for category, index, name in grouped}
        first = own.get((first_category, 0))
        found[first_category][0] = False
        for (category, index), name in own.items():
            found[category][index] = first is None or name != first
    return found


class Groups:
    """Names of which all tracks are on one side of the held-out line: of one group are names that a track has together.

    The side of a group is that of its first name: it depends on the names alone.
    """

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def first(self, name: str) -> str:
        """The first of all names that are of one group with this one."""
        while self._parent.setdefault(name, name) != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name

    def join(self, names: Sequence[str]) -> None:
        """Make names one group, with what each of them is of one group with."""
        for name in names:
            first, second = sorted((self.first(names[0]), self.first(name)))
            self._parent[second] = first


class CategoryFacts:
    """The merged facts of each of a category's tracks, read when they are asked for."""

    def __init__(self, category: str, names: Sequence[str], apart: np.ndarray, made_with: Facts) -> None:
        self._category, self._made_with = category, made_with
        self._stages = [Lines(facts_path(category, stage)) for stage in STAGES_WITH_FACTS]
        places = digests(names)
        order = np.argsort(places)
        self._names, self._index, self._apart = places[order], order, apart

    def row(self, name: str) -> Facts:
        """A track's facts.

        Raises:
            LegatoError: facts or the prompt are missing, or the prompt is not the one that was indexed.
        """
        index = int(self._index[np.searchsorted(self._names, known_by(name))])
        row: Json = {"category": self._category, "index": index}
        for facts in self._stages:
            row |= facts.line(name).read()
        text = read_prompt(self._category, name)
        path = PROMPT.file(self._category, name)
        _check_sha256(hashlib.sha256(text.encode()).hexdigest(), row.pop("prompt_sha256"), path)
        font = NO_FONT if row.get("is_audio") else {}
        known = row | {"prompt": text, "held_out": bool(self._apart[index])}
        return cast(Facts, {**known, **self._made_with, **font})


class _Writer:
    """Writes a dataset in the trainer's format, one category after another.

    Where codes are in archives, facts are in a file for each of these; `export` makes the trainer's folder.
    """

    def __init__(self, folder: Path, *, is_packed: bool) -> None:
        self.folder, self._is_packed = folder, is_packed
        shutil.rmtree(folder, ignore_errors=True)
        for name in (CODES_FOLDER, RUNS):
            (folder / name).mkdir(parents=True)

    def add(self, category: str, names: Sequence[str], facts: CategoryFacts) -> None:
        """Write a category's tracks, some of them or none.

        Raises:
            LegatoError: a track's codes are missing, or are not those that were indexed.
        """
        if not names:
            return
        with self._run(METADATA, category) as metadata:
            rows = self._noted(map(facts.row, sorted(names, key=_file_name)), metadata)
            if self._is_packed:
                self._pack(category, rows)
                return
            for row in rows:
                source = CODES.file(row["category"], row["id"])
                write_bytes(self.folder / CODES_FOLDER / source.name, _codes_of(row, source))
        with self._run(FACTS, category) as run:
            run.writelines(_line(facts.row(name)) for name in sorted(names))

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

    def _noted(self, rows: Iterable[Facts], metadata: TextIO) -> Iterator[Facts]:
        for row in rows:
            metadata.write(_line({"name": _file_name(row["id"])} | _metadata(row)))
            yield row

    def _pack(self, category: str, rows: Iterable[Facts]) -> None:
        """A category's codes in archives of its own; their index has what training needs of a track."""
        from legato.contract.packed import describe  # and torch

        waiting: deque[Facts] = deque()  # one or two: those whose codes are not in their archive yet

        def member(row: Facts) -> shards.Member:
            source = CODES.file(row["category"], row["id"])
            content = _codes_of(row, source)
            known = {"category": row["category"], "text": row["prompt"], "codec_sha256": row.get("codec_sha256")}
            waiting.append(row)
            return shards.Member(source.name, content, known | describe(content, source))

        packed = shards.pack(self.folder / CODES_FOLDER, category, ([member(row)] for row in rows))
        with self._run(shards.INDEX, category) as index:

            def indexed(entries: Iterable[Json]) -> Iterator[Facts]:
                for entry in entries:
                    index.write(_line(entry))
                    yield waiting.popleft()

            for archive, inside in groupby(packed, key=lambda entry: entry["archive"]):
                write_jsonl(self.folder / FACTS / f"{Path(archive).stem}.jsonl", indexed(inside))

    def _run(self, kind: str, category: str) -> TextIO:
        """A file for lines of a category that are sorted, until those of all are merged."""
        return (self.folder / RUNS / f"{category}.{kind}").open("w", encoding="ascii", newline="")

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


def _file_name(name: str) -> str:
    return f"{name}.pt"


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

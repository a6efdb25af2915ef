"""Every category's codes and prompts as one dataset in the trainer's format, held-out tracks apart."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import cast

from legato import shards
from legato.contract.facts import Facts
from legato.contract.folder import CODES_FOLDER, FACTS, METADATA
from legato.errors import LegatoError
from legato.files import Json, read_jsonl, sha256_of, write_bytes, write_json, write_jsonl
from legato.prompts.tags import read_prompt
from legato.tokens import N_CHANNELS, SAMPLE_RATE
from legato.workspace.contents import facts_of
from legato.workspace.layout import CODES, HELD_OUT, PROMPT, STAGES_WITH_FACTS, TRAIN, facts_path
from legato.workspace.track import is_held_out, is_held_out_by_id

NO_FONT: Json = dict.fromkeys(("soundfont", "soundfont_license", "soundfont_sha256", "midi_sha256"))  # of a recording


def inputs(categories: Sequence[str]) -> list[Path]:
    """The files and folders that `collect` reads of categories."""
    return facts_of(categories) + [made.folder(name) for name in categories for made in (PROMPT, CODES)]


def collect(
    categories: Mapping[str, Sequence[str]], held_out: float, made_with: Facts, layout: shards.Layout = "files"
) -> None:
    """Write both datasets, each whole or not at all.

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
    rows = [
        cast(Facts, {**row, **made_with, **(NO_FONT if row.get("is_audio") else {})})
        for category, names in categories.items()
        for row in track_rows(category, names, held_out)
    ]
    _check_distinct(rows)
    groups = keep_groups_together(rows, held_out)
    if all(row["held_out"] for row in rows):
        for row, group in zip(rows, groups, strict=True):
            row["held_out"] = group != groups[0]
    sides: dict[Path, list[Facts]] = {TRAIN.path: [], HELD_OUT.path: []}
    for row in rows:
        sides[(HELD_OUT if row["held_out"] else TRAIN).path].append(row)
    is_packed = shards.is_packed(layout, len(rows))
    for folder, side in sides.items():
        write_dataset(folder, side, is_packed=is_packed)


def _check_distinct(rows: Sequence[Facts]) -> None:
    known: set[str] = set()
    for row in rows:
        if row["id"] in known:
            raise LegatoError(f"{row['category']}: {row['id']}: another track has this id: rename its file or category")
        known.add(row["id"])


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


def track_rows(category: str, names: Sequence[str], held_out: float) -> Iterator[Facts]:
    """The merged facts of each of a category's tracks.

    A track from one of the user's own files is held out by its id, a composed one by its index.
    """
    stages = [{row["id"]: row for row in read_jsonl(facts_path(category, stage))} for stage in STAGES_WITH_FACTS]
    for index, name in enumerate(names):
        for stage, facts in zip(STAGES_WITH_FACTS, stages, strict=True):
            if name not in facts:
                raise LegatoError(f"{facts_path(category, stage)}: {name}: this track is missing; run `dvc repro`")
        is_source = "source" in stages[0][name]
        is_apart = is_held_out_by_id(name, held_out) if is_source else is_held_out(index, held_out)
        row: Json = {"category": category, "index": index, "held_out": is_apart}
        for facts in stages:
            row |= facts[name]
        text = read_prompt(category, name)
        path = PROMPT.file(category, name)
        _check_sha256(sha256_of(path), row.pop("prompt_sha256"), path)
        yield cast(Facts, row | {"prompt": text})


def write_dataset(folder: Path, rows: Iterable[Facts], *, is_packed: bool) -> None:
    """Write one dataset in the trainer's format beside its place, then put it there.

    Args:
        is_packed: codes are in archives, and facts in a file for each of these; `export` makes the trainer's folder.

    Raises:
        LegatoError: a track's codes are missing, or are not those that were indexed.
    """
    building = folder.with_name(f".{folder.name}")
    shutil.rmtree(building, ignore_errors=True)
    (building / CODES_FOLDER).mkdir(parents=True)
    rows = sorted(rows, key=lambda row: row["id"])
    write_rows = _write_packed if is_packed else _write_files
    write_rows(building, rows)
    write_json(building / METADATA, {f"{row['id']}.pt": _metadata(row) for row in rows})
    shutil.rmtree(folder, ignore_errors=True)
    building.replace(folder)


def _write_files(folder: Path, rows: Sequence[Facts]) -> None:
    for row in rows:
        source = CODES.file(row["category"], row["id"])
        write_bytes(folder / CODES_FOLDER / source.name, _codes_of(row, source))
    write_jsonl(folder / FACTS, rows)


def _write_packed(folder: Path, rows: Sequence[Facts]) -> None:
    """A category's codes in archives of its own; their index has what training needs of a track."""
    from legato.contract.packed import describe  # and torch

    def member(row: Facts) -> shards.Member:
        source = CODES.file(row["category"], row["id"])
        content = _codes_of(row, source)
        facts = {"category": row["category"], "text": row["prompt"], **describe(content, source)}
        return shards.Member(source.name, content, facts)

    entries = []
    by_name = {f"{row['id']}.pt": row for row in rows}
    names = sorted(by_name, key=lambda name: (by_name[name]["category"], name))
    for category, members in groupby(names, key=lambda name: by_name[name]["category"]):
        packed = shards.pack(folder / CODES_FOLDER, category, ([member(by_name[name])] for name in members))
        for archive, inside in groupby(packed, key=lambda entry: entry["archive"]):
            found = list(inside)
            entries += found
            part = folder / FACTS / f"{Path(archive).stem}.jsonl"
            write_jsonl(part, (by_name[entry["name"]] for entry in found))
    if not rows:
        write_jsonl(folder / FACTS, [])
    shards.write_index(folder / CODES_FOLDER, sorted(entries, key=lambda entry: entry["name"]))


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

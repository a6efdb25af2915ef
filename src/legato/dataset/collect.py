"""Every category's codes and prompts as one dataset in the trainer's format, held-out tracks apart."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from legato.contract.facts import Facts
from legato.contract.folder import CODES_FOLDER, FACTS, METADATA
from legato.errors import LegatoError
from legato.files import Json, read_jsonl, sha256_of, write_json, write_jsonl
from legato.prompts.tags import read_prompt
from legato.tokens import N_CHANNELS, SAMPLE_RATE
from legato.workspace.contents import facts_of
from legato.workspace.layout import CODES, HELD_OUT, PROMPT, STAGES_WITH_FACTS, TRAIN, facts_path
from legato.workspace.track import is_held_out, is_held_out_by_id

NO_FONT: Json = dict.fromkeys(("soundfont", "soundfont_license", "soundfont_sha256", "midi_sha256"))  # of a recording


def inputs(categories: Sequence[str]) -> list[Path]:
    """The files and folders that `collect` reads of categories."""
    return facts_of(categories) + [made.folder(name) for name in categories for made in (PROMPT, CODES)]


def collect(categories: Mapping[str, Sequence[str]], held_out: float, made_with: Facts) -> None:
    """Write both datasets, each whole or not at all.

    Args:
        categories: the ids of each one's tracks. They are walked, never the folders: what a removed category
            left behind is not read.
        held_out: the fraction of each category that goes to `HELD_OUT`. Where that would be every track, the first
            one is trained on nevertheless: a dataset of one file is still a dataset.
        made_with: facts that all tracks share.

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
    for folder, side in sides.items():
        write_dataset(folder, side)


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
        _check_sha256(path, row.pop("prompt_sha256"), path)
        yield cast(Facts, row | {"prompt": text})


def write_dataset(folder: Path, rows: Iterable[Facts]) -> None:
    """Write one dataset in the trainer's format beside its place, then put it there.

    Raises:
        LegatoError: a track's codes are missing, or are not those that were indexed.
    """
    building = folder.with_name(f".{folder.name}")
    shutil.rmtree(building, ignore_errors=True)
    (building / CODES_FOLDER).mkdir(parents=True)
    rows = sorted(rows, key=lambda row: row["id"])
    for row in rows:
        source = CODES.file(row["category"], row["id"])
        if not source.is_file():
            raise LegatoError(f"{source}: no such file; run `dvc repro`")
        target = building / CODES_FOLDER / source.name
        shutil.copyfile(source, target)
        _check_sha256(target, row["codes_sha256"], source)
    write_json(building / METADATA, {f"{row['id']}.pt": _metadata(row) for row in rows})
    write_jsonl(building / FACTS, rows)
    shutil.rmtree(folder, ignore_errors=True)
    building.replace(folder)


def _check_sha256(path: Path, sha256: str, origin: Path) -> None:
    if sha256_of(path) != sha256:
        raise LegatoError(f"{origin}: its sha256 is not the indexed {sha256}; run `dvc repro`")


def _metadata(row: Facts) -> Json:
    return {"text": row["prompt"], "sr": SAMPLE_RATE, "channels": N_CHANNELS, "length": row["frames"]}

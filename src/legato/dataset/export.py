"""A collected dataset as the trainer's flat folder, whatever its layout: the bytes of `dataset.layout: files`."""

import os
import shutil
from pathlib import Path

from legato import shards
from legato.contract.folder import CODES_FOLDER, FACTS, METADATA
from legato.dataset import provenance
from legato.dataset.card.config import CardParams
from legato.dataset.card.folder import TERMS, write_card
from legato.errors import LegatoError
from legato.files import read_jsonl, write_bytes, write_jsonl


def export(folder: Path, target: Path, card: CardParams, held_out: Path) -> int:
    """Write a dataset's files to a new folder, whole or not at all; return how many tracks there are.

    Args:
        folder: the dataset, packed or not.
        card: for its description, where it has one.
        held_out: the dataset beside it, which the description counts.

    Raises:
        LegatoError: the dataset is not here, or damaged; or `target` has something in it.
    """
    require_dataset(folder)
    building = new_folder(target)
    try:
        inside = folder / CODES_FOLDER
        names = shards.names(inside) or sorted(path.name for path in inside.glob("*.pt"))
        (building / CODES_FOLDER).mkdir(parents=True)
        for name in names:
            write_bytes(building / CODES_FOLDER / name, shards.read(inside / name))
        write_bytes(building / METADATA, shards.read(folder / METADATA))
        for file in (FACTS, provenance.FILE):
            if (folder / file).exists():
                write_jsonl(building / file, sorted(read_jsonl(folder / file), key=lambda row: row["id"]))
        if (folder / TERMS).exists():
            write_card(card, building, held_out)
        put(building, target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return len(names)


def require_dataset(folder: Path) -> None:
    """See that a collected dataset is there.

    Raises:
        LegatoError: it is not.
    """
    if not (folder / METADATA).exists():
        raise LegatoError(f"{folder}: has no dataset: `dvc repro collect` makes it, `dvc pull collect` fetches it")


def new_folder(target: Path) -> Path:
    """A folder beside `target` in which it is built.

    Raises:
        LegatoError: `target` is a file or a link, has something in it, or would be below a file.
    """
    is_empty = target.is_dir() and not target.is_symlink() and not any(target.iterdir())
    if os.path.lexists(target) and not is_empty:
        raise LegatoError(f"{target}: is there already: name a folder that is new or empty")
    for parent in target.parents:
        if parent.exists() and not parent.is_dir():
            raise LegatoError(f"{parent}: is no folder: nothing can be made below it")
    building = target.with_name(f".{target.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    return building


def put(building: Path, target: Path) -> None:
    """Give a folder that is finished its name."""
    if target.exists():
        target.rmdir()
    building.replace(target)

"""A dataset as a repository of the Hugging Face hub: archives that `datasets` and WebDataset read, and what it is.

    README.md, LICENSE, croissant.json   as beside the collected dataset; the card says where the archives are
    train/<category>-000000.tar          of each track <id>.codes.npy, <id>.facts.json and <id>.prompt.txt
    test/<category>-000000.tar           the same of held-out tracks
    tracks.jsonl, provenance.jsonl       all that is known of the tracks to train on

The trainer's own files are torch's; here the codes are NumPy's, which is what both libraries decode.
"""

import io
import json
import shutil
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import numpy as np

from legato import shards
from legato.contract.codes import read_codes
from legato.contract.facts import Facts
from legato.contract.folder import CODES_FOLDER, FACTS
from legato.dataset import provenance
from legato.dataset.card.config import CardParams
from legato.dataset.card.croissant import FIELDS, NUMBER, TEXT, WHOLE
from legato.dataset.card.folder import write_card
from legato.dataset.card.forms import CODES, FACTS_MEMBER, PROMPT, TEST_SPLIT, TRAIN_SPLIT, published
from legato.dataset.export import new_folder, put, require_dataset
from legato.errors import LegatoError
from legato.files import read_jsonl, rows_of, write_jsonl

KINDS = {TEXT: "string", NUMBER: "float64", WHOLE: "int64"}  # Croissant's types, as `datasets` calls them
MEMBER_FACTS = {name: KINDS[kind] for name, kind, _, _ in FIELDS}


def publish(target: Path, card: CardParams, train: Path, held_out: Path) -> dict[str, int]:
    """Write a repository's files to a new folder, whole or not at all; return the number of tracks of each split.

    Args:
        train: the dataset to train on, packed or not.
        held_out: the one that is held out.

    Raises:
        LegatoError: a dataset is not here, or damaged; or `target` has something in it.
    """
    for folder in (train, held_out):
        require_dataset(folder)
    building = new_folder(target)
    try:
        counts = {
            split: sum(1 for _ in _write_split(building / split, folder))
            for split, folder in ((TRAIN_SPLIT, train), (TEST_SPLIT, held_out))
        }
        for file in (FACTS, provenance.FILE):
            if (train / file).exists():
                write_jsonl(building / file, sorted(read_jsonl(train / file), key=lambda row: row["id"]))
        form = published(MEMBER_FACTS, has_test=counts[TEST_SPLIT] > 0)
        write_card(card, building, held_out, form)
        put(building, target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return counts


def _write_split(folder: Path, dataset: Path) -> Iterator[str]:
    """Write the archives of one side; give each track's id when it is in one."""
    rows = sorted(cast(Iterator[Facts], rows_of(dataset / FACTS)), key=lambda row: (row["category"], row["id"]))
    for category, of_category in groupby(rows, key=lambda row: row["category"]):
        for entry in shards.pack(folder, category, (_members(row, dataset) for row in of_category)):
            if entry["name"].endswith(CODES):
                yield entry["name"].partition(".")[0]


def _members(row: Facts, dataset: Path) -> Sequence[shards.Member]:
    name, known = row["id"], cast(dict[str, Any], row)
    if "." in name:
        raise LegatoError(
            f"{dataset / FACTS}: {name}: must hold no dot: what is before the first one is WebDataset's key"
        )
    path = dataset / CODES_FOLDER / f"{name}.pt"
    codes = io.BytesIO()
    np.save(codes, read_codes(path).numpy(), allow_pickle=False)
    facts = {fact: float(value) if kind == "float64" and value is not None else value for fact, kind in
             MEMBER_FACTS.items() for value in [known.get(fact)]}  # fmt: skip
    contents = {
        CODES: codes.getvalue(),
        FACTS_MEMBER: json.dumps(facts, allow_nan=False).encode(),
        PROMPT: row["prompt"].encode(),
    }
    return [shards.Member(f"{name}.{suffix}", content) for suffix, content in contents.items()]

"""Codes back to audio, to listen to: a track by its id, a file of codes, or a folder of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from legato import shards
from legato.audio.samples import write_audio
from legato.contract.folder import CODES_FOLDER
from legato.errors import LegatoError
from legato.tokens import SAMPLE_RATE
from legato.work import items
from legato.workspace.layout import CODES, HELD_OUT, TRAIN, WEIGHTS

DATASETS = [made.path / CODES_FOLDER for made in (TRAIN, HELD_OUT)]
TARGET = Path("decoded")


def decode(what: str, target: Path = TARGET, weights: Path = WEIGHTS.path) -> list[Path]:
    """Write a .wav to `target` for each file of codes that `what` names; return them in order of their names.

    Args:
        what: a track's id, or a path to a .pt file, or to a folder that holds some at any depth, in archives or not.

    Raises:
        LegatoError: nothing is found, or codes or weights cannot be used: each file is named, the others are written.
    """
    sources = find_codes(what)
    if not weights.is_file():
        raise LegatoError(f"{weights}: no such codec weights; run `dvc repro codec` or `dvc pull codec`")

    def work(source: Path) -> dict[str, Any]:
        return {"path": str(decode_file(source, target / f"{source.stem}.wav", weights))}

    rows = items.run(work, sources, stage="decode", name=lambda source: source.stem)
    return [Path(row["path"]) for row in rows]


def find_codes(what: str) -> list[Path]:
    """The files of codes that an id or a path names, sorted.

    Raises:
        LegatoError: there are none.
    """
    path = Path(what)
    if shards.exists(path):
        found = [path]
    elif path.is_dir():
        packed = (index.with_name(name) for index in path.rglob(shards.INDEX) for name in shards.names(index.parent))
        found = sorted([*path.rglob("*.pt"), *packed])
    else:
        found = sorted(_by_id(what))[:1]
    if not (found or CODES.path.is_dir()):
        raise LegatoError(f"{what}: no file or folder of codes, and no track is encoded here yet: run `dvc repro`")
    if not found:
        raise LegatoError(f"{what}: no track of this id in {CODES.path} or a dataset, and no file or folder of codes")
    return found


def decode_file(source: Path, target: Path, weights: Path) -> Path:
    """Write the audio of one file of codes, 16 bits; return its path.

    Raises:
        LegatoError: the codes or the weights cannot be used.
    """
    from legato.codec import model as codec  # here, so that finding files does not pay for torch
    from legato.contract.codes import read_codes

    codes_TK = read_codes(source)
    write_audio(target, codec.decode(codec.loaded(weights), codes_TK), SAMPLE_RATE, "PCM_16")
    return target


def _by_id(name: str) -> Iterator[Path]:
    if "/" in name:
        return
    places = [*CODES.path.glob("*"), *DATASETS]
    yield from (place / f"{name}.pt" for place in places if shards.exists(place / f"{name}.pt"))

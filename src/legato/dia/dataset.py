"""A dataset in the trainer's format, in files or in archives, here or in a store; it may be larger than memory.

Every way gives the same tracks in the same order, and so the same windows in each step.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from legato.contract.codes import read_codes
from legato.contract.facts import read_facts
from legato.contract.folder import CODES_FOLDER, ENTRY_RULES, FACTS, METADATA, read_metadata
from legato.contract.packed import sha256_of_codes, tracks_index
from legato.contract.rules import obey
from legato.contract.tags import split_tags
from legato.dia.packed import PackedTrack, PackedTracks, Store, stored_tracks
from legato.errors import LegatoError
from legato.work.spilled import Names


@dataclass(frozen=True)
class Track:
    """A track whose codes are in memory."""

    id: str
    tags: tuple[str, ...]
    codes_TK: Tensor  # int16
    category: str | None = None
    codec_sha256: str | None = None  # of the codec whose codes they are

    @property
    def path(self) -> str:
        """What it is called in errors."""
        return self.id

    @property
    def sha256(self) -> str:
        """Of its codes."""
        return sha256_of_codes(self.codes_TK)

    @property
    def n_frames(self) -> int:
        """Its length."""
        return len(self.codes_TK)

    def window(self, start: int, n_frames: int) -> Tensor:
        """Some of its frames, fewer where it ends before."""
        return self.codes_TK[start : start + n_frames]


@dataclass(frozen=True)
class StoredTrack:
    """A track whose codes are mapped from its file each time they are asked for."""

    id: str
    tags: tuple[str, ...]
    path: Path
    n_frames: int
    sha256: str  # of its codes
    category: str | None
    codec_sha256: str | None = None

    @property
    def codes_TK(self) -> Tensor:  # noqa: N802
        """Its codes, int16; of a window only the pages it touches are read."""
        try:
            return torch.load(self.path, map_location="cpu", mmap=True, weights_only=True)
        except RuntimeError:  # torch's older format cannot be mapped
            return read_codes(self.path)

    def window(self, start: int, n_frames: int) -> Tensor:
        """Some of its frames, fewer where it ends before."""
        return self.codes_TK[start : start + n_frames]


AnyTrack = Track | StoredTrack | PackedTrack
Place = Path | Store  # of a dataset
Known = tuple[str | None, str | None]  # a track's category, and the SHA-256 of the codec whose codes it has
UNKNOWN: Known = (None, None)


@dataclass(frozen=True)
class Split:
    """What a model learns from, and what it is measured on; with nothing held out it is not measured."""

    train: Sequence[AnyTrack]
    held_out: Sequence[AnyTrack]
    codec_sha256: str | None = None  # of the codec that made all codes, where the folders say

    def categories(self) -> list[str]:
        """Every category of either side, sorted; none where the folders do not say."""
        both = chain(self.train, self.held_out)
        return sorted({track.category for track in both if track.category is not None})


def read_split(train: Place, held_out: Place) -> Split:
    """The training folder and the held-out one, checked, with no track in both, and of one codec.

    Raises:
        LegatoError: as `read_dataset` does; a held-out track is trained on as well; there are codes of several codecs.
    """
    tracks = read_dataset(train)
    kept = read_held_out(held_out)
    ids, contents = Names(track.id for track in kept), Names(track.sha256 for track in kept)
    for track in tracks:
        if track.id in ids:
            same = next(one for one in kept if one.id == track.id)
            raise LegatoError(f"{same.path}: held out, and in {train} too")
        if track.sha256 in contents:
            same = next(one for one in kept if one.sha256 == track.sha256)
            raise LegatoError(f"{same.path}: held out, and the codes of {track.path} are the same")
    return Split(tracks, kept, _codec_of(chain(tracks, kept)))


def read_held_out(folder: Place) -> Sequence[StoredTrack | PackedTrack]:
    """The tracks of a held-out folder as `read_dataset` has them; none where its metadata names none.

    Raises:
        LegatoError: as `read_dataset` does.
    """
    if isinstance(folder, Store):
        return stored_tracks(folder)
    return [] if read_metadata(folder) == {} else read_dataset(folder)


def read_dataset(folder: Place) -> Sequence[StoredTrack | PackedTrack]:
    """Every track of a folder in the trainer's format, sorted by name, checked against the whole contract.

    Each file is read once and let go; of a folder in a store the index alone is, and a track when it is needed.

    Raises:
        LegatoError: the folder is missing or empty, files and metadata disagree, or a file breaks a rule.
    """
    if isinstance(folder, Store):
        if not (found := stored_tracks(folder)):
            raise LegatoError(f"{folder}: must hold at least one track")
        return found
    if index := tracks_index(folder):
        return PackedTracks(folder, index).checked()
    metadata_path = folder / METADATA
    metadata = read_metadata(folder)
    if not metadata:
        raise LegatoError(f"{metadata_path}: must name at least one track")
    files = {path.name: path for path in sorted((folder / CODES_FOLDER).glob("*.pt"))}
    for name in sorted(files.keys() - metadata.keys()):
        raise LegatoError(f"{files[name]}: not in {metadata_path}")
    for name in sorted(metadata.keys() - files.keys()):
        raise LegatoError(f"{folder / CODES_FOLDER / name}: no such file, though {metadata_path} names it")
    known = _read_known(folder / FACTS)
    return [
        _read_track(files[name], metadata[name], metadata_path, known.get(Path(name).stem, UNKNOWN))
        for name in sorted(files)
    ]


def digest(tracks: Sequence[AnyTrack]) -> str:
    """SHA-256 of all that a model learns from or is measured on: ids, tags and codes."""
    found, before = hashlib.sha256(b"["), b""
    for track in tracks:
        found.update(before + json.dumps([track.id, track.tags, track.sha256, track.category]).encode())
        before = b", "
    found.update(b"]")
    return found.hexdigest()


def _codec_of(tracks: Iterable[AnyTrack]) -> str | None:
    """The SHA-256 of the codec whose codes all tracks are; None where that of any is not known."""
    found: dict[str | None, AnyTrack] = {}
    for track in tracks:
        found.setdefault(track.codec_sha256, track)
    known = [track for sha256, track in found.items() if sha256 is not None]
    if len(known) > 1:
        raise LegatoError(f"{known[1].path}: codec_sha256: is of another codec than {known[0].path}")
    return known[0].codec_sha256 if known and None not in found else None


def _read_known(path: Path) -> dict[str, Known]:
    """The category and the codec of each track, by its id, as far as they are known."""
    rows = read_facts(path, (), ("id", "category", "codec_sha256"), only=True) if path.exists() else []
    return {row["id"]: (row.get("category"), row.get("codec_sha256")) for row in rows if "id" in row}


def _read_track(path: Path, entry: Any, metadata_path: Path, known: Known) -> StoredTrack:
    obey(ENTRY_RULES, entry, f"{metadata_path}: {path.name}")
    codes_TK = read_codes(path)
    if entry.get("length") != len(codes_TK):
        raise LegatoError(f"{path}: has {len(codes_TK)} frames, but {metadata_path} says {entry.get('length')}")
    tags = split_tags(entry["text"])
    sha256 = sha256_of_codes(codes_TK)
    return StoredTrack(path.stem, tags, path, len(codes_TK), sha256, *known)

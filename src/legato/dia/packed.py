"""Tracks whose codes are members of archives: in a folder, or in a store from which they come when they are needed.

The index says where a track's codes are, so that any window of any track is one range of bytes: which windows a step
has is drawn from (seed, step), as of files, and a run may continue at any step. Of a store, a whole track is fetched
once, checked, and kept under its SHA-256; windows are cut from that.
"""

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

from torch import Tensor

from legato.contract.codes import obey
from legato.contract.folder import CODES_FOLDER, ENTRY_RULES
from legato.contract.packed import FRAME_BYTES, check_entry, checked_codes, codes_of
from legato.contract.tags import split_tags
from legato.errors import LegatoError
from legato.files import Json, write_bytes
from legato.shards import INDEX, Index, read_range
from legato.tokens import N_CHANNELS, SAMPLE_RATE
from legato.work import remote
from legato.work.s3 import NO_OBJECT, Bucket, parse
from legato.workspace import layout

STREAMED = Path(".legato/streamed")  # what has come from stores; may be deleted at any time
REQUESTS = 16  # at once


@dataclass(frozen=True)
class Store:
    """A dataset folder in an S3 store."""

    bucket: Bucket
    kept: Path = STREAMED

    def __str__(self) -> str:
        return str(self.bucket)


def split_in(address: str) -> tuple[Store, Store]:
    """The tracks to train on and the held-out ones at an address.

    Args:
        address: such as s3://bucket/folder, where both are named as in a workspace; or `dvc`, for the default remote
            and the version that dvc.lock names.

    Raises:
        LegatoError: it is no address of a store.
    """
    if address == "dvc":
        found = remote.find()
        return Store(remote.folder(found, layout.TRAIN.path)), Store(remote.folder(found, layout.HELD_OUT.path))
    root = parse(address)
    return Store(root / layout.TRAIN.path.name), Store(root / layout.HELD_OUT.path.name)


@dataclass(frozen=True)
class PackedTrack:
    """A track of an archive, whose frames are read each time they are asked for."""

    place: "Path | Store" = field(repr=False)
    entry: Json = field(repr=False)
    id: str
    tags: tuple[str, ...]

    @property
    def path(self) -> str:
        """Where it is, for errors."""
        return f"{self.place}/{CODES_FOLDER}/{self.entry['name']}"

    @property
    def n_frames(self) -> int:
        """Its length."""
        return self.entry["frames"]

    @property
    def sha256(self) -> str:
        """Of its codes."""
        return self.entry["codes_sha256"]

    @property
    def category(self) -> str | None:
        """As the index says."""
        return self.entry.get("category")

    @property
    def codec_sha256(self) -> str | None:
        """Of the codec whose codes they are, as the index says."""
        return self.entry.get("codec_sha256")

    @property
    def codes_TK(self) -> Tensor:  # noqa: N802
        """Its codes, int16, checked."""
        return checked_codes(self._read(0, self.n_frames), self.entry, self.path)

    def window(self, start: int, n_frames: int) -> Tensor:
        """Some of its frames, fewer where it ends before; no other byte is read."""
        n_frames = max(0, min(n_frames, self.n_frames - start))
        content = self._read(start, n_frames)
        if len(content) != n_frames * FRAME_BYTES:
            raise LegatoError(f"{self.path}: is cut off")
        return codes_of(content)

    def fetch(self) -> None:
        """Bring it here from a store, where it is not here yet.

        Raises:
            LegatoError: it cannot be had, or is not what the index describes.
        """
        if isinstance(self.place, Store) and not (kept := self._kept(self.place)).is_file():
            at, size = self.entry["offset"] + self.entry["codes"], self.n_frames * FRAME_BYTES
            content = self.place.bucket.read(f"{CODES_FOLDER}/{self.entry['archive']}", at, size)
            checked_codes(content, self.entry, self.path)
            write_bytes(kept, content)

    def _read(self, start: int, n_frames: int) -> bytes:
        at, size = start * FRAME_BYTES, n_frames * FRAME_BYTES
        if isinstance(self.place, Store):
            self.fetch()
            return read_range(self._kept(self.place), at, size)
        archive = self.place / CODES_FOLDER / self.entry["archive"]
        return read_range(archive, self.entry["offset"] + self.entry["codes"] + at, size)

    def _kept(self, store: Store) -> Path:
        return store.kept / self.sha256[:2] / self.sha256


class PackedTracks(Sequence[PackedTrack]):
    """The tracks of a packed dataset in order of their names, described where they are asked for."""

    def __init__(self, place: Path | Store, index: Index) -> None:
        self.place, self._index = place, index

    def __len__(self) -> int:
        return len(self._index)

    @overload
    def __getitem__(self, at: int) -> PackedTrack: ...
    @overload
    def __getitem__(self, at: slice) -> list[PackedTrack]: ...
    def __getitem__(self, at: int | slice) -> PackedTrack | list[PackedTrack]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        entry = self._index[at]
        where = f"{self.place}/{CODES_FOLDER}/{INDEX}: {entry['name']}"
        check_entry(entry, where)
        obey(ENTRY_RULES, {"text": entry["text"], "sr": SAMPLE_RATE, "channels": N_CHANNELS}, where)
        return PackedTrack(self.place, entry, Path(entry["name"]).stem, split_tags(entry["text"]))

    def checked(self) -> "PackedTracks":
        """The same, when every track has been read once: a run should not end at the first bad one.

        Raises:
            LegatoError: a track is not what the index describes, or breaks the contract.
        """
        for track in self:
            _ = track.codes_TK
        return self


def stored_tracks(store: Store) -> PackedTracks:
    """The tracks of a dataset in a store, of which the index alone is fetched.

    Raises:
        LegatoError: it cannot be had, or there are files and no archives.
    """
    try:
        content = store.bucket.read(f"{CODES_FOLDER}/{INDEX}")
    except LegatoError as error:
        hint = "; a dataset is read from a store in archives: dataset.layout: shards" if NO_OBJECT in str(error) else ""
        raise LegatoError(f"{error}{hint}") from None
    path = store.kept / "indexes" / f"{hashlib.sha256(content).hexdigest()}.jsonl"
    if not path.is_file():
        write_bytes(path, content)
    return PackedTracks(store, Index(path))


def fetch(tracks: Iterable[PackedTrack]) -> None:
    """Bring tracks of a store here, many at a time; those of a folder are here.

    Raises:
        LegatoError: as `PackedTrack.fetch`.
    """
    wanted: dict[Any, PackedTrack] = {track.sha256: track for track in tracks if isinstance(track.place, Store)}
    if wanted:
        with ThreadPoolExecutor(REQUESTS) as pool:
            list(pool.map(PackedTrack.fetch, wanted.values()))

"""Many small files in few large ones: tar archives and an index beside them, for stores that are paid by the request.

    <name>-000000.tar   members in order of their names; no time, owner or machine is in a header
    index.jsonl         of each member its name, archive, offset, size, SHA-256 and MD5, sorted by name

A path in such a folder may name a member, as if it were a file there: `exists`, `read` and `names` take both.

Key idea: where an archive ends depends on the members' names and sizes alone, and on those near it. So the same
members are the same archives, whatever there was before, and a change rewrites the archives it touches and no other.
"""

import hashlib
import json
import os
import tarfile
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, overload

import numpy as np

from legato import files
from legato.errors import LegatoError
from legato.files import Json, naming, replacing, require_file

INDEX, SUFFIX = "index.jsonl", ".tar"
BLOCK = tarfile.BLOCKSIZE
ENDING = bytes(2 * BLOCK)
SHA256_DIGITS = 64
Layout = Literal["auto", "files", "shards"]
AT_ONCE = 2**20  # bytes of an index
MANY = 1000  # files from which on `auto` packs them


class Limits(NamedTuple):
    """Sizes of archives in bytes; the last one of a name may be smaller, and one with a single member larger."""

    least: int = 46_000_000
    more: int = 16_000_000  # what follows the least on average
    most: int = 200_000_000


LIMITS = Limits()


class Member(NamedTuple):
    """A file that is to be in an archive, and what the index says of it beside its place."""

    name: str
    content: bytes
    facts: Json = {}


def is_packed(layout: Layout, n_files: int) -> bool:
    """Whether files are packed.

    >>> is_packed("auto", 999), is_packed("auto", 1000)
    (False, True)
    """
    return layout == "shards" or (layout == "auto" and n_files >= MANY)


def is_cut(filled: int, name: str, n_bytes: int, limits: Limits = LIMITS) -> bool:
    """Whether an archive of `filled` bytes ends before an item of `n_bytes`.

    Past the least size each byte has the same chance to end it, drawn by the item's name: content-defined chunking,
    over items instead of bytes.
    """
    if not filled or filled + n_bytes > limits.most:
        return filled > 0
    drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) / 2**64
    return filled >= limits.least and drawn < n_bytes / limits.more


def pack(folder: Path, name: str, items: Iterable[Sequence[Member]], limits: Limits = LIMITS) -> Iterator[Json]:
    """Write items, sorted by name, to archives `<name>-NNNNNN.tar`; yield what the index says of each member.

    The members of an item stay together. Memory holds one item. An archive that is not finished is named by a dot.
    """
    waiting = iter(items)
    item = next(waiting, None)
    number = 0
    while item is not None:
        path = folder / f"{name}-{number:06d}{SUFFIX}"
        with replacing(path) as temporary, temporary.open("wb") as file:
            while item is not None:
                n_bytes = sum(map(_size, item))
                if is_cut(file.tell(), item[0].name, n_bytes, limits):
                    break
                for member in item:
                    file.write(_header(member))
                    place = {"archive": path.name, "offset": file.tell(), "size": len(member.content)}
                    file.write(member.content + bytes(-len(member.content) % BLOCK))
                    yield {"name": member.name} | place | _digests(member.content) | member.facts
                item = next(waiting, None)
            file.write(ENDING)
        number += 1


def pack_folder(source: Path, folder: Path) -> None:
    """Pack the files of a folder into archives in another, named as that is.

    Those of a folder in it stay together, as WebDataset names a sample's: `track/bass.flac` is `track.bass.flac`.
    """
    prefixes = sorted(f"{path.name}." if path.is_dir() else path.name for path in source.iterdir())
    write_index(folder, pack(folder, folder.name, (_members(source, prefix) for prefix in prefixes)))


def write_index(folder: Path, entries: Iterable[Json]) -> None:
    """Write the index of entries that are sorted by name, a line each."""
    with replacing(folder / INDEX) as temporary, temporary.open("w", encoding="ascii") as file:
        for entry in entries:
            file.write(json.dumps(entry, sort_keys=True, allow_nan=False) + "\n")


class Index(Sequence[Json]):
    """An index that is read where it is asked for: memory holds eight bytes of a line."""

    def __init__(self, path: Path) -> None:
        self.path = require_file(path)
        self._file: Any = path.open("rb")
        n_bytes = os.fstat(self._file.fileno()).st_size
        ends = [
            np.flatnonzero(np.frombuffer(self._read(start, start + AT_ONCE), np.uint8) == ord("\n")) + start
            for start in range(0, n_bytes, AT_ONCE)
        ]
        self._ends = np.concatenate(ends) if ends else np.zeros(0, int)
        self._near = 0  # where a name was found last
        if n_bytes and not (len(self._ends) and self._ends[-1] == n_bytes - 1):
            raise LegatoError(f"{path}: is cut off: its last line has no end")

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, at: int) -> Json: ...
    @overload
    def __getitem__(self, at: slice) -> list[Json]: ...
    def __getitem__(self, at: int | slice) -> Json | list[Json]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        line = self._read(int(self._ends[at - 1]) + 1 if at else 0, int(self._ends[at]))
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not _is_entry(entry):
            raise LegatoError(f"{self.path}: line {at + 1}: must say where a member is: remove it to go on without it")
        return entry

    def _read(self, start: int, end: int) -> bytes:
        """Some bytes, whoever else reads; what is mapped instead would count as memory."""
        return os.pread(self._file.fileno(), end - start, start)

    def find(self, name: str) -> Json | None:
        """What the index says of a member, None where there is none."""
        for near in (self._near, self._near + 1):  # most ask for one member after another
            if near < len(self) and (entry := self[near])["name"] == name:
                self._near = near
                return entry
        at = bisect_left(range(len(self)), name, key=lambda one: self[one]["name"])
        if at == len(self) or self[at]["name"] != name:
            return None
        self._near = at
        return self[at]


def index_of(folder: Path) -> Index | None:
    """The index of a folder of archives, None of any other folder."""
    path = folder / INDEX
    try:
        found = path.stat()
    except OSError:
        return None
    return _opened(path, found.st_mtime_ns, found.st_size)


def exists(path: Path) -> bool:
    """Whether there is a file of this path, or a member."""
    return path.is_file() or _entry_of(path) is not None


def read(path: Path) -> bytes:
    """The content of a file, or of a member.

    Raises:
        LegatoError: there is neither; or the member is not the one that was packed.
    """
    entry = None if path.is_file() else _entry_of(path)
    if entry is None:
        with naming(path):
            return require_file(path).read_bytes()
    content = read_range(path.with_name(entry["archive"]), entry["offset"], entry["size"])
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise LegatoError(f"{path.with_name(entry['archive'])}: {path.name}: not the member that {INDEX} describes")
    return content


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file or of a member, as 64 hex digits.

    Raises:
        LegatoError: as `read`.
    """
    return files.sha256_of(path) if path.is_file() else hashlib.sha256(read(path)).hexdigest()


def read_range(path: Path, offset: int, size: int) -> bytes:
    """Some bytes of a file; fewer where it ends before."""
    with naming(path), require_file(path).open("rb") as file:
        file.seek(offset)
        return file.read(size)


def names(folder: Path) -> list[str]:
    """The names of the members in a folder, sorted; none where there are no archives."""
    return [entry["name"] for entry in index_of(folder) or ()]


def files_of(path: Path) -> list[Path]:
    """The files that are read for a path: its own, those of a folder, or a member's archive and the index."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    entry = None if path.is_file() else _entry_of(path)
    return [path] if entry is None else [path.with_name(INDEX), path.with_name(entry["archive"])]


@lru_cache(maxsize=256)
def _opened(path: Path, _mtime_ns: int, _size: int) -> Index:
    return Index(path)


def _entry_of(path: Path) -> Json | None:
    index = index_of(path.parent)
    return index.find(path.name) if index else None


def _members(source: Path, prefix: str) -> list[Member]:
    if not prefix.endswith("."):
        return [Member(prefix, (source / prefix).read_bytes())]
    paths = sorted((source / prefix[:-1]).iterdir(), key=lambda path: path.name)
    return [Member(prefix + path.name, path.read_bytes()) for path in paths]


def _digests(content: bytes) -> Json:
    """SHA-256, by which a result of legato's is known, and MD5, by which DVC knows it."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return {"sha256": hashlib.sha256(content).hexdigest(), "md5": md5}


def _size(member: Member) -> int:
    """Bytes that a member takes in an archive."""
    return len(_header(member)) + len(member.content) + -len(member.content) % BLOCK


def _header(member: Member) -> bytes:
    info = tarfile.TarInfo(member.name)  # its time, owner and group are 0, its mode is 644
    info.size = len(member.content)
    return info.tobuf(tarfile.PAX_FORMAT)


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    texts: list[Any] = [entry.get(key) for key in ("name", "archive", "sha256", "md5")]
    sizes = [entry.get(key) for key in ("offset", "size")]
    return (
        all(isinstance(text, str) and text.isprintable() and "/" not in text and text[:1] != "." for text in texts)
        and all(type(size) is int and size >= 0 for size in sizes)
        and texts[1].endswith(SUFFIX)
        and len(texts[2]) == SHA256_DIGITS
    )

"""One version of the dataset, a Git revision or the workspace: what it holds, and its files.

DVC's list of a folder has the hash of each file, so that versions are compared without their audio. A file's bytes
come from the workspace, the cache or the remote, the first that has them.
"""

import shutil
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from dvc_data.fs import DataFileSystem
from dvc_data.hashfile.tree import Tree
from dvc_data.index import DataIndex, DataIndexEntry, DataIndexError, ObjectStorage

from legato import shards
from legato.errors import LegatoError
from legato.files import Json
from legato.workspace.dvc_files import md5_of

WORKSPACE = "workspace"
MOST_REQUESTS = 16  # to a remote at once
SHORT = 7  # digits of a commit's hash, as Git shows it


class Out(NamedTuple):
    """What a stage wrote: a file or a folder."""

    md5: str
    n_files: int


@dataclass(frozen=True, kw_only=True)
class Version:
    """What the dvc.lock of a revision names, or what is in the workspace."""

    name: str  # as the user called it
    commit: str | None  # None: the workspace
    title: str  # the first line of the commit's message
    outs: dict[str, Out | None]  # by path from the root; None: its stage has not been run
    inputs: dict[str, frozenset[str]]  # hashes of what is given and not made, code above all, by path
    params: dict[str, Any]  # by file
    metrics: dict[str, Any]  # by file
    outdated: list[str]  # the stages that have not been run with this version's parameters and code
    absent: list[str]  # outputs that are not in the workspace: what its dvc.lock says of them holds
    edited: list[str]  # outputs in the workspace that are not as its dvc.lock says
    listings: dict[str, dict[str, str]]  # of folders, as far as they are read
    indexes: dict[str, shards.Index] = field(default_factory=dict)  # of folders of archives, as far as they are read
    index: DataIndex  # of what is in the cache or the remote
    root: Path | None  # of the workspace

    def __str__(self) -> str:
        """As in `v1 (1a2b3c4 Louder)`."""
        return f"{self.name} ({self.commit[:SHORT]} {self.title})" if self.commit else self.name

    def has(self, path: str) -> bool:
        """Whether a stage wrote it."""
        return self.outs.get(path) is not None

    def n_files(self, path: str) -> int:
        """How many files a stage wrote there."""
        out = self.outs.get(path)
        return out.n_files if out else 0

    def prepare(self, folders: Iterable[str]) -> None:
        """Read the listings of many folders at once: a remote is slow to answer, and answers many together."""
        entries = [self.index[_key(folder)] for folder in folders if folder not in self.listings and self.has(folder)]
        with ThreadPoolExecutor(MOST_REQUESTS) as pool:
            trees = list(pool.map(self._tree, entries))
        for entry, tree in zip(entries, trees, strict=True):
            if tree is not None:
                self.listings["/".join(entry.key)] = listing_of(tree)

    def listing(self, folder: str) -> dict[str, str]:
        """The MD5 of each file in a folder that a stage wrote, by the file's name.

        Raises:
            LegatoError: DVC's list of the folder is neither in the cache nor in a remote, or the remote fails.
        """
        if folder not in self.listings:
            try:
                rows = list(self.index.ls(_key(folder), detail=True))
            except DataIndexError as error:
                raise self._nowhere(folder, error.__cause__) from None
            self.listings[folder] = {key[-1]: info["md5"] for key, info in rows if info["type"] == "file"}
        return self.listings[folder]

    def members(self, folder: str) -> shards.Index | None:
        """The index of a folder of archives; None of one that has files alone.

        Raises:
            LegatoError: as `listing` and `fetch`.
        """
        if folder not in self.indexes and shards.INDEX in self.listing(folder):
            with tempfile.TemporaryDirectory() as here:
                self.fetch(f"{folder}/{shards.INDEX}", Path(here) / shards.INDEX)
                self.indexes[folder] = shards.Index(Path(here) / shards.INDEX)  # which outlives the file's name
        return self.indexes.get(folder)

    def files(self, folder: str) -> dict[str, str]:
        """The MD5 of each file in a folder that a stage wrote, and of each member of its archives.

        Raises:
            LegatoError: as `listing` and `fetch`.
        """
        return self.listing(folder) | {entry["name"]: entry["md5"] for entry in self.members(folder) or ()}

    def fetch(self, path: str, target: Path) -> None:
        """Copy a file of this version, or a member of an archive, to `target`; nothing is left in the cache.

        Raises:
            LegatoError: it is in neither workspace, cache nor remote, or is damaged there, or the remote fails.
        """
        entry = self._entry(path)
        file = str(PurePosixPath(path).with_name(entry["archive"])) if entry else path
        here = self.root / file if self.root else None
        try:
            source = here.open("rb") if here and here.is_file() else DataFileSystem(self.index).open(file, "rb")
            with source, target.open("wb") as copy:
                if entry:
                    source.seek(entry["offset"])
                    copy.write(source.read(entry["size"]))
                else:
                    shutil.copyfileobj(source, copy)
            if (entry["md5"] if entry else self._recorded_md5(path)) not in (None, md5_of(target)):
                raise LegatoError(f"{self.name}: {path}: damaged in the cache: run `legato verify --repair`")
        except DataIndexError as error:
            raise self._nowhere(path, error.__cause__) from None
        except FileNotFoundError as error:
            raise self._nowhere(path, error) from None

    def _entry(self, path: str) -> Json | None:
        """What an index says of a member; None of a file."""
        folder, _, name = path.rpartition("/")
        if path in self.outs or not self.has(folder) or name in self.listing(folder):
            return None
        index = self.members(folder)
        return index.find(name) if index else None

    def _recorded_md5(self, path: str) -> str | None:
        """The MD5 of a file that a stage wrote by itself, or right in a folder."""
        if out := self.outs.get(path):
            return out.md5
        folder, _, name = path.rpartition("/")
        return self.listing(folder).get(name) if self.has(folder) else None

    def _tree(self, entry: DataIndexEntry) -> Tree | None:
        """DVC's list of a folder; None where it must be looked for in another way."""
        storage = self.index.storage_map[entry.key]
        for place in (storage.cache, storage.remote):
            if isinstance(place, ObjectStorage):
                with suppress(Exception):  # any of a remote's; `listing` asks again and reports
                    return Tree.load(place.odb, entry.hash_info)
        return None

    def _nowhere(self, path: str, cause: BaseException | None) -> LegatoError:
        if cause and not isinstance(cause, FileNotFoundError):
            return LegatoError(f"{self.name}: {path}: cannot be read from the remote: {' '.join(str(cause).split())}")
        mend = f"run `dvc push` where {self.name} was made, or `dvc fetch` from a remote that has it"
        return LegatoError(f"{self.name}: {path}: its data is neither in the cache nor in a remote: {mend}")


def listing_of(tree: Tree) -> dict[str, str]:
    """The MD5 of each file in DVC's list of a folder, by its name."""
    return {"/".join(key): info.value for key, (_, info) in tree.iteritems()}


def _key(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))

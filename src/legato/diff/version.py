"""One version of the dataset, a Git revision or the workspace: what it holds, and its files.

DVC's list of a folder has the hash of each file, so that versions are compared without their audio. A file's bytes
come from the workspace, the cache or the remote, the first that has them.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from dvc.fs.data import DataFileSystem
from dvc_data.index import DataIndexError

from legato.errors import LegatoError

WORKSPACE = "workspace"
SHORT = 7  # digits of a commit's hash, as Git shows it


class Out(NamedTuple):
    """What a stage wrote: a file or a folder."""

    md5: str
    n_files: int


@dataclass(frozen=True, kw_only=True)
class Version:
    """What the dvc.lock of a revision names, or what lies in the workspace."""

    name: str  # as the user called it
    commit: str | None  # None: the workspace
    title: str  # the first line of the commit's message
    outs: dict[str, Out | None]  # by path from the root; None: its stage has not been run
    inputs: dict[str, frozenset[str]]  # hashes of what is given and not made, code above all, by path
    params: dict[str, Any]  # by file
    metrics: dict[str, Any]  # by file
    outdated: list[str]  # the stages that have not been run with this version's parameters and code
    absent: list[str]  # outputs that do not lie in the workspace: what its dvc.lock says of them holds
    edited: dict[str, dict[str, str]]  # listings of the workspace's outputs that are not as its dvc.lock says
    files: DataFileSystem  # what is in the cache or the remote
    root: Path | None  # of the workspace

    def __str__(self) -> str:
        """As in `v1 (1a2b3c4 Louder)`."""
        return f"{self.name} ({self.commit[:SHORT]} {self.title})" if self.commit else self.name

    def has(self, path: str) -> bool:
        """Whether a stage wrote it."""
        return self.outs.get(path) is not None

    def listing(self, folder: str) -> dict[str, str]:
        """The MD5 of each file in a folder that a stage wrote, by the file's name.

        Raises:
            LegatoError: DVC's list of the folder is neither in the cache nor in a remote.
        """
        if folder in self.edited:
            return self.edited[folder]
        try:
            infos = self.files.ls(folder, detail=True)
        except (DataIndexError, FileNotFoundError):
            raise self._nowhere(folder) from None
        return {PurePosixPath(info["name"]).name: info["md5"] for info in infos if info["type"] == "file"}

    def fetch(self, path: str, target: Path) -> None:
        """Copy a file of this version to `target`; nothing is left in the cache.

        Raises:
            LegatoError: it is in neither workspace, cache nor remote.
        """
        here = self.root / path if self.root else None
        try:
            source = here.open("rb") if here and here.is_file() else self.files.open(path, "rb")
            with source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
        except (DataIndexError, FileNotFoundError):
            raise self._nowhere(path) from None

    def _nowhere(self, path: str) -> LegatoError:
        mend = f"run `dvc push` where {self.name} was made, or `dvc fetch` from a remote that has it"
        return LegatoError(f"{self.name}: {path}: its data is neither in the cache nor in a remote: {mend}")

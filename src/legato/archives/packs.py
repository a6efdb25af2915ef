"""A pack that the user has downloaded: a folder, a zip, or a folder of zips and tar archives; nothing in it is trusted.

A member is a plain file. What has a name that leads elsewhere, is a link or a device, is encrypted, is twice there or
says that it is larger than `MOST_BYTES` is no member: it is never opened, and asking for it says why. Members are found
by the last two parts of their path, since zips put folders of their own around what an archive documents.
"""

import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from legato.errors import LegatoError
from legato.files import replacing

MOST_BYTES = 2**32  # of a member: 10 minutes of stereo in 32 bits and 96 kHz are 0.5 GB
MOST_RATIO = 1000  # of a member's size to what it takes in a zip; deflate's own limit is 1032, of zeros
AT_A_TIME = 2**20
LINK_OR_DEVICE = "is a link or a device"


class UnusableError(Exception):
    """A member cannot be had; the message says why, in a few words."""


@dataclass(frozen=True)
class _Member:
    container: Path | None  # a zip, or a tar archive; None in a folder
    name: str  # in it; in a folder its path from there
    size: int
    refused: str = ""  # why it is not to be opened


class Pack:
    """The members of a pack, by name."""

    def __init__(self, path: Path) -> None:
        """Read the lists of what there is.

        Raises:
            LegatoError: there is nothing, or an archive that cannot be read.
        """
        self.path = path
        self._members: dict[str, _Member] = {}
        self._by_end: dict[str, list[str]] = {}
        for member in _members(path):
            key = member.name.removeprefix("./")
            clash = key in self._members
            self._members[key] = _Member(None, key, 0, "is there twice") if clash else member
            if not clash:
                self._by_end.setdefault(_end(key), []).append(key)

    def names(self) -> list[str]:
        """The names of all members, sorted; of those too that cannot be opened."""
        return sorted(self._members)

    def find(self, name: str) -> str | None:
        """The member whose path ends in the last two parts of `name`; None where there is none.

        Raises:
            UnusableError: there are several.
        """
        found = self._by_end.get(_end(name), [])
        if len(found) > 1:
            raise UnusableError(f"{len(found)} files of that name")
        return found[0] if found else None

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A member's bytes; not of a tar archive, which is read from its start to its end (`extract`).

        Raises:
            UnusableError: it is no member, or is damaged.
        """
        member = self._usable(name)
        with _reading():
            if member.container is None:
                with (self.path / member.name).open("rb") if self.path.is_dir() else self.path.open("rb") as file:
                    yield file
            elif zipfile.is_zipfile(member.container):
                with zipfile.ZipFile(member.container) as archive, archive.open(member.name) as file:
                    yield file
            else:
                raise UnusableError("is in a tar archive")

    def extract(self, wanted: Mapping[str, Path]) -> Iterator[tuple[str, str | None]]:
        """Write members to files, each whole or not at all; give each one's name, and why it could not be had.

        They come in any order: a tar archive is read once.
        """
        in_tars: dict[Path, dict[str, Path]] = {}
        for name, target in wanted.items():
            try:
                member = self._usable(name)
                if member.container and not zipfile.is_zipfile(member.container):
                    in_tars.setdefault(member.container, {})[member.name] = target
                    continue
                with self.open(name) as file:
                    _copy(file, target, member.size)
                yield name, None
            except UnusableError as error:
                yield name, str(error)
        for container, targets in in_tars.items():
            yield from _extract_tar(container, targets)

    def _usable(self, name: str) -> _Member:
        member = self._members.get(name)
        if member is None:
            raise UnusableError("no such file in the pack")
        if member.refused:
            raise UnusableError(member.refused)
        return member


@contextmanager
def _reading() -> Iterator[None]:
    """What an archive's own code raises of damaged bytes, in one kind."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, tarfile.TarError, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnusableError(f"is damaged: {str(error)[:80]}") from None
    except OSError as error:
        raise UnusableError(f"cannot be read: {error.strerror or error}") from None


def _members(path: Path) -> Iterator[_Member]:
    if path.is_dir():
        for each in sorted(path.rglob("*")):
            if each.is_file() and not each.is_symlink() and _is_archive(each):
                yield from _archived(each)
            elif each.is_symlink() or not each.is_dir():
                yield _in_folder(path, each)
    elif path.is_file() and _is_archive(path):
        yield from _archived(path)
    else:
        raise LegatoError(f"{path}: no such folder, zip or tar archive")


def _is_archive(path: Path) -> bool:
    return path.suffix == ".zip" or path.name.endswith((".tar", ".tar.gz", ".tgz"))


def _in_folder(root: Path, path: Path) -> _Member:
    name, found = path.relative_to(root).as_posix(), path.lstat()
    if not stat.S_ISREG(found.st_mode):
        return _Member(None, name, 0, LINK_OR_DEVICE)
    return _Member(None, name, found.st_size, _refusal(name, found.st_size))


def _archived(path: Path) -> Iterator[_Member]:
    try:
        with _reading():
            yield from _zipped(path) if path.suffix == ".zip" else _tarred(path)
    except UnusableError as error:
        raise LegatoError(f"{path}: {error}") from None


def _zipped(path: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(path) as archive:
        for one in archive.infolist():
            kind = stat.S_IFMT(one.external_attr >> 16)
            if one.is_dir():
                continue
            refused = _refusal(one.filename, one.file_size)
            if kind and kind != stat.S_IFREG:
                refused = LINK_OR_DEVICE
            elif one.flag_bits & 1:
                refused = "is encrypted"
            elif one.file_size > MOST_RATIO * max(one.compress_size, 1) + AT_A_TIME:
                refused = "is a bomb: it unpacks to too much"
            yield _Member(path, one.filename, one.file_size, refused)


def _tarred(path: Path) -> Iterator[_Member]:
    with tarfile.open(path, "r|*") as archive:
        for one in archive:
            if one.isdir():
                continue
            if one.size > MOST_BYTES:  # the rest is behind it: to pass over it is to unpack it
                raise UnusableError(f"{one.name[:60]!a} {_refusal('', one.size)}")
            yield _Member(path, one.name, one.size, _refusal(one.name, one.size) if one.isreg() else LINK_OR_DEVICE)


def _extract_tar(container: Path, targets: dict[str, Path]) -> Iterator[tuple[str, str | None]]:
    waiting = dict(targets)
    try:
        with _reading(), tarfile.open(container, "r|*") as archive:
            for one in archive:
                target = waiting.pop(one.name, None) if one.isreg() else None
                file = archive.extractfile(one) if target else None
                if target and file:
                    _copy(file, target, one.size)
                    yield one.name.removeprefix("./"), None
                if not waiting:
                    return
    except UnusableError as error:
        yield from ((name.removeprefix("./"), str(error)) for name in waiting)


def _refusal(name: str, size: int) -> str:
    parts = name.removeprefix("./").split("/")
    if name and (not name.isprintable() or "\\" in name or any(part in ("", ".", "..") for part in parts)):
        return "has a name that leads elsewhere"
    if size > MOST_BYTES:
        return f"is larger than {MOST_BYTES // 2**30} GiB"
    return ""


def _copy(file: IO[bytes], target: Path, size: int) -> None:
    """As many bytes as were announced, no fewer and no more."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with _reading(), replacing(target) as temporary:
        with temporary.open("wb") as out:
            while block := file.read(AT_A_TIME):
                written += len(block)
                if written > size:
                    break
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        if written != size:
            raise UnusableError(f"is not as long as it says: {size} bytes")


def _end(name: str) -> str:
    return "/".join(name.removeprefix("./").split("/")[-2:])

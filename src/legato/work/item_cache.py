"""Results of single tracks, kept by what they were made from: files by their content, facts beside them.

    objects/<xx>/<sha256>   the files, read-only
    records/<xx>/<key>      what one key gave: facts, and which objects under which names
    scratch/                where work in progress writes
    used/                   which keys each stage of each workspace asked for last

It is outside DVC's outputs, which DVC deletes when a stage starts. A record is written when all its files are in
place and on the disk, so a process may die at any moment; a record or an object that is missing or that
does not match its hash is no result at all. So all of it may be deleted at any time, during a run too.
"""

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from legato.errors import LegatoError
from legato.files import naming, replacing, sha256_of
from legato.workspace import dvc_files, layout

VARIABLE = "LEGATO_CACHE"
DEFAULT = Path(".legato/cache")
FIELDS = 4  # of a file in a record
ABANDONED_S = 86_400  # a scratch folder this old is a dead process's


TRIES = 5  # of writing where somebody deletes
# Folders of the workspace that the pipeline reads or writes: anything else in them changes it, or is deleted.


class Record(NamedTuple):
    """What one key gave; `files` are (which output folder, path in it, SHA-256, MD5)."""

    stage: str
    facts: dict[str, Any]
    files: list[tuple[int, str, str, str]]


class Scratch(NamedTuple):
    """Where one item's files are written."""

    outs: list[Path]  # a folder for each output folder of the stage
    record: Path  # a file, empty until the record is written; gone when somebody has deleted the others


class DeletedError(Exception):
    """The cache was deleted under the hands of who made an item."""


def cache_folder() -> Path:
    """The environment's LEGATO_CACHE, which clones may share, else a folder of the workspace."""
    return Path(os.environ.get(VARIABLE) or DEFAULT)


def usable_folder(outs: Sequence[Path] = ()) -> Path:
    """The `cache_folder`, where results can be kept.

    Args:
        outs: folders that are cleared, and must hold no cache.

    Raises:
        LegatoError: it cannot be written, or is where the pipeline reads and writes.
    """
    cache = cache_folder()
    where = f"environment: {VARIABLE}: {str(cache)!r}"
    for folder in (*layout.ROOTS, *outs):
        if cache.resolve().is_relative_to(folder.resolve()):
            raise LegatoError(f"{where}: must lie outside of {folder}, which the pipeline reads or writes")
    for _ in range(TRIES):
        try:
            with open_scratch(cache, 0) as scratch:
                scratch.record.write_bytes(b"\n")
            return cache
        except DeletedError:  # by somebody who empties the cache; or nothing can be created there at all
            continue
        except OSError as error:
            raise LegatoError(f"{where}: results cannot be kept there: {error.strerror}") from None
    raise LegatoError(f"{where}: results cannot be kept there: nothing can be created")


def key_of(value: Any) -> str:
    """A hash of any JSON value; the order of keys counts, as it may for what is computed."""
    return hashlib.sha256(json.dumps(value, allow_nan=False).encode()).hexdigest()


def restore(
    cache: Path, key: str, outs: Sequence[Path], stores: Sequence[Path | None] = (), *, as_copies: bool = False
) -> Record | None:
    """Link a key's files into the folders `outs` and return its record, or None where there is no sound result.

    Args:
        stores: for each of `outs` the objects of DVC's cache, where its files are put too: DVC would copy them.
        as_copies: where there is such a store, the files in `outs` are copies: DVC would make them of links.
    """
    record = read_record(record_path(cache, key))
    if record is None or any(file[0] >= len(outs) for file in record.files):
        return None
    try:
        for out, name, digest, md5 in record.files:
            kept = object_path(cache, digest)
            if sha256_of(kept) != digest:
                kept.unlink(missing_ok=True)
                return None
            store = stores[out] if stores else None
            link(kept, outs[out] / name, as_copy=as_copies and store is not None)
            shared = dvc_files.object_path(store, md5) if store else None
            if shared and not shared.exists() and dvc_files.md5_of(kept) == md5:  # which DVC will not ask again
                share(kept, shared)
        os.utime(record_path(cache, key))  # pruning asks when it was used last
    except FileNotFoundError:
        return None
    return record


def keep(cache: Path, key: str, stage: str, facts: dict[str, Any], scratch: Scratch) -> None:
    """Take the files from a scratch folder, and then the record.

    Raises:
        DeletedError: somebody has removed them before.
    """
    try:
        files = [
            (out, str(path.relative_to(folder)), *_keep_file(cache, path))
            for out, folder in enumerate(scratch.outs)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
        content = json.dumps(Record(stage, facts, files)._asdict(), allow_nan=False).encode()
        with naming(scratch.record), scratch.record.open("r+b") as file:  # which fails where all has been removed
            file.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
        _move(scratch.record, record_path(cache, key))
    except FileNotFoundError:
        raise DeletedError from None


def read_record(path: Path) -> Record | None:
    """A record, or None where it is missing, damaged, or none of ours: others may write into a shared cache."""
    try:
        values = json.loads(sound_content(path) or b"")
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return None
    stage, facts, files = map((values if isinstance(values, dict) else {}).get, Record._fields)
    if not (isinstance(stage, str) and isinstance(facts, dict) and isinstance(files, list)):
        return None
    if not all(map(_is_file_of_record, files)):
        return None
    return Record(stage, facts, [tuple(file) for file in files])


def sound_content(path: Path) -> bytes | None:
    """What a record says, whoever wrote it; None where it does not match its hash."""
    digest, _, content = path.read_bytes().partition(b"\n")
    return content if hashlib.sha256(content).hexdigest().encode() == digest else None


def _is_hex(value: Any, n_digits: int) -> bool:
    return isinstance(value, str) and len(value) == n_digits and set(value) <= set("0123456789abcdef")


def _is_file_of_record(file: Any) -> bool:
    """Whether it has the fields of a file, and its path leads nowhere else."""
    if not (isinstance(file, list) and len(file) == FIELDS and type(file[0]) is int and file[0] >= 0):
        return False
    _, name, sha256, md5 = file
    if not (isinstance(name, str) and _is_hex(sha256, 64) and _is_hex(md5, 32)):
        return False
    is_plain = name.isprintable() and "\\" not in name
    return is_plain and all(part not in ("", ".", "..") for part in name.split("/"))


@contextmanager
def open_scratch(cache: Path, n_outs: int) -> Iterator[Scratch]:
    """A folder with an empty one for each output of a stage, removed when the block ends.

    Raises:
        DeletedError: somebody has removed it before.
    """
    root = cache / "scratch" / uuid.uuid4().hex
    scratch = Scratch([root / str(out) for out in range(n_outs)], root / "record")
    try:
        for folder in scratch.outs:
            folder.mkdir(parents=True)
        root.mkdir(parents=True, exist_ok=True)
        scratch.record.touch()
        yield scratch
    except FileNotFoundError:
        if scratch.record.exists():
            raise
        raise DeletedError from None
    finally:
        shutil.rmtree(root, ignore_errors=True)


def sweep(cache: Path) -> None:
    """Remove the scratch folders of dead processes."""
    for folder in (cache / "scratch").glob("*"):
        with suppress(FileNotFoundError):
            if time.time() - folder.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(folder, ignore_errors=True)


def note_used(cache: Path, stage: str, category: str, keys: Iterable[str]) -> None:
    """Write down which keys a stage of this workspace asked for, so that pruning knows what nobody needs."""
    path = used_folder(cache) / f"{stage}@{category}"
    with suppress(FileNotFoundError), replacing(path) as temporary:
        temporary.write_text("\n".join([str(Path.cwd()), *keys]) + "\n", encoding="utf-8")


def used_folder(cache: Path) -> Path:
    """Where this workspace writes down which keys it uses."""
    return cache / "used" / hashlib.sha256(os.fsencode(Path.cwd())).hexdigest()[:16]


def record_path(cache: Path, key: str) -> Path:
    """Where a key's record is."""
    return cache / "records" / key[:2] / key


def object_path(cache: Path, digest: str) -> Path:
    """Where the file with a SHA-256 is."""
    return cache / "objects" / digest[:2] / digest


def link(source: Path, target: Path, *, as_copy: bool = False) -> None:
    """Put a file at `target` too: with shared blocks, else as a hard link unless it is to be a copy, else as one."""
    with replacing(target) as temporary:
        if _reflink(source, temporary):
            return
        if as_copy:
            shutil.copyfile(source, temporary)
        else:
            try:
                os.link(source, temporary)
            except FileNotFoundError:
                raise
            except OSError:  # another file system, another owner, too many links
                shutil.copyfile(source, temporary)


def share(kept: Path, target: Path) -> None:
    """Let a cache's file be in another cache too, where it is not yet and both are on one file system."""
    with suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(kept, target)  # whole at once, or not


def _reflink(source: Path, target: Path) -> bool:
    """Whether `target` is now a copy that shares `source`'s blocks, on Linux and macOS."""
    from dvc_objects.fs.system import reflink  # takes a while

    try:
        reflink(source, target)
    except OSError:
        return False
    return True


def _keep_file(cache: Path, path: Path) -> tuple[str, str]:
    """Move a file to its place by content, on the disk before it has its name; return its SHA-256 and its MD5."""
    digest, md5 = sha256_of(path), dvc_files.md5_of(path)
    kept = object_path(cache, digest)
    if not (kept.is_file() and sha256_of(kept) == digest):
        path.chmod(0o444)  # it is linked into workspaces, where nobody should write into it
        _move(path, kept)
    return digest, md5


def _move(path: Path, target: Path) -> None:
    """Give a file its name when it is on the disk, and not before."""
    with naming(target), path.open("rb") as file:
        os.fsync(file.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)

"""DVC's remote, where it is an S3 store: whether it can be used, and whether what was pushed to it is whole.

`dvc push` asks whether an object is there, and not whether it is whole; and says little of why a store refuses, or
waits for minutes on one that does not answer. What is looked at here is answered within half a minute, in one line.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from legato.errors import LegatoError
from legato.work.listings import FOLDER_MARK
from legato.work.recorded import recorded, recorded_listing
from legato.work.s3 import SCHEME, Bucket, Keys, parse
from legato.work.verifying import added
from legato.workspace.dvc_files import DVC, object_path, object_store

OBJECTS = "files/md5"
MISSING = "not in the store"
PROBE, PROBE_BYTES = "legato-probe", 65_536
PART = 50 * 2**20  # bytes that DVC puts at a time of a large object
PIECE = 16 * 2**20  # that are read at a time


class Object(NamedTuple):
    """An object of the store that is not as it should be."""

    md5: str
    why: str

    def __str__(self) -> str:
        return f"{key_of(self.md5)}: {self.why}"


def find(name: str | None = None) -> Bucket:
    """A remote of DVC's configuration, the default one if none is named.

    Raises:
        LegatoError: there is none, or it is no S3 store.
    """
    from dvc.config import Config
    from dvc.exceptions import DvcException

    try:
        config: Any = Config(str(DVC.absolute())) if DVC.is_dir() else {}
        name = name or config.get("core", {}).get("remote")
        remote = config.get("remote", {}).get(name) or {}
    except DvcException as error:
        raise LegatoError(f"{DVC / 'config'}: {' '.join(str(error).split())}") from None
    if not remote.get("url"):
        raise LegatoError(f".dvc/config: {name or 'core.remote'}: no such remote: `dvc remote add --default` adds one")
    if not remote["url"].startswith(SCHEME):
        raise LegatoError(f".dvc/config: {name}: {remote['url']}: is no S3 store, and only these are looked at")
    user, secret = remote.get("access_key_id"), remote.get("secret_access_key")
    return replace(
        parse(remote["url"]),
        endpoint=remote.get("endpointurl"),
        profile=remote.get("profile"),
        region=remote.get("region"),
        access=Keys(user, secret, remote.get("session_token")) if user and secret else None,
        config_file=remote.get("configpath"),
        credentials_file=remote.get("credentialpath"),
        verify=remote.get("ssl_verify"),
    )


def check(bucket: Bucket, *, may_write: bool = True) -> str:
    """See that objects can be listed, and where `may_write` written, read back and removed.

    Returns:
        Why the object could not be removed, which `dvc push` does not need; empty if it could, or none was written.

    Raises:
        LegatoError: the store refuses, does not answer, or is not there.
    """
    next(bucket.sizes(PROBE), None)
    if not may_write:
        return ""
    content = bytes(PROBE_BYTES)
    try:
        bucket.write(PROBE, content)
    except LegatoError as error:
        raise LegatoError(f"{error}; it can be read, and not written to: full, or for reading alone?") from None
    kept = ""
    try:
        if bucket.read(PROBE) != content:
            raise LegatoError(f"{bucket}: gives other bytes than were written")
        _as_dvc_does(bucket, content)
    finally:
        try:
            bucket.remove(PROBE)
        except LegatoError as error:
            kept = str(error)
    return kept


def _as_dvc_does(bucket: Bucket, content: bytes) -> None:
    """See that a part of an object comes back as DVC asks for the parts of a large one: some stores give it the
    checksum of the whole object.
    """
    dvc = replace(bucket, checks_bytes=False)
    dvc.write(PROBE, content)
    dvc.read(PROBE, 1, len(content) // 2)


def faults(bucket: Bucket) -> Iterator[Object]:
    """Objects of the checked-out version that are not in the store, or not whole there.

    An object's ETag is compared where it is an MD5, or that of the parts in which DVC puts it; else its bytes are read.

    Raises:
        LegatoError: the store cannot be read.
    """
    there = {name: (size, etag) for name, size, etag in bucket.sizes(OBJECTS)}
    inside = ((out, *_inside(bucket, out, in_store=key_of(out) in there)) for out in _outs().values())
    wanted = dict.fromkeys(md5 for found in inside for md5 in found)
    for md5 in wanted:
        name = key_of(md5)
        if name not in there:
            yield Object(md5, MISSING)
        elif not _is_whole(bucket, md5, *there[name]):
            yield Object(md5, f"damaged in the store: {there[name][0]} bytes that are not its own")


def repair(bucket: Bucket, found: Sequence[Object]) -> int:
    """Remove damaged objects, so that `dvc push` puts them again; return how many there were.

    The lists of folders that miss something go too: DVC believes that it has pushed all that a list in the store names.
    """
    wrong = {one.md5 for one in found}
    damaged = {one.md5 for one in found if one.why != MISSING}
    sound = [out for out in _outs().values() if out not in wrong]
    lists = {out for out in sound if wrong.intersection(_inside(bucket, out, in_store=True))}
    for md5 in sorted(damaged | lists):
        bucket.remove(key_of(md5))
    return len(damaged)


def key_of(md5: str) -> str:
    """Where an object is in a remote."""
    return f"{OBJECTS}/{md5[:2]}/{md5[2:]}"


def folder(bucket: Bucket, path: Path) -> Bucket:
    """An output of the checked-out version in the remote, by the names that its files have in the workspace.

    Raises:
        LegatoError: it has not been made or not been pushed.
    """
    md5 = _outs().get(path)
    if md5 is None:
        raise LegatoError(f"dvc.lock: {path}: has not been made: `dvc repro`, or check out a version that has it")
    rows = _listed(bucket, md5)
    if rows is None:
        raise LegatoError(f"{bucket}: {key_of(md5)}: damaged in the store: `legato remote --repair`, then `dvc push`")
    names = {row["relpath"]: f"{bucket.prefix}/{key_of(row['md5'])}".lstrip("/") for row in rows}
    return replace(bucket, keys=names, name=f"{bucket} {path}")


def _outs() -> dict[Path, str]:
    """The MD5 of all that DVC keeps of the checked-out version: what stages made, and what was added."""
    return recorded() | added()


def _inside(bucket: Bucket, md5: str, *, in_store: bool) -> list[str]:
    """The objects that a folder's list names; none of a file, or where no sound list is here or in the store."""
    if not md5.endswith(FOLDER_MARK):
        return []
    here = recorded_listing(object_store() or Path(), md5)
    if here is not None:
        return list(here.values())
    return [row["md5"] for row in _listed(bucket, md5) or ()] if in_store else []


def _listed(bucket: Bucket, md5: str) -> list[dict[str, str]] | None:
    """A folder's list as the store has it; None if it is damaged there."""
    content = bucket.read(key_of(md5))
    is_whole = hashlib.md5(content, usedforsecurity=False).hexdigest() + FOLDER_MARK == md5
    return json.loads(content) if is_whole else None


def _is_whole(bucket: Bucket, md5: str, size: int, etag: str) -> bool:
    digest = md5.removesuffix(FOLDER_MARK)
    if etag == digest:
        return True
    kept = object_path(object_store() or Path(), md5)
    if kept.is_file() and kept.stat().st_size != size:
        return False
    if kept.is_file() and "-" in etag and etag == _etag_of_parts(kept):
        return True
    found = hashlib.md5(usedforsecurity=False)
    for start in range(0, size, PIECE):
        found.update(bucket.read(key_of(md5), start, min(PIECE, size - start)))
    return found.hexdigest() == digest


def _etag_of_parts(path: Path) -> str:
    """The ETag that S3 gives an object which was put in parts: an MD5 of their MD5s, and how many."""
    with path.open("rb") as file:
        digests = [hashlib.md5(part, usedforsecurity=False).digest() for part in iter(lambda: file.read(PART), b"")]
    return f"{hashlib.md5(b''.join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"

"""The files of an output, by DVC's list of them and by SHA-256.

DVC knows a folder by the MD5 of a list with the MD5 of each file. Whoever made the files knows their SHA-256 too, and
keeps those under that MD5. So a stage that reads the folder computes one hash of each file, twice as fast as MD5, sees
by it that the folder is as recorded, and knows what the keys of its own results need.
"""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path

from legato import files, shards
from legato.work import item_cache

FOLDER_MARK = ".dir"  # after the MD5 of a folder
LEFT_BY_DVC = ".*.tmp"  # in an output, of a full disk; .dvcignore names them too
STAGE = "lists"  # as the cache of single tracks shows them

Files = dict[Path, str]  # MD5s; of a folder's files under their paths in it, of a single file under "."

_seen: dict[Path, str] = {}  # SHA-256 of files that this process has found to be as recorded


def files_of(folder: Path) -> list[Path]:
    """The files of an output, at any depth, that DVC knows of."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not fnmatch(path.name, LEFT_BY_DVC)]


def bytes_of_listing(md5s: Files) -> bytes:
    """DVC's list of a folder's files (`Tree.as_bytes` in dvc-data), whose MD5 is the folder's."""
    rows = sorted(
        ({"md5": md5, "relpath": path.as_posix()} for path, md5 in md5s.items()), key=lambda row: row["relpath"]
    )
    return json.dumps(rows, sort_keys=True).encode()


def md5_of_listing(md5s: Files) -> str:
    """The MD5 that DVC has of a folder."""
    return hashlib.md5(bytes_of_listing(md5s), usedforsecurity=False).hexdigest() + FOLDER_MARK


def keep(cache: Path, made: Mapping[str, tuple[str, str]]) -> str:
    """Keep the SHA-256 of a folder's files; return the key.

    Args:
        made: the SHA-256 and the MD5 of each file, by its path in the folder.
    """
    key = _key_of(md5_of_listing({Path(name): md5 for name, (_, md5) in made.items()}))
    if not item_cache.record_path(cache, key).exists():
        with suppress(OSError, item_cache.DeletedError), item_cache.open_scratch(cache, 0) as scratch:
            item_cache.keep(cache, key, STAGE, {name: sha256 for name, (sha256, _) in made.items()}, scratch)
    return key


def is_as_recorded(folder: Path, md5: str) -> bool:
    """Whether a folder's files are those of DVC's list with this MD5; False where their SHA-256 are not known, too."""
    try:
        record = item_cache.restore(item_cache.cache_folder(), _key_of(md5), ())
    except OSError:
        return False
    paths = {path.relative_to(folder).as_posix(): path for path in files_of(folder)}
    if record is None or paths.keys() != record.facts.keys():
        return False
    with ThreadPoolExecutor() as readers:
        found = dict(zip(paths, readers.map(files.sha256_of, paths.values()), strict=True))
    if found != record.facts:
        return False
    _seen.update((paths[name], sha256) for name, sha256 in found.items())
    return True


def sha256_of(path: Path) -> str:
    """As `shards.sha256_of`, from memory if this process has found the file to be as recorded."""
    return _seen.get(path) or shards.sha256_of(path)


def forget() -> None:
    """Have `sha256_of` read all files again: who works on one asks whether it is still the same."""
    _seen.clear()


def _key_of(md5: str) -> str:
    return item_cache.key_of([STAGE, md5])

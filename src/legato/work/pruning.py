"""What the cache of single tracks holds, and what of it is thrown away.

Nothing of it is ever needed: what is missing is made again. So pruning may run beside a stage.
"""

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from legato.errors import LegatoError
from legato.work import compiler_cache
from legato.work.item_cache import object_path, read_record, used_folder
from legato.workspace import categories

AGES_S = {"h": 3600, "d": 86_400, "w": 604_800}
SIZES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class Result(NamedTuple):
    """What is kept of one track."""

    path: Path  # of its record
    stage: str
    used_at: float  # s since 1970
    objects: tuple[Path, ...]

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(size_of(path) for path in self.objects)


def results(cache: Path) -> list[Result]:
    """All results, the least recently used first; what is damaged is none."""
    found = []
    for path in (cache / "records").glob("*/*"):
        record = read_record(path)
        if record:
            objects = tuple(object_path(cache, digest) for _, _, digest, _ in record.files)
            with suppress(FileNotFoundError):
                found.append(Result(path, record.stage, path.stat().st_mtime, objects))
    return sorted(found, key=lambda result: result.used_at)


def total_size(found: Iterable[Result]) -> int:
    """Bytes of the files of results, each counted once."""
    return sum(map(size_of, {path for result in found for path in result.objects}))


def prune(
    cache: Path, *, older_than_s: float | None = None, larger_than: int | None = None, unused: bool = False
) -> tuple[int, int]:
    """Throw results away; return how many and how many bytes.

    Args:
        older_than_s: those that no stage has used for this long, and what was compiled and not used.
        larger_than: the least recently used, until the rest has at most this many bytes.
        unused: those that no stage of any workspace has asked for when it ran last, nor will for a category that
            this one no longer has.
    """
    paths = list((cache / "records").glob("*/*"))
    found = results(cache)
    needed = _needed(cache) if unused else set()
    kept = [
        result
        for result in found
        if (older_than_s is None or time.time() - result.used_at <= older_than_s)
        and (not unused or result.path.name in needed)
    ]
    if larger_than is not None:
        kept = _newest(kept, larger_than)
    sound = {result.path for result in kept}
    for path in paths:
        if path not in sound:
            path.unlink(missing_ok=True)
    wanted = {path for result in kept for path in result.objects}
    freed = compiler_cache.prune(cache, older_than_s) if older_than_s is not None else 0
    for path in (cache / "objects").glob("*/*"):
        if path not in wanted:
            freed += size_of(path)
            path.unlink(missing_ok=True)
    return len(found) - len(kept), freed


def seconds_of(text: str) -> float:
    """An age such as 12h, 30d or 2w, in seconds.

    >>> seconds_of("2d")
    172800.0

    Raises:
        LegatoError: it is none.
    """
    return _quantity(text, "--older-than", r"([hdw])", AGES_S, "an age such as 12h, 30d or 2w")


def bytes_of(text: str) -> int:
    """A size such as 500MB or 10GB, in bytes.

    >>> bytes_of("1.5GB")
    1500000000

    Raises:
        LegatoError: it is none.
    """
    return int(_quantity(text, "--larger-than", r"([KMGT]?)B?", SIZES, "a size such as 500MB or 10GB"))


def size_text(size: float) -> str:
    """Bytes, human-readable.

    >>> size_text(1_500_000_000)
    '1.5 GB'
    """
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def size_of(path: Path) -> int:
    """A file's bytes; none where it is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _newest(found: list[Result], n_bytes: int) -> list[Result]:
    """The last results that together have at most this many bytes."""
    counted: set[Path] = set()
    left = n_bytes
    for at in reversed(range(len(found))):
        more = set(found[at].objects) - counted
        left -= sum(map(size_of, more))
        if left < 0:
            return found[at + 1 :]
        counted |= more
    return found


def _needed(cache: Path) -> set[str]:
    """The keys that the stages of all workspaces that still exist used last."""
    here, needed = used_folder(cache), set[str]()
    for path in (cache / "used").glob("*/*@*"):
        workspace, *keys = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
        is_gone = path.parent == here and path.name.split("@")[1] not in categories.names()
        if is_gone or not workspace or not Path(workspace).is_dir():
            path.unlink(missing_ok=True)
        else:
            needed.update(keys)
    return needed


def _quantity(text: str, option: str, unit: str, factors: dict[str, int], rule: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?" + unit, text)
    if not found:
        raise LegatoError(f"{option}: {text!r}: must be {rule}")
    return float(found[1]) * factors[found[2]]

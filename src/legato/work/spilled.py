"""What is too much for memory stays on the disk: of a row memory holds some bytes, and whoever needs it reads it again.

Names are known by the first 16 bytes of their BLAKE2b: two of a million are alike with a chance of 1e-27.
"""

import json
import os
import sqlite3
import tempfile
from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from legato.errors import LegatoError
from legato.files import Json, located_rows, parts_of, row_at

FOLDER = Path(".legato/spilled")  # of the workspace: the system's own folder may be memory
DIGEST = "S16"


def digest(name: str) -> bytes:
    """What a name is known by, 16 bytes."""
    from hashlib import blake2b

    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def known_by(name: str) -> np.bytes_:
    """The same as an element of such an array, which is without zeros at its end."""
    return np.frombuffer(digest(name), DIGEST)[0]


def digests(names: Iterable[str]) -> np.ndarray:
    """What names are known by, in order: an array of 16 bytes each."""
    found = bytearray()
    for name in names:
        found += digest(name)
    return np.frombuffer(found, DIGEST)


class Names:
    """Which names there are: 16 bytes each."""

    def __init__(self, names: Iterable[str]) -> None:
        self._sorted = np.sort(digests(names))

    @classmethod
    def of(cls, known: bytearray) -> Self:
        """Names by their digests, one after another."""
        found = cls(())
        found._sorted = np.sort(np.frombuffer(known, DIGEST))
        return found

    def __len__(self) -> int:
        return len(self._sorted)

    def __contains__(self, name: str) -> bool:
        known = known_by(name)
        at = np.searchsorted(self._sorted, known)
        return bool(at < len(self._sorted) and self._sorted[at] == known)

    def repeated(self) -> "Names":
        """Those that were given more than once."""
        found = Names(())
        found._sorted = np.unique(self._sorted[1:][self._sorted[1:] == self._sorted[:-1]])
        return found


class Line(NamedTuple):
    """Where a row of a file of JSON Lines is."""

    path: Path
    offset: int

    def read(self) -> Json:
        """The row."""
        return row_at(*self)


class Lines:
    """Rows of JSON Lines by their id: 24 bytes of each. Of rows that have the same id it is the last one."""

    def __init__(self, path: Path) -> None:
        """Look at each row of a file, or of a folder of files, once.

        Raises:
            LegatoError: as `rows_of`.
        """
        self._path = path
        self._parts = parts_of(path) if path.exists() else [path]
        self._starts = [0]
        found, offsets = bytearray(), array("q")
        for part in self._parts:
            for offset, row in located_rows(part):
                found += digest(str(row.get("id")))
                offsets.append(self._starts[-1] + offset)
            self._starts.append(self._starts[-1] + part.stat().st_size)
        names = np.frombuffer(found, DIGEST)
        order = np.argsort(names, kind="stable")
        self._names, self._offsets = names[order], np.frombuffer(offsets, np.int64)[order]

    def __len__(self) -> int:
        return len(self._names)

    def find(self, name: str) -> Line | None:
        """Where the row of an id is, None where there is none."""
        known = known_by(name)
        at = np.searchsorted(self._names, known, "right") - 1
        if at < 0 or self._names[at] != known:
            return None
        offset = int(self._offsets[at])
        part = bisect_right(self._starts, offset) - 1
        return Line(self._parts[part], offset - self._starts[part])

    def line(self, name: str) -> Line:
        """Where the row of an id is.

        Raises:
            LegatoError: there is none.
        """
        line = self.find(name)
        if line is None:
            raise LegatoError(f"{self._path}: {name}: this track is missing; run `dvc repro`")
        return line


class Rows(Collection[Json]):
    """Rows that come in any order and are given in that of their places; they are equal to a list of the same rows."""

    def __init__(self, n_places: int) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        self._file: Any = tempfile.TemporaryFile(dir=FOLDER)  # noqa: SIM115
        self._offsets = np.full(n_places, -1, np.int64)
        self._n_bytes, self._is_at_end = 0, True  # each seek would write to the disk

    def put(self, place: int, row: Json) -> None:
        """Keep a row."""
        if not self._is_at_end:
            self._file.seek(self._n_bytes)
            self._is_at_end = True
        self._offsets[place] = self._n_bytes
        self._n_bytes += self._file.write(json.dumps(row).encode() + b"\n")

    def has(self, place: int) -> bool:
        """Whether there is a row of a place."""
        return bool(self._offsets[place] >= 0)

    def missing(self) -> list[int]:
        """The places that have no row."""
        return np.flatnonzero(self._offsets < 0).tolist()

    def __len__(self) -> int:
        return int((self._offsets >= 0).sum())

    def __iter__(self) -> Iterator[Json]:
        for offset in self._offsets:
            if offset >= 0:
                self._is_at_end = False
                self._file.seek(int(offset))
                yield json.loads(self._file.readline())

    def __contains__(self, row: object) -> bool:
        return any(row == one for one in self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Collection) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(list(self))


@contextmanager
def sorted_on_disk(rows: Iterable[tuple[Any, ...]]) -> Iterator[Iterator[tuple[Any, ...]]]:
    """Rows of two texts and two numbers, sorted by the texts; of equal ones in the order in which they came."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder, closing(sqlite3.connect(f"{folder}/rows")) as base:
        base.execute("PRAGMA journal_mode = OFF")
        base.execute("CREATE TABLE found (a TEXT, b TEXT, c INTEGER, d INTEGER)")
        base.executemany("INSERT INTO found VALUES (?, ?, ?, ?)", rows)
        base.execute("CREATE INDEX order_of ON found (a, b)")
        yield base.execute("SELECT a, b, c, d FROM found ORDER BY a, b, rowid")


class Table:
    """Rows of as many numbers each, float32 (N, F), on the disk; those that are asked for are an array."""

    def __init__(self, n_numbers: int) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        self._file: Any = tempfile.TemporaryFile(dir=FOLDER)  # noqa: SIM115
        self._first, self._n, self._n_numbers = 0, 0, n_numbers

    def append(self, row: Any) -> None:
        """Add a row at the end."""
        self._file.seek(0, os.SEEK_END)
        self._file.write(np.asarray(row, np.float32).reshape(self._n_numbers).tobytes())
        self._n += 1

    def part(self, start: int, stop: int) -> "Table":
        """Some rows, in the same file."""
        found = copy(self)
        found._first, found._n = self._first + start, stop - start
        return found

    def __len__(self) -> int:
        return self._n

    @property
    def shape(self) -> tuple[int, int]:
        """As of an array."""
        return self._n, self._n_numbers

    def __getitem__(self, wanted: Any) -> np.ndarray:
        """A row, or those of a slice, or those whose numbers are given."""
        if isinstance(wanted, slice):
            start, stop, step = wanted.indices(self._n)
            return self._read(start, max(0, stop - start))[::step]
        if np.ndim(wanted) == 0:
            return self._read(int(wanted), 1)[0]
        return np.concatenate([self._read(int(at), 1) for at in wanted] or [np.zeros((0, self._n_numbers), np.float32)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    def _read(self, start: int, n: int) -> np.ndarray:
        self._file.flush()
        size = 4 * self._n_numbers
        content = os.pread(self._file.fileno(), n * size, (self._first + start) * size)
        return np.frombuffer(content, np.float32).reshape(n, self._n_numbers)

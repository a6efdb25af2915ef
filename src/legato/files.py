"""Files that are whole or absent, and the JSON Lines that carry each track's facts."""

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from legato.errors import LegatoError

Json = dict[str, Any]  # an object of JSON
KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, moved onto it when the block ends well and removed otherwise.

    The temporary name keeps the suffix, because writers choose their format by it.

    Raises:
        OSError: it names `path`, whichever of both names had no place on the disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    with naming(path, instead_of=temporary):
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def naming(path: Path, instead_of: Path | None = None) -> Iterator[None]:
    """An `OSError` of the block that names no file names this one: what fails in a write or a read names none."""
    try:
        yield
    except ConnectionError:  # of a pipe or a socket
        raise
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(instead_of)) and error.filename2 is None:
            error.filename = str(path)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write ASCII text, whole or not at all."""
    write_bytes(path, text.encode("ascii"))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented, sorted ASCII JSON."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object per line, keys sorted, ASCII."""
    with replacing(path) as temporary, temporary.open("w", encoding="ascii", newline="") as file:
        for row in rows:
            file.write(json.dumps(row, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read one JSON value, in UTF-8.

    Raises:
        LegatoError: the file is missing, or is not JSON.
    """
    return _parsed(_content(path), "utf-8", f"{path}: not JSON")


def read_jsonl(path: Path) -> list[Json]:
    """Read one JSON object per line, in ASCII; of a folder, those of its parts, `*.jsonl`, in order of their names.

    Raises:
        LegatoError: the file is missing, or a line is no JSON object; the first such line is named.
    """
    return list(rows_of(path))


def rows_of(path: Path) -> Iterator[Json]:
    """As `read_jsonl`, one object after another; memory holds one line."""
    for part in parts_of(path):
        for _, row in located_rows(part):
            yield row


def located_rows(path: Path) -> Iterator[tuple[int, Json]]:
    """Each object of a file of JSON Lines, and at which byte it begins: `row_at` gives it again.

    Raises:
        LegatoError: as `read_jsonl`.
    """
    with naming(path), _there(path).open("rb") as file:
        offset = 0
        for number, line in enumerate(file, start=1):
            yield offset, _row(line, f"{path}: not JSON Lines: line {number}")
            offset += len(line)


def row_at(path: Path, offset: int) -> Json:
    """The object of the line that begins at a byte of a file of JSON Lines.

    Raises:
        LegatoError: there is no file, or no JSON object at that place.
    """
    with naming(path), _there(path).open("rb") as file:
        file.seek(offset)
        return _row(file.readline(), f"{path}: not JSON Lines: at byte {offset}")


def parts_of(path: Path) -> list[Path]:
    """The file itself, or the files that a folder of JSON Lines is in.

    Raises:
        LegatoError: a folder has none.
    """
    found = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not found:
        raise LegatoError(f"{path}: is a folder without *.jsonl")
    return found


def require_file(path: Path) -> Path:
    """The path itself, where it is a plain file or a link to one: to open or read any other may take for ever.

    Raises:
        LegatoError: there is nothing, a folder, a FIFO, a socket or a device, or a link that leads to nothing.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        reason = "is a link to what is not there" if path.is_symlink() else "no such file"
        raise LegatoError(f"{path}: {reason}") from None
    except OSError as error:  # a circle of links, a name that is too long, a folder that is closed to us
        raise LegatoError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise LegatoError(f"{str(path)!r}: not a path: it holds a null byte") from None
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in KINDS if is_kind(mode)), "something else")
        raise LegatoError(f"{path}: is not a file but {kind}")
    return path


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as 64 hex digits."""
    with naming(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content(path: Path) -> bytes:
    with naming(path):
        return _there(path).read_bytes()


def _there(path: Path) -> Path:
    if not (path.exists() or path.is_symlink()):
        raise LegatoError(f"{path}: no such file; `dvc repro` makes that of the project")
    return require_file(path)


def _row(line: bytes, where: str) -> Json:
    row = _parsed(line.rstrip(b"\r\n"), "ascii", where)
    if not isinstance(row, dict):
        raise LegatoError(f"{where}: must be an object")
    return row


def _parsed(content: bytes, encoding: str, where: str) -> Any:
    """JSON's value; NaN and infinity are none."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    try:
        return json.loads(content.decode(encoding), parse_constant=refuse)
    except UnicodeDecodeError as error:
        raise LegatoError(f"{where}: not {encoding.upper()}: byte {error.start}") from None
    except RecursionError:
        raise LegatoError(f"{where}: too deeply nested") from None
    except ValueError as error:
        raise LegatoError(f"{where}: {error}") from None

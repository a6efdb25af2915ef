"""Files that are whole or absent, and the JSON Lines that carry each track's facts."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from legato.errors import LegatoError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, moved onto it when the block ends well and removed otherwise.

    The temporary name keeps the suffix, because writers choose their format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object per line, keys sorted, ASCII."""
    write_text(path, "".join(json.dumps(row, sort_keys=True, allow_nan=False) + "\n" for row in rows))


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Read one JSON object per line.

    Raises:
        LegatoError: the file is missing, or a line is not JSON.
    """
    try:
        return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    except FileNotFoundError:
        raise LegatoError(f"{path}: no such file; run `dvc repro`") from None
    except ValueError as error:
        raise LegatoError(f"{path}: not JSON Lines: {error}") from None


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

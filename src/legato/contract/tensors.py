"""Files of tensors as torch writes them, of strangers: nothing in them is run, and whatever is wrong is one line."""

import hashlib
import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from legato import shards
from legato.errors import LegatoError
from legato.files import replacing, require_file

SEAL = "sha256"  # of all else that a sealed file holds


def load_plain(path: Path, wrong: str, device: str | torch.device = "cpu", content: bytes | None = None) -> Any:
    """What `torch.save` wrote, of plain values and tensors.

    Args:
        path: of a file, or of a member of an archive, as `shards` has it.
        wrong: what it is where it cannot be read, for the error: "not a checkpoint".
        content: of the file, where it has been read.

    Raises:
        LegatoError: there is no such file, it is truncated, wants to run code, or is not what torch writes.
    """
    if content is None and not path.is_file() and shards.exists(path):
        content = shards.read(path)
    source = require_file(path) if content is None else io.BytesIO(content)
    try:
        if _is_compressed(source):
            raise ValueError("its content is compressed, which torch never does")
        with warnings.catch_warnings(action="ignore"):
            return torch.load(source, map_location=device, weights_only=True)
    except Exception as error:  # of bytes that are not torch's own, torch may raise anything
        reason = (str(error) or type(error).__name__).splitlines()[0].split(". ")[0]
        raise LegatoError(f"{path}: truncated, or {wrong}: {reason}") from None


def write_sealed(path: Path, values: dict[str, Any]) -> None:
    """Write plain values and tensors with their SHA-256, whole or not at all.

    Raises:
        OSError: the disk is full, say.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        told: Any = _Told(file)
        try:
            torch.save(values | {SEAL: digest(values)}, told)
        except RuntimeError as error:  # torch says that something is wrong, and not what
            raise told.error or error from None


class _Told:
    """A file that keeps why it could not be written."""

    def __init__(self, file: BinaryIO) -> None:
        self.error: OSError | None = None
        self.flush, self._file = file.flush, file

    def write(self, content: bytes) -> int:
        try:
            return self._file.write(content)
        except OSError as error:
            self.error = error
            raise


def read_sealed(path: Path, wrong: str, device: str | torch.device = "cpu") -> dict[str, Any]:
    """What `write_sealed` was given.

    Raises:
        LegatoError: as `load_plain`, or a bit of it is another one than was written.
    """
    values = load_plain(path, wrong, device)
    if not (isinstance(values, dict) and SEAL in values):
        raise LegatoError(f"{path}: {wrong}: it has no SHA-256 of what it holds")
    seal = values.pop(SEAL)
    try:
        found = digest(values)
    except (TypeError, RuntimeError):  # of tensors that hold no numbers
        found = None
    if found != seal:
        raise LegatoError(f"{path}: damaged: its content is not what its SHA-256 says; remove it to go on without it")
    return values


def digest(value: Any) -> str:
    """The SHA-256 of plain values and tensors, wherever these are.

    >>> digest({"a": [1, torch.zeros(2)]}) == digest({"a": [1, torch.zeros(2)]}), digest({"a": 1}) == digest({"a": 1.0})
    (True, False)
    """
    found = hashlib.sha256()
    for part in _parts(value):
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.hexdigest()


def _parts(value: Any) -> Iterator[bytes | memoryview]:
    if isinstance(value, Tensor):
        yield repr((value.dtype, tuple(value.shape))).encode()
        yield value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
    elif isinstance(value, dict):
        yield f"dict {len(value)}".encode()
        for pair in value.items():
            yield from _parts(pair)
    elif isinstance(value, list | tuple):
        yield f"{type(value).__name__} {len(value)}".encode()
        for one in value:
            yield from _parts(one)
    elif value is None or isinstance(value, bool | int | float | str):
        yield repr(value).encode(errors="surrogatepass")
    else:
        raise TypeError(f"not a plain value: {type(value).__name__}")


def owns_its_numbers(tensor: Tensor) -> bool:
    """Whether a tensor is dense, in memory, and has as many numbers there as its shape says."""
    is_plain = tensor.layout == torch.strided and tensor.device.type != "meta" and not tensor.is_quantized
    return is_plain and tensor.untyped_storage().nbytes() >= tensor.nbytes


def _is_compressed(source: Path | BinaryIO) -> bool:
    """Whether a zip archive holds more than its own size: a few bytes may stand for more than memory."""
    if not zipfile.is_zipfile(source):
        return False
    with zipfile.ZipFile(source) as archive:
        is_any = any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist())
    if not isinstance(source, Path):
        source.seek(0)
    return is_any

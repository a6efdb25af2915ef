"""Which presets a SoundFont holds, whoever made it. Samples are not read.

Source: "SoundFont Technical Specification 2.04", Creative Technology, 2006; an .sf3 file differs in its samples alone.
"""

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from legato.errors import LegatoError

PRESET_BYTES = 38  # of a phdr record (7.2)


def read_presets(path: Path) -> dict[tuple[int, int], str]:
    """The name of each (bank, program) of an .sf2 or .sf3 file. Samples are not read.

    Raises:
        LegatoError: the file is missing, is no SoundFont, or is truncated.
    """
    try:
        with path.open("rb") as file:
            records = _find_phdr(file, path)
    except OSError as error:
        raise LegatoError(f"{path}: cannot be read: {error.strerror}") from None
    presets = {}
    for start in range(0, len(records) - PRESET_BYTES, PRESET_BYTES):  # the last record is the terminal one
        name, program, bank = struct.unpack_from("<20sHH", records, start)
        presets[bank, program] = name.split(b"\0")[0].decode("latin-1")
    if not presets:
        raise LegatoError(f"{path}: this SoundFont has no presets")
    return presets


def _find_phdr(file: BinaryIO, path: Path) -> bytes:
    """Walk the RIFF chunks to `phdr`, seeking over all others."""
    n_bytes = file.seek(0, 2)
    file.seek(0)
    if n_bytes < 12 or file.read(4) != b"RIFF":
        raise LegatoError(f"{path}: not a SoundFont: it does not begin with RIFF")
    (size,) = struct.unpack("<I", file.read(4))
    if file.read(4) != b"sfbk":
        raise LegatoError(f"{path}: not a SoundFont: its RIFF form is not sfbk")
    if 8 + size > n_bytes:
        raise LegatoError(f"{path}: truncated: {n_bytes} bytes of {8 + size}")
    for kind, start, length in _walk(file, 12, 8 + size, path):
        file.seek(start)
        if kind == b"LIST" and file.read(4) == b"pdta":
            for inner, inner_start, inner_length in _walk(file, start + 4, start + length, path):
                if inner == b"phdr":
                    file.seek(inner_start)
                    return file.read(inner_length)
    raise LegatoError(f"{path}: not a SoundFont: it has no phdr chunk")


def _walk(file: BinaryIO, start: int, end: int, path: Path) -> Iterable[tuple[bytes, int, int]]:
    """The (kind, start, length) of each chunk between two offsets."""
    while start + 8 <= end:
        file.seek(start)
        kind, length = struct.unpack("<4sI", file.read(8))
        if start + 8 + length > end:
            raise LegatoError(f"{path}: truncated: its chunk {kind.decode('latin-1')!r} reaches over the end")
        yield kind, start + 8, length
        start += 8 + length + length % 2

"""Which presets a SoundFont holds and which keys they play, whoever made it. Samples are not read.

Source: "SoundFont Technical Specification 2.04", Creative Technology, 2006; an .sf3 file differs in its samples alone.
"""

import struct
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from legato.errors import LegatoError

PRESET_BYTES = 38  # of a phdr record (7.2)
INSTRUMENT, KEY_RANGE, SAMPLE_ID = 41, 43, 53  # generators (8.1.2)
HYDRA = (b"phdr", b"pbag", b"pgen", b"inst", b"ibag", b"igen")
Hydra = dict[bytes, bytes]


def read_presets(path: Path) -> dict[tuple[int, int], str]:
    """The name of each (bank, program) of an .sf2 or .sf3 file.

    Raises:
        LegatoError: the file is missing, is no SoundFont, or is truncated.
    """
    return {preset: name for preset, name, _, _ in _headers(_read_hydra(path), path)}


def read_keys(path: Path) -> dict[tuple[int, int], set[int]]:
    """The keys on which each (bank, program) has a sound.

    Raises:
        LegatoError: as `read_presets`.
    """
    hydra = _read_hydra(path)
    first_bags = [start for (start,) in struct.iter_unpack("<20xH", hydra[b"inst"])]
    instruments = [
        set().union(*(keys for keys, sample in _zones(hydra, b"ibag", b"igen", start, end, SAMPLE_ID) if sample >= 0))
        for start, end in pairwise(first_bags)
    ]
    return {
        preset: set().union(
            *(
                keys & instruments[number]
                for keys, number in _zones(hydra, b"pbag", b"pgen", start, end, INSTRUMENT)
                if number >= 0
            )
        )
        for preset, _, start, end in _headers(hydra, path)
    }


def _headers(hydra: Hydra, path: Path) -> list[tuple[tuple[int, int], str, int, int]]:
    """Each preset's (bank, program) and name, and its first zone and the one behind its last."""
    records = list(
        struct.iter_unpack("<20sHHH12x", hydra[b"phdr"][: len(hydra[b"phdr"]) // PRESET_BYTES * PRESET_BYTES])
    )
    if len(records) < 2:  # the last one is the terminal record
        raise LegatoError(f"{path}: this SoundFont has no presets")
    return [
        ((bank, program), name.split(b"\0")[0].decode("latin-1"), start, following[3])
        for (name, program, bank, start), following in pairwise(records)
    ]


def _zones(
    hydra: Hydra, bags: bytes, generators: bytes, start: int, end: int, target: int
) -> Iterable[tuple[set[int], int]]:
    """The keys of each zone and what it leads to, -1 where it is the global one, whose keys the others inherit."""
    inherited = range(128)
    for zone in range(start, end):
        first, last = (struct.unpack_from("<H", hydra[bags], 4 * (zone + step))[0] for step in (0, 1))
        rows = dict(struct.iter_unpack("<HH", hydra[generators][4 * first : 4 * last]))
        keys = range(rows[KEY_RANGE] & 0xFF, (rows[KEY_RANGE] >> 8) + 1) if KEY_RANGE in rows else inherited
        if target not in rows and zone == start:
            inherited = keys
        yield set(keys), rows.get(target, -1)


def _read_hydra(path: Path) -> Hydra:
    """The chunks that say which sample sounds for which key (7)."""
    try:
        with path.open("rb") as file:
            return _find_hydra(file, path)
    except OSError as error:
        raise LegatoError(f"{path}: cannot be read: {error.strerror}") from None


def _find_hydra(file: BinaryIO, path: Path) -> Hydra:
    """Walk the RIFF chunks to `pdta` and read what is in it, seeking over all others."""
    n_bytes = file.seek(0, 2)
    file.seek(0)
    if n_bytes < 12 or file.read(4) != b"RIFF":
        raise LegatoError(f"{path}: not a SoundFont: it does not begin with RIFF")
    (size,) = struct.unpack("<I", file.read(4))
    if file.read(4) != b"sfbk":
        raise LegatoError(f"{path}: not a SoundFont: its RIFF form is not sfbk")
    if 8 + size > n_bytes:
        raise LegatoError(f"{path}: truncated: {n_bytes} bytes of {8 + size}")
    hydra: Hydra = {}
    for kind, start, length in _walk(file, 12, 8 + size, path):
        file.seek(start)
        if kind == b"LIST" and file.read(4) == b"pdta":
            for inner, inner_start, inner_length in _walk(file, start + 4, start + length, path):
                file.seek(inner_start)
                hydra[inner] = file.read(inner_length)
    for name in HYDRA:
        if name not in hydra:
            raise LegatoError(f"{path}: not a SoundFont: it has no {name.decode()} chunk")
    return hydra


def _walk(file: BinaryIO, start: int, end: int, path: Path) -> Iterable[tuple[bytes, int, int]]:
    """The (kind, start, length) of each chunk between two offsets."""
    while start + 8 <= end:
        file.seek(start)
        kind, length = struct.unpack("<4sI", file.read(8))
        if start + 8 + length > end:
            raise LegatoError(f"{path}: truncated: its chunk {kind.decode('latin-1')!r} reaches over the end")
        yield kind, start + 8, length
        start += 8 + length + length % 2

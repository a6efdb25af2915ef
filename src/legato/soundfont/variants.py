"""Which presets of a SoundFont play the same instrument, by what the font itself says.

The SoundFont standard does not say what banks 1, 2 … hold: in Roland's GS they are as often as not other sounds than
bank 0's (its bird is a dog in bank 1). So a preset counts as a variant in fonts that legato wrote, where that is what
these banks are for, and in any other font where it has the very name of bank 0's, if that has one.
"""

import struct
from collections.abc import Mapping
from pathlib import Path

from legato.midi.gm import DRUM_BANK, MELODIC_BANK

WRITER = "legato"  # in the chunk ISFT (5.8), of the fonts that legato writes
INFO_START = 12  # the standard's first list (4.4)


def same_instruments(font: Path, presets: Mapping[tuple[int, int], str]) -> set[tuple[int, int]]:
    """The presets without those that are no variants of bank 0's.

    Args:
        presets: the name of each (bank, program) of the font.
    """
    if written_by(font) == WRITER:
        return set(presets)
    capital = {program: name for (bank, program), name in presets.items() if bank == MELODIC_BANK}
    return {
        (bank, program)
        for (bank, program), name in presets.items()
        if bank in (MELODIC_BANK, DRUM_BANK) or (name and capital.get(program) == name)
    }


def written_by(font: Path) -> str:
    """The program that wrote a SoundFont, as the font says; empty where it does not say."""
    with font.open("rb") as file:
        file.seek(INFO_START)
        head = file.read(12)
        if head[:4] != b"LIST" or head[8:] != b"INFO":
            return ""
        texts = file.read(struct.unpack("<I", head[4:8])[0] - 4)
    at = 0
    while at + 8 <= len(texts):
        kind, length = struct.unpack_from("<4sI", texts, at)
        if kind == b"ISFT":
            return texts[at + 8 : at + 8 + length].split(b"\0")[0].decode("latin-1")
        at += 8 + length + length % 2
    return ""

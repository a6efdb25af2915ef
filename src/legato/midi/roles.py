"""What the instruments of a MIDI file are called: their roles."""

import re

from legato.midi.contents import Contents

ROLE = re.compile(r"[a-z0-9_]+")


def named_roles(contents: Contents) -> list[str]:
    """Each instrument's role: its track's name where that is one, else `part_1`, `part_2` … by its place."""
    names = [instrument.name for instrument in contents.instruments]
    return [
        name if ROLE.fullmatch(name) and names.count(name) == 1 else f"part_{at}" for at, name in enumerate(names, 1)
    ]

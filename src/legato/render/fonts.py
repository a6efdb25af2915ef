"""SoundFonts in this process: each is loaded once, and goes from one synth to the next.

A font that FluidSynth has loaded is what its file says, samples and presets; playing changes nothing of it. So every
synth is a fresh one (reverb, chorus and voices carry state), and its font is not: loading takes as long as some
seconds of music.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_int, c_void_p
from pathlib import Path
from typing import Any

from legato.errors import LegatoError
from legato.soundfont import fluid

_File = tuple[Path, int, int, int]  # a path, and the file that is there now
_idle: dict[_File, list[int]] = {}  # addresses of loaded fonts that no synth has


@contextmanager
def synth_with(font: Path, **settings: Any) -> Iterator[tuple[Any, int]]:
    """A fresh synth of the binding's for the length of a block, and the id of a font in it.

    Args:
        settings: as the binding takes them.

    Raises:
        LegatoError: libfluidsynth is absent, or FluidSynth cannot load the font.
    """
    with _lent(font) as address:
        synth = fluid.library().Synth(**settings)
        try:
            yield synth, fluid.function("synth_add_sfont", c_int, c_void_p, c_void_p)(synth.synth, address)
        finally:
            _take_out(synth, address)
            synth.delete()  # ends the voices, which point into the font


@contextmanager
def _lent(font: Path) -> Iterator[int]:
    """The address of a loaded font. Two threads never have the same: where all are lent, another one is loaded."""
    free = _idle.setdefault(_file(font), [])
    try:
        address = free.pop()
    except IndexError:
        address = _load(font)
    try:
        yield address
    finally:
        free.append(address)


def _load(font: Path) -> int:
    """Load a font, and return its address; it belongs to no synth."""
    synth = fluid.library().Synth(channels=16)
    try:
        font_id = synth.sfload(str(font))
        if font_id < 0:
            raise LegatoError(f"{font}: FluidSynth cannot load this SoundFont: {fluid.complaint()}")
        address = int(fluid.function("synth_get_sfont_by_id", c_void_p, c_void_p, c_int)(synth.synth, font_id))
        _take_out(synth, address)
        return address
    finally:
        synth.delete()


def _take_out(synth: Any, address: int) -> None:
    fluid.function("synth_remove_sfont", c_int, c_void_p, c_void_p)(synth.synth, address)


def _file(font: Path) -> _File:
    """What tells a file from one that takes its place."""
    try:
        found = font.stat()
    except OSError:
        return font, 0, 0, 0  # FluidSynth says it
    return font, found.st_ino, found.st_size, found.st_mtime_ns

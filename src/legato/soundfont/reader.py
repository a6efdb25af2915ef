"""Which presets of a SoundFont sound, and on which keys: FluidSynth is asked, for it is what plays them.

It is asked in a process of its own, which a malformed font may crash.
"""

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from ctypes import c_char_p, c_float, c_int, c_void_p
from pathlib import Path
from typing import Any, NamedTuple

from legato.errors import LegatoError
from legato.soundfont import fluid
from legato.work.code_version import SOURCE

LONGEST_S = 120  # that reading may take; 300 presets take a second
N_KEYS = 128
VELOCITIES = (100, 127, 64, 1)  # a key sounds if it does at one of these
BLOCK_SAMPLES = 64
RIFF_HEADER = struct.Struct("<4sI4s")

PresetPlace = tuple[int, int]  # bank, program


class FontPreset(NamedTuple):
    """A preset that can be heard."""

    name: str
    keys: frozenset[int]  # on which it has a sound, 0 to 127


def read_font(path: Path) -> dict[PresetPlace, FontPreset]:
    """Each (bank, program) of a font that sounds on any key: any file that FluidSynth loads.

    Raises:
        LegatoError: the file is missing, or FluidSynth cannot load it, or it has no preset that sounds.
    """
    _check_readable(path)
    command = [sys.executable, "-m", __name__, str(path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        raise LegatoError(f"{path}: FluidSynth has not read this SoundFont in {LONGEST_S} s") from None
    if done.returncode < 0:
        raise LegatoError(f"{path}: FluidSynth crashes on this SoundFont ({signal.Signals(-done.returncode).name})")
    if done.returncode:  # not for what is in the font
        raise LegatoError(f"{path}: cannot be read: {done.stderr.decode(errors='replace').strip().splitlines()[-1]}")
    found = json.loads(done.stdout.splitlines()[-1])  # the binding may print before it
    if "error" in found:
        raise LegatoError(f"{path}: {_structure_fault(path) or 'FluidSynth refuses it: ' + found['error']}")
    if not found["presets"]:
        raise LegatoError(f"{path}: this SoundFont has no preset that sounds")
    return {(bank, program): FontPreset(name, frozenset(keys)) for bank, program, name, keys in found["presets"]}


def read_presets(path: Path) -> dict[PresetPlace, str]:
    """The name of each (bank, program) of a font.

    Raises:
        LegatoError: as `read_font`.
    """
    return {place: preset.name for place, preset in read_font(path).items()}


def loaded_presets(synth: Any, font_id: int) -> Iterator[tuple[PresetPlace, str]]:
    """The (bank, program) and name of each preset of a font that a synth of the binding's has loaded."""
    address = c_void_p
    font = fluid.function("synth_get_sfont_by_id", address, address, c_int)(synth.synth, font_id)
    fluid.function("sfont_iteration_start", None, address)(font)
    step = fluid.function("sfont_iteration_next", address, address)
    while preset := step(font):
        bank, program = (fluid.function(f"preset_get_{name}", c_int, address)(preset) for name in ("banknum", "num"))
        name = fluid.function("preset_get_name", c_char_p, address)(preset)
        yield (bank, program), name.decode("latin-1")


def sounding_keys(synth: Any, font_id: int, place: PresetPlace) -> Iterator[int]:
    """The keys on which a preset starts a voice, from the middle outwards; its channel 0 is used for it."""
    note_on = fluid.function("synth_noteon", c_int, c_void_p, c_int, c_int, c_int)
    n_voices = fluid.function("synth_get_active_voice_count", c_int, c_void_p)
    if synth.program_select(0, font_id, *place):  # which some numbers of banks make fail
        return
    for key in sorted(range(N_KEYS), key=lambda key: abs(key - N_KEYS // 2)):
        for velocity in VELOCITIES:
            note_on(synth.synth, 0, key, velocity)
            if n_voices(synth.synth):
                _silence(synth)
                yield key
                break


def _silence(synth: Any) -> None:
    """End all voices, and play the block after which they are gone."""
    fluid.function("synth_all_sounds_off", c_int, c_void_p, c_int)(synth.synth, -1)
    write = fluid.function("synth_write_float", c_int, c_void_p, c_int, c_void_p, c_int, c_int, c_void_p, c_int, c_int)
    block = (c_float * (2 * BLOCK_SAMPLES))()
    write(synth.synth, BLOCK_SAMPLES, block, 0, 2, block, 1, 2)


def _check_readable(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise LegatoError(f"{path}: cannot be read: not a file")
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise LegatoError(f"{path}: cannot be read: {error.strerror}") from None


def _structure_fault(path: Path) -> str | None:
    """Why FluidSynth refuses a file, where a look at its first bytes and its length says it better."""
    with path.open("rb") as file:
        head = file.read(RIFF_HEADER.size)
        n_bytes = file.seek(0, os.SEEK_END)
    if len(head) < RIFF_HEADER.size or not head.startswith(b"RIFF"):
        return "not a SoundFont: it does not begin with RIFF"
    _, size, form = RIFF_HEADER.unpack(head)
    if form != b"sfbk":
        return "not a SoundFont: its RIFF form is not sfbk"
    stated = size + 8
    if n_bytes < stated:
        return f"truncated: {n_bytes} bytes of {stated}"
    if n_bytes > stated:
        return f"damaged: {n_bytes - stated} bytes behind its end, which is at {stated}"
    return None


def _tell(path: str) -> None:
    """Print what FluidSynth finds in a font, as JSON: in the process of its own."""
    synth = fluid.library().Synth(channels=16)
    font_id = synth.sfload(path)
    if font_id < 0:
        print(json.dumps({"error": fluid.complaint()}))
        return
    presets = [
        (*place, name, sorted(sounding_keys(synth, font_id, place))) for place, name in loaded_presets(synth, font_id)
    ]
    print(json.dumps({"presets": [preset for preset in presets if preset[-1]]}))


if __name__ == "__main__":
    _tell(*sys.argv[1:])

"""MIDI to audio through FluidSynth: one fresh synth a track, so that no track hears another.

Conventions: audio is float32 (n_samples, 2). FluidSynth's MIDI player is driven by the samples asked of it,
so the result does not depend on the machine's speed.
"""

import math
from collections.abc import Iterator
from ctypes import c_int, c_void_p
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from legato.audio import decibels
from legato.errors import LegatoError
from legato.midi import Contents, read_contents
from legato.params import Strict
from legato.soundfont.reader import read_presets

BLOCK_SAMPLES = 4096
QUIET = 10 ** (-84 / 20)  # a tail under this has ended
CHATTER_LEVELS = (2, 3)  # FLUID_WARN, FLUID_INFO
FULL_SCALE = 0.999


class ReverbParams(Strict):
    """FluidSynth's reverb."""

    room: Annotated[float, Field(ge=0, le=1)]
    damping: Annotated[float, Field(ge=0, le=1)]
    width: Annotated[float, Field(ge=0, le=100)]
    level: Annotated[float, Field(ge=0, le=1)]


class ChorusParams(Strict):
    """FluidSynth's chorus."""

    voices: Annotated[int, Field(ge=0, le=99)]
    level: Annotated[float, Field(ge=0, le=10)]
    speed_hz: Annotated[float, Field(ge=0.1, le=5)]
    depth_ms: Annotated[float, Field(ge=0, le=256)]


class RenderParams(Strict):
    """`render` in params.yaml."""

    gain: Annotated[float, Field(gt=0, le=10)]  # linear, before the mix is written
    polyphony: Annotated[int, Field(ge=16, le=4096)]  # voices
    tail_s: Annotated[float, Field(ge=0, le=60)]  # the longest time that notes may ring on
    reverb: ReverbParams
    chorus: ChorusParams


def render(midi: Path, font: Path, params: RenderParams, sample_rate: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Play `midi` to its end and until it has rung out; return the audio and facts about it.

    The mix is turned down where it would exceed full scale, and `render_gain_db` says by how much.

    Raises:
        LegatoError: libfluidsynth is absent, the font cannot be used, or it lacks a program of the MIDI file.
    """
    contents = read_contents(midi)
    _check_presets(midi, contents, font)
    audio = np.concatenate(list(_play(midi, contents.seconds, font, params, sample_rate)))
    scale = min(1.0, FULL_SCALE / max(float(np.abs(audio).max()), 1e-9))
    return audio * np.float32(scale), {"render_gain_db": round(decibels(scale), 3)}


def fluidsynth_version() -> str:
    """The version of the libfluidsynth in use."""
    numbers = c_int(), c_int(), c_int()
    _fluidsynth().fluid_version(*numbers)
    return ".".join(str(number.value) for number in numbers)


def _check_presets(midi: Path, contents: Contents, font: Path) -> None:
    missing = sorted(contents.presets - set(_presets(font)))
    if missing:
        listed = ", ".join(f"bank {bank} program {program}" for bank, program in missing)
        raise LegatoError(f"{midi}: plays {listed}, which the SoundFont {font} lacks")


def _play(midi: Path, seconds: float, font: Path, params: RenderParams, sample_rate: int) -> Iterator[np.ndarray]:
    """Blocks of (BLOCK_SAMPLES, 2) for `seconds`, and on until the tail is quiet or `tail_s` long."""
    _keep_samples(font)
    synth = _synth(font, params, sample_rate)
    try:
        synth.play_midi_file(str(midi))
        for _ in range(math.ceil(seconds * sample_rate / BLOCK_SAMPLES)):
            yield _block(synth)
        for _ in range(math.ceil(params.tail_s * sample_rate / BLOCK_SAMPLES)):
            block = _block(synth)
            yield block
            if np.abs(block).max() < QUIET:
                break
    finally:
        if hasattr(synth, "player"):
            _fluidsynth().delete_fluid_player(synth.player)
        synth.delete()


def _synth(font: Path, params: RenderParams, sample_rate: int) -> Any:
    settings = {
        "synth.polyphony": params.polyphony,
        "synth.reverb.room-size": float(params.reverb.room),
        "synth.reverb.damp": float(params.reverb.damping),
        "synth.reverb.width": float(params.reverb.width),
        "synth.reverb.level": float(params.reverb.level),
        "synth.chorus.nr": params.chorus.voices,
        "synth.chorus.level": float(params.chorus.level),
        "synth.chorus.speed": float(params.chorus.speed_hz),
        "synth.chorus.depth": float(params.chorus.depth_ms),
    }
    synth = _fluidsynth().Synth(gain=float(params.gain), samplerate=sample_rate, channels=16, **settings)
    if synth.sfload(str(font)) < 0:
        synth.delete()
        raise LegatoError(f"{font}: FluidSynth cannot load this SoundFont")
    return synth


def _block(synth: Any) -> np.ndarray:
    """The next BLOCK_SAMPLES of a synth. The binding offers 16 bits only; the library also writes floats."""
    block = np.empty((BLOCK_SAMPLES, 2), dtype=np.float32)
    _write_float()(synth.synth, BLOCK_SAMPLES, block.ctypes.data, 0, 2, block.ctypes.data, 1, 2)
    return block


@cache
def _fluidsynth() -> Any:
    """The binding, with the library's chatter about missing audio devices turned off."""
    try:
        import fluidsynth
    except ImportError:
        raise LegatoError(
            "libfluidsynth is not installed: `apt-get install libfluidsynth3`, or `brew install fluid-synth` on macOS"
        ) from None
    prototype = ("level", c_int, 1), ("function", c_void_p, 1), ("data", c_void_p, 1)
    set_log_function = fluidsynth.cfunc("fluid_set_log_function", c_void_p, *prototype)
    for level in CHATTER_LEVELS:
        set_log_function(level, None, None)
    return fluidsynth


@cache
def _write_float() -> Any:
    """`fluid_synth_write_float(synth, len, left, offset, step, right, offset, step)`."""
    channels = [
        (f"{side}_{name}", kind, 1)
        for side in ("left", "right")
        for name, kind in (("out", c_void_p), ("offset", c_int), ("step", c_int))
    ]
    prototype = ("synth", c_void_p, 1), ("len", c_int, 1), *channels
    return _fluidsynth().cfunc("fluid_synth_write_float", c_int, *prototype)


@cache
def _presets(font: Path) -> dict[tuple[int, int], str]:
    return read_presets(font)


@cache
def _keep_samples(font: Path) -> Any:
    """An idle synth that holds the font: FluidSynth then shares its samples with every synth made after it."""
    synth = _fluidsynth().Synth(channels=16)
    synth.sfload(str(font))
    return synth

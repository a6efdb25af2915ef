"""Parts played by a plugin: VST3, and VST2 on Linux. DawDreamer hosts it, in a process for each part and track.

A plugin's state is what it was made to do before: after a few renders with one, a preset sounds otherwise than in a
fresh one. So nothing is kept between parts. Parameters are 0 to 1, as plugins have them, and set by name: none but
those that are named, because a plugin's list also has what a host must not touch.
"""

import importlib.metadata
import importlib.util
import json
import platform
import struct
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from legato.errors import LegatoError
from legato.files import Json, require_file, sha256_of
from legato.instruments.parts import CC_DATA, CC_PARAMETER, CC_PARAMETER_FINE, CC_WHEEL, MOST, Part, held_ends_s
from legato.midi import smf
from legato.render import outside, worker
from legato.render.outside import License, Value
from legato.tokens import SAMPLE_RATE
from legato.words import printable
from legato.work import items
from legato.workspace.params import FilePath, FloatRange, Strict

COMMAND = (sys.executable, "-m", worker.__name__)
HOST = "dawdreamer"
STATE = "state"
DIVISION, TEMPO_US = 9600, 500_000  # ticks a quarter note, and its length: a tick is 0.05 ms
TICKS_PER_S = DIVISION * 1_000_000 / TEMPO_US
CENTRE, NOTE_OFF_VELOCITY = 8192, 64
ELF, ELF_HEADER = b"\x7fELF", struct.Struct("<16sHH")  # its third field is the machine
ELF_MACHINES = {3: "i686", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}


def _within_one(ranges: dict[str, list[float]]) -> dict[str, list[float]]:
    for name, (low, high) in ranges.items():
        if low < 0 or high > 1:
            raise ValueError(
                f"{name!r}: [{low:g}, {high:g}]: must lie within 0 and 1, as plugins have their parameters"
            )
        if name == STATE:
            raise ValueError(f"{name!r}: a parameter of this name cannot be set: it is what the facts call the preset")
    return ranges


class PluginParams(Strict):
    """A role that a plugin plays."""

    plugin: FilePath  # a .vst3 folder; on Linux a .so too, VST2
    license: License  # of its sounds: samples, wavetables, presets
    state: list[FilePath] = []  # files of which each track takes one; VST3 alone
    set: Annotated[dict[str, FloatRange], AfterValidator(_within_one)] = {}
    bend_semitones: Annotated[int, Field(ge=1, le=96)] = 2  # of its pitch wheel, to either side
    repeatable: bool = True  # false: it is used though it never plays the same twice

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        suffix = Path(self.plugin).suffix
        if suffix not in (".vst3", ".so"):
            raise ValueError(f"plugin: {self.plugin!r}: must be a .vst3, or a .so (VST2 on Linux)")
        if suffix == ".so" and self.state:
            raise ValueError(f"state: {self.state}: a VST2 plugin's state cannot be loaded: set its parameters")
        return self


def draw(params: PluginParams, value: Value) -> dict[str, Any]:
    """What a track draws: each named parameter, and which state is loaded first where there are any."""
    drawn: dict[str, Any] = {
        name: outside.drawn_number(value, name, low, high) for name, (low, high) in params.set.items()
    }
    if params.state:
        last = len(params.state) - 1
        drawn[STATE] = params.state[min(int(value(STATE, 0, len(params.state))), last)]
    return drawn


def identity(params: PluginParams) -> dict[str, Any]:
    """What decides the sound beside what is drawn.

    Raises:
        LegatoError: a file is missing, or DawDreamer is.
    """
    states = {state: sha256_of(require_file(Path(state))) for state in params.state}
    return {
        "engine": f"DawDreamer {_host_version()}",
        "format": "VST3" if Path(params.plugin).suffix == ".vst3" else "VST2",
        "sha256": _sha256(params),
        "states_sha256": states,
        "repeatable": params.repeatable,
    }


def check(params: PluginParams) -> None:
    """Load the plugin, and play the probe twice with each of its states.

    Raises:
        LegatoError: a file is missing, or DawDreamer is; the plugin is for another machine, cannot be loaded, lacks a
            parameter, is silent, or does not play the same twice and `repeatable` is not false.
    """
    identity(params)
    if fault := _machine_fault(Path(params.plugin)):
        raise LegatoError(f"{params.plugin}: {fault}")
    outside.check_names(params.set, about(params)["parameters"], params.plugin)
    for chosen in [{STATE: state} for state in params.state] or [{}]:
        _require_repeatable(params, draw(params, outside.middle) | chosen)


def about(params: PluginParams) -> Json:
    """The names of a plugin's parameters, and how many channels of audio it takes in.

    Raises:
        LegatoError: it cannot be loaded.
    """

    def described() -> Json:
        with outside.scratch() as folder:
            _work(params, folder, 0.0, SAMPLE_RATE, do="describe")
            try:
                found: Json = json.loads((folder / worker.ABOUT).read_bytes())
            except (OSError, ValueError):
                raise LegatoError(f"{params.plugin}: DawDreamer's process has not said what it has") from None
            return found

    return items.remembered("plugin", described, {"sha256": _sha256(params), "host": _host_version()})


def play(params: PluginParams, drawn: Mapping[str, Any], part: Part, seconds: float, sample_rate: int) -> np.ndarray:
    """A part from its start on, (n_samples, 2); what rings on after `seconds` is cut.

    Raises:
        LegatoError: as `check`; or the plugin crashes or hangs, what it plays is not finite, or the part bends further
            than `bend_semitones`.
    """
    if params.repeatable:
        chosen = {STATE: drawn[STATE]} if STATE in drawn else {}
        _require_repeatable(params, draw(params, outside.middle) | chosen)
    audio = _played(params, drawn, part, seconds, sample_rate)
    audio = outside.heard(audio, part, sample_rate, params.plugin, _hint(params))
    return outside.at_level(audio, part.level, sample_rate)


def midi_of(part: Part, bend_semitones: int, where: str = "part") -> bytes:
    """A part as a MIDI file of one channel: its notes as long as pedals hold them, bends, modulation.

    A key is let go before it is struck again, as on a keyboard: a note's end would end both. Volume is not in it.

    Raises:
        LegatoError: it bends further than that, or moves parameters.
    """
    if part.parameters:
        raise LegatoError(f"{where}: moves {', '.join(part.parameters)}, and a plugin's parameters cannot be moved")
    if far := next((value for _, value in part.bend if abs(value) > bend_semitones), None):
        raise LegatoError(f"{where}: bend_semitones: {bend_semitones}: a part bends by {far:g} semitones")
    events = sorted(_events(part, bend_semitones), key=lambda event: event[:2])  # stable
    tempo = smf.Event(0, smf.META, bytes([smf.SET_TEMPO]) + TEMPO_US.to_bytes(3, "big"))
    return smf.dump(DIVISION, [[tempo, *(smf.Event(tick, status, data) for tick, _, status, data in events)]])


def _events(part: Part, bend_semitones: int) -> Iterator[tuple[int, int, int, bytes]]:
    """(tick, rank, status, data): of one tick keys are let go first, and struck last."""
    for number, value in ((CC_PARAMETER, 0), (CC_PARAMETER_FINE, 0), (CC_DATA, bend_semitones)):
        yield 0, 1, smf.CONTROL, bytes([number, value])
    for s, semitones in part.bend:
        wheel = min(CENTRE + round(semitones / bend_semitones * CENTRE), 2 * CENTRE - 1)
        yield _tick(s), 1, smf.BEND, bytes([wheel & 0x7F, wheel >> 7])
    for s, depth in part.wheel:
        yield _tick(s), 1, smf.CONTROL, bytes([CC_WHEEL, round(depth * MOST)])
    for (pitch, start), (end, velocity) in _struck(part).items():
        yield start, 2, smf.NOTE_ON, bytes([pitch, velocity])
        yield end, 0, smf.NOTE_OFF, bytes([pitch, NOTE_OFF_VELOCITY])


def _struck(part: Part) -> dict[tuple[int, int], tuple[int, int]]:
    """Each key and when it is struck: when it is let go, at the latest where it is struck again, and how hard."""
    struck: dict[tuple[int, int], tuple[int, int]] = {}
    for start_s, end_s, pitch, velocity in zip(part.start_s, held_ends_s(part), part.pitch, part.velocity, strict=True):
        key = int(pitch), _tick(start_s)
        end, hard = struck.get(key, (key[1] + 1, 0))
        struck[key] = max(end, _tick(min(float(end_s), 1e5))), max(hard, int(velocity))
    keys = sorted(struck)
    for (pitch, start), (next_pitch, next_start) in pairwise(keys):
        if pitch == next_pitch:
            end, velocity = struck[pitch, start]
            struck[pitch, start] = min(end, next_start), velocity
    return struck


def _tick(s: float) -> int:
    return max(0, round(float(s) * TICKS_PER_S))


def _require_repeatable(params: PluginParams, drawn: Mapping[str, Any]) -> None:
    def sound() -> np.ndarray:
        part = outside.probe()
        audio = _played(params, drawn, part, outside.PROBE_S, SAMPLE_RATE)
        return outside.heard(audio, part, SAMPLE_RATE, params.plugin, _hint(params))

    if not params.repeatable:
        sound()
        return
    content = {"sha256": _sha256(params), "host": _host_version(), "drawn": dict(drawn)}
    if STATE in drawn:
        content[STATE] = sha256_of(require_file(Path(drawn[STATE])))
    hint = ": state `repeatable: false` if it may be used all the same"
    outside.require_repeatable(params.plugin, sound, content, hint)


def _played(params: PluginParams, drawn: Mapping[str, Any], part: Part, seconds: float, sample_rate: int) -> np.ndarray:
    with outside.scratch() as folder:
        (folder / worker.MIDI).write_bytes(midi_of(part, params.bend_semitones, params.plugin))
        _work(params, folder, seconds, sample_rate, do="play", drawn=drawn)
        return outside.read_sound(folder / worker.SOUND, params.plugin, round(seconds * sample_rate))


def _work(
    params: PluginParams,
    folder: Path,
    seconds: float,
    sample_rate: int,
    *,
    do: str,
    drawn: Mapping[str, Any] | None = None,
) -> None:
    """Have a worker do one thing in a folder."""
    _host_version()
    state = (drawn or {}).get(STATE)
    request = {
        "do": do,
        "plugin": str(Path(params.plugin).absolute()),
        "state": str(require_file(Path(state)).absolute()) if state else None,
        "set": {name: value for name, value in (drawn or {}).items() if name != STATE},
        "seconds": seconds,
        "sample_rate": sample_rate,
        "limit_s": round(outside.time_limit_s(seconds)) + 1,
    }
    (folder / worker.REQUEST).write_text(json.dumps(request))
    ended = outside.run(COMMAND, folder, params.plugin, seconds)
    if (folder / worker.FAULT).is_file():
        fault = (folder / worker.FAULT).read_text("utf-8", errors="replace")
        raise LegatoError(f"{params.plugin}: {printable(fault, None)[: outside.SAID_CHARACTERS]}")
    if ended.status:
        raise LegatoError(f"{params.plugin}: ended with status {ended.status}{outside.last_line(ended.said)}")


def _hint(params: PluginParams) -> str:
    return "; it takes audio in: is it an effect?" if about(params)["n_inputs"] else ""


def _sha256(params: PluginParams) -> str:
    return outside.sha256_of_tree(Path(params.plugin))


def _machine_fault(path: Path) -> str | None:
    """Why a plugin cannot run on this machine, where its files say so. VST3's folders are those of its SDK, 3.7."""
    if sys.platform != "linux":
        return None
    here = platform.machine()
    if path.suffix == ".so":
        return _library_fault(require_file(path))
    library = path / "Contents" / f"{here}-linux" / f"{path.stem}.so"
    if not path.is_dir():
        return "on Linux a .vst3 is a folder"
    if not library.is_file():
        made_for = sorted({each.parent.name for each in path.glob("Contents/*/*") if each.is_file()} - {"Resources"})
        return f"lacks {library.relative_to(path)}: it is made for {', '.join(made_for) or 'no machine at all'}"
    return _library_fault(library)


def _library_fault(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(ELF_HEADER.size)
    if len(head) < ELF_HEADER.size or not head.startswith(ELF):
        return "is no library of Linux (ELF)"
    _, _, number = ELF_HEADER.unpack(head) if head[5] == 1 else (None, None, -1)
    machine = ELF_MACHINES.get(number, f"another machine (ELF {number})")
    return None if machine == platform.machine() else f"is made for {machine}; this machine is {platform.machine()}"


def _host_version() -> str:
    """DawDreamer's; it is looked for, and not loaded.

    Raises:
        LegatoError: it is not installed.
    """
    if importlib.util.find_spec(HOST) is None:
        raise LegatoError("plugins need DawDreamer (GPL-3), which is not installed: pip install 'legato[plugins]'")
    return importlib.metadata.version(HOST)

"""Parts played by a plugin: VST3, and VST2 on Linux. DawDreamer hosts it, in a process for each part and track.

A plugin's state is what it was made to do before: after a few renders with one, a preset sounds otherwise than in a
fresh one. So nothing is kept between parts. Parameters are 0 to 1, as plugins have them, and set by name: none but
those that are named, because a plugin's list also has what a host must not touch.
"""

import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from legato.errors import LegatoError, stage
from legato.files import Json, require_file, sha256_of
from legato.instruments.parts import Part
from legato.render import child, outside, worker
from legato.render.outside import License, Share, Value
from legato.render.plugin_files import machine_fault
from legato.render.plugin_midi import midi_of
from legato.tokens import SAMPLE_RATE
from legato.words import printable, say
from legato.work import items
from legato.workspace.params import FilePath, FloatRange, Strict

COMMAND = (sys.executable, "-m", worker.__name__)
HOST = "dawdreamer"
STATE = "state"


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
    share: Share = 1.0  # of the tracks in which it plays
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
    if fault := machine_fault(Path(params.plugin)):
        raise LegatoError(f"{params.plugin}: {fault}")
    outside.check_names(params.set, about(params)["parameters"], params.plugin)
    middle = {name: value for name, value in draw(params, outside.middle).items() if name != STATE}
    if not params.state:
        _require_repeatable(params, middle)
    for state in params.state:
        found = _require_repeatable(params, middle | {STATE: state})
        if (
            params.repeatable and found["sha256"] == _tried(params, middle)["sha256"]
        ):  # hosts ignore what they cannot read
            raise LegatoError(f"{state}: changes nothing of {params.plugin}: a state of another plugin?")


def about(params: PluginParams) -> Json:
    """The names of a plugin's parameters, and how many channels of audio it takes in.

    Raises:
        LegatoError: it cannot be loaded.
    """

    def described() -> Json:
        with child.scratch() as folder:
            _work(params, folder, 0.0, SAMPLE_RATE, do="describe")
            return _read_about(folder / worker.ABOUT, params.plugin)

    return items.remembered("plugin", described, {"sha256": _sha256(params), "host": _host_version()})


def _read_about(path: Path, where: str) -> Json:
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(path.read_bytes())
        return {"parameters": [str(name) for name in found["parameters"]], "n_inputs": int(found["n_inputs"])}
    raise LegatoError(f"{where}: DawDreamer's process has not said what it has")


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


def _tried(params: PluginParams, drawn: Mapping[str, Any]) -> Json:
    """What the probe shows of a plugin with a state and parameters."""

    def sound() -> np.ndarray:
        return _played(params, drawn, outside.probe(), outside.PROBE_S, SAMPLE_RATE)

    content = {"sha256": _sha256(params), "host": _host_version(), "drawn": dict(drawn)}
    if STATE in drawn:
        content[STATE] = sha256_of(require_file(Path(drawn[STATE])))
    return outside.tried(sound, content)


def _require_repeatable(params: PluginParams, drawn: Mapping[str, Any]) -> Json:
    """Refuse what is silent, and, unless that is stated, what does not repeat itself."""
    found = _tried(params, drawn)
    outside.require_sound(found, drawn.get(STATE, params.plugin), hint=_hint(params))
    if params.repeatable and not found["repeats"]:
        hint = "state `repeatable: false` if it may be used all the same"
        raise LegatoError(f"{params.plugin}: does not play the same twice: {hint}")
    return found


def _played(params: PluginParams, drawn: Mapping[str, Any], part: Part, seconds: float, sample_rate: int) -> np.ndarray:
    with child.scratch() as folder:
        (folder / worker.MIDI).write_bytes(
            midi_of(part, params.bend_semitones, params.plugin, late_s=worker.SETTLING_S)
        )
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
        "limit_s": round(child.time_limit_s(seconds)) + 1,
    }
    (folder / worker.REQUEST).write_text(json.dumps(request))
    ended = child.run(COMMAND, folder, params.plugin, seconds)
    if (folder / worker.FAULT).is_file():
        fault = (folder / worker.FAULT).read_text("utf-8", errors="replace")
        raise LegatoError(f"{params.plugin}: {printable(fault, None)[: child.SAID_CHARACTERS]}")
    if ended.status:
        raise LegatoError(f"{params.plugin}: ended with status {ended.status}{child.last_line(ended.said)}")


def _hint(params: PluginParams) -> str:
    return "; it takes audio in: is it an effect?" if about(params)["n_inputs"] else ""


def _sha256(params: PluginParams) -> str:
    return outside.sha256_of_tree(Path(params.plugin))


def _host_version() -> str:
    """DawDreamer's; it is looked for, and not loaded.

    Raises:
        LegatoError: it is not installed.
    """
    if importlib.util.find_spec(HOST) is None:
        raise LegatoError("plugins need DawDreamer (GPL-3), which is not installed: pip install 'legato[plugins]'")
    return importlib.metadata.version(HOST)


def _list(path: str) -> None:
    """Print the names that `set` may have."""
    say(*about(PluginParams(plugin=path, license="not asked for"))["parameters"])


if __name__ == "__main__":
    stage(_list)

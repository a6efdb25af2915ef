"""A plugin in DawDreamer, in a process of its own: what it has, or what it plays.

    python -m legato.render.worker       in a folder with `request.json`

DawDreamer is GPL-3, and a plugin is any program: both are loaded in such a process alone, one plugin in each, and
without threads. What comes out is `about.json` or `audio.f32` in the folder, or else `fault.txt`, one line.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

REQUEST, ABOUT, SOUND, FAULT, MIDI, INPUT = (
    Path(name) for name in ("request.json", "about.json", "audio.f32", "fault.txt", "part.mid", "input.f32")
)
BLOCK = 512  # samples
SETTLING_S = 0.25  # before the part begins, in which what was set is reached: plugins move there in steps


def main() -> NoReturn:
    """Do what the request asks for and end at once: what plugins do while they are taken down may crash or hang."""
    request = json.loads(REQUEST.read_text())
    signal.alarm(request["limit_s"])  # even where nobody waits for us any more
    status = 0
    try:
        _do(request)
    except Exception as error:
        FAULT.write_text(" ".join(f"{error}".split()) or type(error).__name__, encoding="utf-8")
        status = 1
    sys.stdout.flush()
    os._exit(status)


def _do(request: dict[str, Any]) -> None:
    import dawdreamer

    seconds, sample_rate = request["seconds"], request["sample_rate"]
    engine = dawdreamer.RenderEngine(sample_rate, BLOCK)
    try:
        plugin = engine.make_plugin_processor("plugin", request["plugin"])
    except RuntimeError as error:
        raise ValueError(f"DawDreamer cannot load it: {error}") from None
    names = [row["name"] for row in plugin.get_parameters_description()]
    if request["do"] == "describe":
        about = {"parameters": names, "n_inputs": plugin.get_num_input_channels()}
        ABOUT.write_text(json.dumps(about))
        return
    if request["state"]:
        plugin.load_state(request["state"])
    for name, value in request["set"].items():
        if names.count(name) != 1:
            raise ValueError(f"set: {name!r}: no parameter of it, or several")
        plugin.set_parameter(names.index(name), value)
    plugin.load_midi(str(MIDI), clear_previous=True, beats=False, all_events=True)
    graph: list[tuple[Any, list[str]]] = [(plugin, [])]
    if n_inputs := plugin.get_num_input_channels():
        inputs = _inputs(n_inputs, round(SETTLING_S * sample_rate), round(seconds * sample_rate))
        graph = [(engine.make_playback_processor("input", inputs), []), (plugin, ["input"])]
    engine.load_graph(graph)
    begin = round(SETTLING_S * sample_rate) + plugin.get_latency_samples()
    n_samples = round(seconds * sample_rate)
    engine.render((begin + n_samples + BLOCK) / sample_rate)
    audio = engine.get_audio()[:, begin : begin + n_samples]
    _stereo(audio).astype("<f4").tofile(SOUND)


def _inputs(n_channels: int, n_before: int, n_samples: int) -> np.ndarray:
    """What a plugin hears, (n_channels, n_before + n_samples): silence, then what is in the file, if there is one."""
    heard = np.zeros((n_channels, n_before + n_samples), np.float32)
    if INPUT.exists():
        given = np.fromfile(INPUT, "<f4").reshape(-1, 2).T[:n_channels, :n_samples]
        heard[: len(given), n_before : n_before + given.shape[1]] = given
    return heard


def _stereo(audio: np.ndarray) -> np.ndarray:
    """(n_samples, 2) of (n_channels, n_samples): one channel on both sides, of many the first two."""
    return np.ascontiguousarray(audio[[0, min(1, len(audio) - 1)]].T)


if __name__ == "__main__":
    main()

"""Plugins: Debian's play what the part says, each time the same; what cannot be played is one line."""

import dataclasses
import re
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from helpers.outside import (
    AMSYNTH,
    CHORD,
    HAS_HOST,
    IN_CI,
    KARS,
    NEKOBI,
    SECONDS,
    TUBE,
    needs_host,
    needs_plugin,
)  # fmt: skip
from helpers.pitches import heard_key, level_db
from helpers.signals import SAMPLE_RATE
from legato.errors import LegatoError
from legato.instruments.audition import notes
from legato.instruments.parts import Part
from legato.midi import smf
from legato.render import outside, plugin
from legato.render.plugin import PluginParams
from legato.render.plugin_midi import TICKS_PER_S, midi_of

KEYS = st.sampled_from([60, 60, 60, 64])
TIMES = st.floats(0, 4)
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at Linux's libraries")


def params(path: Path | str, **given: Any) -> PluginParams:
    return PluginParams(plugin=str(path), license="GPL-2.0-or-later", **given)


def sounding(path: Path, part: Part = CHORD, **given: Any) -> np.ndarray:
    chosen = params(path, **given)
    return plugin.play(chosen, plugin.draw(chosen, outside.middle), part, SECONDS, SAMPLE_RATE)


def line_of(chosen: PluginParams) -> str:
    with pytest.raises(LegatoError) as caught:
        plugin.check(chosen)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(chosen.plugin, "mine")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"plugin": "x.dll"}, "must be a .vst3, or a .so"),
        ({"plugin": "x.so", "state": ["a.state"]}, "a VST2 plugin's state cannot be loaded"),
        ({"set": {"Cutoff": [0.2, 1.1]}}, "must lie within 0 and 1"),
        ({"set": {"Cutoff": [-0.1, 1]}}, "must lie within 0 and 1"),
        ({"set": {"Cutoff": [0.5, 0.2]}}, "the low end of a range comes first"),
        ({"set": {"state": [0, 1]}}, "cannot be set"),
        ({"license": " "}, "must name a licence"),
        ({"bend_semitones": 0}, "greater than or equal to 1"),
        ({"repeat": False}, "Extra inputs"),
    ],
)
def test_what_params_say_is_checked(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValidationError, match=rule):
        PluginParams(**({"plugin": "x.vst3", "license": "MIT"} | changes))


def test_each_state_can_be_drawn_and_values_stay_in_their_range() -> None:
    chosen = params("x.vst3", state=["a", "b", "c"], set={"Cutoff": [0.1, 0.2]})
    ends = (0.0, 0.34, 0.67, 1.0)
    drawn = [plugin.draw(chosen, lambda _, low, high, at=at: low + at * (high - low)) for at in ends]
    assert [one["state"] for one in drawn] == ["a", "b", "c", "c"]
    assert all(0.1 <= one["Cutoff"] <= 0.2 for one in drawn)
    assert plugin.draw(params("x.so"), outside.middle) == {}


@needs_plugin(AMSYNTH)
def test_a_synthesiser_plays_the_same_each_time_and_hears_its_parameters() -> None:
    dark, again, bright = (sounding(AMSYNTH, set={"filter_cutoff": [at, at]}) for at in (0.2, 0.2, 0.8))
    assert dark.dtype == np.float32
    assert dark.shape == (round(SECONDS * SAMPLE_RATE), 2)
    assert dark.tobytes() == again.tobytes()
    assert not np.array_equal(dark, bright)


@needs_plugin(AMSYNTH)
def test_notes_bend_are_held_and_have_velocity_and_volume() -> None:
    alone = {"set": {"osc_mix": [0, 0], "osc1_waveform": [0, 0], "amp_release": [0, 0]}}
    bent = sounding(AMSYNTH, notes((0.0, 1.5, 60, 100), bend=((0.7, 2.0),)), **alone)
    assert heard_key(bent[4410:26460], SAMPLE_RATE, about=60) == pytest.approx(60, abs=0.1)
    assert heard_key(bent[35280:57330], SAMPLE_RATE, about=62) == pytest.approx(62, abs=0.1)
    late = slice(round(0.8 * SAMPLE_RATE), round(1.1 * SAMPLE_RATE))
    short = notes((0.0, 0.2, 60, 100))
    held = dataclasses.replace(short, sustain=((0.1, 1.0), (1.2, 0.0)))
    dry = sounding(AMSYNTH, held, **alone)
    assert level_db(dry[late]) > level_db(sounding(AMSYNTH, short, **alone)[late]) + 30
    assert sounding(AMSYNTH, dataclasses.replace(held, level=((0.0, 0.5),)), **alone) == pytest.approx(
        dry / 2, abs=1e-6
    )
    soft = sounding(AMSYNTH, notes((0.0, 0.2, 60, 30)), **alone)
    assert level_db(soft) < level_db(sounding(AMSYNTH, short, **alone)) - 3


@needs_plugin(NEKOBI)
def test_a_mono_plugin_is_heard_on_both_sides() -> None:
    plugin.check(params(NEKOBI, set={"Cutoff": [0.2, 0.8]}))
    audio = sounding(NEKOBI)
    assert np.array_equal(audio[:, 0], audio[:, 1])
    assert sounding(NEKOBI, notes((9.0, 9.1, 60, 100))).shape == audio.shape  # no note


@needs_plugin(NEKOBI)
def test_an_unknown_parameter_is_named_with_those_that_there_are() -> None:
    said = line_of(params(NEKOBI, set={"Cutof": [0.2, 0.8]}))
    assert said.startswith("mine: set: 'Cutof': unknown parameter; known are Accent, Cutoff, Decay, ")


@needs_plugin(KARS)
def test_what_never_repeats_itself_is_refused_unless_it_is_stated() -> None:
    twice = "mine: does not play the same twice: state `repeatable: false` if it may be used all the same"
    assert line_of(params(KARS)) == twice
    with pytest.raises(LegatoError, match="does not play the same twice"):
        sounding(KARS)
    plugin.check(params(KARS, repeatable=False))
    assert sounding(KARS, repeatable=False).any()
    assert plugin.identity(params(KARS, repeatable=False))["repeatable"] is False


@needs_plugin(TUBE)
def test_an_effect_is_silent() -> None:
    assert line_of(params(TUBE)) == "mine: is silent; it takes audio in: is it an effect?"


@needs_host
def test_what_is_no_plugin_is_one_line(tmp_path: Path) -> None:
    assert line_of(params(tmp_path / "a.vst3")) == "mine: no such file"
    (tmp_path / "b.so").write_bytes(b"rubbish" * 9)
    assert "ELF" in line_of(params(tmp_path / "b.so"))
    state = tmp_path / "gone.state"
    assert line_of(params(tmp_path / "c.vst3", state=[str(state)])) == f"{state}: no such file"


@needs_plugin(NEKOBI)
@linux
def test_a_damaged_plugin_is_one_line(tmp_path: Path) -> None:
    """Its head is that of a library, and the rest is not there."""
    (tmp_path / "cut.so").write_bytes(NEKOBI.read_bytes()[:5000])
    assert re.match(r"mine: (crashed \(SIG|DawDreamer cannot load it: )", line_of(params(tmp_path / "cut.so")))


@linux
@pytest.mark.parametrize(
    ("head", "line"),
    [
        (b"MZ" + bytes(90), "is no library of Linux (ELF)"),
        (b"\x7fELF", "is no library of Linux (ELF)"),
        (struct.pack("<4sBB10xHH", b"\x7fELF", 2, 1, 3, 243), "is made for riscv64; this machine is "),
        (struct.pack("<4sBB10xHH", b"\x7fELF", 2, 1, 3, 8), "is made for another machine (ELF 8); this machine is "),
        (struct.pack(">4sBB10xHH", b"\x7fELF", 2, 2, 3, 62), "is made for another machine (ELF -1); this machine is "),
    ],
)
def test_a_plugin_of_another_machine_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes, line: str
) -> None:
    monkeypatch.setattr(plugin, "_host_version", lambda: "0")
    (tmp_path / "mine.so").write_bytes(head)
    assert line_of(params(tmp_path / "mine.so")).startswith(f"mine: {line}")


@linux
def test_a_bundle_of_another_machine_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "_host_version", lambda: "0")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    path = tmp_path / "My.vst3"
    for folder in ("aarch64-linux", "MacOS", "Resources"):
        (path / "Contents" / folder).mkdir(parents=True)
        (path / "Contents" / folder / "My.so").write_bytes(b"")
    lacks = "mine: lacks Contents/x86_64-linux/My.so: it is made for MacOS, aarch64-linux"
    assert line_of(params(path)) == lacks
    (tmp_path / "file.vst3").write_bytes(b"")
    assert line_of(params(tmp_path / "file.vst3")) == "mine: on Linux a .vst3 is a folder"


def test_without_dawdreamer_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mine.so").write_bytes(b"")
    monkeypatch.setattr(plugin, "HOST", "dawdreamer_that_is_absent")
    chosen = params(tmp_path / "mine.so")
    for call in (lambda: plugin.check(chosen), lambda: plugin.identity(chosen), lambda: sounding(tmp_path / "mine.so")):
        with pytest.raises(LegatoError, match=r"not installed: pip install 'legato\[plugins\]'$"):
            call()


def test_dawdreamer_is_never_loaded_into_our_process() -> None:
    assert "dawdreamer" not in sys.modules


def part_of(rows: list[tuple[float, float, int, int]]) -> Part:
    return notes(*((start, start + length, key, velocity) for start, length, key, velocity in rows))


@given(st.lists(st.tuples(TIMES, st.floats(0, 2), KEYS, st.integers(1, 127)), min_size=1, max_size=12))
def test_a_key_is_let_go_before_it_is_struck_again(rows: list[tuple[float, float, int, int]]) -> None:
    """And each stroke has one end: no note hangs, and none is cut by another's end."""
    events = [event for event in smf.parse(midi_of(part_of(rows), 2)).tracks[0] if event.status in (0x80, 0x90)]
    down: dict[int, int] = {}
    for tick, status, data in events:
        assert (status == smf.NOTE_ON) == (data[0] not in down)
        if status == smf.NOTE_ON:
            down[data[0]] = tick
        else:
            assert tick > down.pop(data[0])
    assert not down
    struck = {(key, round(start * TICKS_PER_S)) for start, _, key, _ in rows}
    assert {(event.data[0], event.tick) for event in events if event.status == smf.NOTE_ON} == struck


def test_a_bend_is_within_the_wheels_range() -> None:
    bends = ((0.0, -12.0), (0.5, 0.0), (1.0, 12.0))
    part = notes((0.0, 1.0, 60, 100), bend=bends)
    events = smf.parse(midi_of(part, 12)).tracks[0]
    assert [event.data[0] | event.data[1] << 7 for event in events if event.status == smf.BEND] == [0, 8192, 16383]
    with pytest.raises(LegatoError, match="^part: bend_semitones: 2: a part bends by -12 semitones$"):
        midi_of(part, 2)
    with pytest.raises(LegatoError, match="^part: moves cutoff, and a plugin's parameters cannot be moved$"):
        midi_of(dataclasses.replace(CHORD, parameters={"cutoff": ((0.0, 1.0),)}), 2)


@pytest.mark.skipif(not IN_CI, reason=".ci/run installs them and says so")
def test_the_host_and_the_plugins_are_installed() -> None:
    assert HAS_HOST
    assert [path for path in (AMSYNTH, NEKOBI, KARS, TUBE) if not path.exists()] == []

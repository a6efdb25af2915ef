"""Parameters: every wrong value is one line that names the file, the key, the value and the rule."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.checkout import SHIPPED_PARAMS
from helpers.small_font import write_small_font
from legato.archives.config import ARCHIVES
from legato.audio.normalize import NormalizeParams
from legato.check import CATEGORIES, SECTIONS, CategoryParams, check, left_behind
from legato.codec.encode import EncodeParams
from legato.codec.weights import CodecParams
from legato.errors import LegatoError
from legato.midi.gm import DRUM_BANK, KITS, PROGRAMS
from legato.render.production import RenderParams
from legato.workspace import categories, params, yaml_file
from legato.workspace.layout import CODES, MIDI, SOUNDFONT
from legato.workspace.track import DatasetParams


@pytest.fixture
def section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write one edited params.yaml and go to its folder."""

    def edited(**changes: Any) -> None:
        values = yaml.safe_load((SHIPPED_PARAMS).read_text())
        for path, value in changes.items():
            *parents, key = path.split("__")
            target = values
            for parent in parents:
                target = target[parent]
            target[key] = value
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(values))
        monkeypatch.chdir(tmp_path)

    return edited


WRONG = [
    ("dataset", DatasetParams, {"dataset__sed": 1}, "params.yaml: dataset.sed: unknown key"),
    ("dataset", DatasetParams, {"dataset__seed": -1}, "params.yaml: dataset.seed: -1: "),
    ("dataset", DatasetParams, {"dataset__sample_rate": 48000}, "params.yaml: dataset.sample_rate: 48000: "),
    ("dataset", DatasetParams, {"dataset__held_out": 1.0}, "params.yaml: dataset.held_out: 1.0: "),
    ("dataset", DatasetParams, {"dataset__max_minutes": 0}, "params.yaml: dataset.max_minutes: 0: "),
    (
        "dataset",
        DatasetParams,
        {"dataset": {"seed": 0, "held_out": 0}},
        "params.yaml: dataset.sample_rate: this key is missing",
    ),
    ("dataset", DatasetParams, {"dataset": None}, "params.yaml: dataset: None: "),
    ("render", RenderParams, {"render__reverb__rom": 1}, "params.yaml: render.reverb.rom: unknown key"),
    (
        "render",
        RenderParams,
        {"render__reverb__room": [0.8, 0.2]},
        "params.yaml: render.reverb.room: [0.8, 0.2]: the low end of a range comes first",
    ),
    ("render", RenderParams, {"render__reverb__level": [0.5]}, "render.reverb.level: [0.5]: a range is two numbers"),
    ("render", RenderParams, {"render__chorus__speed_hz": [0, 1]}, "speed_hz: [0, 1]: must lie within 0.1 and 5"),
    (
        "render",
        RenderParams,
        {"render__pan": [-2, 0]},
        "params.yaml: render.pan: [-2, 0]: must lie within -1 and 1",
    ),
    ("render", RenderParams, {"render__gain_db": [-3, 3]}, "render.gain_db: [-3, 3]: must lie within -24 and 0"),
    ("render", RenderParams, {"render__dry": 1.5}, "params.yaml: render.dry: 1.5: "),
    ("render", RenderParams, {"render__stems": "yes"}, "params.yaml: render.stems: 'yes': "),
    ("normalize", NormalizeParams, {"normalize__target_lufs": "loud"}, "params.yaml: normalize.target_lufs: 'loud': "),
    ("normalize", NormalizeParams, {"normalize__format": "mp3"}, "params.yaml: normalize.format: 'mp3': "),
    ("codec", CodecParams, {"codec__sha256": "abc"}, "params.yaml: codec.sha256: 'abc': "),
    ("encode", EncodeParams, {"encode__window_frames": 3}, "params.yaml: encode.window_frames: 3: "),
    ("encode", EncodeParams, {"encode__layout": "auto"}, "encode.layout: unknown key: it is dataset.layout now"),
    ("dataset", DatasetParams, {"dataset__layout": "tar"}, "params.yaml: dataset.layout: 'tar': "),
]
MUSIC = "categories__bass_808__music__"
WRONG_MUSIC = [
    ({"categories__bass_808__tracks": 0}, "params.yaml: categories.bass_808.tracks: 0: "),
    ({"categories__bass_808__trakcs": 4}, "params.yaml: categories.bass_808.trakcs: unknown key"),
    (
        {"categories__bass_808__prompt": "808, bass"},
        "params.yaml: categories.bass_808.prompt: '808, bass': must hold no comma",
    ),
    ({"categories__bass_808__prompt": " "}, "params.yaml: categories.bass_808.prompt: ' ': must not be empty"),
    ({"categories__bass_808__prompt": "b\u00e4ss"}, "must be printable ASCII"),
    (
        {MUSIC + "bpm": [150, 120]},
        "params.yaml: categories.bass_808.music.bpm: [150, 120]: the low end of a range comes first",
    ),
    ({MUSIC + "bpm": [120]}, "params.yaml: categories.bass_808.music.bpm: [120]: a range is two numbers"),
    ({MUSIC + "bpm": [4, 120]}, "params.yaml: categories.bass_808.music.bpm: [4, 120]: must lie within 40 and 240"),
    (
        {MUSIC + "seconds": [30.1, 30.11]},
        "params.yaml: categories.bass_808.music.seconds: [30.1, 30.11]: no whole number of bars fits at bpm [120, 150]",
    ),
    (
        {MUSIC + "scales": ["locrian"]},
        "params.yaml: categories.bass_808.music.scales.0: 'locrian': not a scale; known are major",
    ),
    ({MUSIC + "parts": {"kazoo": ["kazoo"]}}, "'kazoo': not a role; known are pad"),
    (
        {MUSIC + "parts": {"sub": ["kazoo"]}},
        "params.yaml: categories.bass_808.music.parts.sub: 'kazoo': not a General MIDI program",
    ),
    ({MUSIC + "parts": {"sub": ["tr808_kit"]}}, "parts.sub: 'tr808_kit': not a General MIDI program"),
    ({MUSIC + "parts": {}}, "params.yaml: categories.bass_808.music.parts: {}: "),
    (
        {MUSIC + "grooves": ["trap"]},
        "params.yaml: categories.bass_808.music.grooves: ['trap']: must name a groove when parts has drums",
    ),
    (
        {MUSIC + "swing": [0.4, 0.6]},
        "params.yaml: categories.bass_808.music.swing: [0.4, 0.6]: must lie within 0.5 and 0.75",
    ),
]


@pytest.mark.parametrize(("key", "model", "changes", "line"), WRONG)
def test_a_wrong_section_is_one_line(section: Any, key: str, model: Any, changes: dict[str, Any], line: str) -> None:
    section(**changes)
    with pytest.raises(LegatoError) as error:
        params.load(key, model)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("changes", "line"), WRONG_MUSIC)
def test_a_wrong_category_is_one_line(section: Any, changes: dict[str, Any], line: str) -> None:
    section(**changes)
    with pytest.raises(LegatoError) as error:
        params.load("categories.bass_808", CategoryParams)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["a.b", "a b", "A", "", "a-b", "a/b", "1.5"])
def test_a_category_name_is_made_of_a_few_characters(section: Any, name: Any) -> None:
    section(categories={name: {}})
    with pytest.raises(LegatoError) as error:
        categories.names()
    assert str(error.value) == f"params.yaml: categories: {name!r}: a category's name is made of a-z, 0-9 and _"


@pytest.mark.parametrize("name", ["808", "0777", "1_000", "1e5", "12e03", "0x1f", "0o17", "yes", "off", "null", "true"])
def test_a_category_name_that_yaml_reads_as_something_else_needs_quotes(
    tmp_path: Path, monkeypatch: Any, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "params.yaml"
    path.write_text(f"categories:\n  a808: {{}}\n  {name}: {{}}\n")
    with pytest.raises(LegatoError) as error:
        categories.names()
    assert str(error.value) == f"params.yaml: categories: {name}: to YAML this is no text: write it in quotes, '{name}'"
    path.write_text(f"categories:\n  a808: {{}}\n  '{name}': {{}}\n")
    assert categories.names() == ["a808", name]


@pytest.mark.parametrize("nothing", [{}, None, []])
def test_there_is_a_category(section: Any, nothing: Any) -> None:
    section(categories=nothing)
    with pytest.raises(LegatoError, match="params.yaml: categories: must name at least one category"):
        categories.names()


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    with pytest.raises(LegatoError, match=r"params\.yaml: no such file"):
        params.read(path)
    path.write_text("a: [1")
    with pytest.raises(LegatoError, match=r"params\.yaml: not YAML: .*line 1"):
        params.read(path)
    path.write_text("- 1")
    with pytest.raises(LegatoError, match=r"params\.yaml: must be a mapping"):
        params.read(path)


def test_the_shipped_parameters_are_valid_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those at the root are the user's to edit."""
    (tmp_path / "params.yaml").write_text(SHIPPED_PARAMS.read_text())
    monkeypatch.chdir(tmp_path)
    check()
    assert set(params.read()) == {*SECTIONS, CATEGORIES, ARCHIVES}
    assert {name: categories.track_count(name) for name in categories.names()} == {
        "synth_no_drums": 6,
        "hiphop_drums": 6,
        "bass_808": 6,
        "guitar_pop": 6,
    }


def test_an_unknown_section_is_named(section: Any) -> None:
    section(rnder={})
    with pytest.raises(LegatoError, match=r"params\.yaml: rnder: unknown section; known are dataset, "):
        check()


def test_a_program_that_the_font_lacks_is_named_beforehand(section: Any, tmp_path: Path) -> None:
    values = yaml.safe_load((SHIPPED_PARAMS).read_text())["categories"]
    section(categories={"bass_808": values["bass_808"]}, soundfont={"path": "mine.sf2", "license": "MIT"})
    with pytest.raises(LegatoError, match=r"^mine\.sf2: no such file"):
        check()
    write_small_font(tmp_path / "mine.sf2", (0, PROGRAMS["tuba"]), [(0, 127)])
    with pytest.raises(LegatoError) as error:
        check()
    key = "categories.bass_808.music.parts.sub"
    assert str(error.value) == f"params.yaml: {key}: 'synth_bass_2': mine.sf2 lacks this program; it has tuba"
    section(soundfont={"path": "mine.sf2"})
    with pytest.raises(
        LegatoError, match=r"^params\.yaml: soundfont\.license: None: must name the licence of mine\.sf2"
    ):
        check()


def test_a_kit_without_a_drum_that_a_groove_needs_is_named_beforehand(section: Any, tmp_path: Path) -> None:
    values = yaml.safe_load((SHIPPED_PARAMS).read_text())["categories"]["hiphop_drums"]
    values["music"] |= {"parts": {"drums": ["tr808_kit"]}, "grooves": ["house"]}
    section(categories={"beats": values}, soundfont={"path": "mine.sf2", "license": "MIT"})
    write_small_font(tmp_path / "mine.sf2", (DRUM_BANK, KITS["tr808_kit"]), [(35, 81)])
    check()
    write_small_font(tmp_path / "mine.sf2", (DRUM_BANK, KITS["tr808_kit"]), [(35, 38), (40, 81)])
    with pytest.raises(LegatoError) as error:
        check()
    key = "categories.beats.music.grooves"
    assert str(error.value) == f"params.yaml: {key}: ['house']: tr808_kit of mine.sf2 lacks their clap (39)"


def test_what_a_removed_category_left_behind_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (MIDI.folder("old"), MIDI.folder("new"), CODES.folder("old"), SOUNDFONT.path.parent):
        folder.mkdir(parents=True)
    assert left_behind(["new"]) == [MIDI.folder("old"), CODES.folder("old")]


def test_a_start_that_is_not_there_is_named_before_anything_is_built(section: Any, tmp_path: Path) -> None:
    section(train__start="models/start/mine")
    with pytest.raises(LegatoError, match=r"^params\.yaml: train\.start: 'models/start/mine': no such folder$"):
        check()
    (tmp_path / "models/start").mkdir(parents=True)
    (tmp_path / "models/start/mine.dvc").touch()  # which `dvc pull` brings
    check()


def test_a_long_name_of_a_category_is_refused(section: Any) -> None:
    section(categories={64 * "a": {}})
    assert categories.names() == [64 * "a"]
    section(categories={65 * "a": {}})
    with pytest.raises(LegatoError, match="a category's name has at most 64 letters$"):
        categories.names()


UNREADABLE = {
    "UTF-16": ("a: 1".encode("utf-16"), "not YAML: not UTF-8: byte 0"),
    "UTF-32": ("a: 1".encode("utf-32"), "not YAML: not UTF-8: byte 0"),
    "Latin-1": ("a: \u00e4".encode("latin-1"), "not YAML: not UTF-8: byte 3"),
    "a null byte": (b"a: b\0c", "not YAML: .*control characters are not allowed"),
    "nested lists": (b"a: " + b"[" * 5000, "not YAML: .*nested more than 50 levels deep"),
    "nested mappings": (b"".join(b" " * n + b"a:\n" for n in range(2000)), "not YAML: nested more than 50 levels deep"),
    "an endless integer": (b"a: " + b"9" * 5000, "not YAML: .*digits"),
    "a key twice": (b"a: 1\nb: 2\na: 3", "not YAML: the key 'a' is there twice, in line 3"),
    "a key twice, deep": (b"a: {b: 1, c: [{d: 1, d: 2}]}", "not YAML: the key 'd' is there twice, in line 1"),
    "no date": (b"a: 2026-99-99", "not YAML: month must be in"),
    "aliases of aliases": (
        b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 10)),
        "not YAML: holds more than 2000000 values, each alias counted",
    ),
    "an alias in itself": (b"a: &a [*a]", r"not YAML: the alias \*a lies within its own anchor"),
    "an object": (b"a: !!python/object/apply:os.mkdir [pwned]", "not YAML: could not determine a constructor"),
    "no number": (b"a: !!int ''", "not YAML: "),
    "a tag of nothing": (b"a: !!timestamp x", "not YAML: "),
    "a list as a key": (b"? [a]\n: 1", "not YAML: .*unhashable"),
    "a number as a key": (b"1: 2", "must be a mapping of sections"),
    "a folder": (None, "is not a file but a folder"),
}


@pytest.mark.parametrize(("content", "rule"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_not_what_it_seems_is_one_line(tmp_path: Path, content: bytes | None, rule: str) -> None:
    path = tmp_path / "params.yaml"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(LegatoError, match=rf"^{path}: {rule}") as error:
        params.read(path)
    assert "\n" not in str(error.value)
    assert [file.name for file in tmp_path.iterdir()] == ["params.yaml"]


def test_anchors_and_merges_are_what_yaml_says(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("\ufeffa: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: [*a, *a]\n", encoding="utf-8")
    assert params.read(path) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": 2 * [{"x": 1, "y": 2}]}


def test_a_file_that_has_settled_is_parsed_once_and_a_changed_one_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, parsed = tmp_path / "params.yaml", []
    parse = yaml_file._parse
    monkeypatch.setattr(yaml_file, "_parse", lambda path: parsed.append(path) or parse(path))
    for value, age_s in ((1, 60), (2, 50), (3, -60), (4, -50)):
        path.write_text(f"a: {value}")
        os.utime(path, ns=(0, time.time_ns() - age_s * 10**9))
        before = len(parsed)
        assert [params.read(path)["a"] for _ in range(3)] == 3 * [value]
        assert len(parsed) - before == (1 if age_s > 0 else 3)

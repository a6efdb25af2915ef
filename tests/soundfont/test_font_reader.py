"""SoundFonts of others: accepted if and only if FluidSynth loads them and they sound; what is refused is one line."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checkout import ROOT, SHIPPED_PARAMS
from helpers.font_bytes import MONO, ROM, small_font
from legato.check import check
from legato.errors import LegatoError
from legato.midi.gm import PROGRAMS
from legato.render.fluidsynth import sounding_presets
from legato.soundfont.reader import FontPreset, read_font, read_presets

DEBIAN = Path("/usr/share/sounds")
FONTS = {  # of Debian's packages: presets, and one of them
    "sf2/OPL-3_FM_128M.sf2": (129, (128, 0), "128"),
    "sf2/TimGM6mb.sf2": (136, (128, 48), "Orchestra"),
    "sf2/FluidR3_GS.sf2": (33, (1, 122), "Rain"),
    "sf2/FluidR3_GM.sf2": (189, (0, 0), "Yamaha Grand Piano"),
    "sf2/MuseScore_General_Full.sf2": (311, (0, 0), "Grand Piano"),
    "sf3/FluidR3Mono_GM.sf3": (197, (0, 0), "Yamaha Grand Piano"),
    "sf3/MuseScore_General.sf3": (311, (0, 0), "Grand Piano"),
}
IN_CI = ("sf2/TimGM6mb.sf2", "sf3/FluidR3Mono_GM.sf3")  # which .ci/run installs
N_DAMAGED = 25
SMALL = small_font(keys=(40, 80))


def peaks(font: Path, places: list[tuple[int, int]], keys: list[int]) -> list[int]:
    """What each preset gives at each key, by another program; nothing where FluidSynth dies of it."""
    command = [sys.executable, ROOT / "tests/helpers/font_judge.py", font, json.dumps(places), json.dumps(keys)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    return json.loads(done.stdout.splitlines()[-1] if done.stdout else "[]")


def verdict(font: Path) -> tuple[dict[tuple[int, int], FontPreset], str]:
    """A font's presets, or why it is refused."""
    try:
        return read_font(font), ""
    except LegatoError as error:
        return {}, str(error)


def line_of(font: Path) -> str:
    """Why a font is refused, without its name."""
    _, line = verdict(font)
    assert line.startswith(f"{font}: ")
    return line.removeprefix(f"{font}: ")


@pytest.fixture
def at(tmp_path: Path) -> Any:
    """Write a font's bytes; return where."""

    def write(content: bytes, name: str = "mine.sf2") -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


@pytest.mark.parametrize(("name", "content"), {
    "plain.sf2": small_font(),
    "packed.sf3": small_font(vorbis=True),
    "packed and not padded.sf3": small_font(vorbis=True, padded=False),
    "Klänge.SF3": small_font(vorbis=True),
}.items())  # fmt: skip
def test_what_fluidsynth_plays_is_accepted(at: Any, name: str, content: bytes) -> None:
    font = at(content, name)
    assert {place: preset.name for place, preset in read_font(font).items()} == {(0, 0): "Sine", (128, 0): "Kit"}
    assert min(peaks(font, [(0, 0), (128, 0)], [60])) > 1000


def test_the_odd_font_is_odd() -> None:
    """A chunk of an odd length, with no byte behind it."""
    odd, even = small_font(vorbis=True, padded=False), small_font(vorbis=True)
    at = odd.index(b"smpl")
    n_bytes = int.from_bytes(odd[at + 4 : at + 8], "little")
    assert n_bytes % 2
    assert odd[at + 8 + n_bytes :].startswith(b"LIST")
    assert len(even) - len(odd) == 1


@pytest.mark.parametrize(("content", "line"), [
    (None, "cannot be read: No such file or directory"),
    (b"", "not a SoundFont: it does not begin with RIFF"),
    (b"SoundFont? no, text", "not a SoundFont: it does not begin with RIFF"),
    (b"RIFF\x24\0\0\0WAVEfmt " + bytes(28), "not a SoundFont: its RIFF form is not sfbk"),
    (SMALL[:3000], f"truncated: 3000 bytes of {len(SMALL)}"),
    (SMALL + bytes(1000), f"damaged: 1000 bytes behind its end, which is at {len(SMALL)}"),
    (SMALL.replace(b"phdr", b"phdx"), "FluidSynth refuses it: Expected PDTA sub-chunk 'phdr' found invalid id instead"),
    (small_font(instrument=99), "FluidSynth refuses it: Preset zone pz:Sine/0: Invalid instrument reference"),
    (b"RIFF\x04\0\0\0sfbk", "FluidSynth refuses it: "),
    (small_font(sample_type=ROM | MONO), "this SoundFont has no preset that sounds"),
    (small_font(keys=(90, 80)), "this SoundFont has no preset that sounds"),
])  # fmt: skip
def test_what_it_does_not_play_is_refused_with_the_reason(at: Any, tmp_path: Path, content: Any, line: str) -> None:
    font = tmp_path / "missing.sf2" if content is None else at(content)
    assert line_of(font).startswith(line)
    assert content is None or not any(peaks(font, [(0, 0), (128, 0)], [40, 60, 80]))


def test_a_folder_and_a_pipe_are_no_font(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.sf2")
    assert line_of(tmp_path) == line_of(tmp_path / "pipe.sf2") == "cannot be read: not a file"


def test_the_keys_are_those_that_sound(at: Any) -> None:
    font = at(SMALL)
    assert {preset.keys for preset in read_font(font).values()} == {frozenset(range(40, 81))}
    assert sounding_presets(font) == read_presets(font), "what render asks for, in its own process"
    assert [peak > 0 for peak in peaks(font, [(0, 0)], [39, 40, 80, 81])] == [False, True, True, False]


N_BYTES, HEADERS_AT = len(SMALL), SMALL.index(b"pdta")
PLACES = st.one_of(
    *[st.integers(HEADERS_AT, N_BYTES - 1)] * 3, st.integers(12, N_BYTES - 1)
)  # mostly behind the samples
EDITS = st.lists(st.tuples(PLACES, st.sampled_from([1, 2, 4]), st.integers(0, 2**32 - 1)), min_size=1, max_size=4)
LENGTHS = st.sampled_from([N_BYTES] * 12 + [0, 300, N_BYTES - 1, N_BYTES + 1])


def test_any_damage_is_one_line_or_a_font_that_plays(at: Any) -> None:
    seen = []

    @given(edits=EDITS, length=LENGTHS)
    @settings(max_examples=N_DAMAGED, deadline=None, derandomize=True, database=None)
    def of_any(edits: list[tuple[int, int, int]], length: int) -> None:
        content = bytearray(SMALL)
        for place, size, value in edits:
            content[place : place + size] = value.to_bytes(4, "little")[:size]
        font = at((bytes(content) + b"!")[:length])
        found, line = verdict(font)
        seen.append(line)
        assert "\n" not in line
        if line:
            assert not any(peaks(font, [(0, 0), (128, 0)], [40, 60, 80])), line
        for place, preset in found.items():
            assert len(peaks(font, [place], [min(preset.keys)])) == 1, "FluidSynth dies of it"

    of_any()
    assert "" in seen
    assert len(set(seen)) > 3


def test_a_crash_and_an_endless_load_are_lines_too(at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the binding dies, or never returns."""
    font = at(SMALL)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("legato.soundfont.reader.SOURCE", f"{tmp_path}{os.pathsep}{ROOT / 'src'}")
    (tmp_path / "fluidsynth.py").write_text("import os\nos.kill(os.getpid(), 11)\n")
    assert line_of(font) == "FluidSynth crashes on this SoundFont (SIGSEGV)"
    monkeypatch.setattr("legato.soundfont.reader.LONGEST_S", 1)
    (tmp_path / "fluidsynth.py").write_text("import time\ntime.sleep(60)\n")
    assert line_of(font) == "FluidSynth has not read this SoundFont in 1 s"


@pytest.mark.parametrize("name", FONTS)
def test_debians_fonts_are_read(name: str) -> None:
    n_presets, place, title = FONTS[name]
    path = DEBIAN / name
    if not path.is_file() or path.resolve().name != path.name:  # Debian's alternatives give one font another's name
        pytest.skip("not installed")
    found = read_font(DEBIAN / name)
    assert len(found) == n_presets
    assert found[place].name == title


@pytest.mark.skipif("LEGATO_TEST_FONTS" not in os.environ, reason=".ci/run installs them and says so")
def test_some_of_them_are_installed() -> None:
    assert [name for name in IN_CI if not (DEBIAN / name).is_file()] == []


def test_check_asks_fluidsynth(at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = yaml.safe_load((SHIPPED_PARAMS).read_text())
    values["categories"] = {"bass_808": values["categories"]["bass_808"]}
    values["soundfont"] = {"path": "mine.sf3", "license": "CC0-1.0"}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values))
    monkeypatch.chdir(tmp_path)
    bass = [(0, PROGRAMS["synth_bass_2"], "Bass")]
    at(small_font(bass, vorbis=True, padded=False), "mine.sf3")
    assert check() == {"bass_808": {}}
    at(small_font(bass) + bytes(1000), "mine.sf3")
    with pytest.raises(LegatoError, match=r"^mine\.sf3: damaged: 1000 bytes behind its end"):
        check()
    at(small_font(bass, keys=(90, 80)), "mine.sf3")
    with pytest.raises(LegatoError, match=r"^mine\.sf3: this SoundFont has no preset that sounds"):
        check()

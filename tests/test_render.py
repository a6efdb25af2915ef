"""Rendering: the same bytes in any order, the right notes at the right time, and one line for what cannot be played."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from legato import params
from legato.errors import LegatoError
from legato.midi import Note, Part, Song, write_midi
from legato.render import RenderParams, render
from legato.soundfont.font import drum_zones
from legato.soundfont.sf2 import Preset, write_sf2
from legato.soundfont.synthesis import key_hz
from signals import SAMPLE_RATE

PARAMS = params.load("render", RenderParams, Path(__file__).parent.parent / "params.yaml")
DRY = PARAMS.model_copy(
    update={
        "reverb": PARAMS.reverb.model_copy(update={"level": 0.0}),
        "chorus": PARAMS.chorus.model_copy(update={"voices": 0}),
    }
)


def write_song(path: Path, program: int, keys: list[int], *, pan: int = 64, beats: float = 0.9) -> Path:
    """A key a beat at 120 bpm, half a second each."""
    notes = tuple(Note(beat=float(at), beats=beats, pitch=key, velocity=100) for at, key in enumerate(keys))
    part = Part(role="lead", program=program, is_drum=False, volume=100, pan=pan, reverb_send=40, notes=notes)
    write_midi(path, Song(bpm=120, n_bars=1, parts=(part,)))
    return path


def test_order_does_not_matter(font: Path, tmp_path: Path) -> None:
    songs = [write_song(tmp_path / f"{program}.mid", program, [60, 64, 67]) for program in (81, 89, 25)]
    forwards = {song: render(song, font, PARAMS, SAMPLE_RATE)[0] for song in songs}
    for song in reversed(songs):
        np.testing.assert_array_equal(render(song, font, PARAMS, SAMPLE_RATE)[0], forwards[song])


def test_notes_sound_at_their_time_and_pitch(font: Path, tmp_path: Path) -> None:
    keys = [57, 69, 64]
    audio, _ = render(write_song(tmp_path / "a.mid", 80, keys), font, DRY, SAMPLE_RATE)
    assert audio.shape[1] == 2
    assert audio.dtype == np.float32
    for at, key in enumerate(keys):
        note = audio[round((0.5 * at + 0.05) * SAMPLE_RATE) : round((0.5 * at + 0.4) * SAMPLE_RATE), 0]
        levels = np.abs(np.fft.rfft(note * np.hanning(len(note))))
        assert levels.argmax() * SAMPLE_RATE / len(note) == pytest.approx(key_hz(key), abs=3)


def test_a_tail_rings_out_and_is_bounded(font: Path, tmp_path: Path) -> None:
    song = write_song(tmp_path / "a.mid", 89, [60])  # a pad with a long release
    audio, _ = render(song, font, PARAMS, SAMPLE_RATE)
    assert np.abs(audio[-2000:]).max() < 1e-4 or len(audio) / SAMPLE_RATE > 4.4
    cut, _ = render(song, font, PARAMS.model_copy(update={"tail_s": 0.1}), SAMPLE_RATE)
    assert 0.5 < len(cut) / SAMPLE_RATE < 0.8
    np.testing.assert_array_equal(cut, audio[: len(cut)])


def test_pan_and_sends_are_heard(font: Path, tmp_path: Path) -> None:
    left, _ = render(write_song(tmp_path / "a.mid", 80, [60], pan=10), font, DRY, SAMPLE_RATE)
    assert np.abs(left[:, 0]).max() > 3 * np.abs(left[:, 1]).max()
    song = write_song(tmp_path / "b.mid", 80, [60])
    wet, _ = render(song, font, PARAMS, SAMPLE_RATE)
    dry, _ = render(song, font, DRY, SAMPLE_RATE)
    assert len(wet) > len(dry)


def test_a_mix_over_full_scale_is_turned_down_and_said_so(font: Path, tmp_path: Path) -> None:
    song = write_song(tmp_path / "a.mid", 80, [60])
    loud, facts = render(song, font, DRY.model_copy(update={"gain": 10.0}), SAMPLE_RATE)
    assert np.abs(loud).max() <= 1
    assert facts["render_gain_db"] < 0
    assert render(song, font, DRY, SAMPLE_RATE)[1]["render_gain_db"] == 0


def test_a_program_that_the_font_lacks_is_named(tmp_path: Path) -> None:
    kit_only = tmp_path / "kit.sf2"
    write_sf2(kit_only, [Preset(bank=128, program=0, name="kit", zones=drum_zones(np.random.default_rng(0)))], {})
    song = write_song(tmp_path / "a.mid", 81, [60])
    with pytest.raises(LegatoError) as error:
        render(song, kit_only, PARAMS, SAMPLE_RATE)
    assert str(error.value) == f"{song}: plays bank 0 program 81, which the SoundFont {kit_only} lacks"


def test_a_font_that_only_looks_like_one_is_named(font: Path, tmp_path: Path) -> None:
    """The presets can be read, the samples' headers cannot: FluidSynth has the last word."""
    content = bytearray(font.read_bytes())
    content[content.rindex(b"shdr") + 4] ^= 1
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(content)
    with pytest.raises(LegatoError, match=rf"{broken}: "):
        render(write_song(tmp_path / "a.mid", 81, [60]), broken, PARAMS, SAMPLE_RATE)


def test_an_absent_libfluidsynth_is_one_line(font: Path, tmp_path: Path) -> None:
    song = write_song(tmp_path / "a.mid", 81, [60])
    code = f"""
import ctypes.util
ctypes.util.find_library = lambda name: None
from pathlib import Path
from legato import params, render
from legato.errors import stage
settings = params.load("render", render.RenderParams, Path({str(Path(__file__).parent.parent / "params.yaml")!r}))
stage(lambda: render.render(Path({str(song)!r}), Path({str(font)!r}), settings, 44100))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: libfluidsynth is not installed: `apt-get install libfluidsynth3`")
    assert done.stderr.count("\n") == 1

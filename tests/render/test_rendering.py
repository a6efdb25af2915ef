"""Rendering: the same bytes in any order, the right notes at the right time, and one line for what cannot be played."""

import subprocess
import sys
import tracemalloc
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pytest

from helpers.checkout import SHIPPED_PARAMS
from helpers.midi_bytes import BEAT, END, NOW, control, file, name, note, program
from helpers.signals import SAMPLE_RATE, si_sdr_db
from legato.audio.samples import read_audio
from legato.errors import LegatoError
from legato.midi.roles import named_roles
from legato.midi.song import Note, Part, Song, write_midi
from legato.render import fonts
from legato.render.fluidsynth import sounding_presets
from legato.render.production import RenderParams
from legato.render.renderers import Stream
from legato.render.rendering import Studio, render
from legato.soundfont.font import INFO, Recordings, drum_zones
from legato.soundfont.kits.tables import KITS_OF_DRUMS
from legato.soundfont.sf2 import Instrument, Preset, Zone, write_sf2
from legato.soundfont.synthesis import key_hz
from legato.workspace import params
from legato.workspace.track import track_rng

PARAMS = params.load("render", RenderParams, SHIPPED_PARAMS)
STILL = PARAMS.model_copy(update={"pan": [0.0, 0.0], "gain_db": [0.0, 0.0], "detune_cents": [0.0, 0.0]})
DRY = STILL.model_copy(update={"dry": 1.0})
WET = STILL.model_copy(update={"dry": 0.0})


class Rendered(NamedTuple):
    """What was written for a track."""

    audio: np.ndarray
    facts: dict[str, Any]
    stems: dict[str, np.ndarray]


def play(song: Path, font: Path, settings: RenderParams, **changes: Any) -> Rendered:
    """Render with a random stream that depends on the song's name alone, and read what was written."""
    return drawn(song, font, settings.model_copy(update=changes), partial(track_rng, 0, "a", song.stem))


def drawn(song: Path, font: Path, settings: RenderParams, stream: Stream, **limits: float) -> Rendered:
    with TemporaryDirectory() as folder:
        target, stems = Path(folder) / "mix.flac", Path(folder) / "stems"
        studio = Studio(font=font, params=settings, sample_rate=SAMPLE_RATE)
        facts = render(song, target, stems, studio, stream, **limits)
        found = {path.stem: read_audio(path, SAMPLE_RATE) for path in stems.glob("*.flac")}
        assert [path.name for path in Path(folder).iterdir() if path != stems] == ["mix.flac"]
        return Rendered(read_audio(target, SAMPLE_RATE), facts, found)


def standard_kit_zones() -> list[Zone]:
    return drum_zones(KITS_OF_DRUMS["standard_kit"][0], Recordings())


def write_song(path: Path, program: int, keys: list[int], *, pan: int = 64, beats: float = 0.9) -> Path:
    """A key a beat at 120 bpm, half a second each."""
    notes = tuple(Note(beat=float(at), beats=beats, pitch=key, velocity=100) for at, key in enumerate(keys))
    part = Part(role="lead", program=program, is_drum=False, volume=100, pan=pan, reverb_send=40, notes=notes)
    write_midi(path, Song(bpm=120, n_bars=1, parts=(part,)))
    return path


def test_order_does_not_matter(font: Path, tmp_path: Path) -> None:
    songs = [write_song(tmp_path / f"{program}.mid", program, [60, 64, 67]) for program in (81, 89, 25)]
    forwards = {song: play(song, font, PARAMS) for song in songs}
    for song in reversed(songs):
        again = play(song, font, PARAMS)
        np.testing.assert_array_equal(again.audio, forwards[song].audio)
        assert again.facts == forwards[song].facts


def test_a_process_loads_a_font_once(font: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.sf2"
    mine.write_bytes(font.read_bytes())
    for number in (81, 89, 25):  # each with probes of its own, and stems
        play(write_song(tmp_path / f"{number}.mid", number, [60, 64]), mine, PARAMS, stems=True)
    assert [len(loaded) for file, loaded in fonts._idle.items() if file[0] == mine] == [1]


def test_a_font_that_takes_anothers_place_is_loaded(font: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.sf2"
    mine.write_bytes(font.read_bytes())
    assert len(sounding_presets(mine)) > 1
    kit = Instrument(name="kit", zones=standard_kit_zones())
    write_sf2(mine, [Preset(bank=128, program=0, name="Only", instrument=kit)], {})
    assert list(sounding_presets(mine).values()) == ["Only"]


def test_notes_sound_at_their_time_and_pitch(font: Path, tmp_path: Path) -> None:
    keys = [57, 69, 64]
    audio = play(write_song(tmp_path / "a.mid", 80, keys), font, DRY).audio
    assert audio.shape[1] == 2
    assert audio.dtype == np.float32
    for at, key in enumerate(keys):
        note = audio[round((0.5 * at + 0.05) * SAMPLE_RATE) : round((0.5 * at + 0.4) * SAMPLE_RATE), 0]
        levels = np.abs(np.fft.rfft(note * np.hanning(len(note))))
        assert levels.argmax() * SAMPLE_RATE / len(note) == pytest.approx(key_hz(key), abs=3)


def test_a_tail_rings_out_and_is_bounded(font: Path, tmp_path: Path) -> None:
    song = write_song(tmp_path / "a.mid", 89, [60])  # a pad with a long release
    audio = play(song, font, PARAMS).audio
    assert np.abs(audio[-2000:]).max() < 1e-4 or len(audio) / SAMPLE_RATE > 4.4
    cut = play(song, font, PARAMS, tail_s=0.1).audio
    assert 0.5 < len(cut) / SAMPLE_RATE < 0.8
    np.testing.assert_array_equal(cut, audio[: len(cut)])


def test_what_plays_for_too_long_is_refused_before_it_is_played(font: Path, tmp_path: Path) -> None:
    """A pause of 77 hours in a file of 100 bytes: once 92 GiB of memory were asked for."""
    song = tmp_path / "a.mid"
    pause = b"\xff\xff\xff\x7f"  # the longest that an event may wait: 2 ** 28 - 1 ticks
    song.write_bytes(file(NOW + b"\x90\x3c\x64" + pause + b"\x80\x3c\x00" + END))
    with pytest.raises(
        LegatoError, match=rf"^{song}: plays for \d+\.\d minutes: dataset\.max_minutes in .* allows 20$"
    ):
        drawn(song, font, DRY, partial(track_rng, 0, "a", 0), max_minutes=20)


def test_memory_does_not_grow_with_the_song(font: Path, tmp_path: Path) -> None:
    peaks = []
    for n_notes in (40, 160):
        song = write_song(tmp_path / f"{n_notes}.mid", 80, [60, 64] * (n_notes // 2))
        target = tmp_path / f"{n_notes}.flac"
        tracemalloc.start()
        studio = Studio(font=font, params=STILL, sample_rate=SAMPLE_RATE)
        render(song, target, tmp_path, studio, partial(track_rng, 0, "a", 0))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert read_audio(target, SAMPLE_RATE).shape[0] > n_notes * SAMPLE_RATE / 2
    assert peaks[1] - peaks[0] < 60 * SAMPLE_RATE * 8 / 10  # a tenth of the audio's own


@pytest.mark.parametrize("number", [64, 66, 67], ids=["sustain", "sostenuto", "soft"])
def test_a_pedal_that_is_never_let_go_ends_with_the_music(font: Path, tmp_path: Path, number: int) -> None:
    lengths = []
    for pedal in (b"", control(0, number, 127)):
        song = tmp_path / "a.mid"
        song.write_bytes(file(NOW + b"\xc0\x50" + NOW + b"\x90\x3c\x64" + pedal + BEAT + b"\x80\x3c\x00" + END))
        lengths.append(len(play(song, font, DRY).audio))
    assert abs(lengths[1] - lengths[0]) <= 4096


def test_pan_and_sends_are_heard(font: Path, tmp_path: Path) -> None:
    left = play(write_song(tmp_path / "a.mid", 80, [60], pan=10), font, DRY).audio
    assert np.abs(left[:, 0]).max() > 3 * np.abs(left[:, 1]).max()
    song = write_song(tmp_path / "b.mid", 80, [60])
    wet, dry = play(song, font, WET), play(song, font, DRY)
    assert len(wet.audio) > len(dry.audio)
    assert (wet.facts["dry"], dry.facts["dry"]) == (False, True)


def test_a_dry_track_hears_nothing_of_the_effects(font: Path, tmp_path: Path) -> None:
    song = write_song(tmp_path / "a.mid", 89, [60, 64])
    rooms = [PARAMS.reverb.model_copy(update={"room": [room, room], "level": [1.0, 1.0]}) for room in (0.0, 1.0)]
    audios = [play(song, font, DRY, reverb=reverb).audio for reverb in rooms]
    np.testing.assert_array_equal(*audios)
    wet = [play(song, font, WET, reverb=reverb).audio for reverb in rooms]
    assert len(wet[0]) != len(wet[1]) or not np.array_equal(*wet)


def centre_hz(wave: np.ndarray) -> float:
    """The centre of a note's fundamental, A4 or near it, detuned voices and all."""
    power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), n=2**20)) ** 2
    hz = np.fft.rfftfreq(2**20, 1 / SAMPLE_RATE)
    near = (hz > 415) & (hz < 470)
    return float((power * hz)[near].sum() / power[near].sum())


@pytest.mark.parametrize("own", [b"", NOW + b"\xb0\x0a\x40" + NOW + b"\xb0\x79\x00"], ids=["plain", "reset"])
def test_pan_gain_and_detune_are_heard_beside_the_files_own_controllers(font: Path, tmp_path: Path, own: bytes) -> None:
    song = tmp_path / "a.mid"
    song.write_bytes(file(NOW + b"\xc0\x50" + own + NOW + b"\x90\x45\x64" + b"\x8f\x00" + b"\x80\x45\x00" + END))
    plain = play(song, font, DRY).audio[4000:80000]
    right = play(song, font, DRY, pan=[0.4, 0.4]).audio[4000:80000]
    soft = play(song, font, DRY, gain_db=[-6.0, -6.0])
    sharp = play(song, font, DRY, detune_cents=[50.0, 50.0]).audio[4000:80000, 0]
    assert np.abs(right[:, 1]).max() > 1.5 * np.abs(right[:, 0]).max()
    assert np.std(soft.audio[4000:80000]) / np.std(plain) == pytest.approx(10 ** (-6 / 20), rel=0.02)
    assert soft.facts["part_gain_db"] == {"part_1": -6.0}
    assert 1200 * np.log2(centre_hz(sharp) / centre_hz(plain[:, 0])) == pytest.approx(50, abs=3)


@pytest.mark.parametrize(
    ("names", "writer", "banks"),
    [
        (("a", "a", "a"), {}, {0, 1, 2}),
        (("a", "a", "b"), {}, {0, 1}),
        (("", "", ""), {}, {0}),
        (("Bird", "Dog", "Horse"), {}, {0}),
        (("Bird", "Dog", "Horse"), {"ISFT": "another program"}, {0}),
        (("Super Saw", "Fat Saw", "Thin Saw"), INFO, {0, 1, 2}),
    ],
)
def test_variants_are_played_where_the_font_says_that_they_are_the_same_instrument(
    tmp_path: Path, names: tuple[str, ...], writer: dict[str, str], banks: set[int]
) -> None:
    kit = standard_kit_zones()
    font = tmp_path / "font.sf2"
    instruments = [Instrument(name=f"a{bank}", zones=kit[: 4 - bank]) for bank in range(len(names))]
    presets = [
        Preset(bank=bank, program=123, name=called, instrument=instruments[bank]) for bank, called in enumerate(names)
    ]
    write_sf2(font, [*presets, Preset(bank=128, program=0, name="Kit", instrument=instruments[0])], writer)
    song = tmp_path / "a.mid"
    song.write_bytes(file(program(0, 123) + note(0, 36, 127) + END, note(9, 36) + END))
    streams = [partial(track_rng, 0, "a", at) for at in range(20)]
    found = [drawn(song, font, DRY, stream).facts["variant"] for stream in streams]
    assert {variant["part_1"] for variant in found} == banks
    assert {variant["part_2"] for variant in found} == {128}
    assert play(song, font, DRY, variants=False).facts["variant"]["part_1"] == 0


def write_band(path: Path) -> Path:
    """A pad, a low bass and drums that overlap, a track each."""
    pad = name(b"pad") + NOW + b"\xc0\x59" + NOW + b"\xb0\x5b\x7f" + b"".join(
        NOW + bytes([0x90, key, 100]) + NOW + bytes([0x90, key + 7, 100]) + BEAT
        + bytes([0x80, key, 0]) + NOW + bytes([0x80, key + 7, 0]) for key in (60, 62, 64)
    )  # fmt: skip
    bass = name(b"bass") + NOW + b"\xc1\x26" + (NOW + b"\x91\x24\x64" + BEAT + b"\x81\x24\x00") * 3
    drums = name(b"drums") + NOW + b"\xc9\x19" + (NOW + b"\x99\x2a\x64" + b"\x78\x89\x2a\x00") * 12
    path.write_bytes(file(pad + END, bass + END, drums + END))
    return path


@pytest.mark.parametrize("settings", [WET, DRY], ids=["wet", "dry"])
def test_stems_sum_to_the_mix_and_change_nothing_of_it(font: Path, tmp_path: Path, settings: RenderParams) -> None:
    song = write_band(tmp_path / "band.mid")
    loud = {"gain": 8.0, "polyphony": 16}  # turned down, and short of voices
    plain, apart = play(song, font, settings, **loud), play(song, font, settings, stems=True, **loud)
    assert plain.stems == {}
    np.testing.assert_array_equal(plain.audio, apart.audio)
    assert plain.facts == apart.facts
    assert plain.facts["render_gain_db"] < 0
    assert set(apart.stems) == {"pad", "bass", "drums"}
    total = np.sum(list(apart.stems.values()), axis=0, dtype=np.float64)
    assert np.abs(total - plain.audio).max() < 1e-3 * np.abs(plain.audio).max()  # -60 dB
    assert all(si_sdr_db(stem, plain.audio) < 20 for stem in apart.stems.values())


def test_a_stem_holds_its_own_instrument(font: Path, tmp_path: Path) -> None:
    stems = play(write_band(tmp_path / "band.mid"), font, DRY, stems=True).stems
    bass = stems["bass"][:60000, 0]
    levels = np.abs(np.fft.rfft(bass * np.hanning(len(bass)), n=2**18))[: 2**13]
    assert levels.argmax() * SAMPLE_RATE / 2**18 == pytest.approx(key_hz(36), rel=0.03)
    assert width_of(stems["pad"]) > -40


def width_of(audio: np.ndarray) -> float:
    from legato.audio.features import width_db

    return width_db(audio)


def test_attack_and_width_are_measured_per_part(font: Path, tmp_path: Path) -> None:
    facts = play(write_band(tmp_path / "band.mid"), font, DRY).facts
    assert set(facts["attack_s"]) == set(facts["attack_half_s"]) == {"pad", "bass"}
    assert all(facts["attack_half_s"][role] <= facts["attack_s"][role] for role in ("pad", "bass"))
    assert facts["attack_s"]["pad"] > 5 * facts["attack_s"]["bass"]
    assert -60 < facts["width_db"] < 10
    assert play(write_song(tmp_path / "a.mid", 80, [60]), font, DRY).facts["width_db"] < -60


def test_roles_are_track_names_where_those_are_names(tmp_path: Path) -> None:
    from legato.midi.contents import read_contents

    song = write_band(tmp_path / "band.mid")
    assert named_roles(read_contents(song)) == ["pad", "bass", "drums"]
    song.write_bytes(song.read_bytes().replace(b"bass", b"pad\0").replace(b"\x03pad", b"\x03Pad"))
    assert named_roles(read_contents(song)) == ["part_1", "pad", "drums"]


def test_a_mix_over_full_scale_is_turned_down_and_said_so(font: Path, tmp_path: Path) -> None:
    song = write_song(tmp_path / "a.mid", 80, [60])
    loud = play(song, font, DRY, gain=10.0)
    assert np.abs(loud.audio).max() <= 1
    assert loud.facts["render_gain_db"] < 0
    assert play(song, font, DRY).facts["render_gain_db"] == 0


def test_a_program_that_the_font_lacks_is_named(tmp_path: Path) -> None:
    kit_only = tmp_path / "kit.sf2"
    kit = Instrument(name="kit", zones=standard_kit_zones())
    write_sf2(kit_only, [Preset(bank=128, program=0, name="kit", instrument=kit)], {})
    song = write_song(tmp_path / "a.mid", 81, [60])
    with pytest.raises(LegatoError) as error:
        play(song, kit_only, PARAMS)
    assert str(error.value) == f"{song}: plays bank 0 program 81, which the SoundFont {kit_only} lacks"


def test_a_font_that_only_looks_like_one_is_named(font: Path, tmp_path: Path) -> None:
    """The presets can be read, the samples' headers cannot: FluidSynth has the last word."""
    content = bytearray(font.read_bytes())
    content[content.rindex(b"shdr") + 4] ^= 1
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(content)
    with pytest.raises(LegatoError, match=rf"{broken}: "):
        play(write_song(tmp_path / "a.mid", 81, [60]), broken, PARAMS)


def test_an_absent_libfluidsynth_is_one_line(font: Path, tmp_path: Path) -> None:
    song = write_song(tmp_path / "a.mid", 81, [60])
    code = f"""
import ctypes.util
ctypes.util.find_library = lambda name: None
from pathlib import Path
import numpy as np
from legato.workspace import params
from legato.render import production, rendering
from legato.errors import stage
settings = params.load("render", production.RenderParams, Path({str(SHIPPED_PARAMS)!r}))
paths = [Path(path) for path in ({str(song)!r}, {str(tmp_path / "a.flac")!r}, {str(tmp_path)!r})]
studio = rendering.Studio(font=Path({str(font)!r}), params=settings, sample_rate=44100)
stage(lambda: rendering.render(*paths, studio, lambda name: np.random.default_rng(0)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: libfluidsynth is not installed: `apt-get install libfluidsynth3`")
    assert done.stderr.count("\n") == 1

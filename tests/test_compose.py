"""What the composer promises of every song, whatever the seed."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legato import params
from legato.compose.config import MusicParams
from legato.compose.patterns import FILLS, GROOVES, PROGRESSIONS, ROLES, SCALE_MOODS, STEP_VELOCITIES, STEPS_PER_BAR
from legato.compose.song import compose, lay_out
from legato.errors import LegatoError
from legato.gm import DRUM_BANK, DRUMS, KITS, PROGRAMS
from legato.midi import BEATS_PER_BAR, Song, bar_seconds, read_contents, write_midi
from legato.theory import NOTE_NAMES, SCALES

SHIPPED = Path(__file__).parent.parent / "params.yaml"
CATEGORIES = {
    name: params.load(f"categories.{name}.music", MusicParams, SHIPPED) for name in params.read(SHIPPED)["categories"]
}
ALL_ROLES = MusicParams(
    bpm=[60, 180],
    seconds=[8, 60],
    scales=sorted(SCALES),
    grooves=sorted(GROOVES),
    swing=[0.5, 0.66],
    parts={role: ["tr808_kit"] if role == "drums" else ["warm_pad"] for role in ROLES},
)
musics = st.sampled_from([*CATEGORIES.values(), ALL_ROLES])
seeds = st.integers(0, 2**32)


def song_of(music: MusicParams, seed: int) -> tuple[Song, dict]:
    return compose(music, np.random.default_rng(seed))


@settings(deadline=None)
@given(musics, seeds)
def test_a_song_keeps_to_its_parameters(music: MusicParams, seed: int) -> None:
    song, facts = song_of(music, seed)
    assert music.bpm[0] <= song.bpm <= music.bpm[1]
    assert music.seconds[0] <= song.n_bars * bar_seconds(song.bpm) <= music.seconds[1]
    assert [part.role for part in song.parts] == list(music.parts)
    assert {role: name for role, name in facts["instruments"].items() if name not in music.parts[role]} == {}
    assert facts["groove"] in music.grooves or (facts["groove"] is None and not music.grooves)
    assert music.swing[0] - 0.001 <= facts["swing"] <= music.swing[1] + 0.001


@settings(deadline=None)
@given(musics, seeds)
def test_every_note_lies_within_the_song_and_its_roles_range(music: MusicParams, seed: int) -> None:
    song, _ = song_of(music, seed)
    for part in song.parts:
        assert part.notes, part.role
        for note in part.notes:
            assert 0 <= note.beat < note.beat + note.beats <= song.n_bars * BEATS_PER_BAR + 1e-9
            assert ROLES[part.role].low <= note.pitch <= ROLES[part.role].high
            assert 1 <= note.velocity <= 127


@settings(deadline=None)
@given(musics, seeds)
def test_tonal_notes_belong_to_the_stated_key(music: MusicParams, seed: int) -> None:
    song, facts = song_of(music, seed)
    tonal = [part for part in song.parts if not part.is_drum]
    assert (facts["key"] is None) == (not tonal)
    if tonal:
        tonic = NOTE_NAMES.index(facts["key"])
        classes = {(tonic + step) % 12 for step in SCALES[facts["scale"]]}
        assert {note.pitch % 12 for part in tonal for note in part.notes} <= classes


@settings(deadline=None)
@given(seeds)
def test_the_808_line_is_monophonic_within_c1_to_c3(seed: int) -> None:
    (part,) = song_of(CATEGORIES["bass_808"], seed)[0].parts
    notes = sorted(part.notes, key=lambda note: note.beat)
    assert all(a.beat + a.beats <= b.beat + 1e-9 for a, b in pairwise(notes))
    assert all(24 <= note.pitch <= 48 for note in notes)


@settings(deadline=None)
@given(musics, seeds)
def test_a_song_ends_with_all_its_parts_in_the_last_bar(music: MusicParams, seed: int) -> None:
    song, _ = song_of(music, seed)
    last_bar = (song.n_bars - 1) * BEATS_PER_BAR
    assert all(any(abs(note.beat - last_bar) < 1e-9 for note in part.notes) for part in song.parts)


@given(st.integers(1, 400), seeds)
def test_sections_fill_the_song_up_to_its_ending(n_bars: int, seed: int) -> None:
    sections = lay_out(n_bars, np.random.default_rng(seed))
    bars = [bar for section in sections for bar in range(section.start_bar, section.start_bar + section.n_bars)]
    assert bars == list(range(n_bars - 1))
    assert n_bars < 9 or len({section.letter for section in sections} - {"intro"}) >= 2


def test_a_repeated_section_repeats_its_notes() -> None:
    song = next(
        song
        for song, facts in (song_of(CATEGORIES["synth_no_drums"], seed) for seed in range(50))
        if facts["form"] == "ABA" and song.n_bars == 13
    )
    for part in song.parts:
        bars = [
            [(n.beat - at * 16, n.pitch) for n in part.notes if at * 16 <= n.beat < at * 16 + 16] for at in range(3)
        ]
        assert bars[0] == bars[2] != bars[1]


def test_swing_delays_every_second_16th_and_nothing_else() -> None:
    music = CATEGORIES["hiphop_drums"]
    straight, _ = song_of(music.model_copy(update={"swing": [0.5, 0.5]}), 3)
    swung, facts = song_of(music.model_copy(update={"swing": [0.6, 0.6]}), 3)
    for a, b in zip(straight.parts[0].notes, swung.parts[0].notes, strict=True):
        is_off = round(a.beat * 4) % 2 == 1
        assert b.beat - a.beat == pytest.approx(0.05 if is_off else 0)
    assert facts["swing"] == 0.6


def test_a_hundred_songs_are_a_hundred_songs() -> None:
    for music in CATEGORIES.values():
        songs = {
            tuple((n.beat, n.pitch) for p in song_of(music, seed)[0].parts for n in p.notes) for seed in range(100)
        }
        assert len(songs) == 100


def test_the_tables_are_well_formed() -> None:
    for lines in [*GROOVES.values(), *({drum: (line,) for drum, line in fill.items()} for fill in FILLS)]:
        for drum, variants in lines.items():
            assert drum in DRUMS
            for line in variants:
                assert len(line) == STEPS_PER_BAR
                assert set(line) <= {".", *STEP_VELOCITIES}
    assert set(SCALE_MOODS) == set(SCALES)
    assert all(len(degrees) == 4 for table in PROGRESSIONS.values() for degrees in table)
    assert all(len(table) >= 3 for table in PROGRESSIONS.values())  # a letter each for A, B and C


@pytest.mark.parametrize("name", sorted(CATEGORIES))
def test_the_midi_file_plays_the_song(tmp_path: Path, name: str) -> None:
    song, facts = song_of(CATEGORIES[name], 1)
    path = tmp_path / "song.mid"
    write_midi(path, song)
    midi = pretty_midi.PrettyMIDI(str(path))
    _, tempi = midi.get_tempo_changes()
    assert tempi == pytest.approx([facts["bpm"]], rel=1e-5)
    assert len(midi.instruments) == len(song.parts)
    for part, instrument in zip(song.parts, midi.instruments, strict=True):
        assert (instrument.program, instrument.is_drum) == (part.program, part.is_drum)
        written = sorted((n.start * song.bpm / 60, n.pitch, n.velocity) for n in instrument.notes)
        asked = sorted((n.beat, n.pitch, n.velocity) for n in part.notes)
        np.testing.assert_allclose(written, asked, atol=0.002)
    drums = {(DRUM_BANK, KITS[n]) for role, n in facts["instruments"].items() if role == "drums"}
    melodic = {(0, PROGRAMS[n]) for role, n in facts["instruments"].items() if role != "drums"}
    assert read_contents(path).presets == drums | melodic


def test_equal_songs_have_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.mid", "b.mid"):
        write_midi(tmp_path / name, song_of(ALL_ROLES, 5)[0])
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()


@pytest.mark.parametrize("content", [b"", b"not a midi file at all", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\x20"])
def test_a_broken_midi_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mid"
    path.write_bytes(content)
    with pytest.raises(LegatoError, match=r"broken\.mid: cannot be read as MIDI"):
        read_contents(path)

"""What the composer promises of every song, whatever the seed."""

import hashlib
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter

from helpers.musics import EVERY, EXAMPLES, OFFERED, ROOT, musics, score_of, seeds, song_of
from legato.check import CategoryParams
from legato.compose.config import MusicParams
from legato.compose.modes import FUNCTIONS
from legato.compose.roles import ROLES
from legato.compose.score import BAR
from legato.midi.song import BEATS_PER_BAR, bar_seconds, write_midi
from legato.midi.theory import NOTE_NAMES, SCALES


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_a_song_keeps_to_its_parameters(music: MusicParams, seed: int) -> None:
    song, facts = song_of(music, seed)
    assert music.bpm[0] <= song.bpm <= music.bpm[1]
    assert music.seconds[0] <= song.n_bars * bar_seconds(song.bpm) <= music.seconds[1]
    assert [part.role for part in song.parts] == list(music.parts)
    assert {role: name for role, name in facts["instruments"].items() if name not in music.parts[role]} == {}
    assert facts["groove"] in music.grooves or (facts["groove"] is None and not music.grooves)
    assert music.swing[0] - 0.001 <= facts["swing"] <= music.swing[1] + 0.001
    assert all(style in music.playing.get(role, ROLES[role].styles) for role, style in facts["playing"].items())
    assert json.loads(json.dumps(facts)) == facts


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_every_note_lies_within_the_song_and_its_roles_range(music: MusicParams, seed: int) -> None:
    song, _ = song_of(music, seed)
    for part in song.parts:
        assert part.notes, part.role
        assert part.is_drum == (part.role == "drums")
        for note in part.notes:
            assert 0 <= note.beat < note.beat + note.beats <= song.n_bars * BEATS_PER_BAR + 0.031
            assert ROLES[part.role].low <= note.pitch <= ROLES[part.role].high, part.role
            assert 1 <= note.velocity <= 127


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_no_pitch_is_struck_while_it_sounds(music: MusicParams, seed: int) -> None:
    for part in song_of(music, seed)[0].parts:
        ends: dict[int, float] = {}
        for note in part.notes:
            assert note.beat >= ends.get(note.pitch, 0) - 0.031, (part.role, note)
            ends[note.pitch] = note.beat + note.beats


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_tonal_notes_belong_to_the_stated_key(music: MusicParams, seed: int) -> None:
    song, facts = song_of(music, seed)
    tonal = [part for part in song.parts if not part.is_drum]
    assert (facts["key"] is None) == (not tonal)
    if tonal:
        tonic = NOTE_NAMES.index(facts["key"])
        classes = {(tonic + step) % 12 for step in SCALES[facts["scale"]]}
        assert {note.pitch % 12 for part in tonal for note in part.notes} <= classes


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_a_song_ends_on_its_tonic(music: MusicParams, seed: int) -> None:
    score = score_of(music, seed)
    last_bar = (score.n_bars - 1) * BAR
    third, fifth = (score.key.tonic + (3 if score.key.has_minor_third else 4)) % 12, (score.key.tonic + 7) % 12
    for role, tones in score.parts.items():
        final = [tone for tone in tones if tone.tick >= last_bar]
        assert final, role
        assert all(tone.tick == last_bar for tone in final)
        if role != "drums":
            assert all(tone.ticks == BAR for tone in final)
            assert {tone.pitch % 12 for tone in final} <= {score.key.tonic, third, fifth}
        if role in ("bass", "sub", "lead", "cello"):
            assert {tone.pitch % 12 for tone in final} == {score.key.tonic}
    if score.chords:
        functions = FUNCTIONS[score.key.scale]
        assert score.chords[-1].degree == 0
        assert score.chords[0].degree == 0
        homeward = {**functions["D"], **functions["P"]}
        assert score.chords[-2].degree in homeward or score.n_bars < 4


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_no_part_falls_silent_within_a_section_it_plays(music: MusicParams, seed: int) -> None:
    score = score_of(music, seed)
    for section in score.sections:
        for bar in range(section.start_bar, section.start_bar + section.n_bars):
            sounding = [
                tone
                for role, tones in score.parts.items()
                for tone in tones
                if tone.tick < (bar + 1) * BAR and tone.tick + tone.ticks > bar * BAR
            ]
            assert sounding, (section, bar)


def test_ten_songs_have_the_bytes_they_had(tmp_path: Path) -> None:
    """The same songs whatever was composed before, in whatever order."""

    def digests(order: list[tuple[str, int]]) -> dict:
        found = {}
        for name, seed in order:
            path = tmp_path / "song.mid"
            write_midi(path, song_of(EVERY[name], seed)[0])
            found[name, seed] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    order = [(name, seed) for name in sorted(EVERY) for seed in (0, 1)]
    assert digests(order) == digests(order[::-1])


def test_no_two_of_many_songs_are_near_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    variety = __import__("variety")
    for name in ("hiphop_drums", "bass_808"):
        found = [variety.one((name, index)) for index in range(120)]
        shares = variety.nearest_shares([grams for _, grams in found])
        assert len({whole for whole, _ in found}) == 120
        assert (shares > 0.5).mean() < 0.01
        twins = variety.nearest_shares([found[0][1], found[1][1], found[0][1]])
        assert twins[0] == twins[2] == 1
        assert twins[1] < 0.5
    del sys.modules["variety"]


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_the_documentations_categories_compose(name: str) -> None:
    song, facts = song_of(EXAMPLES[name], 0)
    TypeAdapter(CategoryParams).validate_python(OFFERED[name], strict=True)
    assert {part.role for part in song.parts} == set(OFFERED[name]["music"]["parts"])
    assert facts["n_notes"] > 40


def test_six_categories_are_offered() -> None:
    assert len(OFFERED) >= 6

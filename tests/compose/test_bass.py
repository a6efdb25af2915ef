"""Basses keep to the chord's bass, to their range and to their style."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.musics import CATEGORIES, score_of, seeds, song_of, with_
from legato.compose.roles import ROLES
from legato.compose.score import BAR, BEAT, GHOST, chord_at
from legato.midi.song import BEND_RANGE


@settings(deadline=None, max_examples=60)
@given(seeds, st.booleans())
def test_the_808_line_is_monophonic_within_c1_to_c3_bends_and_all(seed: int, has_drums: bool) -> None:
    music = CATEGORIES["bass_808"]
    if has_drums:
        music = with_(music, parts={"sub": ["synth_bass_2"], "drums": ["tr808_kit"]}, grooves=["sparse"])
    song, facts = song_of(music, seed)
    assert any(part.is_drum for part in song.parts) == has_drums
    part = song.parts[0]
    assert all(a.beat + a.beats <= b.beat + 1e-9 for a, b in pairwise(part.notes))
    assert all(24 <= note.pitch <= 48 for note in part.notes)
    for note, after in pairwise([*part.notes, None]):
        until = after.beat if after else float("inf")
        inside = [bend for bend in part.bends if note.beat <= bend.beat < until]
        assert all(24 <= note.pitch + bend.semitones <= 48 for bend in inside)
        assert all(abs(bend.semitones) <= BEND_RANGE for bend in inside)
        held = [bend for bend in part.bends if bend.beat <= note.beat + 1e-3]
        assert not held or held[-1].semitones == 0  # every note begins unbent
    assert (facts["slides"] >= 2) == (facts["playing"]["sub"] == "gliding")
    assert sum(bend.semitones == 0 for bend in part.bends) == facts["slides"]


@pytest.mark.parametrize("style", sorted(ROLES["bass"].styles))
def test_basses_play_the_chords_bass_and_keep_their_style(style: str) -> None:
    for seed in range(15):
        score = score_of(with_(CATEGORIES["guitar_pop"], playing={"bass": [style]}), seed)
        by_tick = {tone.tick: tone for tone in score.parts["bass"]}
        body = [tone for tone in score.parts["bass"] if tone.tick < (score.n_bars - 1) * BAR]
        for section in score.sections:
            for chord in score.chords:
                inside = section.start <= chord.tick < section.start + section.ticks - BEAT
                if inside and "bass" in section.roles:
                    assert by_tick[chord.tick].pitch % 12 == chord.bass
        for tone in body:
            chord = chord_at(score.chords, tone.tick)
            interval = (tone.pitch - chord.bass) % 12
            if style in ("roots", "octaves", "sustained", "locked"):
                assert interval == 0
            if style == "fifths":
                assert tone.pitch % 12 in chord.classes
            if style == "walking":
                assert tone.tick % BEAT == 0
        assert style != "octaves" or any(b.pitch - a.pitch == 12 for a, b in pairwise(body))
        assert style != "syncopated" or any(tone.mark == GHOST for tone in body)

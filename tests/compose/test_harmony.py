"""Chords fill a song, are what they say, and are of every kind."""

from itertools import pairwise

from hypothesis import given, settings

from helpers.musics import ALL_ROLES, musics, score_of, seeds, with_
from legato.compose.config import MusicParams
from legato.compose.harmony import Key
from legato.compose.score import BAR
from legato.midi.theory import CHORDS


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_chords_fill_the_song_and_are_what_they_say(music: MusicParams, seed: int) -> None:
    score = score_of(music, seed)
    if not score.is_tonal:
        assert score.chords == ()
        return
    assert score.chords[0].tick == 0
    assert all(a.end == b.tick for a, b in pairwise(score.chords))
    assert score.chords[-1].end == score.n_bars * BAR
    for chord in score.chords:
        assert chord.classes == tuple((chord.root + step) % 12 for step in CHORDS[chord.quality])
        assert chord.bass in chord.classes
    for chord, after in pairwise(score.chords):
        if chord.quality == "sus4":
            assert (after.root, after.quality, after.bass) == (chord.root, "major", chord.bass)


def test_all_roots_scales_qualities_and_inversions_occur() -> None:
    scores = [score_of(with_(ALL_ROLES, parts={"pad": ["warm_pad"]}, grooves=[]), seed) for seed in range(300)]
    assert len({(score.key.tonic, score.key.scale) for score in scores}) > 65  # of 72
    chords = [chord for score in scores for chord in score.chords]
    assert {chord.quality for chord in chords} >= {
        "major",
        "minor",
        "sus4",
        "major_7",
        "minor_7",
        "dominant_7",
        "minor_9",
    }
    assert any(chord.bass != chord.root for chord in chords)
    assert len({chord.ticks for chord in chords}) >= 4
    shapes = {tuple((c.degree, c.ticks) for c in score.chords if c.tick < 4 * BAR) for score in scores}
    assert len(shapes) > 200  # progressions are drawn, not listed


def test_keys_have_seven_classes() -> None:
    assert set(Key(tonic=9, scale="minor", color="triads").scale_classes()) == {0, 2, 4, 5, 7, 9, 11}

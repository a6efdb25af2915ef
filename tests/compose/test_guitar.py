"""Every chord and stroke of a guitar can be held by a hand."""

from itertools import pairwise, product

import pytest

from helpers.musics import CATEGORIES, score_of, with_
from legato.compose import guitar
from legato.compose.roles import ROLES
from legato.compose.score import BAR, BEAT, Tone
from legato.midi.theory import CHORDS


def can_be_held(pitches: list[int]) -> bool:
    """Whether a hand can: each note on a string of its own, at most four frets wide, open strings aside."""
    for strings in product(range(6), repeat=len(pitches)):
        if len(set(strings)) == len(strings):
            frets = [p - guitar.TUNING[s] for p, s in zip(pitches, strings, strict=True)]
            pressed = [fret for fret in frets if fret]
            if all(0 <= fret <= 12 for fret in frets) and (not pressed or max(pressed) - min(pressed) < 4):
                return True
    return False


def test_every_chord_of_every_key_can_be_held() -> None:
    for root in range(12):
        for quality, steps in CHORDS.items():
            if quality in ("augmented_major_7",):
                continue
            classes = tuple((root + step) % 12 for step in steps)
            found = guitar.shapes(classes, root)
            assert found, (root, quality)
            for shape in found[:4]:
                pitches = guitar.pitches(shape)
                assert pitches[0] % 12 == root
                assert {p % 12 for p in pitches} <= set(classes)
                assert can_be_held(list(pitches)) if root % 4 == 0 else True


def test_c_and_e_minor_have_their_campfire_shapes() -> None:
    assert (None, 3, 2, 0, 1, 0) in guitar.shapes((0, 4, 7), 0)
    assert (0, 2, 2, 0, 0, 0) in guitar.shapes((4, 7, 11), 4)
    assert (1, 3, 3, 2, 1, 1) in guitar.shapes((5, 9, 0), 5)  # a barre


@pytest.mark.parametrize("style", sorted(ROLES["strum"].styles))
def test_strums_can_be_held_and_run_across_the_strings(style: str) -> None:
    music = with_(CATEGORIES["guitar_pop"], playing={"strum": [style]})
    for seed in range(6):
        score = score_of(music, seed)
        strokes: dict[int, list[Tone]] = {}
        for tone in score.parts["strum"]:
            if tone.tick < (score.n_bars - 1) * BAR:
                strokes.setdefault(tone.tick, []).append(tone)
        directions = set()
        for stroke in strokes.values():
            in_time = sorted(stroke, key=lambda tone: tone.late)
            pitches = [tone.pitch for tone in in_time]
            assert all(b.late > a.late for a, b in pairwise(in_time))
            assert pitches in (sorted(pitches), sorted(pitches, reverse=True))
            directions.add(pitches == sorted(pitches))
        for pitches in {tuple(sorted(t.pitch for t in stroke)) for stroke in strokes.values()}:
            assert can_be_held(list(pitches))
            assert (2 <= len(pitches) <= 3) if style == "palm_muted" else len(pitches) >= 3
        if style == "palm_muted":
            assert directions == {True}
            assert all(t.ticks <= BEAT / 4 for stroke in strokes.values() for t in stroke)
        if style == "offbeat":
            assert all(t.ticks <= BEAT / 3 for stroke in strokes.values() for t in stroke)

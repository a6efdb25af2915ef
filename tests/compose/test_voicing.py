"""Voices are led: within bounds, by small steps, without parallels."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings

from helpers.musics import EXAMPLES, musics, score_of, seeds
from legato.compose.config import MusicParams
from legato.compose.roles import QUARTET
from legato.compose.score import BEAT
from legato.compose.voicing import has_parallels, lead, lead_quartet, positions


@settings(deadline=None, max_examples=80)
@given(musics, seeds)
def test_voices_are_led(music: MusicParams, seed: int) -> None:
    score = score_of(music, seed)
    if not score.is_tonal:
        return
    pads = [lead(score.chords, 50, 77, n_voices) for n_voices in (3, 4)]
    bounds = (12, 2.6), (7, 2.2), (11, 3.0)  # semitones: the largest move, the mean
    for led, (largest, mean) in zip([*pads, lead_quartet(score.chords)], bounds, strict=True):
        moves = [abs(a - b) for before, after in pairwise(led) for a, b in zip(before, after, strict=True)]
        assert not any(has_parallels(before, after) for before, after in pairwise(led))
        assert max(moves) <= largest
        assert np.mean(moves) < mean
    for chord, voicing in zip(score.chords, lead_quartet(score.chords), strict=True):
        assert voicing[0] % 12 == chord.bass
        assert list(voicing) == sorted(set(voicing))
        assert all(b - a <= 12 for a, b in pairwise(voicing[1:]))
    for led, n_voices in zip(pads, (3, 4), strict=True):
        for chord, voicing in zip(score.chords, led, strict=True):
            assert len(voicing) == n_voices
            assert (
                {chord.classes[1] if chord.quality != "sus4" else chord.root}
                <= {p % 12 for p in voicing}
                <= set(chord.classes)
            )
            assert voicing in positions(chord.classes, 50, 77, n_voices)


def test_voices_move_by_steps_on_average() -> None:
    moves: dict[str, list[int]] = {"three": [], "four": [], "quartet": []}
    for seed in range(60):
        chords = score_of(EXAMPLES["string_quartet"], seed).chords
        led = {"three": lead(chords, 50, 77, 3), "four": lead(chords, 50, 77, 4), "quartet": lead_quartet(chords)}
        for name, voicings in led.items():
            moves[name] += [abs(a - b) for x, y in pairwise(voicings) for a, b in zip(x, y, strict=True)]
    means = {name: float(np.mean(found)) for name, found in moves.items()}
    assert means["three"] < 1.6, means
    assert means["four"] < 1.25, means
    assert means["quartet"] < 2.1, means


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_the_quartet_sounds_its_plan_on_every_change(seed: int) -> None:
    score = score_of(EXAMPLES["string_quartet"], seed)
    plan = lead_quartet(score.chords)
    for section in score.sections:
        if set(QUARTET) <= section.roles:
            for chord, voicing in zip(score.chords, plan, strict=True):
                if section.start <= chord.tick < section.start + section.ticks - BEAT:
                    heard = [[t.pitch for t in score.parts[role] if t.tick == chord.tick] for role in QUARTET]
                    assert heard == [[pitch] for pitch in voicing]

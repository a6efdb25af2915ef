"""Melodies rest on the chords, move by steps and come to rest."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings

from helpers.musics import EVERY, score_of, seeds
from legato.compose.score import BAR, BEAT, chord_at


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_melodies_have_chord_tones_on_strong_beats_and_small_steps(seed: int) -> None:
    score = score_of(EVERY["synth_no_drums"], seed)
    tones = sorted(score.parts["lead"], key=lambda tone: tone.tick)
    for tone in tones:
        if tone.tick % (2 * BEAT) == 0:
            assert tone.pitch % 12 in chord_at(score.chords, tone.tick).classes
    leaps = [abs(b.pitch - a.pitch) for a, b in pairwise(tones)]
    assert np.mean([leap > 9 for leap in leaps]) < 0.25
    assert all(a.tick + a.ticks <= b.tick for a, b in pairwise(tones))
    for section in score.sections[:-1]:
        last_bar = section.start + section.ticks - BAR
        final = [tone.tick - last_bar for tone in tones if last_bar <= tone.tick < last_bar + BAR]
        if (
            "lead" in section.roles
            and section.n_bars > 1
            and section.leaving != "pickup"
            and "ornament" not in section.changes
        ):
            assert final  # a phrase comes to rest
            assert max(final) <= 2 * BEAT

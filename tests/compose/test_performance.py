"""Swing and humanising move notes by the stated amounts."""

import numpy as np
import pytest

from helpers.musics import CATEGORIES, FREE, score_of, with_
from legato.compose.performance import swing_beats
from legato.compose.score import BEAT
from legato.compose.song import perform_score


def test_swing_moves_off_16ths_by_exactly_its_amount_and_nothing_else() -> None:
    music = with_(CATEGORIES["hiphop_drums"], humanize=FREE, swing=[0.6, 0.6])
    n_off = 0
    for seed in range(5):
        score = score_of(music, seed)
        (part,) = perform_score(score, music, np.random.default_rng(0)).parts
        written = sorted((tone.tick, tone.pitch, tone.late) for tone in score.parts["drums"])
        played = {(round(n.beat, 4), n.pitch) for n in part.notes}
        for tick, pitch, late in written:
            if tick % 6 == 0 or tick % 8 == 0:
                n_off += tick % 12 == 6
                expected = tick / BEAT + late + (0.05 if tick % 12 == 6 else 0)
                assert (round(max(expected, 0), 4), pitch) in played
    assert n_off > 50
    table = swing_beats(2 / 3)
    assert table[6] == table[18] == pytest.approx(1 / 12)  # 16ths become triplets
    assert not table[[0, 8, 12, 16]].any()


def test_humanising_strays_as_far_as_it_says() -> None:
    music = with_(CATEGORIES["hiphop_drums"], swing=[0.5, 0.5], humanize={"timing_ms": 8.0, "velocity": 6.0})
    stray, touch = [], []
    for seed in range(20):
        score = score_of(music, seed)
        human = perform_score(score, music, np.random.default_rng(1)).parts[0].notes
        plain = perform_score(score, with_(music, humanize=FREE), np.random.default_rng(1)).parts[0].notes
        by_pitch = [sorted(notes, key=lambda n: (n.pitch, n.beat)) for notes in (human, plain)]
        for a, b in zip(*by_pitch, strict=True):
            stray.append((a.beat - b.beat) * 60_000 / score.bpm)
            touch.append(a.velocity - b.velocity)
    assert np.max(np.abs(stray)) <= 16.001
    assert np.std(stray) == pytest.approx(8, rel=0.2)
    assert np.std(touch) == pytest.approx(6, rel=0.25)

"""Sections fill a song, differ, and are recognised when they return."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.musics import EVERY, score_of, seeds, with_
from legato.compose.dice import dice_of
from legato.compose.form import lay_out
from legato.compose.score import Tone


@settings(deadline=None)
@given(st.integers(2, 400), seeds)
def test_sections_fill_the_song_and_differ(n_bars: int, seed: int) -> None:
    roles = ["pad", "lead", "bass", "drums"]
    sections = lay_out(n_bars, roles, dice_of(seed))
    bars = [bar for section in sections for bar in range(section.start_bar, section.start_bar + section.n_bars)]
    assert bars == list(range(n_bars))
    assert sections[-1].kind == "ending"
    main = [section.letter for section in sections if section.kind == "main"]
    assert n_bars < 5 or len(set(main)) >= 2
    assert all(section.roles for section in sections)
    assert {role for section in sections if section.kind == "main" for role in section.roles} == set(roles)
    visits: Counter = Counter()
    for section in sections:
        if section.kind == "main":
            assert section.visit == visits[section.letter]
            visits[section.letter] += 1


def runs(tones: list[Tone], start: int, end: int) -> set[tuple]:
    """Three-note runs of intervals and times between within a stretch."""
    inside = sorted((tone.tick, tone.pitch) for tone in tones if start <= tone.tick < end)
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(inside)]
    return set(pairwise(steps))


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_returning_section_is_recognised_and_varied(name: str) -> None:
    shares, strangers, n_identical, n_returns = [], [], 0, 0
    for seed in range(25):
        score = score_of(with_(EVERY[name], seconds=[44.0, 60.0]), seed)
        first = {}
        main = [section for section in score.sections if section.kind == "main"]
        for section in main:
            if section.letter not in first:
                first[section.letter] = section
                continue
            before, n_returns = first[section.letter], n_returns + 1
            pairs = []
            for tones in score.parts.values():
                a, b = (runs(tones, s.start, s.start + s.ticks) for s in (before, section))
                pairs.append(
                    [
                        sorted(
                            (t.tick - s.start, t.ticks, t.pitch) for t in tones if s.start <= t.tick < s.start + s.ticks
                        )
                        for s in (before, section)
                    ]
                )
                if a and b:
                    shares.append(len(a & b) / min(len(a), len(b)))
                for other in main:
                    c = runs(tones, other.start, other.start + other.ticks)
                    if other.letter != section.letter and b and c:
                        strangers.append(len(c & b) / min(len(c), len(b)))
            n_identical += all(a == b for a, b in pairs)
    assert n_returns > 5
    assert np.mean(shares) > 0.35
    assert np.mean(shares) > np.mean(strangers) + 0.1
    assert n_identical == 0

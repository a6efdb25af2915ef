"""Grooves hit what they name, vary, and their figures count what sounds."""

from collections import Counter
from itertools import pairwise

import pytest

from helpers.musics import CATEGORIES, FREE, score_of, song_of, with_
from legato.compose.config import needed_drums
from legato.compose.drums import ODDS
from legato.compose.grooves import FILLS, GROOVES, STEPS_PER_BAR
from legato.compose.modes import FUNCTIONS
from legato.compose.playing import PLAYERS
from legato.compose.roles import ROLES
from legato.compose.score import BAR, GHOST
from legato.midi.gm import DRUMS
from legato.midi.theory import SCALES

LOUDEST_GHOST = 52  # velocity, of 127


@pytest.mark.parametrize("groove", sorted(GROOVES))
def test_grooves_hit_only_the_drums_they_name_and_no_two_bars_alike(groove: str) -> None:
    music = with_(CATEGORIES["hiphop_drums"], grooves=[groove])
    bars: Counter = Counter()
    for seed in range(20):
        score = score_of(music, seed)
        tones = score.parts["drums"]
        assert {tone.pitch for tone in tones} <= needed_drums(music)
        assert len({(tone.tick, tone.pitch) for tone in tones}) == len(tones)
        assert all(tone.velocity <= LOUDEST_GHOST for tone in tones if tone.mark == GHOST)
        per_bar: dict[int, set] = {}
        for tone in tones:
            per_bar.setdefault(tone.tick // BAR, set()).add((tone.tick % BAR, tone.pitch))
        assert len({frozenset(bar) for bar in per_bar.values()}) >= len(per_bar) / 4
        bars.update(frozenset(bar) for bar in per_bar.values())
    common = bars.most_common(2)[-1][1] / bars.total()
    assert common < 0.12


def test_rolls_and_ghosts_are_counted_as_they_sound() -> None:
    n_rolls = n_ghosts = 0
    for seed in range(30):
        song, facts = song_of(with_(CATEGORIES["hiphop_drums"], grooves=["trap"], humanize=FREE), seed)
        hats = sorted(n.beat for n in song.parts[0].notes if n.pitch == DRUMS["closed_hat"])
        quick = [b - a < 0.2 for a, b in pairwise(hats)]
        n_runs = sum(b and not a for a, b in pairwise([False, *quick]))
        assert facts["hat_rolls"] <= n_runs * 2 + 1
        assert bool(facts["hat_rolls"]) <= bool(n_runs)
        n_rolls += facts["hat_rolls"]
        n_ghosts += facts["ghost_notes"]
    assert n_rolls > 60
    assert n_ghosts > 30


def test_the_tables_are_well_formed() -> None:
    for groove in GROOVES.values():
        for layer in groove.layers.values():
            assert set(layer.drums) <= set(DRUMS)
            for line in layer.lines:
                assert len(line) == STEPS_PER_BAR
                assert set(line) <= set(ODDS)
        assert set(groove.fills) <= set(FILLS)
    assert {drum for drums in FILLS.values() for drum in drums} <= set(DRUMS)
    assert set(FUNCTIONS) == set(SCALES)
    assert set(PLAYERS) | {"drums"} == set(ROLES)

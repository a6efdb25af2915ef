"""Arpeggios, keys, pads and leads keep their style."""

from itertools import pairwise

import numpy as np
import pytest

from helpers.musics import score_of
from legato.compose.config import MusicParams
from legato.compose.roles import ARP_RATES, ROLES
from legato.compose.score import BAR, BEAT, chord_at
from legato.midi.song import BEATS_PER_BAR


@pytest.mark.parametrize("style", sorted(ROLES["arp"].styles))
def test_arpeggios_keep_their_grid_and_their_shape(style: str) -> None:
    music = MusicParams(bpm=[100, 120], seconds=[20.0, 30.0], parts={"arp": ["saw_lead"]}, playing={"arp": [style]})
    rates = set()
    for seed in range(12):
        score = score_of(music, seed)
        rate = ARP_RATES[score.manners["arp"].arp_rate]
        rates.add(rate)
        tones = [tone for tone in score.parts["arp"] if tone.tick < (score.n_bars - 1) * BAR]
        grid = BEAT / rate if rate >= 2 else BEAT / 4
        assert all((tone.tick - chord_at(score.chords, tone.tick).tick) % grid == 0 for tone in tones)
        assert all(tone.pitch % 12 in chord_at(score.chords, tone.tick).classes for tone in tones if tone.velocity > 64)
        rises = [b.pitch > a.pitch for a, b in pairwise(tones) if a.velocity > 64 < b.velocity and a.pitch != b.pitch]
        assert style != "up" or np.mean(rises) > 0.6
        assert style != "down" or np.mean(rises) < 0.4
        if rate >= 2:
            assert len({t.tick for t in tones}) >= 0.6 * rate * BEATS_PER_BAR * (score.n_bars - 1) - 8
    assert len(rates) >= 3


@pytest.mark.parametrize(("role", "style"), [(r, style) for r in ("keys", "pad", "lead") for style in ROLES[r].styles])
def test_keys_pads_and_leads_keep_their_style(role: str, style: str) -> None:
    music = MusicParams(bpm=[90, 120], seconds=[20.0, 30.0], parts={role: ["warm_pad"]}, playing={role: [style]})
    n_struck_again = 0
    for seed in range(12):
        score = score_of(music, seed)
        tones = [tone for tone in score.parts[role] if tone.tick < (score.n_bars - 1) * BAR and tone.velocity > 64]
        for tone in tones:
            chord = chord_at(score.chords, tone.tick)
            left = chord.end - tone.tick
            if style == "stabs":
                assert tone.ticks <= BEAT / 2
            elif style in ("sustained", "comping", "swelling"):
                assert tone.ticks <= left
                assert style == "comping" or tone.tick in (chord.tick, chord.tick + chord.ticks // 2)
            n_struck_again += style == "swelling" and tone.tick != chord.tick
        if style == "broken":
            assert len({tone.tick for tone in tones}) == len(tones)
        if style == "staccato":
            gaps = [(a.ticks, b.tick - a.tick) for a, b in pairwise(sorted(tones, key=lambda tone: tone.tick))]
            assert all(ticks <= max(0.6 * gap, 3) for ticks, gap in gaps)
    assert (style == "swelling") == (n_struck_again > 0)

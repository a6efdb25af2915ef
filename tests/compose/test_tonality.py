"""A song's key is the key that is heard."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from helpers.musics import TONAL, score_of
from legato.compose.score import Tone
from legato.compose.song import write_score
from legato.compose.tonality import durations, heard_key
from legato.midi.key import PROFILES
from legato.midi.theory import CHORDS


@pytest.mark.parametrize("name", sorted(TONAL))
def test_the_stated_key_is_heard(name: str) -> None:
    """Both profiles find the tonic and its third in nine of ten tracks; the drafts alone are right in most."""
    n_tracks, heard, drafts = 40, Counter(), 0
    for seed in range(n_tracks):
        score = write_score(TONAL[name], np.random.default_rng(seed))
        key = score.key.tonic, score.key.has_minor_third
        total = durations([tone for role, tones in score.parts.items() if role != "drums" for tone in tones])
        heard.update(profile for profile in PROFILES if heard_key(total, profile) == key)
        first = score_of(TONAL[name], seed)
        total = durations([tone for role, tones in first.parts.items() if role != "drums" for tone in tones])
        drafts += heard_key(total, "albrecht_shanahan") == (first.key.tonic, first.key.has_minor_third)
    assert min(heard[profile] for profile in PROFILES) >= 0.9 * n_tracks
    assert drafts >= 0.55 * n_tracks


def test_profiles_hear_plain_scales() -> None:
    for tonic, minor in product(range(12), (False, True)):
        chord = CHORDS["minor" if minor else "major"]
        tones = [Tone(0, 24, 60 + tonic + step, 80) for step in chord]
        assert {heard_key(durations(tones), profile) for profile in PROFILES} == {(tonic, minor)}

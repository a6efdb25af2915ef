"""The key is found from the notes, wherever it lies."""

import numpy as np
import pytest

from helpers.musics import TONAL
from legato.compose.song import draft
from legato.compose.tonality import durations
from legato.midi.key import PROFILES, estimate_key, pitch_class_seconds
from legato.midi.rewrite import MIN_KEY_MARGIN
from legato.truth.evidence import SECOND_PROFILES
from legato.workspace.track import track_rng

# C major: bars of the Ode to Joy. A minor: the first notes of Für Elise and its chords.
ODE = "E E F G  G F E D  C C D E  E D D  E E F G  G F E D  C C D E  D C C"
FUR_ELISE = "E D# E D# E B D C A  A C E A B  E E G# B C  C A A E A  A A E A B  G# E E E G# B A  A C E A"
CLASSES = {"C": 0, "D": 2, "D#": 3, "E": 4, "F": 5, "G": 7, "G#": 8, "A": 9, "B": 11}


@pytest.mark.parametrize("transposed", range(12))
@pytest.mark.parametrize(("tune", "tonic", "mode"), [(ODE, 0, "major"), (FUR_ELISE, 9, "minor")])
def test_a_known_tune_is_in_its_key(tune: str, tonic: int, mode: str, transposed: int) -> None:
    pitches = np.array([60 + CLASSES[note] + transposed for note in tune.split()])
    histogram = pitch_class_seconds(pitches, np.full(len(pitches), 0.5))
    found = estimate_key(histogram)
    assert found[:2] == ((tonic + transposed) % 12, mode)
    assert found[2] > 0.05


def test_the_unit_of_the_histogram_means_nothing() -> None:
    histogram = np.random.default_rng(0).random(12)
    once, seven = estimate_key(histogram), estimate_key(7 * histogram)
    assert once[:2] == seven[:2]
    assert once[2] == pytest.approx(seven[2])


def test_what_has_no_key_has_no_margin() -> None:
    assert estimate_key(np.ones(12))[2] == 0
    assert estimate_key(np.zeros(12))[2] == 0
    whole_tones = np.array([1, 0] * 6)
    assert estimate_key(whole_tones)[2] < 0.02


def test_a_profile_is_its_own_best_match() -> None:
    for mode, profile in PROFILES["albrecht_shanahan"].items():
        assert sum(profile) == pytest.approx(1, abs=0.01)
        for tonic in range(12):
            assert estimate_key(np.roll(profile, tonic))[:2] == (tonic, mode)


def test_long_notes_weigh_more() -> None:
    histogram = pitch_class_seconds(np.array([60, 72, 61]), np.array([1.0, 0.5, 0.25]))
    assert histogram[:2].tolist() == [1.5, 0.25]


def test_the_second_profiles_mostly_agree_and_can_disagree() -> None:
    """On first drafts: in finished songs the composer has heard its key by both already."""
    verdicts = []
    for name, music in TONAL.items():
        for number in range(12):
            score = draft(music, track_rng(0, name, number, "compose"))
            seconds = durations(tone for role, tones in score.parts.items() if role != "drums" for tone in tones)
            *found, margin = estimate_key(seconds)
            if margin >= MIN_KEY_MARGIN:
                verdicts.append([*estimate_key(seconds, SECOND_PROFILES)[:2]] == found)
    assert len(verdicts) > 40
    assert 0.85 < np.mean(verdicts) < 1

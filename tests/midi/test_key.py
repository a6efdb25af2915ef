"""The key is found from the notes, wherever it lies."""

from pathlib import Path

import numpy as np
import pytest

from helpers.musics import TONAL, song_of
from legato.midi.contents import read_contents
from legato.midi.key import PROFILES, estimate_key, pitch_class_seconds
from legato.midi.rewrite import rewrite
from legato.midi.song import write_midi
from legato.midi.theory import NOTE_NAMES
from legato.prompts.claims import third_of

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


def test_of_songs_whose_key_the_first_profiles_are_sure_of_the_second_find_the_composers(tmp_path: Path) -> None:
    """So the judge's second opinion on a user's file is worth having: it agrees where there is a key to find."""
    n_sure = 0
    for name, music in TONAL.items():
        for seed in range(3):
            song, facts = song_of(music, seed)
            write_midi(tmp_path / "song.mid", song)
            found = rewrite(tmp_path / "song.mid", tmp_path / "own.mid", "CC0-1.0", kits=[0], file="song.mid")
            if not (found["key"] and facts["key"]):
                continue
            parts = [part for part in read_contents(tmp_path / "own.mid").instruments if not part.is_drum]
            seconds = np.sum([pitch_class_seconds(part.pitch, part.end_s - part.start_s) for part in parts], axis=0)
            tonic, third, _ = estimate_key(seconds, "krumhansl_kessler")
            assert (NOTE_NAMES[tonic], third) == (facts["key"], third_of(facts["scale"])), (name, seed)
            n_sure += 1
    assert n_sure >= 10

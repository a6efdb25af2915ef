"""Chords belong to their scales and voices stay in range."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.midi.gm import DRUMS, PROGRAMS
from legato.midi.theory import CHORDS, SCALES, chord, in_range, quality, scale_pitch

tonics, degrees, scales = st.integers(0, 11), st.integers(0, 6), st.sampled_from(sorted(SCALES))


@given(tonics, scales, degrees, st.integers(3, 5))
def test_a_diatonic_chord_stays_in_its_scale(tonic: int, scale: str, degree: int, size: int) -> None:
    classes = {(tonic + step) % 12 for step in SCALES[scale]}
    assert set(chord(tonic, scale, degree, size)) <= classes


@given(st.integers(0, 127), st.integers(20, 60))
def test_octave_moves_land_in_range(pitch: int, low: int) -> None:
    found = in_range(pitch, low, low + 12)
    assert low <= found <= low + 12
    assert (found - pitch) % 12 == 0


@given(tonics, scales, st.integers(-14, 14))
def test_seven_degrees_up_is_an_octave(tonic: int, scale: str, degree: int) -> None:
    assert scale_pitch(tonic, scale, degree + 7, 3) == scale_pitch(tonic, scale, degree, 3) + 12


@pytest.mark.parametrize(("name", "program"), [("acoustic_grand_piano", 0), ("steel_guitar", 25), ("gunshot", 127)])
def test_programs_are_numbered_as_general_midi_does(name: str, program: int) -> None:
    assert PROGRAMS[name] == program


def test_the_tables_have_no_duplicates() -> None:
    assert len(PROGRAMS) == 128
    assert len(set(DRUMS.values())) == len(DRUMS)


@given(tonics, st.sampled_from(sorted(CHORDS)))
def test_a_chord_has_the_name_of_its_intervals_in_every_key(root: int, name: str) -> None:
    assert quality([(root + step) % 12 for step in CHORDS[name]]) == name


@given(tonics, scales, degrees)
def test_every_diatonic_triad_and_seventh_has_a_name(tonic: int, scale: str, degree: int) -> None:
    assert quality(chord(tonic, scale, degree)) in ("major", "minor", "diminished", "augmented")
    assert quality(chord(tonic, scale, degree, 4)) in CHORDS


def test_what_is_no_chord_has_no_name() -> None:
    assert quality((0, 1, 2)) is None

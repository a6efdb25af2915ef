"""Chords belong to their scales and voices stay in range."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.gm import DRUMS, PROGRAMS
from legato.theory import SCALES, chord, in_range, lead_voices, nearest_pitch, scale_pitch

tonics, degrees, scales = st.integers(0, 11), st.integers(0, 6), st.sampled_from(sorted(SCALES))


@given(tonics, scales, degrees, st.integers(3, 5))
def test_a_diatonic_chord_stays_in_its_scale(tonic: int, scale: str, degree: int, size: int) -> None:
    classes = {(tonic + step) % 12 for step in SCALES[scale]}
    assert set(chord(tonic, scale, degree, size)) <= classes


@given(tonics, scales, degrees, degrees, st.integers(30, 60), st.integers(15, 30))
def test_led_voices_are_the_chord_within_range(tonic: int, scale: str, a: int, b: int, low: int, span: int) -> None:
    before = lead_voices(chord(tonic, scale, a), (), low, low + span)
    voices = lead_voices(chord(tonic, scale, b), before, low, low + span)
    assert sorted(pitch % 12 for pitch in voices) == sorted(chord(tonic, scale, b))
    assert low <= voices[0] < voices[-1] <= low + span


@given(st.integers(0, 11), st.integers(20, 100))
def test_the_nearest_pitch_is_within_a_tritone(pitch_class: int, pitch: int) -> None:
    found = nearest_pitch(pitch_class, pitch)
    assert found % 12 == pitch_class
    assert abs(found - pitch) <= 6


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

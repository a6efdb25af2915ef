"""Names and random streams: nothing about one track depends on another."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.workspace.track import is_held_out, is_held_out_by_id, track_id, track_rng

names = st.from_regex(r"[a-z0-9_]{1,12}", fullmatch=True)
indices = st.integers(0, 99_999)


@given(names, indices, names, indices)
def test_ids_are_unique_over_categories(a: str, i: int, b: str, j: int) -> None:
    assert (track_id(a, i) == track_id(b, j)) == ((a, i) == (b, j))


@given(st.integers(0, 500), st.integers(0, 99))
def test_of_the_first_n_tracks_a_fraction_is_held_out(n_tracks: int, percent: int) -> None:
    held = sum(is_held_out(index, percent / 100) for index in range(n_tracks))
    assert abs(held - Fraction(percent, 100) * n_tracks) <= Fraction(1, 2)


def test_of_many_ids_a_fraction_is_held_out_and_never_fewer_of_a_larger_one() -> None:
    names = [f"song_{number}" for number in range(4000)]
    sides = [{name for name in names if is_held_out_by_id(name, fraction)} for fraction in (0, 0.1, 0.5, 0.999999)]
    assert [len(side) / len(names) for side in sides] == pytest.approx([0, 0.1, 0.5, 1], abs=0.03)
    assert sides[0] == set()
    assert sides[1] < sides[2] < sides[3] or sides[3] == set(names)


def test_a_stream_depends_on_each_of_its_arguments_alone() -> None:
    arguments = [
        (0, "a", 0, "compose"),
        (1, "a", 0, "compose"),
        (0, "b", 0, "compose"),
        (0, "a", 1, "compose"),
        (0, "a", 0, "prompt"),
        (0, "a", "a_song", "prompt"),
    ]
    first = [track_rng(*given).integers(2**63) for given in arguments]
    assert len(set(first)) == len(arguments)
    again = [track_rng(*given).integers(2**63) for given in reversed(arguments)]
    np.testing.assert_array_equal(first, again[::-1])

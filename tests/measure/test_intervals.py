"""Intervals of shares: what they hold, and how often chance alone is taken for a change."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato.measure.intervals import Estimate, differ, estimates, flat, share_of

counts = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def sure(n_true: int, n: int) -> Estimate:
    found = share_of(n_true, n)
    assert found
    return found


@given(counts)
def test_an_interval_holds_its_share_and_mirrors(counted: tuple[int, int]) -> None:
    n_true, n = counted
    found, other = sure(n_true, n), sure(n - n_true, n)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low == pytest.approx(1 - other.high, abs=1e-4)
    assert found.high - found.low > 0  # not even all of many is certain


@given(counts, st.integers(2, 9))
def test_more_clips_of_the_same_share_are_surer(counted: tuple[int, int], times: int) -> None:
    few, many = sure(*counted), sure(*(times * n for n in counted))
    assert many.high - many.low < few.high - few.low


@given(counts, counts)
def test_the_same_share_never_differs_and_the_order_does_not_matter(one: tuple[int, int], two: tuple[int, int]) -> None:
    first, second = sure(*one), sure(*two)
    assert not differ(first, first)
    assert differ(first, second) == differ(second, first)


@pytest.mark.parametrize("n", [4, 8, 16, 32])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8, 0.95])
def test_chance_is_seldom_taken_for_a_change(n: int, share: float) -> None:
    """Of two versions that are equally good, those that differ: summed over all outcomes, by their probabilities."""
    odds = [comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
    found = [sure(k, n) for k in range(n + 1)]
    wrong = sum(odds[i] * odds[j] for i, one in enumerate(found) for j, two in enumerate(found) if differ(one, two))
    assert wrong < 0.08


@pytest.mark.parametrize(("one", "two"), [((0, 8), (8, 8)), ((2, 16), (13, 16)), ((30, 60), (50, 60))])
def test_a_large_change_is_one(one: tuple[int, int], two: tuple[int, int]) -> None:
    first, second = sure(*one), sure(*two)
    assert differ(first, second)


@given(counts)
def test_what_is_written_flat_reads_back(counted: tuple[int, int]) -> None:
    found = sure(*counted)
    assert estimates({"total": flat("passed", found) | flat("unknown", None)}) == {"total.passed": found}

"""Rates of truth are counts of verdicts, and a rate under its limit is not honest."""

from typing import Any

from legato.measure.metrics import honesty_metrics
from legato.truth.rates import LIMITS, Rate, lies, rates

ROWS: list[dict[str, Any]] = [
    {"id": "a_0", "category": "a", "verdicts": [["90 bpm", "bpm", True], ["in C major", "key", True]]},
    {"id": "a_1", "category": "a", "verdicts": [["80 bpm", "bpm", False]]},
    {"id": "b_0", "category": "b", "verdicts": [["70 bpm", "bpm", True], ["no drums", "no_drums", True]]},
]


def test_rates_count_what_was_checked_and_what_is_true() -> None:
    assert rates(ROWS) == [Rate("bpm", 3, 2), Rate("key", 1, 1), Rate("no_drums", 1, 1)]
    assert rates([]) == []


def test_lies_name_track_kind_and_tag() -> None:
    assert lies(ROWS) == [("a_1", "bpm", "80 bpm")]


def test_what_can_be_known_must_be_true_and_what_is_estimated_nearly_always() -> None:
    assert not Rate("bpm", 1000, 999).is_honest
    for kind, limit in LIMITS.items():
        assert Rate(kind, 100, round(100 * limit)).is_honest
        assert not Rate(kind, 100, round(100 * limit) - 1).is_honest


def test_metrics_are_in_total_and_by_category() -> None:
    found = honesty_metrics(ROWS)
    assert found["total"] == {"all": 0.8, "verdicts": 5, "bpm": 0.6667, "key": 1.0, "no_drums": 1.0}
    assert found["a"] == {"all": 0.6667, "verdicts": 3, "bpm": 0.5, "key": 1.0}

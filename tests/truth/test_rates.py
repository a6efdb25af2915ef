"""Rates are counts of verdicts: checked ones are one share, stated ones are counted apart and must be true."""

from typing import Any

from legato.measure.metrics import tag_accuracy_metrics
from legato.truth.basis import HOW, NOTES, STATED
from legato.truth.rates import LIMITS, Accuracy, Rate, Tally, accuracy, false_verdicts, rates

DRY, WET = ["dry", "space", True, STATED], ["reverberant", "space", False, STATED]
ROWS: list[dict[str, Any]] = [
    {"id": "a_0", "category": "a", "verdicts": [["90 bpm", "bpm", True, NOTES], ["in C major", "key", True, NOTES]]},
    {"id": "a_1", "category": "a", "verdicts": [["80 bpm", "bpm", False, NOTES], DRY]},
    {
        "id": "b_0",
        "category": "b",
        "verdicts": [["70 bpm", "bpm", True, STATED], ["drumless", "no_drums", True, NOTES]],
    },
    {"id": "c_0", "category": "c", "verdicts": [WET]},
]


def test_rates_count_what_is_checked_and_apart_from_it_what_is_stated() -> None:
    checked = [Rate("bpm", 2, 1), Rate("key", 1, 1), Rate("no_drums", 1, 1)]
    assert rates(ROWS) == [*checked, Rate("bpm", 1, 1, is_stated=True), Rate("space", 2, 1, is_stated=True)]
    assert rates([]) == []


def test_no_stated_verdict_changes_the_share() -> None:
    without = [row | {"verdicts": [one for one in row["verdicts"] if one[3] != STATED]} for row in ROWS]
    assert accuracy(rates(ROWS)) == Accuracy(n_checked=4, n_true=3, n_stated=3, n_stated_false=1)
    assert accuracy(rates(ROWS)).share == accuracy(rates(without)).share == 0.75
    assert accuracy(rates([])).share is None


def test_false_verdicts_name_track_kind_and_tag_stated_ones_too() -> None:
    assert false_verdicts(ROWS) == [("a_1", "bpm", "80 bpm"), ("c_0", "space", "reverberant")]


def test_what_can_be_known_must_be_true_and_what_is_estimated_nearly_always() -> None:
    assert not Rate("bpm", 1000, 999).reaches_limit
    assert LIMITS.keys() <= HOW.keys()
    for kind, limit in LIMITS.items():
        assert Rate(kind, 100, round(100 * limit)).reaches_limit
        assert not Rate(kind, 100, round(100 * limit) - 1).reaches_limit
        assert not Rate(kind, 1000, 999, is_stated=True).reaches_limit


def test_metrics_are_in_total_and_by_category() -> None:
    groups = {"total": ROWS} | {
        row["category"]: [one for one in ROWS if one["category"] == row["category"]] for row in ROWS
    }
    tallies = {name: Tally() for name in groups}
    for name, rows in groups.items():
        for row in rows:
            tallies[name].add(row)
    found = tag_accuracy_metrics(tallies)
    stated = {"stated": {"all": 3, "bpm": 1, "space": 2}, "stated_false": 1}
    assert found["total"] == {"all": 0.75, "checked": 4, "bpm": 0.5, "key": 1.0, "no_drums": 1.0, **stated}
    assert found["a"]["all"] == 0.6667
    assert found["c"] == {"all": None, "checked": 0, "stated": {"all": 1, "space": 1}, "stated_false": 1}

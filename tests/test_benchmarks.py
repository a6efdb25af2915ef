"""The table of docs/benchmarks.md is that of benchmarks/results.json, with every row, reached or not, run or not."""

import json
import sys

import pytest

from helpers.checkout import ROOT

sys.path.append(str(ROOT / "benchmarks"))

import plan
from rounds import Found, Line, NotRunError, Scale, ratio, take_turns
from rows import LINES, MEASURES
from table import PAGE, RESULTS, measured, page


def test_every_row_has_lines_with_keys_of_their_own() -> None:
    assert list(LINES) == list(MEASURES)
    keys = [line.key for lines in LINES.values() for line in lines]
    assert len(set(keys)) == len(keys)


def test_the_page_is_that_of_the_results() -> None:
    assert PAGE.read_text() == page(json.loads(RESULTS.read_text()))


def test_ways_take_turns_and_the_median_of_their_ratios_counts() -> None:
    order: list[str] = []
    seconds = take_turns({"ours": lambda: order.append("ours"), "peer": lambda: order.append("peer")}, 3)
    assert order == ["ours", "peer"] * 3
    assert [len(values) for values in seconds.values()] == [3, 3]
    found = ratio({"ours": [1.0, 2.0, 4.0], "peer": [4.0, 6.0, 40.0]}, "peer", "ours")
    assert found.value == 4
    assert found.detail == "ours 2.0 s, peer 6.0 s; 3 rounds"


@pytest.mark.parametrize(("at_least", "value", "reached"), [(True, 3, True), (True, 2.9, False), (False, 3.1, False)])
def test_a_line_says_whether_it_is_reached(at_least: bool, value: float, reached: bool) -> None:
    line = Line(key="a", work="work", against="peer", reach=3, unit="x", at_least=at_least)
    assert line.is_reached(value) == reached


def test_a_row_that_cannot_be_run_says_why_and_keeps_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Scale) -> dict[str, Found]:
        raise NotRunError("no GPU")

    monkeypatch.setitem(MEASURES, "train", fails)
    never = measured("train", Scale(), {})
    assert "| not run: no GPU |" in page(never)
    monkeypatch.setitem(MEASURES, "train", lambda _: {"train": Found(value=1.72, detail="ours 1 ms")})
    once = measured("train", Scale(), {})
    assert "| 1.72 × | yes | ours 1 ms; " in page(once)
    monkeypatch.setitem(MEASURES, "train", fails)
    again = measured("train", Scale(), once)
    line = next(line for line in page(again).splitlines() if line.startswith("| `train` |"))
    assert "1.72 ×" in line
    assert "last time not run: no GPU" in line


def test_the_plan_grows_with_hours_and_is_what_the_page_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {}
    for hours in ("10000", "20000"):
        monkeypatch.setattr(sys, "argv", ["plan.py", "--hours", hours])
        plan.main()
        lines = capsys.readouterr().out.splitlines()
        (found[hours],) = (line for line in lines if line.startswith("| all |"))
    assert found["10000"] in (ROOT / "docs/scale.md").read_text().splitlines()
    once, twice = ([float(cell.replace(",", "")) for cell in line.split("|")[2:6]] for line in found.values())
    assert twice == pytest.approx([2 * value for value in once], rel=0.01)

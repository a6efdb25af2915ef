"""Rows and names that are on the disk are found as if they were in memory."""

from pathlib import Path

import numpy as np
import pytest

from legato.files import write_jsonl
from legato.work.spilled import Lines, Names, Rows, Table, digest, sorted_on_disk

NAMES = [f"track_{at}" for at in range(1500)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_name_is_found_and_no_other() -> None:
    assert any(digest(name).endswith(b"\0") for name in NAMES), "an array drops zeros at the end of its bytes"
    known = Names(NAMES)
    assert all(name in known for name in NAMES)
    assert not any(f"other_{name}" in known for name in NAMES)
    assert len(Names([*NAMES, "track_7", "track_7"]).repeated()) == 1


def test_every_row_is_found_in_any_order_and_part() -> None:
    for part in range(3):
        rows = [{"id": name, "at": at} for at, name in enumerate(NAMES) if at % 3 == part]
        write_jsonl(Path("facts.jsonl", f"{part}.jsonl"), rows[::-1])
    lines = Lines(Path("facts.jsonl"))
    assert [lines.find(name).read()["at"] for name in NAMES] == list(range(len(NAMES)))
    assert lines.find("track_1500") is None


def test_rows_are_in_the_order_of_their_places() -> None:
    rows = Rows(4)
    for place in (2, 0, 3):
        rows.put(place, {"at": place})
    assert rows == [{"at": 0}, {"at": 2}, {"at": 3}]
    assert (len(rows), rows.missing()) == (3, [1])


def test_a_table_is_an_array() -> None:
    numbers = np.random.default_rng(0).standard_normal((9, 4)).astype(np.float32)
    table = Table(4)
    for row in numbers:
        table.append(row)
    assert (np.asarray(table) == numbers).all()
    part = table.part(2, 7)
    for wanted in (slice(1, 3), slice(0, 5, 2), 3, np.array([4, 0]), np.array([], int)):
        assert (part[wanted] == numbers[2:7][wanted]).all()


def test_rows_are_sorted_as_in_memory() -> None:
    rows = [(f"c{at % 3}", f"t_{at * 7 % 50}", at, at) for at in range(100)]
    with sorted_on_disk(iter(rows)) as found:
        assert list(found) == sorted(rows, key=lambda row: row[:2])

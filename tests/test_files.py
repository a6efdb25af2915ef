"""A reader sees the old file or the new one, never a part."""

import json
import math
from pathlib import Path

import pytest

from legato.errors import LegatoError
from legato.files import read_jsonl, replacing, sha256_of, write_json, write_jsonl, write_text


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail_halfway() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_is_named(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fill_the_disk() -> None:
        with replacing(path) as temporary:
            temporary.symlink_to(full)
            temporary.write_text("new")

    with pytest.raises(OSError, match="No space left on device"):
        fill_the_disk()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    assert full.exists()


def test_json_lines_come_back(tmp_path: Path) -> None:
    rows = [{"b": 1, "a": [1.5, None]}, {"c": "F sharp"}]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    assert read_jsonl(tmp_path / "rows.jsonl") == rows


def test_json_holds_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"lufs": math.nan})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "line"), [(None, "no such file"), ('{"a": 1}\n{"a"', "not JSON Lines")])
def test_unreadable_json_lines_are_named(tmp_path: Path, text: str | None, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    if text is not None:
        path.write_text(text)
    with pytest.raises(LegatoError, match=rf"rows\.jsonl: {line}"):
        read_jsonl(path)


def test_equal_values_have_equal_bytes(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": 1, "y": 2})
    write_json(tmp_path / "b.json", json.loads('{"y": 2, "x": 1}'))
    assert sha256_of(tmp_path / "a.json") == sha256_of(tmp_path / "b.json")

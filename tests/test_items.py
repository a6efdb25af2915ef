"""Every item is done once, in order, by any number of workers; failures are named and stop nobody else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from legato import items
from legato.errors import LegatoError


def run(work, count: int):
    return items.run(work, range(count), stage="square", name=lambda number: f"track_{number}")


@pytest.mark.parametrize("n_workers", [1, 2, 3])
def test_results_come_in_the_items_order(monkeypatch: pytest.MonkeyPatch, n_workers: int) -> None:
    monkeypatch.setenv(items.WORKERS_VARIABLE, str(n_workers))
    assert run(lambda number: {"square": number**2}, 7) == [{"square": number**2} for number in range(7)]


def test_two_workers_are_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(items.WORKERS_VARIABLE, "2")
    processes = {facts["pid"] for facts in run(lambda _: {"pid": os.getpid()}, 8)}
    assert os.getpid() not in processes


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_failed_item_is_named_and_the_others_are_finished(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, n_workers: int
) -> None:
    monkeypatch.setenv(items.WORKERS_VARIABLE, str(n_workers))

    def work(number: int) -> dict[str, int]:
        if number == 1:
            raise LegatoError("out of tune")
        if number == 2:
            raise ZeroDivisionError("a bug")
        if number == 3:
            raise OSError(28, "No space left on device", "track.wav")
        (tmp_path / str(number)).touch()
        return {}

    with pytest.raises(LegatoError) as error:
        run(work, 5)
    assert str(error.value) == (
        "square: 3 of 5 tracks failed: track_1: out of tune; track_2: ZeroDivisionError: a bug; "
        "track_3: track.wav: No space left on device"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "4"]


def test_a_wrong_number_of_workers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(items.WORKERS_VARIABLE, "-1")
    with pytest.raises(LegatoError, match="LEGATO_WORKERS: '-1': must be a whole number"):
        items.workers()


def test_importing_the_pool_does_not_import_torch() -> None:
    code = "import sys, legato.items; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

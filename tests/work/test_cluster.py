"""A Dask cluster gives the same bytes as this machine, and loses nothing when a worker dies."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.dask_cluster import Dask
from legato.errors import LegatoError
from legato.files import write_text
from legato.work import cluster, items
from legato.work.items import Facts, Step

N = 16


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "workspace").mkdir()
    monkeypatch.chdir(tmp_path / "workspace")


def step(work: Callable[[int, Path], Facts], out: str) -> Step[int]:
    return Step(
        stage="square",
        category=out,
        work=work,
        name=lambda number: f"track_{number}",
        reads=lambda number: number,
        settings=None,
        outs=[Path(out)],
    )


def found_in(folder: str) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(Path(folder).iterdir())}


def test_a_worker_that_is_killed_loses_nothing(dask: Dask, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(number: int, out: Path) -> Facts:
        time.sleep(0.05)
        write_text(out / f"{number}.txt", str(number**2))
        Path(f"begun_{os.getpid()}").touch()
        if number == 5 and not Path("killed").exists():
            Path("killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {"square": number**2}

    there = items.build(step(work, "there"), range(N))
    assert Path("killed").exists()
    assert {int(path.name.removeprefix("begun_")) for path in Path.cwd().glob("begun_*")} == {
        worker.pid for worker in dask.workers
    }
    monkeypatch.setenv(items.SCHEDULER_VARIABLE, "")
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    assert items.build(step(work, "here"), range(N)) == there
    assert found_in("here") == found_in("there")


def test_who_needs_a_gpu_gets_it_and_who_fails_is_named(dask: Dask) -> None:
    gpu = items.default_place({"GPU": 1})
    facts = items.build(step(lambda _, __: {"pid": os.getpid()}, "gpu"), range(4), place=gpu)
    assert {row["pid"] for row in facts} == {dask.workers[1].pid}

    def work(number: int, out: Path) -> Facts:
        if number == 3:
            raise LegatoError("out of tune")
        write_text(out / f"{number}.txt", str(number**2))
        return {}

    with pytest.raises(LegatoError, match="^square: 1 of 5 tracks failed: track_3: out of tune$"):
        items.build(step(work, "out"), range(5))
    assert list(found_in("out")) == [f"{number}.txt" for number in (0, 1, 2, 4)]


@pytest.mark.usefixtures("dask")
def test_who_kills_more_workers_than_the_cluster_allows_is_named() -> None:
    def work(_: int, __: Path) -> Facts:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    with pytest.raises(LegatoError, match="^square: 1 of 1 track failed: track_0: KilledWorker: "):
        items.build(step(work, "out"), range(1))


def test_a_cluster_that_goes_away_is_one_line_and_what_was_done_is_kept(
    dask: Dask, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pids = [process.pid for process in dask.processes]

    def work(number: int, out: Path) -> Facts:
        if number == N - 1 and not Path("killed").exists():
            Path("killed").touch()
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        write_text(out / f"{number}.txt", str(number**2))
        return {}

    with pytest.raises(LegatoError, match="the cluster has gone away"):
        items.build(step(work, "out"), range(N))
    monkeypatch.setenv(items.SCHEDULER_VARIABLE, "")
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    items.build(step(work, "out"), range(N))
    assert found_in("out") == {f"{number}.txt": str(number**2) for number in range(N)}
    (line,) = (line for line in capfd.readouterr().out.splitlines() if "were in the cache" in line)
    assert line != f"square@out: 0 of {N} tracks were in the cache"


def test_no_cluster_at_the_address_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    monkeypatch.setenv(items.SCHEDULER_VARIABLE, "tcp://127.0.0.1:9")
    with pytest.raises(LegatoError, match=r"^compute.scheduler: 'tcp://127.0.0.1:9': there is no Dask scheduler: "):
        items.build(step(lambda _, __: {}, "out"), range(2))

"""A Dask cluster gives the same bytes as this machine, and loses nothing when a worker dies."""

import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from helpers.dask_cluster import Dask, InProcess
from helpers.waiting import LIMIT_S, until
from legato.errors import LegatoError
from legato.files import Json, write_text
from legato.work import cluster, item_cache, items
from legato.work.items import Step

N = 16


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "workspace").mkdir()
    monkeypatch.chdir(tmp_path / "workspace")


def step(work: Callable[[int, Path], Json], out: str) -> Step[int]:
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
    def work(number: int, out: Path) -> Json:
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

    def work(number: int, out: Path) -> Json:
        if number == 3:
            raise LegatoError("out of tune")
        write_text(out / f"{number}.txt", str(number**2))
        return {}

    with pytest.raises(LegatoError, match="^square: 1 of 5 tracks failed: track_3: out of tune$"):
        items.build(step(work, "out"), range(5))
    assert list(found_in("out")) == [f"{number}.txt" for number in (0, 1, 2, 4)]


@pytest.mark.usefixtures("dask")
def test_who_kills_more_workers_than_the_cluster_allows_is_named() -> None:
    def work(_: int, __: Path) -> Json:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    with pytest.raises(LegatoError, match="^square: 1 of 1 track failed: track_0: KilledWorker: "):
        items.build(step(work, "out"), range(1))


def test_a_cluster_that_goes_away_is_one_line_and_the_same_command_goes_on_when_it_is_back(
    dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pids = [process.pid for process in dask.processes]

    def work(number: int, out: Path) -> Json:
        if number == N - 1 and not Path("killed").exists():
            Path("killed").touch()
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        write_text(out / f"{number}.txt", str(number**2))
        return {}

    with pytest.raises(LegatoError, match="the cluster has gone away"):
        items.build(step(work, "out"), range(N))
    with monkeypatch.context() as impatient:
        impatient.setattr(cluster, "CONNECT_S", 1)
        with pytest.raises(LegatoError, match="there is no Dask scheduler"):
            items.build(step(work, "out"), range(N))
    again = Dask(tmp_path / "dask", port=dask.address.rpartition(":")[2])
    try:
        items.build(step(work, "out"), range(N))
    finally:
        again.stop()
    assert found_in("out") == {f"{number}.txt": str(number**2) for number in range(N)}
    (line,) = (line for line in capfd.readouterr().out.splitlines() if "were in the cache" in line)
    assert line != f"square@out: 0 of {N} tracks were in the cache"


def test_a_hundred_workers_give_what_one_gives_and_go_on_when_their_scheduler_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    n_workers, n_tracks = 100, 300
    done, lost = tmp_path / "done", tmp_path / "lost"
    done.mkdir()

    def work(number: int, out: Path) -> Json:
        write_text(out / f"{number}.txt", str(number**2))
        if os.environ[items.SCHEDULER_VARIABLE]:
            from distributed import get_worker

            (done / f"{number}_{get_worker().name}").touch()
            while number >= n_tracks // 2 and not lost.exists():  # so that what is lost is not at its end
                time.sleep(0.2)
        return {"square": number**2}

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    first = InProcess(tmp_path / "dask", n_workers)
    monkeypatch.setenv(items.SCHEDULER_VARIABLE, first.address)
    monkeypatch.setattr(cluster, "CONNECT_S", LIMIT_S)

    def watch() -> None:
        try:
            until(lambda: len([*done.iterdir()]) > n_tracks // 2 + n_workers // 2)
            first.lose_scheduler()
        finally:
            lost.touch()

    watching = threading.Thread(target=watch)
    watching.start()
    with pytest.raises(LegatoError, match="the cluster has gone away"):
        items.build(step(work, "there"), range(n_tracks))
    watching.join()
    first.stop()
    assert len({path.name.partition("_")[2] for path in done.iterdir()}) > n_workers // 2
    second = InProcess(tmp_path / "dask", n_workers, port=int(first.address.rpartition(":")[2]))
    try:
        there = items.build(step(work, "there"), range(n_tracks))
    finally:
        second.stop()
    (kept,) = re.findall(rf"there: (\d+) of {n_tracks} tracks were in the cache", capfd.readouterr().out)
    assert 0 < int(kept) < n_tracks
    monkeypatch.setenv(items.SCHEDULER_VARIABLE, "")
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    monkeypatch.setenv(item_cache.VARIABLE, str(tmp_path / "another"))
    assert items.build(step(work, "here"), range(n_tracks)) == there
    assert found_in("here") == found_in("there")


WRONG_ADDRESSES = (
    "rubbish", "threads", "tcp://", "tcp://:1", "tcp://x", "tcp://x:", "tcp://x:0", "tcp://x:65536", "tcp://x:1/",
    "tcp://x:1\n", "tcp://\u00e4:1", "tcp://x:\u0663", "http://x:1", "ucx://127.0.0.1:1", "inproc://x:1", "tcp://a b:1",
    "tcp://x:" + 5000 * "1",
)  # fmt: skip


@pytest.mark.parametrize("address", WRONG_ADDRESSES)
def test_an_address_is_checked_before_dask_is_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = r"must be tcp://host:port or tls://host:port, with a port from 1 to 65535"
    monkeypatch.setenv(items.SCHEDULER_VARIABLE, address)
    with pytest.raises(LegatoError, match=f"^environment: LEGATO_SCHEDULER: '.*': {rule}$"):
        items.default_place()
    monkeypatch.delenv(items.SCHEDULER_VARIABLE)
    Path("params.yaml").write_text(yaml.safe_dump({"compute": {"workers": 0, "scheduler": address}}))
    with pytest.raises(LegatoError, match=rf"^params\.yaml: compute\.scheduler: '.*': {rule}$"):
        items.default_place()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tls://scheduler.example:1", "tcp://[::1]:65535"])
def test_an_address_that_may_be_one_is_taken(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(items.SCHEDULER_VARIABLE, address)
    assert items.default_place().address == address


def never(_: socket.socket) -> None:
    """Accepts and says nothing."""


def rubbish(connection: socket.socket) -> None:
    connection.sendall(1000 * b"\x00\x01rubbish\xff")


def http(connection: socket.socket) -> None:
    connection.recv(100)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def hung_up(connection: socket.socket) -> None:
    connection.close()


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that answers each connection in its own way."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        kept = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    kept.append(listening.accept()[0])
                    with suppress(OSError):
                        answer(kept[-1])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    for connection in kept:
        connection.close()


@pytest.mark.parametrize("answer", [never, rubbish, http, hung_up])
def test_a_server_that_is_no_scheduler_is_one_line_and_leaves_no_thread(
    answer: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    monkeypatch.setattr(cluster, "CLOSE_S", 1)
    with server(answer) as address:
        monkeypatch.setenv(items.SCHEDULER_VARIABLE, address)
        with pytest.raises(LegatoError) as error:
            items.build(step(lambda _, __: {}, "out"), range(2))
    assert str(error.value).startswith(f"compute.scheduler: '{address}': there is no Dask scheduler: ")
    assert "\n" not in str(error.value)
    until(lambda: not {"cluster", "IO loop"} & {thread.name for thread in threading.enumerate()})


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tls://127.0.0.1:9"])
def test_no_cluster_at_the_address_is_one_line_and_the_process_ends(address: str) -> None:
    """tls without certificates too, at which Dask's own client raises and waits for ever."""
    code = (
        "from legato import errors; from legato.work import cluster, items; cluster.CONNECT_S = 1\n"
        "errors.stage(lambda: list(items.outcomes(str, [1], items.default_place())))"
    )
    environment = os.environ | {items.SCHEDULER_VARIABLE: address}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, env=environment)
    assert ended.returncode == 1
    assert re.fullmatch(rf"error: compute\.scheduler: '{address}': there is no Dask scheduler: .+\n", ended.stderr)


WRONG_WORKERS = ["", "-1", "1.5", "two", "\u0663", 5000 * "9", "4097", " 1"]


@pytest.mark.parametrize("text", WRONG_WORKERS)
def test_a_number_of_workers_is_one_with_a_limit(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(items.WORKERS_VARIABLE, text)
    with pytest.raises(LegatoError, match="^environment: LEGATO_WORKERS: .*: must be a whole number of at most 4096"):
        items.workers()

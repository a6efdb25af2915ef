"""Every item is done once, in order, by any number of workers; failures are named and stop nobody else."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.waiting import until
from legato.errors import EXIT_INTERRUPTED, LegatoError
from legato.files import Json, read_jsonl, write_text
from legato.work import item_cache, items, pool
from legato.work.items import Step


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


def test_the_facts_of_finished_items_are_recorded_where_others_fail(tmp_path: Path) -> None:
    def work(number: int) -> Json:
        if number in failing:
            raise LegatoError("out of tune")
        return {"id": number}

    def record() -> list[Json]:
        return list(items.record(tmp_path / "facts.jsonl", lambda: run(work, 4), {"by": "ear"}))

    failing = {1, 3}
    with pytest.raises(LegatoError, match="2 of 4 tracks failed: track_1: out of tune; track_3: out of tune$"):
        record()
    assert read_jsonl(tmp_path / "facts.jsonl") == [{"id": 0, "by": "ear"}, {"id": 2, "by": "ear"}]
    failing = set()
    assert record() == read_jsonl(tmp_path / "facts.jsonl") == [{"id": number, "by": "ear"} for number in range(4)]


def test_a_wrong_number_of_workers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(items.WORKERS_VARIABLE, "-1")
    with pytest.raises(LegatoError, match="LEGATO_WORKERS: '-1': must be a whole number"):
        items.workers()


def step(work: Callable[[int, Path], Json], out: Path) -> Step[int]:
    return Step(
        stage="square",
        category="numbers",
        work=work,
        name=lambda number: f"track_{number}",
        reads=lambda number: number,
        settings=None,
        outs=[out],
    )


LOG = os.path.relpath(pool._log_path())
DEATHS: dict[str, tuple[Callable[[], object], str]] = {
    "killed": (lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL(-9)"),
    "crashed": (
        lambda: ctypes.string_at(0),
        f"SIGSEGV(-11); its last words are in {LOG}",
    ),
    "gone": (lambda: os._exit(7), "EXIT(7)"),
}


@pytest.mark.parametrize("death", DEATHS)
def test_a_process_that_dies_twice_is_named_and_the_others_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str], death: str
) -> None:
    monkeypatch.setenv(items.WORKERS_VARIABLE, "2")
    die, told = DEATHS[death]
    is_ill = True

    def work(number: int, out: Path) -> Json:
        if number == 2 and is_ill:
            die()
        write_text(out / f"{number}.txt", str(number**2))
        return {"square": number**2}

    with pytest.raises(LegatoError) as error:
        items.build(step(work, tmp_path / "out"), range(6))
    assert str(error.value) == f"square: 1 of 6 tracks failed: track_2: its process died twice, {told}"
    assert capfd.readouterr().err == "", "a crash's report is in the log"
    if death == "crashed":
        assert "Fatal Python error: Segmentation fault" in pool._log_path().read_text()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{n}.txt" for n in (0, 1, 3, 4, 5)]
    is_ill = False
    assert items.build(step(work, tmp_path / "out"), range(6)) == [{"square": number**2} for number in range(6)]
    assert "5 of 6 tracks were in the cache" in capfd.readouterr().out


def test_a_process_that_dies_once_costs_a_second_try(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(items.WORKERS_VARIABLE, "2")

    def work(number: int) -> Json:
        tries = tmp_path / str(number)
        tries.write_text(tries.read_text() + "I" if tries.exists() else "I")
        if number in (1, 4) and tries.read_text() == "I":
            os.kill(os.getpid(), signal.SIGKILL)
        return {"square": number**2}

    assert run(work, 6) == [{"square": number**2} for number in range(6)]
    tries = [len((tmp_path / str(number)).read_text()) for number in range(6)]
    assert tries[1] == tries[4] == 2
    assert max(tries) == 2


def test_the_cache_may_be_deleted_during_a_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_item_cache: Path
) -> None:
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    left = {"1 before": 1, "2 behind": 1, "3 before": 1, "3 behind": 2}  # deletions, by an item and its file

    def delete(when: str) -> None:
        if left.get(when):
            left[when] -= 1
            shutil.rmtree(own_item_cache)

    def work(number: int, out: Path) -> Json:
        delete(f"{number} before")
        write_text(out / f"{number}.txt", str(number**2))
        delete(f"{number} behind")
        return {"square": number**2}

    assert items.build(step(work, tmp_path / "out"), range(5)) == [{"square": number**2} for number in range(5)]
    assert not any(left.values())
    found = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert found == {f"{number}.txt": str(number**2) for number in range(5)}


def test_what_changes_while_it_is_read_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    source = tmp_path / "source"
    source.write_text("1")

    def work(_: int, out: Path) -> Json:
        source.write_text("2")
        write_text(out / "copy.txt", source.read_text())
        return {}

    changing = Step(
        stage="copy",
        category="texts",
        work=work,
        name=str,
        reads=lambda _: source.read_text(),
        settings=None,
        outs=[tmp_path / "out"],
    )
    with pytest.raises(LegatoError, match="was changed meanwhile"):
        items.build(changing, [0])
    assert list((tmp_path / "out").iterdir()) == []
    assert items.build(changing, [0]) == [{}]


N_ITEMS = 40
INTERRUPTED = """
import os, time
from pathlib import Path
from legato.work import item_cache, items, pool
from legato.errors import stage

def work(number, out):
    (out / f"{number}.txt").write_text(str(number))
    Path(f"begun_{number}").touch()
    time.sleep(0.5)
    return {}

def main():
    items.build(items.Step(stage="sleep", category="all", work=work, name=str, reads=lambda _: None, settings=None,
                           outs=[Path("out")]), range(N_ITEMS))

stage(main)
""".replace("N_ITEMS", str(N_ITEMS))


@pytest.mark.parametrize("n_workers", [1, 2])
def test_ctrl_c_finishes_what_is_in_hand(tmp_path: Path, n_workers: int) -> None:
    (tmp_path / "script.py").write_text(INTERRUPTED)
    environment = os.environ | {items.WORKERS_VARIABLE: str(n_workers)}
    with subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as script:
        until(lambda: any(tmp_path.glob("begun_*")) or script.poll() is not None)
        os.killpg(script.pid, signal.SIGINT)
        assert script.stderr
        printed = script.stderr.read()
    assert script.returncode == EXIT_INTERRUPTED, printed
    assert "Traceback" not in printed
    assert printed.endswith("interrupted: run the same command again\n")
    begun = {path.name.removeprefix("begun_") for path in tmp_path.glob("begun_*")}
    assert {path.stem for path in (tmp_path / "out").iterdir()} == begun
    assert len(begun) < N_ITEMS


def test_processes_end_with_their_stage(tmp_path: Path) -> None:
    script = INTERRUPTED.replace(
        "time.sleep(0.5)", "Path(f'pid_{__import__(\"os\").getpid()}').touch(); time.sleep(60)"
    )
    (tmp_path / "script.py").write_text(script)
    environment = os.environ | {items.WORKERS_VARIABLE: "2"}
    with subprocess.Popen([sys.executable, "script.py"], cwd=tmp_path, env=environment) as killed:
        until(lambda: len(list(tmp_path.glob("pid_*"))) == 2 or killed.poll() is not None)
        killed.kill()
    left = {int(path.name.removeprefix("pid_")) for path in tmp_path.glob("pid_*")}
    until(lambda: not any(is_running(pid) for pid in left))


ALONE = """
import ctypes, json, os, signal, sys
from pathlib import Path
from legato.work import items

LOADED = [object()]  # as a font, or a module, that only this process has

def work(number):
    tries = Path("tries")
    tries.write_text("I" + (tries.read_text() if tries.exists() else ""))
    if len(tries.read_text()) <= int(sys.argv[2]):
        ctypes.string_at(0)
    if number == 3:
        raise items.LegatoError("three")
    return {"parent": os.getppid(), "self": os.getpid(), "loaded": id(LOADED[0])}

try:
    found = items.run(work, [int(sys.argv[1])], stage="square", name=lambda number: f"track_{number}")
    print(json.dumps([found[0], os.getpid(), id(LOADED[0]), "joblib.externals.loky" in sys.modules]))
except items.LegatoError as error:
    print(error)
"""


def alone(folder: Path, item: int, n_deaths: int) -> str:
    (folder / "script.py").write_text(ALONE)
    command = [sys.executable, "script.py", str(item), str(n_deaths)]
    environment = os.environ | {items.WORKERS_VARIABLE: "2"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == "", "a crash's report is in the log"
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process is started for it")
@pytest.mark.parametrize("n_deaths", [0, 1])
def test_one_item_alone_is_done_in_a_copy_of_the_stages_process(tmp_path: Path, n_deaths: int) -> None:
    found, stage, loaded, has_pool = json.loads(alone(tmp_path, 0, n_deaths))
    assert found["parent"] == stage != found["self"]
    assert found["loaded"] == loaded, "nothing is imported or loaded again"
    assert not has_pool
    assert len((tmp_path / "tries").read_text()) == 1 + n_deaths


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process is started for it")
def test_what_becomes_of_one_item_alone_is_told_as_of_many(tmp_path: Path) -> None:
    assert alone(tmp_path, 3, 0) == "square: 1 of 1 track failed: track_3: three"
    (tmp_path / "tries").unlink()
    told = "SIGSEGV(-11); its last words are in .legato/logs/script_0.txt"
    assert alone(tmp_path, 0, 2) == f"square: 1 of 1 track failed: track_0: its process died twice, {told}"
    assert "Segmentation fault" in (tmp_path / ".legato/logs/script_0.txt").read_text()


SHARING = """
import json, sys
from legato.work import items, pool

n_items = int(sys.argv[1])
print(json.dumps(items.run(lambda _: {"n": pool.n_cores()}, range(n_items), stage="share", name=str)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere an item has one")
@pytest.mark.parametrize(("n_items", "n_cores"), [(1, 5), (2, 2), (3, 1), (7, 1)])
def test_few_items_share_all_cores(tmp_path: Path, n_items: int, n_cores: int) -> None:
    environment = os.environ | {items.WORKERS_VARIABLE: "5"}
    command = [sys.executable, "-c", SHARING, str(n_items)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [{"n": n_cores}] * n_items


def is_running(pid: int) -> bool:
    """Whether there is such a process that is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_importing_the_pool_does_not_import_torch() -> None:
    code = "import sys, legato.work.items; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_many_items_share_is_found_out_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(item_cache.VARIABLE, str(tmp_path))
    asked = []

    def find_out(content: list[int]) -> Json:
        return items.remembered("attack", lambda: asked.append(content) or {"of": content}, content)

    assert [find_out([1]), find_out([1]), find_out([2])] == [{"of": [1]}, {"of": [1]}, {"of": [2]}]
    assert asked == [[1], [2]]


def test_what_cannot_be_kept_is_found_out_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(item_cache.VARIABLE, str(tmp_path / "file/cache"))
    assert items.remembered("attack", lambda: {"s": 0.1}, []) == {"s": 0.1}

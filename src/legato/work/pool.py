"""Work on many items at once, where any of them may fail, crash its process, or be interrupted.

Few items are in hand at a time. So a process that dies puts few under suspicion, and Ctrl-C has little to wait for.
A Dask cluster (`cluster`) gives an item whose worker has died to another by itself.
"""

import atexit
import os
import re
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from legato.errors import EXIT_INTERRUPTED, LegatoError, memory_error_line, os_error_line
from legato.work import cluster
from legato.work.copying import Died, Submit, can_copy, copies, in_a_copy

Item = TypeVar("Item")
STDERR = 2
TRIES = 2  # of an item whose process dies
IDLE_S = 300  # until a process without work ends
WATCH_S = 0.5
LOGS = Path(".legato/logs")
Outcome = tuple[int, Any]  # an item's place, and what its work gave or a Failure
# As many processes as cores: each library in them keeps to one thread.
THREADS_OF_LIBRARIES = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


@dataclass(frozen=True)
class Failure:
    """Why an item has no result."""

    reason: str
    traceback: str = ""  # of a bug; what a user can mend has none


@dataclass
class _Interrupts:
    asked: bool = False


class Place(NamedTuple):
    """Where work is done."""

    n_workers: int = 1
    kind: Literal["processes", "threads", "cluster"] = "processes"  # one process is this very one
    address: str = ""  # of a cluster's scheduler
    resources: dict[str, float] | None = None  # that a cluster's worker must have for each item


HERE = Place()
_n_cores = 1  # that the item in hand may use: where there are fewer items than cores, more than one


def n_cores() -> int:
    """How many cores are there for the item that this process works on, at least 1."""
    return _n_cores


def outcomes(work: Callable[[Item], Any], items: Sequence[Item], place: Place) -> Iterator[Outcome]:
    """Each item's number and result or failure, as they come.

    A process that dies, killed or crashed, costs each item that was in hand a second try, alone in a process of its
    own; the one that dies there too has failed.

    Raises:
        LegatoError: there is no such cluster, or no longer.
        KeyboardInterrupt: Ctrl-C; what was in hand has been finished before. A second one ends the process at once.
    """
    waiting = deque(range(len(items)))
    with _noticing_interrupts() as interrupts:
        if place.kind == "processes" and place.n_workers == 1:
            while waiting and not interrupts.asked:
                at = waiting.popleft()
                yield at, _attempt(work, items[at])
        if place.kind == "processes" and len(waiting) == 1 and can_copy():
            at = waiting.popleft()
            yield at, _copied(work, items[at], place.n_workers)
        while waiting and not interrupts.asked:
            with _team(place, len(waiting), work) as (submit, n_handed_out):
                suspects = yield from _fed(submit, n_handed_out, items, waiting, interrupts)
            for at in suspects:
                yield at, _copied(work, items[at]) if can_copy() else _alone(work, items[at])
        if interrupts.asked:
            raise KeyboardInterrupt


@contextmanager
def _team(place: Place, n_items: int, work: Callable[[Item], Any]) -> Iterator[tuple[Submit, int]]:
    """Who does the work to what they are given, and how many items they should have at a time."""
    n_workers = min(place.n_workers, n_items)
    attempt = partial(_attempt, work)
    if place.kind == "cluster":
        with cluster.connected(place.address, place.resources) as (executor, n_handed_out):
            yield partial(executor.submit, partial(_attempt, cluster.in_workspace(work))), n_handed_out
    elif place.kind == "threads":
        with ThreadPoolExecutor(n_workers) as threads:
            yield partial(threads.submit, attempt), n_workers
    elif can_copy():
        begin = partial(_begin, os.getpid(), _log_path(), place.n_workers // n_workers)
        with ExitStack() as stack:
            with _handling(signal.SIGINT, signal.SIG_IGN):
                submit = stack.enter_context(copies(n_workers, attempt, begin))
            yield submit, n_workers + 1
    else:
        yield partial(_processes(n_workers).submit, attempt), n_workers + 1


def _fed(
    submit: Submit,
    n_handed_out: int,
    items: Sequence[Item],
    waiting: deque[int],
    interrupts: _Interrupts,
) -> Generator[Outcome, None, list[int]]:
    """Keep the workers busy until nothing is `waiting`; return the items that were in hand when a process died."""
    in_hand: dict[Future[Any], int] = {}
    broken = False
    while in_hand or (waiting and not interrupts.asked):
        while waiting and len(in_hand) < n_handed_out and not (interrupts.asked or broken):
            try:
                in_hand[submit(items[waiting[0]])] = waiting[0]
                waiting.popleft()
            except BrokenProcessPool:
                if not in_hand:
                    return [waiting.popleft()]
                broken = True
        for future in wait(in_hand, return_when=FIRST_COMPLETED).done:
            death = cluster.death_of(future)
            if isinstance(future.exception(), BrokenProcessPool):
                broken = True
            else:
                yield in_hand.pop(future), Failure(death) if death else future.result()
        if broken and all(future.done() for future in in_hand):
            return [at for future, at in in_hand.items()]
    return []


def _copied(work: Callable[[Item], Any], item: Item, n_cores: int = 1) -> Any:
    n_bytes = _size(_log_path())
    begin = partial(_begin, os.getpid(), _log_path(), n_cores)
    for _ in range(TRIES):
        found = in_a_copy(partial(_attempt, work, item), begin)
        if not isinstance(found, Died):
            return found
    return _died(found.of, n_bytes)


def _alone(work: Callable[[Item], Any], item: Item) -> Any:
    n_bytes = _size(_log_path())
    try:
        return _processes(1).submit(_attempt, work, item).result()
    except BrokenProcessPool as error:
        found = re.search(r"[A-Z]+\(-?\d+\)", str(error))  # SIGKILL(-9)
        return _died(found[0] if found else "nobody knows of what", n_bytes)


def _died(of: str, n_bytes: int) -> Failure:
    """Of an item whose process died twice; its log had `n_bytes` before."""
    told = f"; its last words are in {os.path.relpath(_log_path())}" if _size(_log_path()) > n_bytes else ""
    return Failure(f"its process died twice, {of}{told}")


def _processes(n_workers: int) -> Executor:
    """Processes that ignore Ctrl-C, which is for the stage, from their first moment on."""
    from joblib.externals.loky import get_reusable_executor  # which takes a while

    with _handling(signal.SIGINT, signal.SIG_IGN):
        # One that has grown is replaced by a new one, between two items.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given to the executor")
        executor = get_reusable_executor(
            n_workers, timeout=IDLE_S, env=THREADS_OF_LIBRARIES, initializer=_begin, initargs=(os.getpid(), _log_path())
        )
        with suppress(BrokenProcessPool):  # which the next one to submit meets too
            executor.submit(int)  # starts them
    return executor


def _attempt(work: Callable[[Item], Any], item: Item) -> Any:
    try:
        return work(item)
    except LegatoError as error:
        return Failure(str(error))
    except OSError as error:
        return Failure(os_error_line(error))
    except MemoryError as error:
        return Failure(memory_error_line(error))
    except Exception as error:  # a bug: the other items are finished first
        return Failure(f"{type(error).__name__}: {error}", traceback.format_exc())


@contextmanager
def _noticing_interrupts() -> Iterator[_Interrupts]:
    """The first Ctrl-C is noted, the second one ends the process."""
    interrupts = _Interrupts()

    def notice(*_: Any) -> None:
        if interrupts.asked:
            os._exit(EXIT_INTERRUPTED)  # its processes notice
        interrupts.asked = True
        own_line = b"\n" if os.isatty(STDERR) else b""  # there may be a bar
        os.write(STDERR, own_line + b"interrupted: what is in hand is finished first; again, and nothing is\n")

    with _handling(signal.SIGINT, notice):
        yield interrupts


@cache
def _log_path() -> Path:
    """Where the processes of this one's pool write what would go to stderr: a crash's report is hundreds of lines."""
    words = "_".join(Path(word).stem for word in sys.argv[:2]) or "python"
    path = Path.cwd() / LOGS / f"{re.sub('[^A-Za-z0-9_]+', '_', words)}.txt"
    with suppress(OSError):
        path.unlink(missing_ok=True)  # of an earlier run
    atexit.register(_remove_empty, path)
    return path


def _remove_empty(path: Path) -> None:
    if not _size(path):
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _begin(stage: int, log: Path, n_cores: int = 1) -> None:
    """What a process of the pool does first; it ends soon after its stage, however that ends."""
    global _n_cores
    _n_cores = n_cores
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):  # a folder that is gone or may not be written
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            os.dup2(file.fileno(), STDERR)

    def watch() -> None:
        while os.getppid() == stage:
            time.sleep(WATCH_S)
        os._exit(EXIT_INTERRUPTED)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _handling(number: int, handler: Any) -> Iterator[None]:
    """A signal's handler for a block; signals are the main thread's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    old = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, old)

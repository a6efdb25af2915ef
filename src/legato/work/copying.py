"""Work done in copies of this process: all that is imported and loaded here is there at once.

To start a process anew takes as long as some tracks do, and one more track is what most runs after the first are for.
"""

import faulthandler
import multiprocessing
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

STDERR = 2
# Of libraries whose own threads would be missing in a copy: it would wait for them.
WITH_THREADS = ("torch", "jax")

Submit = Callable[[Any], "Future[Any]"]
_work: Callable[[Any], Any]  # in a copy, what it is there for


class Died(NamedTuple):
    """A copy that left no answer, and what its end was, as `SIGKILL(-9)`."""

    of: str


def can_copy() -> bool:
    """Whether a copy of this process works as this one does: on Linux, with no other thread that could hold a lock."""
    no_threads = threading.active_count() == 1 and not any(name in sys.modules for name in WITH_THREADS)
    return sys.platform == "linux" and no_threads


def in_a_copy(work: Callable[[], Any], begin: Callable[[], None]) -> Any:
    """What `work` gives in a copy of this process, or `Died`.

    Args:
        begin: what the copy does first.
    """
    receiver, sender = multiprocessing.Pipe(duplex=False)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of native threads, which wait
        process = multiprocessing.get_context("fork").Process(target=_answer, args=(sender, work, begin))
        process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        process.join()
        return Died(_end_of(process.exitcode or 0))
    finally:
        process.join()
        receiver.close()


@contextmanager
def copies(n_processes: int, work: Callable[[Any], Any], begin: Callable[[], None]) -> Iterator[Submit]:
    """What has `work` done to an item in one of several copies of this process, until the block ends.

    Items and what comes out are pickled; `work` is not. An item whose copy dies has a `BrokenProcessPool`.

    Args:
        begin: what each copy does first.
    """
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(n_processes, context, initializer=_begin, initargs=(work, begin)) as executor:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of native threads, which wait
            executor.submit(int)  # starts all of them
        yield lambda item: executor.submit(_do, item)


def _begin(work: Callable[[Any], Any], begin: Callable[[], None]) -> None:
    from threadpoolctl import threadpool_limits

    global _work
    begin()
    faulthandler.enable(STDERR)  # a crash says where it was
    threadpool_limits(1)  # there are as many copies as cores
    _work = work


def _do(item: Any) -> Any:
    return _work(item)


def _answer(sender: Connection, work: Callable[[], Any], begin: Callable[[], None]) -> None:
    begin()
    faulthandler.enable(STDERR)  # a crash says where it was
    sender.send(work())


def _end_of(status: int) -> str:
    return f"{signal.Signals(-status).name if status < 0 else 'EXIT'}({status})"

"""A Dask cluster as a pool of workers, on which a stage's items are done instead of on this machine.

Its workers stand in the same workspace by a common file system. Why no other kind: docs/scale.md.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from legato.errors import LegatoError

Item = TypeVar("Item")
CONNECT_S = 30
HANDED_OUT = 2  # items for each thread of the cluster: one in hand, and one so that nobody waits for the next
LEAST_HANDED_OUT = 16  # so that a cluster that starts its workers by need sees a need


@contextmanager
def connected(address: str, resources: dict[str, float] | None) -> Iterator[tuple[Executor, int]]:
    """A cluster's executor for the length of a block, and how many items it should have at a time.

    Args:
        resources: what a worker must have for each item, such as {"GPU": 1}.

    Raises:
        LegatoError: Dask is not installed, or there is no scheduler at the address.
    """
    try:
        from distributed import Client
    except ImportError:
        raise LegatoError(f"compute.scheduler: {address!r}: needs Dask: pip install 'legato[cluster]'") from None
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise LegatoError(f"compute.scheduler: {address!r}: there is no Dask scheduler: {reason}") from None
    with client:
        n_handed_out = HANDED_OUT * sum(client.nthreads().values())
        executor = client.get_executor(pure=False, **({"resources": resources} if resources else {}))
        yield executor, max(LEAST_HANDED_OUT, n_handed_out)


def in_workspace(work: Callable[[Item], Any]) -> Callable[[Item], Any]:
    """`work` as a worker elsewhere does it: in the folder that is this process's now."""
    workspace = Path.cwd()

    def done_there(item: Item) -> Any:
        if not workspace.is_dir():
            raise LegatoError(f"{workspace}: the cluster's worker does not see this folder: it must share its disk")
        os.chdir(workspace)
        return work(item)

    return done_there


def death_of(future: Future[Any]) -> str | None:
    """Why a worker has left no result, or None where it has left one.

    Raises:
        LegatoError: the whole cluster is gone.
    """
    if future.cancelled():
        raise LegatoError("compute.scheduler: the cluster has gone away: run the same command again to go on")
    error = future.exception()
    return None if error is None else f"{type(error).__name__}: {' '.join(str(error).split())}"

"""A Dask cluster as a pool of workers, on which a stage's items are done instead of on this machine.

Its workers run in the same workspace, on a common file system. Why no other kind: docs/scale.md.
"""

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from legato.errors import LegatoError

if TYPE_CHECKING:
    import asyncio

Item = TypeVar("Item")
ADDRESS = re.compile(r"(?:tcp|tls)://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
MAX_PORT = 65_535
CONNECT_S = 20  # until a scheduler has answered to all that a client asks at first
CLOSE_S = 3  # until an attempt that came to nothing has been given up
HANDED_OUT = 2  # items for each thread of the cluster: one in hand, and one so that nobody waits for the next
LEAST_HANDED_OUT = 16  # so that a cluster that starts its workers by need sees a need


def check_address(text: str) -> str:
    """The address itself, where Dask can be asked for it.

    >>> check_address("tcp://10.0.0.1:8786")
    'tcp://10.0.0.1:8786'

    Raises:
        ValueError: it is not of the form `tcp://host:port` or `tls://host:port`.
    """
    found = ADDRESS.fullmatch(text)
    if not (found and 1 <= int(found[1]) <= MAX_PORT):
        raise ValueError(f"must be tcp://host:port or tls://host:port, with a port from 1 to {MAX_PORT}")
    return text


@contextmanager
def connected(address: str, resources: dict[str, float] | None) -> Iterator[tuple[Executor, int]]:
    """A cluster's executor for the length of a block, and how many items it should have at a time.

    Args:
        address: as `check_address` wants it.
        resources: what a worker must have for each item, such as {"GPU": 1}.

    Raises:
        LegatoError: Dask is not installed, or within `CONNECT_S` no scheduler has answered at the address.
    """
    import asyncio  # here and below: it takes a while, and most runs have no cluster

    try:
        import distributed  # noqa: F401
    except ImportError:
        raise LegatoError(f"compute.scheduler: {address!r}: needs Dask: pip install 'legato[cluster]'") from None
    with _running_loop() as loop:
        opening = asyncio.run_coroutine_threadsafe(_open(address), loop)
        try:
            client, n_threads = opening.result(CONNECT_S + 2 * CLOSE_S)
        except Exception as error:  # Dask raises what it met: of a server that is no scheduler, anything
            found = f"{type(error).__name__}: {' '.join(str(error).split())}"
            reason = found if str(error) else f"no answer within {CONNECT_S} s"
            raise LegatoError(f"compute.scheduler: {address!r}: there is no Dask scheduler: {reason}") from None
        try:
            executor = client.get_executor(pure=False, **({"resources": resources} if resources else {}))
            yield executor, max(LEAST_HANDED_OUT, HANDED_OUT * n_threads)
        finally:
            with suppress(Exception):  # of a scheduler that has gone away
                client.close(timeout=CLOSE_S)
            client.status = "closed"


@contextmanager
def _running_loop() -> Iterator["asyncio.AbstractEventLoop"]:
    """An event loop in a thread of its own, which ends with the block: Dask's own outlives a client that failed."""
    import asyncio

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="cluster", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(CLOSE_S)


async def _open(address: str) -> tuple[Any, int]:
    """A client, and how many threads its cluster has; one deadline for all, since Dask's are for each step alone."""
    import asyncio

    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # the error says it
    client = Client(address, timeout=CONNECT_S, set_as_default=False, asynchronous=True)
    try:
        async with asyncio.timeout(CONNECT_S):
            await client
            return client, sum((await client.nthreads()).values())
    except BaseException:
        with suppress(Exception):
            await asyncio.wait_for(client._close(fast=True), CLOSE_S)
        client.status = "closed"  # or it would close itself once more as the process ends, and wait
        raise


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

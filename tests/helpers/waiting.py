"""Waiting for what is going to happen, on however slow a machine: who waits in vain fails, and does not hang."""

import time
from collections.abc import Callable

LIMIT_S, LOOK_S = 600, 0.005
LIMIT_MS = 1000 * LIMIT_S  # for what counts in them


def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(LOOK_S)

"""What is put at a door, and what may come of it: a right result, or an error of one line, within a limit of memory."""

import copy
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from legato.errors import LegatoError
from legato.words import printable

MORE_BYTES = 1 << 30
N_TRIES = 60
trying = settings(
    max_examples=N_TRIES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PLAIN = (
    st.none()
    | st.booleans()
    | st.sampled_from(
        [0, -1, 10**30, -(10**30), 2**63, 0.5, 1e300, float("nan"), float("inf"), "", "x", "../x", "a\nb"]
    )
    | st.text(max_size=8)
)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))
EDITS = st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6), st.booleans()), min_size=1, max_size=4)


def damaged(content: bytes, edits: list[tuple[float, bytes, bool]]) -> bytes:
    """Some bytes are others, are inserted, or all from there on is missing."""
    for at, new, is_inserted in edits:
        start = int(at * len(content))
        content = (
            content[:start] + new + content[start if is_inserted else start + len(new) :] if new else content[:start]
        )
    return content


def replaced(values: Any, at: float, new: Any) -> Any:
    """Plain values with one of them, at any depth, replaced."""
    values = copy.deepcopy(values)
    places: list[tuple[Any, Any]] = []

    def walk(inner: Any) -> None:
        for key in inner if isinstance(inner, dict) else range(len(inner)) if isinstance(inner, list) else ():
            places.append((inner, key))
            walk(inner[key])

    walk(values)
    holder, key = places[int(at * (len(places) - 1))]
    holder[key] = new
    return values


def files_below(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@contextmanager
def limited_memory() -> Iterator[None]:
    """So much more than there is now may be asked for, and not what a file of strangers says."""
    n_pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (n_pages * resource.getpagesize() + MORE_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def tried(door: Callable[[], Any], folder: Path) -> Any:
    """What a door gives, or None for an error of one line; nothing below the folder is changed by it."""
    before = files_below(folder)
    found, line = None, "none"
    try:
        with limited_memory():
            found = door()
    except LegatoError as error:
        line = str(error)
    told = printable(line)  # as `legato.errors` prints it
    assert line
    assert told.isprintable()
    assert files_below(folder) == before
    return found

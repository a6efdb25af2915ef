"""Do one thing to every track: process pool, progress, failures named.

Every per-track stage hands its work to `run` and nothing else in legato starts processes.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from joblib import Parallel, cpu_count, delayed
from pydantic import Field
from tqdm import tqdm

from legato import params
from legato.errors import LegatoError, os_error_line
from legato.params import Strict

Item = TypeVar("Item")
Facts = dict[str, Any]
WORKERS_VARIABLE = "LEGATO_WORKERS"


class ComputeParams(Strict):
    """`compute` in params.yaml: how the work is done, never what comes out of it."""

    workers: Annotated[int, Field(ge=0)]  # processes; 0 is one for each core


@dataclass(frozen=True)
class _Failure:
    name: str
    reason: str
    traceback: str = ""  # of a bug; what a user can mend has none


def run(
    work: Callable[[Item], Facts],
    items: Sequence[Item],
    *,
    stage: str,
    name: Callable[[Item], str],
    seconds: Callable[[Item], float] | None = None,
    threads: int = 0,
) -> list[Facts]:
    """Apply `work` to every item and return what each gave, in the items' order.

    A failed item does not stop the others: when all are done, one error names each failed item and why.

    Args:
        work: called once an item, in another process when there is more than one worker. It writes the
            item's file atomically and returns its facts.
        items: picklable, one a track.
        stage: shown beside the progress bar and in errors.
        name: the item's name for errors.
        seconds: the item's length, where progress is better told in seconds of audio than in tracks.
        threads: so many threads of this process instead of processes, for work that shares a model.

    Raises:
        LegatoError: at least one item failed.
    """
    n_workers = min(threads or workers(), len(items))
    tasks = (delayed(_attempt)(work, item, name(item), n_workers > 1 and not threads) for item in items)
    backend = "threading" if threads else "loky"
    done = Parallel(n_jobs=n_workers, return_as="generator", batch_size=1, backend=backend)(tasks)
    size = seconds or (lambda _: 1)
    results = []
    with tqdm(
        desc=stage, total=round(sum(map(size, items))), unit=" s of audio" if seconds else "track", disable=None
    ) as bar:
        for item, result in zip(items, done, strict=True):
            results.append(result)
            bar.update(size(item))
    failures = [result for result in results if isinstance(result, _Failure)]
    if failures:
        print(next((failure.traceback for failure in failures if failure.traceback), ""), end="", file=sys.stderr)
        reasons = "; ".join(f"{failure.name}: {failure.reason}" for failure in failures)
        raise LegatoError(f"{stage}: {len(failures)} of {len(items)} tracks failed: {reasons}")
    return results


def workers() -> int:
    """Processes to use: the environment's LEGATO_WORKERS, else `compute.workers`, else one a core.

    Raises:
        LegatoError: the variable is not a whole number of at least 0.
    """
    text = os.environ.get(WORKERS_VARIABLE)
    if text is None:
        asked = params.load("compute", ComputeParams).workers
    elif text.isdecimal():
        asked = int(text)
    else:
        raise LegatoError(f"environment: {WORKERS_VARIABLE}: {text!r}: must be a whole number, 0 for one a core")
    return asked or cpu_count()


def _attempt(work: Callable[[Item], Facts], item: Item, name: str, in_worker: bool) -> Facts | _Failure:
    if in_worker:  # Ctrl-C is for the stage, which then stops its workers
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return work(item)
    except LegatoError as error:
        return _Failure(name, str(error))
    except OSError as error:
        return _Failure(name, os_error_line(error))
    except Exception as error:  # a bug: the other tracks are finished first
        return _Failure(name, f"{type(error).__name__}: {error}", traceback.format_exc())


def clear(folder: Path) -> Path:
    """Make `folder` and empty it of files, so that it holds this run's results and nothing older."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    return folder

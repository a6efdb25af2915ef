"""Do one thing to every track: what was done before is kept, the rest goes to a pool, failures are named.

Every per-track stage hands its `Step` to `build`:

1. An item's key is a hash of all that its result depends on. What the cache has under it is linked into place.
2. Each of the others is made by some process of the pool, in a scratch folder, kept in the cache and then linked too.
3. So whoever dies, whenever, costs the items in hand: the next run finds all others in the cache.

Processes write to the cache alone, and only the stage itself links into the workspace: one that outlives a killed
stage disturbs nothing. `run` is the same without the cache. Nothing else in legato starts processes.
"""

import inspect
import os
import re
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

from pydantic import AfterValidator, Field

from legato.errors import LegatoError
from legato.files import Json, rows_of, write_jsonl
from legato.words import counted, some
from legato.work import item_cache, listings
from legato.work.cluster import check_address
from legato.work.code_version import code_version
from legato.work.pool import Failure, Place, outcomes
from legato.work.progress import Progress
from legato.work.spilled import Rows
from legato.workspace import params
from legato.workspace.dvc_files import find_store
from legato.workspace.layout import PACKING
from legato.workspace.params import Strict

Item = TypeVar("Item")
WORKERS_VARIABLE, SCHEDULER_VARIABLE = "LEGATO_WORKERS", "LEGATO_SCHEDULER"
MAX_WORKERS = 4096
READ_AHEAD = 256  # items that are looked for in the cache at a time
ROUNDS = 3  # of making what somebody deletes from the cache meanwhile


class ComputeParams(Strict):
    """`compute` in params.yaml: how the work is done, never what comes out of it."""

    workers: Annotated[int, Field(ge=0, le=MAX_WORKERS)]  # processes; 0 is one for each core
    scheduler: Annotated[str, AfterValidator(check_address)] | None = None  # of a Dask cluster, which does it instead


@dataclass(frozen=True, kw_only=True)
class Step(Generic[Item]):
    """What a stage does to one track of a category, and all that the result depends on.

    The version of the code belongs to that and is found by itself: all modules that `work` reaches by imports.
    """

    stage: str
    category: str
    work: Callable[..., Json]  # of an item and a folder for each of `outs`: writes its files there, returns its facts
    name: Callable[[Item], str]
    reads: Callable[[Item], Any]  # hashes of the files that `work` reads, or any other content: JSON
    settings: Any  # parameters, and hashes or versions of what all items share: JSON
    outs: Sequence[Path] = ()  # folders of the workspace, which hold this run's results and nothing older


class FailedError(LegatoError):
    """Some items failed; `finished` are the facts of the others, in order."""

    def __init__(self, line: str, finished: Collection[Json]) -> None:
        super().__init__(line)
        self.finished = finished


class _Wanted(NamedTuple):
    item: Any
    content: str  # a hash of what the result is made from
    key: str


def build(
    step: Step[Item],
    items: Sequence[Item],
    *,
    seconds: Callable[[Item], float] | None = None,
    place: Place | None = None,
) -> Rows:
    """Put every item's files into the step's folders, from the cache or made again; return its facts, in order.

    A failed item does not stop the others: when all are done, one error names each failed item and why. Memory holds
    two hashes of an item and two of each of its files; facts are on the disk.

    Args:
        items: picklable, one a track.
        seconds: the item's length, where progress is better told in seconds of audio than in tracks.
        place: where it is done; if not given, wherever the user wants: `default_place`.

    Raises:
        FailedError: at least one item failed.
        LegatoError: there is no such cluster, or results cannot be kept.
        KeyboardInterrupt: Ctrl-C; what was in hand has been finished and kept.
    """
    cache = item_cache.usable_folder(step.outs)
    item_cache.sweep(cache)
    for folder in step.outs:
        clear(folder)

    dvc = find_store()
    store, as_copies = (dvc.objects, dvc.has_copies) if dvc else (None, False)
    stores = [None if out.is_relative_to(PACKING) else store for out in step.outs]  # DVC keeps archives, not members
    hashes: list[dict[str, tuple[str, str]]] = [{} for _ in step.outs]

    def find(one: _Wanted) -> Json | None:
        record = item_cache.restore(cache, one.key, step.outs, stores, as_copies=as_copies)
        for out, name, sha256, md5 in record.files if record else ():
            hashes[out][name] = sha256, md5
        return record.facts if record else None

    wanted: list[_Wanted] = []
    found, failures = Rows(len(items)), {}
    with ThreadPoolExecutor() as readers:
        shared = [step.stage, step.category, code_version(Path(inspect.getfile(step.work))), step.settings]
        for start in range(0, len(items), READ_AHEAD):
            wanted += readers.map(lambda item: _wanted(step, item, shared), items[start : start + READ_AHEAD])
            for at, facts in enumerate(readers.map(find, wanted[start:]), start):
                if facts is not None:
                    found.put(at, facts)
    item_cache.note_used(cache, step.stage, step.category, (one.key for one in wanted))
    listings.forget()
    n_found = len(found)
    for _ in range(ROUNDS):
        missing = [at for at in found.missing() if at not in failures]
        lengths = [seconds(items[at]) for at in missing] if seconds else None
        made = _shown(step.stage, lambda one: _make(step, one, cache), [wanted[at] for at in missing], lengths, place)
        for nth, result in made:
            at = missing[nth]
            if isinstance(result, Failure):
                failures[at] = result
            elif (facts := find(wanted[at])) is not None:
                found.put(at, facts)
    if len(found) + len(failures) < len(items):
        raise LegatoError(f"{cache}: results vanish as soon as they are there: who deletes them?")
    were = f"{counted(len(items), 'track')} {'was' if len(items) == 1 else 'were'}"
    print(f"{step.stage}@{step.category}: {n_found} of {were} in the cache", flush=True)
    failed = [(step.name(items[at]), failures[at]) for at in sorted(failures)]
    if failed:
        raise _error(step.stage, failed, len(items), found)
    lists = [listings.keep(cache, made) for made, kept in zip(hashes, stores, strict=True) if kept and made]
    item_cache.note_used(cache, step.stage, step.category, (*(one.key for one in wanted), *lists))
    return found


def remembered(name: str, work: Callable[[], Json], content: Any) -> Json:
    """What `work` gives, from the cache where it is: for what many items share and each would find out again.

    Args:
        name: what it is, as a stage's name is.
        content: all that the result depends on, beside the code: JSON.
    """
    cache = item_cache.cache_folder()
    key = item_cache.key_of([name, code_version(Path(inspect.getfile(work))), content])
    if record := item_cache.restore(cache, key, ()):
        return record.facts
    found = work()
    with suppress(OSError, item_cache.DeletedError), item_cache.open_scratch(cache, 0) as scratch:
        item_cache.keep(cache, key, name, found, scratch)
    return found


def record(path: Path, build_all: Callable[[], Iterable[Json]], made_with: Json | None = None) -> Iterator[Json]:
    """Write what `build` returns as JSON Lines; of what is finished, too, where some items failed. Give the rows again.

    The stage fails all the same, and DVC has it done again; until then the others are there to be looked at.

    Args:
        made_with: facts that all items share.

    Raises:
        FailedError: at least one item failed.
    """
    failed = None
    try:
        facts = build_all()
    except FailedError as error:
        facts, failed = error.finished, error
    write_jsonl(path, (row | (made_with or {}) for row in facts))
    if failed:
        raise failed
    return rows_of(path)


def run(
    work: Callable[[Item], Json],
    items: Sequence[Item],
    *,
    stage: str,
    name: Callable[[Item], str],
    seconds: Sequence[float] | None = None,
    place: Place | None = None,
) -> list[Json]:
    """Apply `work` to every item and return what each gave, in order; failures and `place` are as in `build`.

    Args:
        seconds: each item's length, where progress is better told in seconds of audio than in tracks.

    Raises:
        FailedError: at least one item failed.
    """
    found = dict(_shown(stage, work, items, seconds, place))
    return _sound(stage, [name(item) for item in items], [found[at] for at in range(len(items))])


def default_place(resources: dict[str, float] | None = None) -> Place:
    """A Dask cluster if one is named, else processes of this machine.

    Args:
        resources: what a cluster's worker must have for each item, such as {"GPU": 1}.
    """
    address = scheduler()
    return Place(kind="cluster", address=address, resources=resources) if address else Place(workers())


def scheduler() -> str | None:
    """The Dask scheduler's address: the environment's LEGATO_SCHEDULER, else `compute.scheduler`; empty is none.

    Raises:
        LegatoError: it is no address of a scheduler.
    """
    if text := os.environ.get(SCHEDULER_VARIABLE):
        try:
            return check_address(text)
        except ValueError as error:
            raise LegatoError(f"environment: {SCHEDULER_VARIABLE}: {text!r}: {error}") from None
    if SCHEDULER_VARIABLE in os.environ:
        return None
    return params.load("compute", ComputeParams).scheduler if params.PARAMS.exists() else None


def workers() -> int:
    """Processes to use: the environment's LEGATO_WORKERS, else `compute.workers`, else one a core that we may use.

    Raises:
        LegatoError: the variable is not a whole number of at least 0, or is above `MAX_WORKERS`.
    """
    text = os.environ.get(WORKERS_VARIABLE)
    if text is None:
        asked = params.load("compute", ComputeParams).workers
    elif re.fullmatch("[0-9]{1,9}", text) and int(text) <= MAX_WORKERS:
        asked = int(text)
    else:
        rule = f"must be a whole number of at most {MAX_WORKERS}, 0 for one a core"
        raise LegatoError(f"environment: {WORKERS_VARIABLE}: {text!r}: {rule}")
    return asked or _n_cores()


def _n_cores() -> int:
    from joblib import cpu_count  # which heeds a control group's limit, and takes a while

    return int(cpu_count())


def clear(folder: Path) -> Path:
    """Make `folder`, empty."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _wanted(step: Step[Item], item: Item, shared: list[Any]) -> _Wanted:
    try:
        content = step.reads(item)
    except (OSError, LegatoError):  # `work` will say it better
        content = None
    return _Wanted(item, item_cache.key_of(content), item_cache.key_of([*shared, step.name(item), content]))


def _make(step: Step[Item], one: _Wanted, cache: Path) -> None:
    """Do the work for one item, wherever this runs, and keep what comes out: the stage looks in the cache for it."""
    with suppress(item_cache.DeletedError), item_cache.open_scratch(cache, len(step.outs)) as scratch:
        facts = step.work(one.item, *scratch.outs)
        if item_cache.key_of(step.reads(one.item)) != one.content:
            raise LegatoError("what it is made from was changed meanwhile: run the same command again")
        item_cache.keep(cache, one.key, step.stage, facts, scratch)


def _shown(
    stage: str,
    work: Callable[[Item], Any],
    items: Sequence[Item],
    lengths: Sequence[float] | None = None,
    place: Place | None = None,
) -> Iterator[tuple[int, Any]]:
    """The outcomes, with their progress."""
    if not items:
        return
    sizes = lengths or [1] * len(items)
    with Progress(stage, sum(sizes), is_audio=bool(lengths)) as progress:
        for at, result in outcomes(work, items, place or default_place()):
            progress.add(sizes[at])
            yield at, result


def _sound(stage: str, names: Sequence[str], results: Sequence[Any]) -> list[Json]:
    failures = [(name, result) for name, result in zip(names, results, strict=True) if isinstance(result, Failure)]
    finished = [result for result in results if not isinstance(result, Failure)]
    if failures:
        raise _error(stage, failures, len(names), finished)
    return finished


def _error(
    stage: str, failures: Sequence[tuple[str, Failure]], n_items: int, finished: Collection[Json]
) -> FailedError:
    with suppress(OSError):  # of a closed stderr
        print(next((one.traceback for _, one in failures if one.traceback), ""), end="", file=sys.stderr)
    reasons = some([f"{name}: {failure.reason}" for name, failure in failures])
    return FailedError(f"{stage}: {len(failures)} of {counted(n_items, 'track')} failed: {reasons}", finished)

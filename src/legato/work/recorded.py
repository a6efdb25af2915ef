"""Whether what a stage reads is what DVC recorded when it was made, and how to get what is not here.

dvc.lock, which is in Git, has the MD5 of every output. DVC itself trusts more than that: a file in the workspace whose
inode, size and time it knows, and every object of its cache that is read-only. So a byte that changed without its
knowledge, by an editor that writes through a link or by a bad disk, would come back as "restored" and go into the
dataset. Stages look at the bytes instead, before they read anything.

What is damaged is not mended here but made ready for it: DVC is made to look at the file again, and a damaged object is
taken out of its cache. Then `dvc repro` fetches or makes what is missing, as it always does.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

from legato import shards
from legato.errors import LegatoError
from legato.work.listings import FOLDER_MARK, Files, files_of, is_as_recorded, md5_of_listing
from legato.workspace import params
from legato.workspace.dvc_files import PROJECT, all_locked, md5_of, object_path, object_store, read_stages

RUN_BY_DVC = "DVC_STAGE"  # in the environment
NOT_RECORDED = "not what dvc.lock records: edited in place, or damaged"
PLACEHOLDER = re.compile(r"\$\{([\w.]+)\}")


def verified(main: Callable[..., None]) -> Callable[..., None]:
    """A stage's `main` that first sees that all dependencies named in dvc.yaml are what DVC recorded.

    The stage is that of the script which runs, and the first argument its category.
    """

    @wraps(main)
    def run(*arguments: str) -> None:
        verify(dependencies(Path(sys.argv[0]).stem, *arguments))
        main(*arguments)

    return run


def dependencies(stage: str, key: str = "", *_: str) -> list[Path]:
    """What a stage reads by dvc.yaml; nothing outside a DVC project, as where tracks are built again to be compared."""
    if not PROJECT.exists():
        return []
    body = _body(read_stages(), stage)
    return [Path(_filled(dep, key)) for dep in body.get("deps", [])]


def verify(paths: Iterable[Path]) -> None:
    """See that the outputs that paths are or are in have the bytes that DVC recorded; other paths are left alone.

    Under DVC, an output that is not here is pulled first: `dvc repro --pull --allow-missing` leaves out what it need
    not build, and a stage that reads all categories wants it nevertheless.

    Raises:
        LegatoError: an output is damaged, or cannot be pulled.
    """
    known = recorded()
    chosen = dict.fromkeys(found for path in paths if (found := _output_of(path, known)))
    absent = [out for out in chosen if not out.exists()]
    if absent and RUN_BY_DVC in os.environ:
        _pull(absent)
    wrong = [path for out in chosen if out.exists() for path in _damage(out, known[out])]
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise LegatoError(f"{wrong[0]}{more}: {NOT_RECORDED}; `dvc repro` brings it back")


def verify_files(paths: Iterable[Path]) -> None:
    """See that files, of outputs too large to look at whole, have the bytes that DVC recorded; others are left alone.

    Of a folder these are its files; of a member of an archive, the archive and its index.

    Raises:
        LegatoError: one has not, or DVC's list of its folder is not here and the folder is not as recorded.
    """
    known, store = recorded(), object_store() or Path()
    listings: dict[str, Files | None] = {}
    for path in (file for named in map(_from_root, paths) for file in shards.files_of(named)):
        out = _output_of(path, known)
        if out is None:
            continue
        if known[out] not in listings:
            listings[known[out]] = recorded_listing(store, known[out])
        listing = listings[known[out]]
        if listing is None:
            wrong = _damage(out, known[out])
        else:
            wrong = [] if listing.get(path.relative_to(out)) == md5_of(path) else [path]
        if wrong:
            raise LegatoError(f"{wrong[0]}: {NOT_RECORDED}; run `legato verify --repair`, then `dvc repro`")


def pull_added(folder: Path) -> None:
    """Under DVC, pull what `dvc add` keeps in a folder and is not here.

    Raises:
        LegatoError: it cannot be pulled.
    """
    added = (path.with_suffix("") for path in sorted(folder.rglob("*.dvc")))
    absent = [path for path in added if not path.exists()]
    if absent and RUN_BY_DVC in os.environ:
        _pull(absent)


def recorded(*, kept_by_dvc: bool = True) -> dict[Path, str]:
    """The MD5 of each output that DVC keeps, by the locks; or else of those that Git keeps."""
    stages = read_stages() if PROJECT.exists() else {}
    found: dict[Path, str] = {}
    for name, entry in all_locked().items():
        stage, _, key = name.partition("@")
        kept = {
            _filled(path, key)
            for path, options in _outs(_body(stages, stage))
            if options.get("cache", True) == kept_by_dvc
        }
        found |= {Path(out["path"]): out["md5"] for out in entry.get("outs", []) if out["path"] in kept}
    return found


def _damage(out: Path, md5: str) -> list[Path]:
    """The files of an output that are not as recorded, none if all are; DVC is made to look at them again."""
    if out.is_dir() != md5.endswith(FOLDER_MARK):
        _look_again([out])
        return [out]
    if out.is_dir() and is_as_recorded(out, md5):
        return []
    found = _listing(out) if out.is_dir() else {Path(): md5_of(out)}
    if (md5_of_listing(found) if out.is_dir() else found[Path()]) == md5:
        return []
    store = object_store() or Path()
    expected = recorded_listing(store, md5)
    if expected is None:  # nobody knows which of them
        _look_again([out, *(out / name for name in found)])
        return [out]
    wrong = sorted(name for name in expected | found if expected.get(name) != found.get(name))
    for name in wrong:
        if name in expected:
            _drop_if_damaged(store, expected[name])
    _look_again([out / name for name in wrong])
    return [out / name for name in wrong]


def _pull(outs: list[Path]) -> None:
    command = [sys.executable, "-m", "dvc", "pull", "--quiet", *map(str, outs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    missing = [out for out in outs if not out.exists()]
    if done.returncode or missing:
        said = " ".join(done.stderr.split()) or "it does not come"
        raise LegatoError(f"{(missing or outs)[0]}: not here, and `dvc pull` does not bring it: {said}")


def _listing(folder: Path) -> Files:
    paths = files_of(folder)
    with ThreadPoolExecutor() as readers:
        return dict(zip((path.relative_to(folder) for path in paths), readers.map(md5_of, paths), strict=True))


def recorded_listing(store: Path, md5: str) -> Files | None:
    """An output's files by DVC's cache, or None where the cache does not have that list, or no longer whole."""
    if not md5.endswith(FOLDER_MARK):
        return {Path(): md5}
    _drop_if_damaged(store, md5)
    return read_listing(store, md5)


def read_listing(store: Path, md5: str) -> Files | None:
    """The files of a folder by DVC's list of them, which is known to be sound; None where it is not here."""
    if not md5.endswith(FOLDER_MARK):
        return None
    try:
        rows = json.loads(object_path(store, md5).read_bytes())
    except FileNotFoundError:
        return None
    return {Path(row["relpath"]): row["md5"] for row in rows}


def _drop_if_damaged(store: Path, md5: str) -> None:
    """Take an object out of DVC's cache whose bytes are not those that its name says."""
    path = object_path(store, md5)
    if path.is_file() and md5_of(path) != md5.removesuffix(FOLDER_MARK):
        path.unlink()


def _look_again(paths: Iterable[Path]) -> None:
    """Give files and folders a new time, by which DVC sees that what it knows of them may be out of date."""
    for path in paths:
        with suppress(OSError):
            path.touch()


def _output_of(path: Path, known: dict[Path, str]) -> Path | None:
    path = _from_root(path)
    return next((place for place in (path, *path.parents) if place in known), None)


def _from_root(path: Path) -> Path:
    """A path as dvc.lock has it, from the root of the project, which the current folder is."""
    return Path(os.path.relpath(path))


def _body(stages: dict[str, Any], stage: str) -> dict[str, Any]:
    """A stage's definition, of a `foreach` stage that of each of its items; empty where there is no such stage."""
    found = stages.get(stage, {})
    return found.get("do", found)


def _outs(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The outputs of a stage, each with its options."""
    for kind in ("outs", "metrics", "plots"):
        for out in body.get(kind, []):
            yield from out.items() if isinstance(out, dict) else [(out, {})]


def _filled(text: str, key: str) -> str:
    """A path of dvc.yaml with the item's key and the parameters that it names."""

    def value(found: re.Match[str]) -> str:
        if found[1] == "key":
            return key
        place: Any = params.read()
        for name in found[1].split("."):
            if not isinstance(place, dict) or name not in place:
                raise LegatoError(f"{PROJECT}: {text}: params.yaml has no {found[1]}")
            place = place[name]
        return str(place)

    return PLACEHOLDER.sub(value, text)

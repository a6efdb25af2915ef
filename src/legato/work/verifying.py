"""Whether every byte of the workspace's outputs, of the item cache and of DVC's cache is the one that was recorded.

A damaged file may have several names, and each is told: whichever stayed would be linked back. `repairing` says what to
do about it. DVC's run cache is not looked at: a damaged entry names objects that nobody has, and the stage runs.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from legato.errors import LegatoError
from legato.files import require_file
from legato.work import item_cache, recorded
from legato.work.hashing import Digests, hash_all
from legato.work.listings import FOLDER_MARK, Files, files_of, md5_of_listing
from legato.workspace.dvc_files import DVC, LOADER, is_locked_out, object_store

RUNNING = DVC / "tmp/rwlock"
OBJECT = re.compile(r"[0-9a-f]{30}(\.dir)?")
SHA256 = re.compile(r"[0-9a-f]{64}")
NOT_WALKED = {"dataset", "logs"}  # where nobody runs `dvc add`
MD5, SHA = "md5", "sha256"


class Damage(NamedTuple):
    """Something that is not as recorded."""

    path: Path
    why: str
    kind: str  # "output", "object" of one or "stray" of none, "item", "record", or "own": the user's
    md5: str = ""  # of an object, by its name

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


class Verified(NamedTuple):
    """What was looked at, and what of it is not as recorded."""

    n_files: int
    n_bytes: int
    damages: list[Damage]
    sound: dict[str, Path | Files]  # by MD5: a file of the workspace, or of a folder the files


def verify() -> Verified:
    """Hash every file of the outputs that are here, of the item cache and of DVC's cache.

    Raises:
        LegatoError: DVC is at work here: what it has not finished looks damaged.
    """
    _refuse_while_dvc_runs()
    outs, own, store = recorded.recorded(), _own(), object_store()
    places = {out: _files(out) for out in (*outs, *own)}
    objects = dict(_objects(store)) if store else {}
    items = {path: path.name for path in _items(item_cache.cache_folder())}
    files = [file for found in places.values() for file in found]
    digests = hash_all(dict.fromkeys((*files, *objects), MD5), dict.fromkeys(items, SHA))
    sound_objects = {md5 for path, md5 in objects.items() if digests.md5(path) == md5.removesuffix(FOLDER_MARK)}
    sound: dict[str, Path | Files] = {}
    damages: list[Damage] = []
    for out, md5 in outs.items():
        listing = recorded.read_listing(store, md5) if store and md5 in sound_objects else None
        damages += _of_output(out, md5, listing, places[out], digests, sound)
    named = {md5: path for path, md5 in _recorded_names(outs, store, sound_objects)}
    for path, md5 in objects.items():
        if md5 not in sound_objects and (why := digests.trouble(path, "its bytes are not those that its name says")):
            of = f", of {named[md5]}" if md5 in named else ""
            damages.append(Damage(path, f"{why}{of}", "object" if md5 in named or md5 in sound else "stray", md5))
    for path, digest in items.items():
        if digests.sha256(path) != digest and (why := digests.trouble(path, "its bytes are not those of its name")):
            damages.append(Damage(path, why, "item"))
    records, bad = _records(item_cache.cache_folder())
    damages += bad
    for out, (md5, mend) in own.items():
        listing = recorded.read_listing(store, md5) if store and md5 in sound_objects else None
        found = _of_output(out, md5, listing, places[out], digests, sound)
        damages += [Damage(one.path, f"{one.why}; {mend}", "own") for one in found]
    return Verified(digests.n_files + records, digests.n_bytes, damages, sound)


def _of_output(
    out: Path, md5: str, listing: Files | None, files: list[Path], digests: Digests, sound: dict[str, Path | Files]
) -> Iterator[Damage]:
    """What is not as recorded of an output that is here, file by file where DVC's list of them is here; and what is."""
    if not is_there(out):
        return
    if out.is_dir() != md5.endswith(FOLDER_MARK) or not (files or out.is_dir()):
        yield Damage(out, recorded.NOT_RECORDED, "output")
        return
    if not out.is_dir():
        if digests.md5(out) == md5:
            sound[md5] = out
        elif why := digests.trouble(out, recorded.NOT_RECORDED):
            yield Damage(out, why, "output")
        return
    here = {path.relative_to(out): digests.md5(path) or "" for path in files}
    if md5_of_listing(here) == md5:
        sound[md5] = here
        sound.update({digest: out / name for name, digest in here.items()})
    elif listing is None:
        yield Damage(out, f"{recorded.NOT_RECORDED}; which of its files, DVC's cache does not know", "output")
    else:
        for name in sorted(listing | here):
            if name not in here:
                yield Damage(out / name, "dvc.lock records it, and it is not there", "output")
            elif name not in listing:
                yield Damage(out / name, "dvc.lock records no such file", "output")
            elif listing[name] == here[name]:
                sound[here[name]] = out / name
            elif why := digests.trouble(out / name, recorded.NOT_RECORDED):
                yield Damage(out / name, why, "output")


def _own() -> dict[Path, tuple[str, str]]:
    """What is the user's to mend: outputs that Git keeps, and what `dvc add` keeps; each one's MD5, and how."""
    of_git = "Git keeps it: `git restore` or `dvc repro` brings it back"
    of_user = "it is yours: `dvc checkout` brings back what you have added, `dvc commit` keeps what it is now"
    kept = {out: (md5, of_git) for out, md5 in recorded.recorded(kept_by_dvc=False).items()}
    return kept | {out: (md5, of_user) for out, md5 in added().items()}


def added() -> dict[Path, str]:
    """What `dvc add` keeps: paths and MD5s."""
    found: dict[Path, str] = {}
    for folder, names, files in os.walk("."):
        names[:] = [name for name in names if name not in NOT_WALKED and not name.startswith(".")]
        for file in files:
            if file.endswith(".dvc"):
                found |= _outs_of(Path(folder, file))
    return found


def _outs_of(path: Path) -> dict[Path, str]:
    try:
        outs = yaml.load(require_file(path).read_text(encoding="utf-8"), LOADER)["outs"]  # a safe one
    except Exception:  # DVC says what is wrong with it
        return {}
    return {path.parent / out["path"]: out["md5"] for out in outs or () if is_locked_out(out)}


def _recorded_names(outs: Files, store: Path | None, sound: set[str]) -> Iterator[tuple[Path, str]]:
    """Each recorded file with its MD5, as far as DVC's lists are here; folders too."""
    for out, md5 in outs.items():
        yield out, md5
        listing = recorded.read_listing(store, md5) if store and md5.endswith(FOLDER_MARK) and md5 in sound else None
        yield from ((out / name, inner) for name, inner in (listing or {}).items())


def _files(out: Path) -> list[Path]:
    return files_of(out) if out.is_dir() else [out] if out.is_file() else []


def _objects(store: Path) -> Iterator[tuple[Path, str]]:
    """The objects of DVC's cache and the MD5s that their names say; its temporary files have other names."""
    for path in store.glob("[0-9a-f][0-9a-f]/*"):
        if OBJECT.fullmatch(path.name):
            yield path, path.parent.name + path.name


def _items(cache: Path) -> Iterator[Path]:
    return (path for path in (cache / "objects").glob("*/*") if SHA256.fullmatch(path.name))


def _records(cache: Path) -> tuple[int, list[Damage]]:
    """How many records there are, and those that are damaged; one that an older version wrote is merely not used."""
    paths, bad = list((cache / "records").glob("*/*")), []
    for path in paths:
        with suppress(FileNotFoundError):
            if item_cache.sound_content(path) is None:
                bad.append(Damage(path, "its bytes are not those that were written", "record"))
    return len(paths), bad


def is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # which ends nothing
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _refuse_while_dvc_runs() -> None:
    """
    Raises:
        LegatoError: there is a process in DVC's list of those that read or write here.
    """
    try:
        values: Any = json.loads(RUNNING.read_bytes())
        written, read = values.get("write", {}).values(), values.get("read", {}).values()
        users = [*written, *(user for users in read for user in users)]
        busy = [user for user in users if _is_alive(int(user["pid"]))]
    except (OSError, ValueError, AttributeError, KeyError, TypeError):  # DVC makes it anew
        return
    if busy:
        raise LegatoError(f"verify: DVC is at work here (process {busy[0]['pid']}): wait until it has finished")

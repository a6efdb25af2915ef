"""Whether every byte of workspace, item cache and DVC's cache is the one that was recorded; what is not is thrown out.

What is thrown out is made again by the next `dvc repro`. Three things it must not do:

- lose what a user has edited: a file of the workspace is set aside in `.legato/damaged`, never deleted, and what is
  the user's own, by Git or by `dvc add`, is left as it is;
- leave a damaged object under another name, from where it would be linked back: each place is looked at by itself;
- leave DVC's cache without an object whose bytes the workspace still has: then it is put back.

DVC's run cache is not looked at: an entry that is damaged names objects that nobody has, and the stage runs.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import yaml

from legato.errors import LegatoError
from legato.files import replacing, require_file, write_bytes
from legato.work import item_cache, recorded
from legato.work.hashing import Digests, hash_all
from legato.work.recorded import FOLDER_MARK, Files
from legato.workspace.dvc_files import DVC, LOADER, is_locked_out, object_store

ASIDE = Path(".legato/damaged")
RUNNING = DVC / "tmp/rwlock"
OBJECT = re.compile(r"[0-9a-f]{30}(\.dir)?")
SHA256 = re.compile(r"[0-9a-f]{64}")
NOT_WALKED = {"dataset", "logs"}  # where nobody runs `dvc add`
MD5, SHA = "md5", "sha256"


class Damage(NamedTuple):
    """Something that is not as recorded."""

    path: Path
    why: str
    kind: str  # "output", "object", "item", "record"; "own" is left as it is
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
            damages.append(Damage(path, f"{why}{of}", "object", md5))
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


def repair(found: Verified) -> Iterator[str]:
    """Throw out what is damaged and is not the user's own; give a line for each: what was done, or why it was not."""
    added = _objects_of_added()
    for one in found.damages:
        try:
            if one.kind == "own":
                yield f"left as it is: {one}"
            elif one.kind == "output" or one.md5 in added:
                yield f"set aside in {_set_aside(one.path)}: {one}" if _is_there(one.path) else f"to be made: {one}"
            else:
                one.path.unlink(missing_ok=True)
                again = one.kind == "object" and _put_back(one, found.sound)
                yield f"{'made good from the workspace' if again else 'thrown out'}: {one}"
        except OSError as error:
            raise LegatoError(f"{one.path}: cannot be thrown out: {error.strerror}") from None


def n_own(found: Verified) -> int:
    """How much of it is the user's own, which is left as it is."""
    return sum(one.kind == "own" for one in found.damages)


def _of_output(
    out: Path, md5: str, listing: Files | None, files: list[Path], digests: Digests, sound: dict[str, Path | Files]
) -> Iterator[Damage]:
    """What is not as recorded of an output that is here, file by file where DVC's list of them is here; and what is."""
    if not _is_there(out):
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
    if recorded.md5_of_listing(here) == md5:
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
    return kept | {out: (md5, of_user) for out, md5 in _added().items()}


def _added() -> dict[Path, str]:
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


def _objects_of_added() -> set[str]:
    """The MD5s of DVC's objects which only a user can bring again."""
    store = object_store()
    added = set(_added().values())
    listings = (recorded.read_listing(store, md5) for md5 in added if store and md5.endswith(FOLDER_MARK))
    return added | {md5 for listing in listings if listing for md5 in listing.values()}


def _recorded_names(outs: Files, store: Path | None, sound: set[str]) -> Iterator[tuple[Path, str]]:
    """Each recorded file with its MD5, as far as DVC's lists are here; folders too."""
    for out, md5 in outs.items():
        yield out, md5
        listing = recorded.read_listing(store, md5) if store and md5.endswith(FOLDER_MARK) and md5 in sound else None
        yield from ((out / name, inner) for name, inner in (listing or {}).items())


def _files(out: Path) -> list[Path]:
    return recorded.files_of(out) if out.is_dir() else [out] if out.is_file() else []


def _objects(store: Path) -> Iterator[tuple[Path, str]]:
    """The objects of DVC's cache and the MD5s that their names say; its temporary files have other names."""
    for path in store.glob("[0-9a-f][0-9a-f]/*"):
        if OBJECT.fullmatch(path.name):
            yield path, path.parent.name + path.name


def _items(cache: Path) -> Iterator[Path]:
    return (path for path in (cache / "objects").glob("*/*") if SHA256.fullmatch(path.name))


def _records(cache: Path) -> tuple[int, list[Damage]]:
    """How many records there are, and those that are none."""
    paths = list((cache / "records").glob("*/*"))
    bad = [path for path in paths if item_cache.read_record(path) is None and path.exists()]
    return len(paths), [Damage(path, "its bytes are not those that were written", "record") for path in bad]


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _set_aside(path: Path) -> Path:
    """Move a file or folder out of the way; of a link what it leads to, for that may be thrown out too."""
    target = ASIDE / (path if not path.is_absolute() else Path(path.parent.name, path.name))
    number = 0
    while _is_there(target):
        number += 1
        target = target.with_name(f"{path.name}.{number}")
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and path.is_file():
        shutil.copyfile(path, target)
        path.unlink()
    else:
        shutil.move(path, target)
    return target


def _put_back(one: Damage, sound: dict[str, Path | Files]) -> bool:
    """Give DVC's cache the bytes that the workspace has; whether it has them."""
    source = sound.get(one.md5)
    if source is None:
        return False
    if isinstance(source, Path):
        with replacing(one.path) as temporary:
            shutil.copyfile(source, temporary)  # no link: the workspace's file may be written
    else:
        write_bytes(one.path, recorded.bytes_of_listing(source))
    one.path.chmod(0o444)
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
        busy = [user for user in users if psutil.pid_exists(int(user["pid"]))]
    except (OSError, ValueError, AttributeError, KeyError, TypeError):  # DVC makes it anew
        return
    if busy:
        raise LegatoError(f"verify: DVC is at work here (process {busy[0]['pid']}): wait until it has finished")

"""DVC's own files in a project: what dvc.yaml declares, what dvc.lock, or the locks of a split project, record, and the
cache with the objects.
"""

import hashlib
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from legato.errors import LegatoError
from legato.files import naming, require_file

PROJECT, LOCK, FOLDER = Path("dvc.yaml"), "dvc.lock", Path("categories")
BOOL = "tag:yaml.org,2002:bool"


class LOADER(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # C's is ten times as fast
    """Reads YAML as DVC writes it, of version 1.2: there `no`, `yes`, `on` and `off` are words."""


LOADER.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != BOOL]
    for letter, resolvers in LOADER.yaml_implicit_resolvers.items()
}
LOADER.add_implicit_resolver(BOOL, re.compile("true|True|TRUE|false|False|FALSE"), list("tTfF"))

DVC = Path(".dvc")
MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")

Stages = dict[str, Any]


def read_stages(path: Path = PROJECT) -> Stages:
    """The stages of a dvc.yaml or a dvc.lock, by name; of a lock that is not there, none.

    Raises:
        LegatoError: there is no such dvc.yaml, or the file is not YAML, as with the marks of a merge conflict in it, or
            is none of DVC's.
    """
    if not (path.exists() or path.is_symlink()):
        if path.name == LOCK:
            return {}
        raise LegatoError(f"{path}: no such file; run from the root of the project")
    try:
        values = yaml.load(require_file(path).read_text(encoding="utf-8"), LOADER)  # a safe one
    except UnicodeDecodeError as error:
        raise LegatoError(f"{path}: not YAML: not UTF-8: byte {error.start}") from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        raise LegatoError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    stages = (values.get("stages") if isinstance(values, dict) else values) or {}
    if not isinstance(stages, dict):
        raise LegatoError(f"{path}: stages: must name stages")
    for name, body in stages.items():
        if not (isinstance(name, str) and _is_stage(body, is_locked=path.name == LOCK)):
            raise LegatoError(f"{path}: stages.{name}: is no stage of DVC's")
    return stages


def _is_stage(body: Any, *, is_locked: bool) -> bool:
    """Whether a stage has what is read of it; DVC's own rules are stricter."""
    if not isinstance(body, dict) or ("do" in body and not _is_stage(body["do"], is_locked=False)):
        return False
    if is_locked:
        outs = body.get("outs", [])
        return isinstance(outs, list) and all(map(is_locked_out, outs))
    lists = [body.get(kind, []) for kind in ("deps", "params", "outs", "metrics", "plots")]
    if not all(isinstance(listed, list) for listed in lists):
        return False
    outs = [out for listed in lists[2:] for out in listed]
    return all(map(_is_out, outs)) and all(isinstance(dep, str) for dep in lists[0])


def _is_out(out: Any) -> bool:
    if isinstance(out, dict):
        return all(isinstance(path, str) and isinstance(options, dict) for path, options in out.items())
    return isinstance(out, str)


def is_locked_out(out: Any) -> bool:
    """Whether it is in the project, with an MD5."""
    if not isinstance(out, dict) or not all(isinstance(out.get(name), str) for name in ("path", "md5")):
        return False
    is_inside = (
        out["path"].isprintable() and not Path(out["path"]).is_absolute() and ".." not in Path(out["path"]).parts
    )
    return is_inside and bool(MD5.fullmatch(out["md5"])) and Path(out["path"]) != Path()


def all_locked() -> Stages:
    """The locks' entries, under the names that they have, or would have, in the project's dvc.yaml."""
    locked = dict(read_stages(PROJECT.with_name(LOCK)))
    for path in sorted(FOLDER.glob(f"*/{LOCK}")):
        locked |= {f"{stage}@{path.parent.name}": entry for stage, entry in read_stages(path).items()}
    return locked


class Store(NamedTuple):
    """DVC's cache: the folder in which a file is named by its MD5, and how it is in the workspace."""

    objects: Path
    has_copies: bool  # files of the workspace are copies of its objects, with shared blocks or not; else links


def find_store() -> Store | None:
    """DVC's cache; None outside a DVC project.

    Raises:
        LegatoError: DVC's configuration cannot be read.
    """
    if not DVC.is_dir():
        return None
    from dvc.config import Config
    from dvc.exceptions import DvcException

    try:
        cache = Config(str(DVC.absolute()))["cache"]
    except DvcException as error:
        raise LegatoError(f"{DVC / 'config'}: {' '.join(str(error).split())}") from None
    objects = Path(cache.get("dir") or DVC / "cache") / "files/md5"
    kinds = cache.get("type", ())  # reflink, else copy, where nothing is said
    return Store(objects, has_copies=not {"hardlink", "symlink"}.intersection(kinds))


def object_store() -> Path | None:
    """The folder of DVC's cache in which a file is named by its MD5, as `find_store`."""
    found = find_store()
    return found.objects if found else None


def object_path(store: Path, md5: str) -> Path:
    """Where DVC's cache has an object."""
    return store / md5[:2] / md5[2:]


def md5_of(path: Path) -> str:
    """A file's MD5, by which DVC knows it, as 32 hex digits."""
    with naming(path), path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

"""DVC's own files in a project: what dvc.yaml declares, what dvc.lock, or the locks of a split project, record, and the
cache with the objects.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import yaml

from legato.errors import LegatoError

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

Stages = dict[str, Any]


def read_stages(path: Path = PROJECT) -> Stages:
    """The stages of a dvc.yaml or a dvc.lock, by name; of a lock that is not there, none.

    Raises:
        LegatoError: there is no such dvc.yaml, or the file is not YAML, as with the marks of a merge conflict in it.
    """
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), LOADER)  # a safe one
    except FileNotFoundError:
        if path.name == LOCK:
            return {}
        raise LegatoError(f"{path}: no such file; run from the root of the project") from None
    except yaml.YAMLError as error:
        raise LegatoError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    return values.get("stages") or {}


def all_locked() -> Stages:
    """The locks' entries, under the names that they have, or would have, in the project's dvc.yaml."""
    locked = dict(read_stages(PROJECT.with_name(LOCK)))
    for path in sorted(FOLDER.glob(f"*/{LOCK}")):
        locked |= {f"{stage}@{path.parent.name}": entry for stage, entry in read_stages(path).items()}
    return locked


def object_store() -> Path | None:
    """The folder of DVC's cache in which a file lies under its MD5; None outside a DVC project."""
    if not DVC.is_dir():
        return None
    from dvc.config import Config

    return Path(Config(str(DVC.absolute()))["cache"].get("dir") or DVC / "cache") / "files/md5"


def object_path(store: Path, md5: str) -> Path:
    """Where DVC's cache has an object."""
    return store / md5[:2] / md5[2:]


def md5_of(path: Path) -> str:
    """A file's MD5, by which DVC knows it, as 32 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

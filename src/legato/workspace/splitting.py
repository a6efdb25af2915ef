"""A dvc.yaml for each category, for a dataset of many.

DVC rewrites a whole dvc.lock whenever a stage has run, so the time that it spends on one file grows with the square of
the stages in it. Split, each category has a file and a lock of its own in `categories/`, made from the `foreach` stages
of the project's dvc.yaml. What is locked moves along: nothing runs again.
"""

import shutil
from pathlib import Path
from typing import Any

import yaml

from legato.errors import LegatoError
from legato.files import write_text
from legato.workspace import categories
from legato.workspace.dvc_files import FOLDER, LOCK, PROJECT, Stages, all_locked, read_stages

JOINED, SPLIT = "foreach: ${categories}", "foreach: []  # split: categories/*/dvc.yaml"
NOTE = "# Made from the project's dvc.yaml: edit that, and run `legato split` again.\n"


def split() -> list[Path]:
    """Give each category of params.yaml its own dvc.yaml, and take those of others away; return the files.

    Raises:
        LegatoError: there is no dvc.yaml, or no category.
    """
    stages = read_stages()
    texts = {name: _category_file(name, stages) for name in categories.names()}
    locked = all_locked()
    for folder in set(FOLDER.iterdir() if FOLDER.is_dir() else ()) - {FOLDER / name for name in texts}:
        shutil.rmtree(folder)
    for name, text in texts.items():
        of_category = {stage: locked.pop(f"{stage}@{name}", None) for stage in yaml.safe_load(text)["stages"]}
        write_text(_path(name), text)
        _write_lock(_path(name).with_name(LOCK), {stage: entry for stage, entry in of_category.items() if entry})
    write_text(PROJECT, PROJECT.read_text(encoding="ascii").replace(JOINED, SPLIT))
    moved = {stage for stage, body in stages.items() if _is_of_categories(body)}
    kept = {name: entry for name, entry in locked.items() if "@" not in name or name.split("@")[0] not in moved}
    _write_lock(PROJECT.with_name(LOCK), kept)
    return [_path(name) for name in texts]


def join() -> None:
    """Have all categories in the project's dvc.yaml again."""
    locked = all_locked()
    write_text(PROJECT, PROJECT.read_text(encoding="ascii").replace(SPLIT, JOINED))
    _write_lock(PROJECT.with_name(LOCK), locked)
    shutil.rmtree(FOLDER, ignore_errors=True)


def check() -> None:
    """See that a split project's files are those that its parameters and dvc.yaml make.

    Raises:
        LegatoError: a category has none, or an old one, or there is one for no category.
    """
    if not PROJECT.exists() or SPLIT not in PROJECT.read_text(encoding="ascii"):
        return
    stages = read_stages()
    expected = {_path(name): _category_file(name, stages) for name in categories.names()}
    found = {path: path.read_text(encoding="ascii") for path in FOLDER.glob("*/dvc.yaml")}
    wrong = sorted(str(path) for path in expected.keys() | found.keys() if expected.get(path) != found.get(path))
    if wrong:
        raise LegatoError(f"{', '.join(wrong)}: not what params.yaml and dvc.yaml make: run `legato split` again")


def _category_file(name: str, stages: Stages) -> str:
    each = {stage: body["do"] for stage, body in stages.items() if _is_of_categories(body)}
    back = "/".join([".."] * len(_path(name).parent.parts))
    content = {
        "vars": [f"{back}/params.yaml"],
        "stages": {stage: {"wdir": back, **body} for stage, body in each.items()},
    }
    text = yaml.safe_dump(content, sort_keys=False, width=120)
    return NOTE + text.replace("${key}", name)


def _is_of_categories(body: dict[str, Any]) -> bool:
    """Whether a stage is one of each category; `fetch` is one of each archive, of which there are few."""
    return body.get("foreach") in ("${categories}", [])


def _write_lock(path: Path, stages: Stages) -> None:
    if stages:
        write_text(path, yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False))
    else:
        path.unlink(missing_ok=True)


def _path(category: str) -> Path:
    return FOLDER / category / PROJECT

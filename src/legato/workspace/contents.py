"""What each stage made of each category, in one hash: what the stages that read all categories depend on.

DVC cannot name the folders of all categories in one stage, for which they are, params.yaml says; and a folder above
them cannot be pulled, and holds what removed categories left behind. The facts that a stage leaves of a category have
the hash of each file that it made. So the hash of the facts stands for all of them, it is in Git, and the stage that
reads it sees by itself that the files are here (`recorded`).
"""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from legato.files import sha256_of, write_json
from legato.workspace.layout import CONTENTS, STAGES_WITH_FACTS, TRACK_FACTS, facts_path


def facts_of(categories: Iterable[str], stages: Iterable[str] = STAGES_WITH_FACTS) -> list[Path]:
    """The files of facts of categories."""
    return [facts_path(category, stage) for category in categories for stage in stages]


def write_contents(categories: Sequence[str]) -> None:
    """Write a file for each stage: of each category the SHA-256 of its facts."""
    for stage, made in zip(STAGES_WITH_FACTS, CONTENTS, strict=True):
        write_json(made.path, {name: sha256_of(facts_path(name, stage)) for name in categories})


def forget_others(categories: Sequence[str]) -> None:
    """Remove the facts of categories that are gone, so that nothing of them is hashed.

    The folder is there afterwards, empty or not: DVC pulls a whole output where it is missing, and this is none.
    """
    TRACK_FACTS.mkdir(parents=True, exist_ok=True)
    for folder in TRACK_FACTS.iterdir():
        if folder.is_dir() and folder.name not in categories:
            shutil.rmtree(folder)

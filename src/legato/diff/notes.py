"""What a reader must know of two versions to read their difference rightly."""

from collections.abc import Iterator

from legato.diff.compare import WORDS, Difference
from legato.diff.version import Version

MOST_NAMES = 4  # in a line


def notes_of(found: Difference) -> list[str]:
    """A line for everything that is missing, out of date or not as DVC knows it."""
    return [*_version_notes(found.old), *_version_notes(found.new), *_step_notes(found)]


def some(names: list[str]) -> str:
    """A few names, and how many others there are.

    >>> some(["a", "b", "c", "d", "e", "f"])
    'a, b, c, d and 2 more'
    """
    n_others = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {n_others} more" if n_others > 0 else "")


def _version_notes(version: Version) -> Iterator[str]:
    if not any(version.has(path) for path in version.outs):
        yield f"{version.name}: nothing is built in it: no stage has written an output"
    if version.outdated:
        mend = "it was committed without `dvc repro`" if version.commit else "run `dvc repro`"
        yield f"{version.name}: made with other parameters or code: {some(version.outdated)}; {mend}"
    if version.edited:
        yield f"{version.name}: not as dvc.lock says: {some(version.edited)}; compared as it is"
    if version.absent:
        yield f"{version.name}: not checked out: {some(version.absent)}; compared as dvc.lock says"


def _step_notes(found: Difference) -> Iterator[str]:
    for version, side in ((found.old, "only_new"), (found.new, "only_old")):
        lacking: dict[str, list[str]] = {}
        for name, category in found.categories.items():
            if steps := getattr(category, side):
                lacking.setdefault(", ".join(WORDS[step] for step in steps), []).append(name)
        for words, names in lacking.items():
            yield f"{version.name}: has no {words} of {some(names)}; not compared"

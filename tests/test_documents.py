"""What README, CONTRIBUTING, docs and pyproject.toml name is there."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from helpers.checkout import ROOT
from legato.work import code_version

DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "models/codec/README.md", *(ROOT / "docs").glob("*.md")]
)
FOLDERS = "src|stages|docs|tests|benchmarks"  # whose files are in Git
PACKAGES = {path.parent.name for path in (ROOT / "src/legato").glob("*/__init__.py")}
ROOMS = "|".join(sorted(PACKAGES - {"dataset"}))  # a room, and also the folder of what stages make
NAMED = re.compile(rf"(?<![\w./-])(?:{FOLDERS})/[\w./-]*\w")
IN_A_ROOM = re.compile(rf"`((?:{ROOMS})/[\w./-]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
PLACEHOLDER = re.compile(r"<\w+>[\w./<>*-]*")  # and what follows it
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def files_named(text: str) -> set[str]:
    """The files and folders that a document names, from the root of the project."""
    plain = PLACEHOLDER.sub("", text)
    in_rooms = (f"src/legato/{name}" for name in IN_A_ROOM.findall(plain))
    return {*NAMED.findall(plain), *in_rooms}


def exists(path: Path) -> bool:
    """Whether a file, a folder or a module is there."""
    return path.exists() or path.with_suffix(".py").is_file()


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as code hosts make them."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text()
    assert {name for name in files_named(text) if not exists(ROOT / name)} == set()
    links = [((document.parent / target) if target else document, anchor) for target, anchor in LINK.findall(text)]
    assert [path for path, _ in links if not path.exists()] == []
    assert [(path, anchor) for path, anchor in links if anchor and anchor not in anchors(path)] == []


def test_names_of_files_are_found_where_there_are_any() -> None:
    text = "see `truth/gone.py`, [it](src/legato/claims.py), stages/<name>.py and https://a.b/docs/transformers"
    assert files_named(text) == {"src/legato/truth/gone.py", "src/legato/claims.py"}
    assert sum(len(files_named(path.read_text())) for path in DOCUMENTS) > 50


def packages(names: list[str]) -> set[str]:
    return {name.lower().replace("_", "-") for name in names}


def test_every_package_that_is_imported_is_declared() -> None:
    optional = PROJECT["optional-dependencies"]
    declared = packages(
        PROJECT["dependencies"] + [name for extra in optional if extra != "test" for name in optional[extra]]
    )
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "stages").glob("*.py")]
    names = {name.split(".")[0] for path in files for name in code_version.imported_names(path)}
    imported = packages([code_version._distribution(name) for name in names - sys.stdlib_module_names - {"legato"}])
    assert len(imported) > 20
    assert imported - declared == set()
    # Users read the MIDI with one, DVC pushes to S3 with one and is quicker with one.
    assert packages(PROJECT["dependencies"]) - imported == {"pretty-midi", "dvc-s3", "ruamel.yaml.clib"}

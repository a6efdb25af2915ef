"""Imports point down: a module knows the rooms below its own, and no room above or beside it.

A room is a folder of src/legato with all that is in it, or a module beside these folders.
"""

import graphlib
from pathlib import Path

import pytest

from helpers.checkout import ROOT
from helpers.floors import FLOOR_OF
from legato.work import code_version

LEGATO = code_version.SOURCE / "legato"
MODULES = sorted(path for path in LEGATO.rglob("*.py") if path.name != "__init__.py")
MOST_ROOMS, MOST_AT_THE_ROOT = 25, 8


def room_of(path: Path) -> str:
    return path.relative_to(LEGATO).with_suffix("").parts[0]


def modules_imported(path: Path) -> set[Path]:
    return {other for other in code_version.imported_modules(path) if other.name != "__init__.py"}


def test_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in MODULES} == set(FLOOR_OF)


@pytest.mark.parametrize("room", FLOOR_OF)
def test_a_room_imports_from_lower_floors_alone(room: str) -> None:
    """And so no circle of rooms can be."""
    arrows = {(path, other) for path in MODULES if room_of(path) == room for other in modules_imported(path)}
    wrong = [
        f"{path.relative_to(LEGATO)} imports {other.relative_to(LEGATO)}"
        for path, other in sorted(arrows)
        if room_of(other) != room and FLOOR_OF[room_of(other)] >= FLOOR_OF[room]
    ]
    assert not wrong


def test_the_walk_sees_the_arrows() -> None:
    """Were it blind, the law would hold of anything."""
    arrows = {(room_of(path), room_of(other)) for path in MODULES for other in modules_imported(path)}
    assert {("check", "workspace"), ("report", "page"), ("render", "midi"), ("codec_training", "compose")} <= arrows


def test_no_modules_import_one_another_in_a_circle() -> None:
    graphlib.TopologicalSorter({path: modules_imported(path) for path in MODULES}).prepare()


def test_the_library_imports_no_stage_and_no_test() -> None:
    above = {path.stem for folder in ("stages", "tests") for path in (ROOT / folder).glob("*.py")}
    for path in MODULES:
        names = {name.split(".")[0] for name in code_version.imported_names(path)}
        assert not names & (above | {"stages", "tests", "helpers"}), path


def test_the_house_stays_small_enough_to_know() -> None:
    packages = {path.parent for path in LEGATO.rglob("__init__.py")} - {LEGATO}
    assert len(packages) <= MOST_ROOMS
    assert len([path for path in MODULES if path.parent == LEGATO]) <= MOST_AT_THE_ROOT


def test_tests_are_in_the_rooms_that_they_test() -> None:
    folders = {path.parent.name for path in (ROOT / "tests").rglob("test_*.py")} - {"tests"}
    assert folders <= set(FLOOR_OF)

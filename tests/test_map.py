"""docs/architecture.md draws the rooms that there are, in the order of their floors."""

import re

from helpers.checkout import ROOT
from helpers.floors import FLOOR_OF
from legato.work.code_version import SOURCE

LEGATO = SOURCE / "legato"
PICTURE = (ROOT / "docs/architecture.md").read_text().split("```")[1]
LINE = re.compile(r"(?P<indent> *)(?P<names>[a-z_]+(?: +[a-z_]+)?)  +\S")


def drawn() -> list[tuple[str, bool]]:
    """The names at the left of each line, and whether they are inner rooms."""
    found = [match for line in PICTURE.splitlines() if (match := LINE.match(line))]
    return [(name, bool(match["indent"])) for match in found for name in match["names"].split()]


def test_the_picture_has_every_room_once() -> None:
    packages = {path.parent for path in LEGATO.rglob("__init__.py")} - {LEGATO}
    rooms = [path.name for path in packages] + [path.stem for path in LEGATO.glob("*.py") if path.stem != "__init__"]
    assert sorted(name for name, _ in drawn()) == sorted([*rooms, "stages"])


def test_the_picture_is_in_the_order_of_the_floors() -> None:
    floors = [FLOOR_OF[name] for name, is_inner in drawn() if not is_inner and name != "stages"]
    assert floors == sorted(floors, reverse=True)


def test_an_inner_room_is_drawn_below_its_own() -> None:
    outer = ""
    for name, is_inner in drawn():
        if is_inner:
            assert (LEGATO / outer / name).is_dir()
        else:
            outer = name


def test_each_floor_of_the_picture_is_one_floor() -> None:
    for block in PICTURE.strip().split("\n\n")[1:]:
        names = [name for line in block.splitlines() if (match := LINE.match(line)) for name in match["names"].split()]
        assert len({FLOOR_OF[name] for name in names if name in FLOOR_OF}) == 1, block

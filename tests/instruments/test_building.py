"""The .wasm files are what their sources compile to. Runs where `make instruments` has installed its tools."""

import json
import shutil
from pathlib import Path

import pytest

from legato.errors import LegatoError
from legato.instruments import building
from legato.instruments.catalogue import ASSETS, load, names

cyfaust = pytest.importorskip("cyfaust")
pytest.importorskip("ziglang")
PLAIN = """import("synth.lib");
declare license "CC0-1.0"; declare gain "1"; declare kind "effect"; declare post "plain";
mix = hslider("mix", 0.5, 0, 1, 0.1);
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source of somebody's own."""
    for path in ASSETS.glob("*.*"):
        if path.suffix in (".lib", ".h", ".c"):
            shutil.copy(path, tmp_path)
    monkeypatch.setattr(building, "ASSETS", tmp_path)
    return tmp_path / "mine.dsp"


@pytest.mark.parametrize("name", names())
def test_a_source_compiles_to_the_bytes_that_are_kept(name: str) -> None:
    wasm, facts = building.build(ASSETS / f"{name}.dsp")
    assert wasm == load(name).wasm
    assert facts == json.loads((ASSETS / f"{name}.json").read_text())


def test_a_source_of_ones_own_compiles(mine: Path) -> None:
    mine.write_text(PLAIN + "plain(l, r) = l * mix, r * mix;")
    _, facts = building.build(mine)
    assert facts["libraries"] == {"synth.lib": "CC0-1.0"}
    assert [row["name"] for row in facts["parameters"]] == ["mix"]


def test_library_functions_are_named_with_their_licences(mine: Path) -> None:
    mine.write_text('fi = library("filters.lib");' + PLAIN + "plain(l, r) = l * mix, r : par(s, 2, fi.svf.lp(900, 1));")
    _, facts = building.build(mine)
    assert facts["libraries"]["filters.lib/svf"] == "LicenseRef-STK-4.3"
    assert facts["libraries"]["maths.lib"] == "LicenseRef-LGPL-2.1-or-later-with-Faust-exception"


def test_a_function_under_the_gpl_is_refused(mine: Path) -> None:
    mine.write_text(
        'ba = library("basics.lib");' + PLAIN + "plain(l, r) = l * mix, r <: ba.parallelMax(2), ba.parallelMin(2);"
    )
    with pytest.raises(
        LegatoError, match=r"'mine': basics\.lib/parallelM\w+ is under GPL-3.0-only, which no instrument may use"
    ):
        building.build(mine)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("plain(l, r) = l * mix, nonsense(r);", "Faust refuses its process 'plain'"),
        ('other = hslider("other", 0, 0, 1, 0.1); plain(l, r) = l * mix, r;', "changes nothing: other"),
    ],
)
def test_what_is_wrong_with_a_source_is_one_line(mine: Path, source: str, reason: str) -> None:
    mine.write_text(PLAIN + source)
    with pytest.raises(LegatoError, match=rf"mine\.dsp: {reason}"):
        building.build(mine)

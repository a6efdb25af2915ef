"""The documentation lists the font's presets."""

from pathlib import Path

from helpers.checkout import ROOT
from legato.soundfont import page
from legato.soundfont.reader import read_presets


def test_the_page_lists_exactly_what_the_font_has(font: Path) -> None:
    written = (ROOT / "docs/instruments.md").read_text()
    rows = [line.split(" | ") for line in written.splitlines() if line.startswith("| ") and line[2].isdigit()]
    listed = {(int(bank[2:]), int(program)): name for bank, program, _, name, _ in rows}
    assert {place: name[:19] for place, name in listed.items()} == read_presets(font)
    assert written == page.text()
    pictures = {path.name for path in (ROOT / "docs/instruments").glob("*.png")}
    assert pictures == {f"sheet_{number}.png" for number in range(1, page.n_sheets() + 1)}

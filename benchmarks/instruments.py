"""What the built SoundFont sounds like: `levels` writes src/legato/soundfont/levels.py, `page` docs/instruments.md
and its pictures, `list` prints what is measured of each preset. Run after src/legato/soundfont has changed:

    python benchmarks/instruments.py levels && python benchmarks/instruments.py page
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from legato.files import write_bytes
from legato.midi.gm import PROGRAMS
from legato.soundfont import audition, page
from legato.soundfont.font import write_font
from legato.soundfont.levels import LEVELS
from legato.soundfont.repertoire import TONALS

LEVELS_FILE = Path(__file__).parent.parent / "src/legato/soundfont/levels.py"
PAGE = Path(__file__).parent.parent / "docs/instruments.md"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        font = Path(folder) / "legato.sf2"
        write_font(font)
        player = audition.Player(font)
        {"levels": write_levels, "page": write_page, "list": print_list}[sys.argv[1]](player)


def write_levels(player: audition.Player) -> None:
    """Move each preset's level by as much as it misses the aim."""
    rows = []
    for row in TONALS:
        off_db = audition.aim_db(row) - audition.preset_level_db(player, row)
        level_db = LEVELS.get((row.program, row.bank), 0.0) + off_db
        if abs(off_db) > 0.2:
            print(f"{row.name:20} was {-off_db:+.1f} dB off")
        rows.append(f'    ("{row.program}", {row.bank}): {level_db:.1f},\n')
    head, _, _ = LEVELS_FILE.read_text().partition("LEVELS:")
    table = "LEVELS: dict[tuple[str, int], float] = {\n" + "".join(rows) + "}\n"
    write_bytes(LEVELS_FILE, (head + table).encode())


def print_list(player: audition.Player) -> None:
    """Loudness, attack, decay over two seconds and brightness of each preset."""
    for row in TONALS:
        audio = player.play(row.bank, PROGRAMS[row.program], [audition.middle_key(row)], 2.0)
        levels = audition.envelope(audio)
        fallen_db = 20 * np.log10(levels[-20:].mean() / levels.max() + 1e-6)
        print(
            f"{row.name:20} {audition.level_db(audio):6.1f} dB, attack {audition.rise_s(audio):.3f} s, "
            f"{fallen_db:6.1f} dB after 2 s, centroid {audition.centroid_hz(audio):5.0f} Hz"
        )


def write_page(player: audition.Player) -> None:
    """The page's text and its pictures."""
    page.write_pictures(player, PAGE.parent / "instruments")
    write_bytes(PAGE, page.text().encode())


if __name__ == "__main__":
    main()

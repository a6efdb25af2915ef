"""soundfont: write the CC0 SoundFont, every sample synthesised here."""

from pathlib import Path

from legato.errors import stage
from legato.soundfont.config import BUILT_FONT
from legato.soundfont.font import write_font


def main() -> None:
    write_font(Path(BUILT_FONT))


if __name__ == "__main__":
    stage(main)

"""soundfont: write the CC0 SoundFont, every sample synthesized here."""

from legato.errors import stage
from legato.soundfont.font import write_font
from legato.workspace.layout import SOUNDFONT


def main() -> None:
    write_font(SOUNDFONT.path)


if __name__ == "__main__":
    stage(main)

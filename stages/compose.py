"""compose@category: write each track's MIDI file and its facts, composed or from the user's own files."""

from legato.compose.category import compose_category
from legato.errors import stage
from legato.work import items
from legato.work.recorded import verified
from legato.workspace.layout import facts_path


def main(category: str, *only: str) -> None:
    """Write a category's tracks; where ids are given, these alone."""
    items.record(facts_path(category, "compose"), lambda: compose_category(category, only))


if __name__ == "__main__":
    stage(verified(main))

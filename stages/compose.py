"""compose@category: write each track's music and facts: composed, of the user's files, or of an archive's records."""

from legato.compose.category import compose_category
from legato.errors import stage
from legato.work import items
from legato.work.recorded import verified
from legato.workspace import categories
from legato.workspace.layout import facts_path


def main(category: str, *only: str) -> None:
    """Write a category's tracks; where ids are given, these alone."""
    make = compose_category
    if categories.is_archive(category):
        from legato.archives.category import ingest_category as make  # and SciPy
    items.record(facts_path(category, "compose"), lambda: make(category, only))


if __name__ == "__main__":
    stage(verified(main))

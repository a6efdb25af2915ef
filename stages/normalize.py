"""normalize@category: trim each rendered track and bring it to one loudness."""

from legato.audio.category import normalize_category
from legato.errors import stage
from legato.work import items
from legato.work.recorded import verified
from legato.workspace.layout import facts_path


def main(category: str) -> None:
    items.record(facts_path(category, "normalize"), lambda: normalize_category(category))


if __name__ == "__main__":
    stage(verified(main))

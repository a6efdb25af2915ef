"""validate@category: whether each tag of each prompt is true of the MIDI and of the audio."""

from legato.errors import stage
from legato.truth.validate import validate_category
from legato.work import items
from legato.work.recorded import verified
from legato.workspace.layout import facts_path


def main(category: str) -> None:
    items.record(facts_path(category, "validate"), lambda: validate_category(category))


if __name__ == "__main__":
    stage(verified(main))

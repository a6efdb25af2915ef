"""validate@category: whether each tag of each prompt is true of the MIDI and of the audio."""

from legato import items
from legato.errors import stage
from legato.recorded import verified
from legato.track import facts_path
from legato.truth.validate import validate_category


def main(category: str) -> None:
    items.record(facts_path(category, "validate"), lambda: validate_category(category))


if __name__ == "__main__":
    stage(verified(main))

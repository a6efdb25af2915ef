"""diversity: how different the tracks are, in total and per category."""

from legato.errors import stage
from legato.files import write_json
from legato.measure.diversity import diversity_of
from legato.work.recorded import verified
from legato.workspace import categories
from legato.workspace.layout import DIVERSITY


def main() -> None:
    write_json(DIVERSITY.path, diversity_of(categories.names()))


if __name__ == "__main__":
    stage(verified(main))

"""collect: every category's codes and prompts as the dataset a trainer reads, held-out tracks apart."""

from legato import categories, params
from legato.collect import collect
from legato.errors import stage
from legato.track import DatasetParams


def main() -> None:
    collect(categories.track_counts(), params.load("dataset", DatasetParams).held_out)


if __name__ == "__main__":
    stage(main)

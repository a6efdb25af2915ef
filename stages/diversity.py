"""diversity: how different the tracks are, in total and per category."""

from pathlib import Path

from legato.errors import stage
from legato.files import read_jsonl, write_json
from legato.measure.diversity import features, figures
from legato.measure.metrics import TOTAL
from legato.work import recorded
from legato.work.recorded import verified
from legato.workspace import categories
from legato.workspace.contents import facts_of
from legato.workspace.track import facts_path


def main() -> None:
    found, names = {}, categories.names()
    recorded.verify([*facts_of(names, ["compose"]), *(Path("dataset/raw_audio", name) for name in names)])
    for category in names:
        midi_of = {row["id"]: row["midi_sha256"] for row in read_jsonl(facts_path(category, "compose"))}
        tracks = sorted((Path("dataset/raw_audio") / category).iterdir())
        found[category] = (features(category, tracks), [midi_of[track.stem] for track in tracks])
    rows = [row for features_of, _ in found.values() for row in features_of]
    midis = [midi for _, of_category in found.values() for midi in of_category]
    write_json(
        Path("reports/diversity.json"),
        {TOTAL: figures(rows, midis)} | {category: figures(*each) for category, each in found.items()},
    )


if __name__ == "__main__":
    stage(verified(main))

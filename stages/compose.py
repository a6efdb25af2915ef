"""compose@category: draw each track's song and write its MIDI file and its facts."""

from pathlib import Path
from typing import Any

from legato import items, params
from legato.compose.config import MusicParams
from legato.compose.song import compose
from legato.errors import stage
from legato.files import sha256_of, write_jsonl
from legato.midi import write_midi
from legato.track import DatasetParams, TrackCount, facts_path, track_id, track_rng


def main(category: str) -> None:
    n_tracks = params.load(f"categories.{category}.tracks", TrackCount)
    music = params.load(f"categories.{category}.music", MusicParams)
    seed = params.load("dataset", DatasetParams).seed
    folder = items.clear(Path("dataset/midi") / category)

    def compose_track(index: int) -> dict[str, Any]:
        name = track_id(category, index)
        song, facts = compose(music, track_rng(seed, category, index, "compose"))
        path = folder / f"{name}.mid"
        write_midi(path, song)
        return {"id": name, "seed": seed, "midi_sha256": sha256_of(path), **facts}

    rows = items.run(compose_track, range(n_tracks), stage="compose", name=lambda i: track_id(category, i))
    write_jsonl(facts_path(category, "compose"), rows)


if __name__ == "__main__":
    stage(main)

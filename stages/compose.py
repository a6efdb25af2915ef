"""compose@category: write each track's MIDI file and its facts, composed or from the user's own files."""

from pathlib import Path

from legato.compose.config import LICENSE, MusicParams
from legato.compose.song import compose
from legato.errors import stage
from legato.files import sha256_of
from legato.midi.rewrite import rewrite
from legato.midi.song import write_midi
from legato.work import items
from legato.work.items import Facts
from legato.work.recorded import verified
from legato.workspace import categories, params
from legato.workspace.sources import SOURCES, MidiSourceParams, read_kits, read_manifest, source_id
from legato.workspace.track import DatasetParams, TrackCount, facts_path, track_id, track_rng

MIDI = Path("dataset/midi")


def main(category: str, *only: str) -> None:
    """Write a category's tracks; where ids are given, these alone."""
    seed = params.load("dataset", DatasetParams).seed
    compose_all = from_sources if categories.is_source(category) else from_nothing
    items.record(facts_path(category, "compose"), lambda: compose_all(category, seed, only))


def from_nothing(category: str, seed: int, only: tuple[str, ...]) -> list[Facts]:
    n_tracks = params.load(f"categories.{category}.tracks", TrackCount)
    music = params.load(f"categories.{category}.music", MusicParams)

    def compose_track(index: int, folder: Path) -> Facts:
        name = track_id(category, index)
        song, facts = compose(music, track_rng(seed, category, index, "compose"))
        path = folder / f"{name}.mid"
        write_midi(path, song)
        return {"id": name, "seed": seed, "license": LICENSE, "midi_sha256": sha256_of(path), **facts}

    step = items.Step[int](
        stage="compose",
        category=category,
        work=compose_track,
        name=lambda index: track_id(category, index),
        reads=lambda _: None,
        settings={"music": music.model_dump(), "seed": seed},
        outs=[MIDI / category],
    )
    return items.build(step, [index for index in range(n_tracks) if not only or track_id(category, index) in only])


def from_sources(category: str, seed: int, only: tuple[str, ...]) -> list[Facts]:
    music = params.load(f"categories.{category}.music", MidiSourceParams)
    kits = read_kits(category)

    def rewrite_track(file: str, folder: Path) -> Facts:
        name = source_id(category, file)
        path = folder / f"{name}.mid"
        facts = rewrite(SOURCES / category / file, path, music.license, kits=kits, file=file)
        return {"id": name, "seed": seed, "midi_sha256": sha256_of(path), **facts}

    step = items.Step[str](
        stage="compose",
        category=category,
        work=rewrite_track,
        name=str,
        reads=lambda file: sha256_of(SOURCES / category / file),
        settings={"music": music.model_dump(), "seed": seed, "kits": kits},
        outs=[MIDI / category],
    )
    files = read_manifest(category)
    return items.build(step, [file for file in files if not only or source_id(category, file) in only])


if __name__ == "__main__":
    stage(verified(main))

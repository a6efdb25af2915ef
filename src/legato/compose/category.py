"""A category's MIDI files and their facts: composed, or the user's own files in the form that later stages read."""

from collections.abc import Collection
from pathlib import Path

from legato.compose.config import LICENSE, MusicParams
from legato.compose.song import compose
from legato.files import Json, sha256_of
from legato.midi.rewrite import rewrite
from legato.midi.song import write_midi
from legato.work import items, packing
from legato.workspace import categories, params
from legato.workspace.layout import MIDI, SOURCES, settings_of
from legato.workspace.sources import MidiSourceParams, read_kits, read_manifest, source_id
from legato.workspace.track import DatasetParams, TrackCount, track_id, track_rng


def compose_category(category: str, only: tuple[str, ...] = ()) -> Collection[Json]:
    """Write a category's MIDI files into the workspace and return each one's facts.

    Args:
        only: ids of tracks, if not all are wanted.

    Raises:
        LegatoError: tracks failed: each is named, the others are written.
    """
    dataset = params.load("dataset", DatasetParams)
    if categories.is_source(category):
        return _rewrite_all(category, dataset, only)
    n_tracks = params.load(f"categories.{category}.tracks", TrackCount)
    music = params.load(f"categories.{category}.music", MusicParams)
    wanted = [index for index in range(n_tracks) if not only or track_id(category, index) in only]
    with packing.stored(dataset.layout, len(wanted), MIDI.folder(category)) as outs:
        step = items.Step[int](
            stage="compose",
            category=category,
            work=lambda index, folder: compose_track(folder, music, dataset.seed, category, index),
            name=lambda index: track_id(category, index),
            reads=lambda _: None,
            settings=settings_of("compose", params.read(), category),
            outs=outs,
        )
        return items.build(step, wanted)


def compose_track(folder: Path, music: MusicParams, seed: int, category: str, index: int) -> Json:
    """Write one song's MIDI file and return its facts; both depend on the arguments alone."""
    name = track_id(category, index)
    song, facts = compose(music, track_rng(seed, category, index, "compose"))
    path = folder / f"{name}.mid"
    write_midi(path, song)
    return {"id": name, "seed": seed, "license": LICENSE, "midi_sha256": sha256_of(path), **facts}


def _rewrite_all(category: str, dataset: DatasetParams, only: tuple[str, ...]) -> Collection[Json]:
    license_id = params.load(f"categories.{category}.music", MidiSourceParams).license
    kits = read_kits(category)

    def rewrite_track(file: str, folder: Path) -> Json:
        name = source_id(category, file)
        path = folder / f"{name}.mid"
        facts = rewrite(SOURCES / category / file, path, license_id, kits=kits, file=file)
        return {"id": name, "seed": dataset.seed, "midi_sha256": sha256_of(path), **facts}

    wanted = [file for file in read_manifest(category) if not only or source_id(category, file) in only]
    with packing.stored(dataset.layout, len(wanted), MIDI.folder(category)) as outs:
        step = items.Step[str](
            stage="compose",
            category=category,
            work=rewrite_track,
            name=str,
            reads=lambda file: sha256_of(SOURCES / category / file),
            settings=settings_of("compose", params.read(), category) | {"kits": kits},
            outs=outs,
        )
        return items.build(step, wanted)

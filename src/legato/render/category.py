"""A category's MIDI files as audio, with a file of each part where params.yaml asks for stems."""

from collections.abc import Collection
from functools import partial
from pathlib import Path

from legato import shards
from legato.audio.samples import LIBSNDFILE
from legato.files import Json, require_file, sha256_of, write_bytes, write_json
from legato.render.band import manifest_of
from legato.render.fluidsynth import fluidsynth_version
from legato.render.players import Renderers
from legato.render.production import RenderParams
from legato.render.renderers import PRODUCTION, RENDERER, Chains
from legato.render.rendering import Studio, render
from legato.soundfont.config import SoundfontParams
from legato.tokens import SAMPLE_RATE
from legato.work import items, listings, packing
from legato.workspace import params
from legato.workspace.layout import MIDI, RENDERED, STEMS, settings_of
from legato.workspace.track import DatasetParams, track_rng

INDEX = "index.json"  # of a category's stems
RECORDED = ".flac"  # the suffix of music that is audio already


def made_with(category: str) -> Json:
    """What plays all tracks: the synthesiser's version and the SoundFont's hash; nothing plays recordings.

    Raises:
        LegatoError: there is no such SoundFont, or no libfluidsynth.
    """
    tracks = MIDI.files(category)
    if tracks and all(path.suffix == RECORDED for path in tracks):
        return {}
    font = Path(params.load("soundfont", SoundfontParams).path)
    return {"synth": f"FluidSynth {fluidsynth_version()}", "soundfont_sha256": sha256_of(require_file(font))}


def section_of(category: str) -> Json:
    """A category's section of params.yaml, as it is written."""
    return params.load(f"categories.{category}", dict)


def studio_of(category: str) -> Studio:
    """What plays a category's tracks, by params.yaml.

    Raises:
        LegatoError: a section breaks a rule.
    """
    section = section_of(category)
    given = {name: section[name] for name in (RENDERER, PRODUCTION) if section.get(name) is not None}
    return Studio(
        font=Path(params.load("soundfont", SoundfontParams).path),
        params=params.load("render", RenderParams),
        sample_rate=SAMPLE_RATE,
        renderers=params.load(f"categories.{category}.{RENDERER}", Renderers) if RENDERER in given else {},
        chains=params.load(f"categories.{category}.{PRODUCTION}", Chains) if PRODUCTION in given else {},
    )


def render_category(category: str) -> Collection[Json]:
    """Render each MIDI file into the workspace and return each one's facts.

    Raises:
        LegatoError: as `made_with`; or tracks failed: each is named, the others are written.
    """
    dataset = params.load("dataset", DatasetParams)
    studio = studio_of(category)

    def render_track(midi: Path, folder: Path, stems: Path) -> Json:
        target, apart = folder / f"{midi.stem}.flac", stems / midi.stem
        if midi.suffix == RECORDED:
            write_bytes(target, shards.read(midi))
            return {"id": midi.stem, "rendered_sha256": sha256_of(target)}
        # How long it may play decides whether there is a result, and nothing of it: so it is none of the settings.
        stream = partial(track_rng, dataset.seed, category, midi.stem)
        facts = render(midi, target, apart, studio, stream, max_minutes=dataset.max_minutes)
        return {"id": midi.stem, "rendered_sha256": sha256_of(target), **facts}

    tracks = MIDI.files(category)
    with packing.stored(dataset.layout, len(tracks), STEMS.folder(category)) as (stems,):
        step = items.Step[Path](
            stage="render",
            category=category,
            work=render_track,
            name=lambda midi: midi.stem,
            reads=listings.sha256_of,
            settings=settings_of("render", params.read(), category)
            | {"libsndfile": LIBSNDFILE, "renderers": manifest_of(section_of(category)), **made_with(category)},
            outs=[RENDERED.folder(category), stems],
        )
        return items.build(step, tracks)


def index_stems(category: str, names: list[str]) -> None:
    """Write which stems each track has; where none has any, too, because DVC warns of empty folders."""
    folder = STEMS.folder(category)
    found = {name: sorted(path.name for path in (folder / name).glob("*")) for name in names}
    for member in shards.names(folder):
        name, _, stem = member.partition(".")
        found[name].append(stem)
    write_json(folder / INDEX, found)

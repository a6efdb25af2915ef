"""A category's MIDI files as audio, with a file of each part where params.yaml asks for stems."""

import shutil
from pathlib import Path

from legato.audio.samples import LIBSNDFILE
from legato.files import require_file, sha256_of, write_json
from legato.render.fluidsynth import fluidsynth_version
from legato.render.production import RenderParams
from legato.render.rendering import render
from legato.soundfont.config import SoundfontParams
from legato.tokens import SAMPLE_RATE
from legato.work import items
from legato.work.items import Facts
from legato.workspace import params
from legato.workspace.layout import MIDI, RENDERED, STEMS, settings_of
from legato.workspace.track import DatasetParams, track_rng

INDEX = "index.json"  # of a category's stems
RECORDED = ".flac"  # the suffix of music that is audio already


def made_with(category: str) -> Facts:
    """What plays all tracks: the synthesiser's version and the SoundFont's hash; nothing plays recordings.

    Raises:
        LegatoError: there is no such SoundFont, or no libfluidsynth.
    """
    if MIDI.files(category) and all(path.suffix == RECORDED for path in MIDI.files(category)):
        return {}
    font = Path(params.load("soundfont", SoundfontParams).path)
    return {"synth": f"FluidSynth {fluidsynth_version()}", "soundfont_sha256": sha256_of(require_file(font))}


def render_category(category: str) -> list[Facts]:
    """Render each MIDI file into the workspace and return each one's facts.

    Raises:
        LegatoError: as `made_with`; or tracks failed: each is named, the others are written.
    """
    settings = params.load("render", RenderParams)
    dataset = params.load("dataset", DatasetParams)
    font = Path(params.load("soundfont", SoundfontParams).path)

    def render_track(midi: Path, folder: Path, stems: Path) -> Facts:
        target = folder / f"{midi.stem}.flac"
        if midi.suffix == RECORDED:
            shutil.copyfile(midi, target)
            return {"id": midi.stem, "rendered_sha256": sha256_of(target)}
        rng = track_rng(dataset.seed, category, midi.stem, "render")
        apart = stems / midi.stem
        # How long it may play decides whether there is a result, and nothing of it: so it is none of the settings.
        facts = render(midi, target, apart, font, settings, SAMPLE_RATE, rng, max_minutes=dataset.max_minutes)
        return {"id": midi.stem, "rendered_sha256": sha256_of(target), **facts}

    step = items.Step[Path](
        stage="render",
        category=category,
        work=render_track,
        name=lambda midi: midi.stem,
        reads=sha256_of,
        settings=settings_of("render", params.read(), category) | {"libsndfile": LIBSNDFILE, **made_with(category)},
        outs=[RENDERED.folder(category), STEMS.folder(category)],
    )
    return items.build(step, MIDI.files(category))


def index_stems(category: str, names: list[str]) -> None:
    """Write which stems each track has; where none has any, too, because DVC warns of empty folders."""
    folder = STEMS.folder(category)
    write_json(folder / INDEX, {name: sorted(path.name for path in (folder / name).glob("*")) for name in names})

"""render@category: play each MIDI file through the SoundFont."""

from pathlib import Path
from typing import Any

from legato.audio.samples import LIBSNDFILE
from legato.errors import stage
from legato.files import require_file, sha256_of, write_json
from legato.render.fluidsynth import fluidsynth_version
from legato.render.production import RenderParams
from legato.render.rendering import render
from legato.soundfont.config import SoundfontParams
from legato.tokens import SAMPLE_RATE
from legato.work import items
from legato.work.recorded import verified
from legato.workspace import params
from legato.workspace.track import DatasetParams, facts_path, track_rng

STEMS, INDEX = Path("dataset/stems"), "index.json"


def main(category: str) -> None:
    settings = params.load("render", RenderParams)
    dataset = params.load("dataset", DatasetParams)
    seed = dataset.seed
    font = Path(params.load("soundfont", SoundfontParams).path)
    made_with = {"synth": f"FluidSynth {fluidsynth_version()}", "soundfont_sha256": sha256_of(require_file(font))}
    midis = sorted((Path("dataset/midi") / category).glob("*.mid"))

    def render_track(midi: Path, folder: Path, stems: Path) -> dict[str, Any]:
        target = folder / f"{midi.stem}.flac"
        rng = track_rng(seed, category, midi.stem, "render")
        apart = stems / midi.stem
        # How long it may play decides whether there is a result, and nothing of it: so it is none of the settings.
        facts = render(midi, target, apart, font, settings, SAMPLE_RATE, rng, max_minutes=dataset.max_minutes)
        return {"id": midi.stem, "rendered_sha256": sha256_of(target), **facts}

    step = items.Step(
        stage="render",
        category=category,
        work=render_track,
        name=lambda midi: midi.stem,
        reads=sha256_of,
        settings={"render": settings.model_dump(), "seed": seed, "libsndfile": LIBSNDFILE, **made_with},
        outs=[Path("dataset/rendered") / category, STEMS / category],
    )
    rows = items.record(facts_path(category, "render"), lambda: items.build(step, midis), made_with)
    stems = STEMS / category  # which has an index where there are none, too: DVC warns of empty folders
    write_json(stems / INDEX, {row["id"]: sorted(path.name for path in (stems / row["id"]).glob("*")) for row in rows})


if __name__ == "__main__":
    stage(verified(main))

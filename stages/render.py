"""render@category: play each MIDI file through the SoundFont."""

from pathlib import Path
from typing import Any

from legato import items, params
from legato.audio import LIBSNDFILE, write_audio
from legato.errors import stage
from legato.files import require_file, sha256_of, write_jsonl
from legato.production import RenderParams
from legato.render import render
from legato.soundfont.config import SoundfontParams
from legato.synth import fluidsynth_version
from legato.tokens import SAMPLE_RATE
from legato.track import DatasetParams, facts_path, track_rng


def main(category: str) -> None:
    settings = params.load("render", RenderParams)
    seed = params.load("dataset", DatasetParams).seed
    font = Path(params.load("soundfont", SoundfontParams).path)
    made_with = {"synth": f"FluidSynth {fluidsynth_version()}", "soundfont_sha256": sha256_of(require_file(font))}
    midis = sorted((Path("dataset/midi") / category).glob("*.mid"))

    def render_track(midi: Path, folder: Path, stems: Path) -> dict[str, Any]:
        rendered = render(midi, font, settings, SAMPLE_RATE, track_rng(seed, category, midi.stem, "render"))
        target = folder / f"{midi.stem}.flac"
        write_audio(target, rendered.audio, SAMPLE_RATE, "PCM_24")
        for role, audio in rendered.stems.items():
            write_audio(stems / midi.stem / f"{role}.flac", audio, SAMPLE_RATE, "PCM_24")
        return {"id": midi.stem, "rendered_sha256": sha256_of(target), **rendered.facts}

    step = items.Step(
        stage="render",
        category=category,
        work=render_track,
        name=lambda midi: midi.stem,
        reads=sha256_of,
        settings={"render": settings.model_dump(), "seed": seed, "libsndfile": LIBSNDFILE, **made_with},
        outs=[Path("dataset/rendered") / category, Path("dataset/stems") / category],
    )
    write_jsonl(facts_path(category, "render"), (row | made_with for row in items.build(step, midis)))


if __name__ == "__main__":
    stage(main)

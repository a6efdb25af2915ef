"""render@category: play each MIDI file through the SoundFont."""

from pathlib import Path
from typing import Any

from legato import items, params
from legato.audio import write_audio
from legato.errors import stage
from legato.files import sha256_of, write_jsonl
from legato.render import RenderParams, fluidsynth_version, render
from legato.soundfont.config import SoundfontParams
from legato.tokens import SAMPLE_RATE
from legato.track import facts_path


def main(category: str) -> None:
    settings = params.load("render", RenderParams)
    font = Path(params.load("soundfont", SoundfontParams).path)
    folder = items.clear(Path("dataset/rendered") / category)
    midis = sorted((Path("dataset/midi") / category).glob("*.mid"))

    def render_track(midi: Path) -> dict[str, Any]:
        audio, facts = render(midi, font, settings, SAMPLE_RATE)
        write_audio(folder / f"{midi.stem}.flac", audio, SAMPLE_RATE, "PCM_24")
        return {"id": midi.stem, **facts}

    rows = items.run(render_track, midis, stage="render", name=lambda midi: midi.stem)
    made_with = {"synth": f"FluidSynth {fluidsynth_version()}", "soundfont_sha256": sha256_of(font)}
    write_jsonl(facts_path(category, "render"), (row | made_with for row in rows))


if __name__ == "__main__":
    stage(main)

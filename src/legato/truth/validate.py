"""The truth test of a whole category: every tag of every prompt against its track."""

from pathlib import Path
from typing import Any

from legato import items
from legato.audio import read_audio
from legato.files import read_jsonl
from legato.midi_reader import read_contents
from legato.prompt import read_prompt, tags_of
from legato.tokens import SAMPLE_RATE
from legato.track import facts_path
from legato.truth.checks import judge
from legato.truth.evidence import Evidence

Row = dict[str, Any]


def validate_category(category: str) -> list[Row]:
    """Judge every prompt of a category in the workspace, on its MIDI and its normalised audio.

    Raises:
        LegatoError: a track's MIDI, audio or prompt is missing or cannot be read.
    """
    stated = {row["id"]: row for row in read_jsonl(facts_path(category, "compose"))}
    heard = {row["id"]: row for row in read_jsonl(facts_path(category, "render"))}

    def validate_track(name: str) -> Row:
        audio_path = next(iter((Path("dataset/raw_audio") / category).glob(f"{name}.*")), None)
        evidence = Evidence(
            midi=read_contents(Path("dataset/midi") / category / f"{name}.mid"),
            audio=read_audio(audio_path or Path("dataset/raw_audio") / category / f"{name}.wav", SAMPLE_RATE),
            sample_rate=SAMPLE_RATE,
            facts=stated[name] | heard.get(name, {}),
        )
        return {"id": name, "verdicts": judge(tags_of(read_prompt(category, name)), evidence)}

    return items.run(validate_track, list(stated), stage="validate", name=str)

"""Every tag of every prompt of a category, judged against its track."""

from pathlib import Path
from typing import Any

from legato.audio.samples import read_audio
from legato.contract.tags import split_tags
from legato.errors import LegatoError
from legato.files import read_jsonl, sha256_of
from legato.midi.contents import read_contents
from legato.prompts.tags import prompt_path, read_prompt
from legato.tokens import SAMPLE_RATE
from legato.truth.checks import judge
from legato.truth.evidence import Evidence
from legato.work import items
from legato.workspace.track import facts_path

Row = dict[str, Any]


def inputs(category: str) -> list[Path]:
    """The folders and files that `validate_category` reads."""
    folders = [Path("dataset", kind, category) for kind in ("audio_prompts", "midi", "raw_audio")]
    return [*folders, *(facts_path(category, stage) for stage in ("compose", "render"))]


def validate_category(category: str) -> list[Row]:
    """Judge every prompt of a category in the workspace, on its MIDI and its normalised audio.

    Raises:
        FailedError: a track's MIDI, audio or prompt is missing or cannot be read, or has a tag that no check knows.
    """
    stated = {row["id"]: row for row in read_jsonl(facts_path(category, "compose"))}
    heard = {row["id"]: row for row in read_jsonl(facts_path(category, "render"))}

    def midi_path(name: str) -> Path:
        return Path("dataset/midi") / category / f"{name}.mid"

    def audio_path(name: str) -> Path:
        folder = Path("dataset/raw_audio") / category
        return next(iter(folder.glob(f"{name}.*")), folder / f"{name}.wav")

    def validate_track(name: str) -> Row:
        evidence = Evidence(
            midi=read_contents(midi_path(name)),
            audio=read_audio(audio_path(name), SAMPLE_RATE),
            sample_rate=SAMPLE_RATE,
            facts=stated[name] | heard.get(name, {}),
        )
        tags = split_tags(read_prompt(category, name))
        try:
            return {"id": name, "verdicts": judge(tags, evidence)}
        except LegatoError as error:
            raise LegatoError(f"{prompt_path(category, name)}: {error}") from None

    step = items.Step[str](
        stage="validate",
        category=category,
        work=validate_track,
        name=str,
        reads=lambda name: [
            sha256_of(midi_path(name)),
            sha256_of(audio_path(name)),
            sha256_of(prompt_path(category, name)),
            stated[name] | heard.get(name, {}),
        ],
        settings=None,
    )
    return items.build(step, list(stated))

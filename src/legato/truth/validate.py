"""Every tag of every prompt of a category, judged against its track."""

from pathlib import Path

from legato import shards
from legato.audio.samples import read_audio
from legato.contract.tags import split_tags
from legato.errors import LegatoError
from legato.files import Json, read_jsonl
from legato.midi.contents import read_contents
from legato.prompts.tags import read_prompt
from legato.tokens import SAMPLE_RATE
from legato.truth.by_ear import Sound
from legato.truth.checks import judge, judge_recording
from legato.truth.evidence import Evidence
from legato.work import items
from legato.workspace.layout import AUDIO, MIDI, PROMPT, facts_path


def inputs(category: str) -> list[Path]:
    """The folders and files that `validate_category` reads."""
    folders = [made.folder(category) for made in (PROMPT, MIDI, AUDIO)]
    return [*folders, *(facts_path(category, stage) for stage in ("compose", "render"))]


def validate_category(category: str) -> list[Json]:
    """Judge every prompt of a category in the workspace, on its MIDI and its normalized audio.

    Raises:
        FailedError: a track's MIDI, audio or prompt is missing or cannot be read, or has a tag that no check knows.
    """
    stated = {row["id"]: row for row in read_jsonl(facts_path(category, "compose"))}
    heard = {row["id"]: row for row in read_jsonl(facts_path(category, "render"))}

    def validate_recording(name: str, tags: tuple[str, ...]) -> Json:
        sound = Sound(audio=read_audio(AUDIO.file(category, name), SAMPLE_RATE), sample_rate=SAMPLE_RATE)
        return {"id": name, "verdicts": judge_recording(tags, sound, stated[name])}

    def validate_track(name: str) -> Json:
        if stated[name].get("is_audio"):
            try:
                return validate_recording(name, split_tags(read_prompt(category, name)))
            except LegatoError as error:
                raise LegatoError(f"{PROMPT.file(category, name)}: {error}") from None
        evidence = Evidence(
            midi=read_contents(MIDI.file(category, name)),
            audio=read_audio(AUDIO.file(category, name), SAMPLE_RATE),
            sample_rate=SAMPLE_RATE,
            facts=stated[name] | heard.get(name, {}),
        )
        tags = split_tags(read_prompt(category, name))
        try:
            return {"id": name, "verdicts": judge(tags, evidence)}
        except LegatoError as error:
            raise LegatoError(f"{PROMPT.file(category, name)}: {error}") from None

    step = items.Step[str](
        stage="validate",
        category=category,
        work=validate_track,
        name=str,
        reads=lambda name: [
            *(shards.sha256_of(made.file(category, name)) for made in (MIDI, AUDIO, PROMPT)),
            stated[name] | heard.get(name, {}),
        ],
        settings=None,
    )
    return items.build(step, list(stated))

"""Every tag of every prompt of a category, judged against its track."""

from collections.abc import Collection
from pathlib import Path

from legato.audio.samples import read_audio
from legato.contract.tags import split_tags
from legato.errors import LegatoError
from legato.files import Json, rows_of
from legato.midi.contents import read_contents
from legato.prompts.tags import read_prompt
from legato.tokens import SAMPLE_RATE
from legato.truth.by_ear import Sound
from legato.truth.checks import judge, judge_recording
from legato.truth.evidence import Evidence
from legato.work import items, listings
from legato.work.spilled import Line, Lines
from legato.workspace.layout import AUDIO, MIDI, PROMPT, facts_path

Track = tuple[str, Line, Line | None]  # its id, and where its facts are by `compose` and by `render`


def inputs(category: str) -> list[Path]:
    """The folders and files that `validate_category` reads."""
    folders = [made.folder(category) for made in (PROMPT, MIDI, AUDIO)]
    return [*folders, *(facts_path(category, stage) for stage in ("compose", "render"))]


def validate_category(category: str) -> Collection[Json]:
    """Judge every prompt of a category in the workspace, on its MIDI and its normalized audio.

    Raises:
        FailedError: a track's MIDI, audio or prompt is missing or cannot be read, or has a tag that no check knows.
    """
    stated, heard = (Lines(facts_path(category, stage)) for stage in ("compose", "render"))
    names = [row["id"] for row in rows_of(facts_path(category, "compose"))]
    tracks: list[Track] = [(name, stated.line(name), heard.find(name)) for name in names]

    def validate_recording(name: str, tags: tuple[str, ...], known: Json) -> Json:
        sound = Sound(audio=read_audio(AUDIO.file(category, name), SAMPLE_RATE), sample_rate=SAMPLE_RATE)
        return {"id": name, "verdicts": judge_recording(tags, sound, known)}

    def validate_track(track: Track) -> Json:
        name, compose_line, render_line = track
        known = compose_line.read()
        if known.get("is_audio"):
            try:
                return validate_recording(name, split_tags(read_prompt(category, name)), known)
            except LegatoError as error:
                raise LegatoError(f"{PROMPT.file(category, name)}: {error}") from None
        evidence = Evidence(
            midi=read_contents(MIDI.file(category, name)),
            audio=read_audio(AUDIO.file(category, name), SAMPLE_RATE),
            sample_rate=SAMPLE_RATE,
            facts=known | (render_line.read() if render_line else {}),
        )
        tags = split_tags(read_prompt(category, name))
        try:
            return {"id": name, "verdicts": judge(tags, evidence)}
        except LegatoError as error:
            raise LegatoError(f"{PROMPT.file(category, name)}: {error}") from None

    step = items.Step[Track](
        stage="validate",
        category=category,
        work=validate_track,
        name=lambda track: track[0],
        reads=lambda track: [
            *(listings.sha256_of(made.file(category, track[0])) for made in (MIDI, AUDIO, PROMPT)),
            track[1].read() | (track[2].read() if track[2] else {}),
        ],
        settings=None,
    )
    return items.build(step, tracks)

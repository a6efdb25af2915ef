"""The prompts of a category's tracks, from what earlier stages know of them. No audio is touched."""

from collections.abc import Collection
from pathlib import Path

from legato.files import Json, rows_of, sha256_of, write_text
from legato.prompts.tags import BasePhrase
from legato.prompts.writing import prompt
from legato.work import items, packing
from legato.work.pool import HERE
from legato.work.spilled import Lines
from legato.workspace import params
from legato.workspace.layout import PROMPT, facts_path, settings_of
from legato.workspace.track import DatasetParams, track_rng


def prompt_category(category: str) -> Collection[Json]:
    """Write the prompts into the workspace and return each one's facts.

    Raises:
        LegatoError: facts are missing, or tracks failed: each is named, the others are written.
    """
    phrase = params.load(f"categories.{category}.prompt", BasePhrase)
    dataset = params.load("dataset", DatasetParams)
    composed, rendered = (Lines(facts_path(category, stage)) for stage in ("compose", "render"))
    names = [row["id"] for row in rows_of(facts_path(category, "compose"))]

    def known_of(name: str) -> Json:
        return {key: value for line in (composed.line(name), rendered.line(name)) for key, value in line.read().items()}

    def prompt_track(name: str, folder: Path) -> Json:
        known = known_of(name)
        rng = track_rng(dataset.seed, category, name, "prompt")
        path = folder / PROMPT.file(category, name).name
        write_text(path, prompt(phrase, known, rng))
        return {"id": name, "prompt_sha256": sha256_of(path)}

    with packing.stored(dataset.layout, len(names), PROMPT.folder(category)) as outs:
        step = items.Step[str](
            stage="prompt",
            category=category,
            work=prompt_track,
            name=str,
            reads=known_of,
            settings=settings_of("prompt", params.read(), category),
            outs=outs,
        )
        return items.build(step, names, place=HERE)  # too little work for a pool

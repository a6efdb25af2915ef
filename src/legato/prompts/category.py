"""The prompts of a category's tracks, from what earlier stages know of them. No audio is touched."""

from pathlib import Path

from legato.files import Json, read_jsonl, sha256_of, write_text
from legato.prompts.tags import BasePhrase
from legato.prompts.writing import prompt
from legato.work import items, packing
from legato.work.pool import HERE
from legato.workspace import params
from legato.workspace.layout import PROMPT, facts_path, settings_of
from legato.workspace.track import DatasetParams, track_rng


def prompt_category(category: str) -> list[Json]:
    """Write the prompts into the workspace and return each one's facts.

    Raises:
        LegatoError: facts are missing, or tracks failed: each is named, the others are written.
    """
    phrase = params.load(f"categories.{category}.prompt", BasePhrase)
    dataset = params.load("dataset", DatasetParams)
    rendered = {row["id"]: row for row in read_jsonl(facts_path(category, "render"))}
    facts = [row | rendered[row["id"]] for row in read_jsonl(facts_path(category, "compose"))]

    def prompt_track(known: Json, folder: Path) -> Json:
        name = known["id"]
        rng = track_rng(dataset.seed, category, name, "prompt")
        path = folder / PROMPT.file(category, name).name
        write_text(path, prompt(phrase, known, rng))
        return {"id": name, "prompt_sha256": sha256_of(path)}

    with packing.stored(dataset.layout, len(facts), PROMPT.folder(category)) as outs:
        step = items.Step[Json](
            stage="prompt",
            category=category,
            work=prompt_track,
            name=lambda known: known["id"],
            reads=lambda known: known,
            settings=settings_of("prompt", params.read(), category),
            outs=outs,
        )
        return items.build(step, facts, place=HERE)  # too little work for a pool

"""prompt@category: write each track's prompt from its facts. No audio is touched."""

from pathlib import Path

from legato.errors import stage
from legato.files import read_jsonl, sha256_of, write_jsonl, write_text
from legato.prompts.tags import BasePhrase, prompt_path
from legato.prompts.writing import prompt
from legato.work import items
from legato.work.items import Facts
from legato.work.pool import HERE
from legato.work.recorded import verified
from legato.workspace import params
from legato.workspace.track import DatasetParams, facts_path, track_rng


def main(category: str) -> None:
    phrase = params.load(f"categories.{category}.prompt", BasePhrase)
    seed = params.load("dataset", DatasetParams).seed
    heard = {row["id"]: row for row in read_jsonl(facts_path(category, "render"))}
    facts = [stated | heard[stated["id"]] for stated in read_jsonl(facts_path(category, "compose"))]

    def prompt_track(known: Facts, folder: Path) -> Facts:
        name = known["id"]
        rng = track_rng(seed, category, name, "prompt")
        path = folder / prompt_path(category, name).name
        write_text(path, prompt(phrase, known, rng))
        return {"id": name, "prompt_sha256": sha256_of(path)}

    step = items.Step(
        stage="prompt",
        category=category,
        work=prompt_track,
        name=lambda known: known["id"],
        reads=lambda known: known,
        settings={"phrase": phrase, "seed": seed},
        outs=[Path("dataset/audio_prompts") / category],
    )
    write_jsonl(facts_path(category, "prompt"), items.build(step, facts, place=HERE))  # too little work for a pool


if __name__ == "__main__":
    stage(verified(main))

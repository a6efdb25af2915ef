"""prompt@category: write each track's prompt from its facts. No audio is touched."""

from pathlib import Path

from legato import items, params
from legato.errors import stage
from legato.files import read_jsonl, write_text
from legato.prompt import BasePhrase, prompt_path
from legato.prompting import prompt
from legato.track import DatasetParams, facts_path, track_rng


def main(category: str) -> None:
    phrase = params.load(f"categories.{category}.prompt", BasePhrase)
    seed = params.load("dataset", DatasetParams).seed
    items.clear(Path("dataset/audio_prompts") / category)
    heard = {row["id"]: row for row in read_jsonl(facts_path(category, "render"))}
    for stated in read_jsonl(facts_path(category, "compose")):
        name = stated["id"]
        rng = track_rng(seed, category, name, "prompt")
        write_text(prompt_path(category, name), prompt(phrase, stated | heard[name], rng))


if __name__ == "__main__":
    stage(main)

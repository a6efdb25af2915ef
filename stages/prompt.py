"""prompt@category: write each track's prompt from its facts. No audio is touched."""

from pathlib import Path

from legato import items, params
from legato.errors import stage
from legato.files import read_jsonl, write_text
from legato.prompt import BasePhrase, prompt
from legato.track import DatasetParams, facts_path, track_rng


def main(category: str) -> None:
    phrase = params.load(f"categories.{category}.prompt", BasePhrase)
    seed = params.load("dataset", DatasetParams).seed
    folder = items.clear(Path("dataset/audio_prompts") / category)
    for index, facts in enumerate(read_jsonl(facts_path(category, "compose"))):
        text = prompt(phrase, facts, track_rng(seed, category, index, "prompt"))
        write_text(folder / f"{facts['id']}_prompt.txt", text)


if __name__ == "__main__":
    stage(main)

"""Tracks as the stages that make them leave them: random codes, the same facts."""

from pathlib import Path

import numpy as np
import torch

from legato.files import sha256_of, write_jsonl, write_text
from legato.workspace.layout import facts_path
from legato.workspace.track import track_id

FACTS = {
    "compose": {"bpm": 120, "key": "C", "scale": "major", "seed": 0},
    "render": {"synth": "FluidSynth"},
    "normalize": {"lufs": -14.0, "dbtp": -1.5, "limiter_db": 0.0, "at_target": True, "seconds": 0.5, "silence": 0.0},
    "validate": {"verdicts": [["120 bpm", "bpm", True, "notes"], ["dry", "space", True, "stated"]]},
    "encode": {},
}


def ids(**n_tracks: int) -> dict[str, list[str]]:
    """The ids of composed categories' tracks."""
    return {category: [track_id(category, index) for index in range(count)] for category, count in n_tracks.items()}


def make_category(category: str, n_tracks: int) -> None:
    make_tracks(category, ids(**{category: n_tracks})[category])


def make_tracks(category: str, names: list[str], **facts_of_compose: str) -> None:
    rng = np.random.default_rng(len(category))
    Path("dataset/encoded", category).mkdir(parents=True, exist_ok=True)
    encoded, prompts = [], []
    for name in names:
        path = Path("dataset/encoded", category, f"{name}.pt")
        torch.save(torch.from_numpy(rng.integers(0, 1024, (40, 18), dtype=np.int16)), path)
        encoded.append({"id": name, "frames": 40, "codes_sha256": sha256_of(path)})
        prompt = Path("dataset/audio_prompts", category, f"{name}_prompt.txt")
        write_text(prompt, f"{category} beat, 120 bpm")
        prompts.append({"id": name, "prompt_sha256": sha256_of(prompt)})
    for stage, facts in FACTS.items():
        write_jsonl(facts_path(category, stage), [{"id": name} | facts for name in names])
    composed = [{"id": name} | FACTS["compose"] | facts_of_compose for name in names]
    write_jsonl(facts_path(category, "compose"), composed)
    write_jsonl(facts_path(category, "encode"), encoded)
    write_jsonl(facts_path(category, "prompt"), prompts)

"""What the tests of the Dia rooms share: a model of a few numbers, tracks of random codes, datasets of them."""

import json
from pathlib import Path

import numpy as np
import torch
import yaml

from legato import params
from legato.dia import batches
from legato.dia.batches import Track
from legato.dia.config import SampleParams, Size, TrainParams
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS

MICRO = Size(
    encoder_layers=1,
    encoder_width=16,
    encoder_heads=2,
    decoder_layers=1,
    decoder_width=32,
    decoder_heads=2,
    mlp_ratio=2,
)
TRAIN = {
    "size": "micro",
    "device": "cpu",
    "seed": 0,
    "steps": 6,
    "batch": 2,
    "frames": 12,
    "learning_rate": 0.01,
    "warmup_steps": 2,
    "weight_decay": 0.0,
    "clip_norm": 1.0,
    "text_dropout": 0.1,
    "tag_dropout": 0.1,
    "eval_every": 3,
}
SAMPLE = {
    "prompts": ["pad", "808 bass melody"],
    "seconds": 0.2,
    "guidance": 2.0,
    "temperature": 1.0,
    "top_k": 50,
    "seed": 0,
}


def random_codes(n_frames: int, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(CODEBOOK_SIZE, size=(n_frames, N_CHANNELS), dtype=np.int16))


def a_track(n_frames: int, seed: int = 0) -> Track:
    return Track(f"t_{seed}", ("808 bass melody", "140 BPM", "A minor"), random_codes(n_frames, seed))


def write_dataset(folder: Path, tracks: list[Track]) -> Path:
    (folder / "encoded_audio").mkdir(parents=True)
    entries = {}
    for track in tracks:
        torch.save(track.codes_TK, folder / "encoded_audio" / f"{track.id}.pt")
        entries[f"{track.id}.pt"] = {
            "text": ", ".join(track.tags),
            "sr": 44100,
            "channels": 18,
            "length": len(track.codes_TK),
        }
    (folder / "metadata.json").write_text(json.dumps(entries))
    return folder


def train_params(**changes) -> TrainParams:
    return TrainParams.model_validate(TRAIN | changes)


def sample_params(**changes) -> SampleParams:
    return SampleParams.model_validate(SAMPLE | changes)


def load_changed(folder: Path, key: str, section: dict, change: dict, kind: type):
    """A section of a params.yaml, changed, as a stage reads it."""
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump({key: section | change}))
    return params.load(key, kind, path)


def fixed_batch() -> batches.Batch:
    (batch,) = batches.fixed_batches([a_track(40)], windows=2, frames=16)
    return batch

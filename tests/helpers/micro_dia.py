"""What the tests of the Dia rooms share: a model of a few numbers, tracks of random codes, datasets of them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import yaml
from accelerate import Accelerator

from legato.dia import batches, model, run, training
from legato.dia.config import SampleParams, Size, TrainParams
from legato.dia.dataset import Split, Track, read_split
from legato.dia.loader import StepBatch
from legato.dia.step import Step
from legato.dia.training import Places
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS
from legato.workspace import params

MICRO = Size(
    encoder_layers=1,
    encoder_width=16,
    encoder_heads=2,
    decoder_layers=1,
    decoder_width=32,
    decoder_heads=4,
    decoder_kv_heads=2,
    head_dim=8,
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


def a_track(n_frames: int, seed: int = 0, category: str | None = None) -> Track:
    return Track(f"t_{seed}", ("808 bass melody", "140 BPM", "A minor"), random_codes(n_frames, seed), category)


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
    rows = [{"id": track.id, "category": track.category} for track in tracks if track.category]
    (folder / "tracks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def write_split(folder: Path) -> Split:
    """Three tracks of two categories to learn from and one held out, in folders as the train stage has them."""
    tracks = [a_track(40, seed, category) for seed, category in enumerate(["a", "b", "a"])]
    train = write_dataset(folder / "dataset/encoded_dataset", tracks)
    held_out = write_dataset(folder / "dataset/heldout_dataset", [a_track(30, 3, "a")])
    return read_split(train, held_out)


def places(folder: Path) -> Places:
    return Places(folder / "models/dia", folder / "reports", folder / "models/dia_checkpoints", folder / "logs")


def train_params(**changes) -> TrainParams:
    return TrainParams.model_validate(TRAIN | changes)


def sample_params(**changes) -> SampleParams:
    return SampleParams.model_validate(SAMPLE | changes)


def load_changed(folder: Path, key: str, section: dict, change: dict, kind: type):
    """A section of a params.yaml, changed, as a stage reads it."""
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump({key: section | change}))
    return params.load(key, kind, path)


def fixed_batch(n_frames: int = 40, *, windows: int = 2, frames: int = 16, seed: int = 0) -> batches.Batch:
    return batches.fixed_batch(a_track(n_frames, seed), windows=windows, frames=frames)


def new_run(**changes) -> run.Run:
    return run.new_run(train_params(**changes), [], torch.device("cpu"))


def learn(trained: run.Run, batches_: Sequence[batches.Batch], **changes) -> None:
    """One step on batches, each a part of it."""
    parts = [StepBatch(batch, (None,) * len(batch.labels_BTK)) for batch in batches_]
    learner = model.Learner(trained.model, torch.float32)
    params = train_params(**changes)
    training.learn(Step(Accelerator(cpu=True), learner, trained, params), trained, parts, params)
    trained.read_norms()


def mean_loss(trained: torch.nn.Module, batch: batches.Batch) -> torch.Tensor:
    """Mean cross-entropy in nats over the labels that are asked for."""
    return model.losses(trained, batch).sum() / (batch.labels_BTK != batches.IGNORED).sum()


def learnt_by_heart(batch: batches.Batch, steps: int) -> torch.nn.Module:
    """A micro model that has seen one batch `steps` times."""
    settings = {"steps": steps, "warmup_steps": 5, "learning_rate": 0.02}
    trained = new_run(**settings)
    for _ in range(steps):
        learn(trained, [batch], **settings)
    return trained.model.eval()


def files_of(folder: Path, *, but: str = "logs") -> dict[str, bytes]:
    paths = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if not name.startswith(but)}

"""An independent reader of the trainer's contract. It imports nothing of legato.

It reads a folder as a stereo Dia trainer does, and raises AssertionError where the folder breaks the contract.
"""

import json
from pathlib import Path

import torch


def read_dataset(folder: Path) -> dict[str, dict]:
    """Check every file of a dataset and return its metadata."""
    text = (folder / "metadata.json").read_bytes()
    metadata = json.loads(text.decode("ascii"))
    assert list(metadata) == sorted(metadata), "metadata.json is sorted by name"
    found = sorted(path.name for path in (folder / "encoded_audio").iterdir()) if metadata else []
    assert found == list(metadata), "encoded_audio/ is flat and holds what metadata.json names"
    for name, entry in metadata.items():
        check_codes(folder / "encoded_audio" / name, entry)
        check_text(entry["text"], name)
    return metadata


def check_codes(path: Path, entry: dict) -> None:
    """One track's tensor against its metadata."""
    assert path.suffix == ".pt"
    codes = torch.load(path, weights_only=True)
    assert type(codes) is torch.Tensor
    assert codes.dtype == torch.int16
    assert codes.dim() == 2
    assert codes.shape[1] == 18
    assert codes.is_contiguous()
    assert codes.untyped_storage().nbytes() == codes.numel() * 2, "owns just its own storage"
    assert 0 <= int(codes.min()) <= int(codes.max()) <= 1023
    assert set(entry) == {"text", "sr", "channels", "length"}
    assert (entry["sr"], entry["channels"], entry["length"]) == (44100, 18, codes.shape[0])


def check_text(text: str, name: str) -> None:
    """One track's prompt."""
    assert isinstance(text, str)
    assert text.isascii()
    assert 0 < len(text.encode()) <= 512
    tags = text.split(", ")
    assert all(tag and tag == tag.strip() and "," not in tag for tag in tags)
    assert len(set(tags)) == len(tags)
    assert name.removesuffix(".pt") not in text, "a file name is no prompt"

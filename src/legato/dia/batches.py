"""From a dataset folder to batches a Dia trains on.

A track becomes rows: BOS, the delayed codes, EOS where it ends, PAD after. A window of T frames is T + 1
rows that start with BOS wherever in the track it lies; its inputs are the first T rows and its labels the
last T. Axis suffixes: B windows, L bytes of text, T rows, K codebooks.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from legato.codes import Rule, obey, read_codes
from legato.dia import delay
from legato.dia.config import BOS, DELAY_PATTERN, EOS, MAX_TEXT_BYTES, PAD
from legato.errors import LegatoError
from legato.tokens import N_CHANNELS, SAMPLE_RATE

IGNORED = -100  # the label that torch's cross-entropy skips
NO_BYTE = 0  # pads texts, and is every byte of no text: what transformers' Dia guides away from

ENTRY_RULES: tuple[Rule, ...] = (
    (lambda entry: isinstance(entry, dict), "must be an object"),
    (lambda entry: isinstance(entry.get("text"), str) and entry["text"].strip(" ,") != "", "text: must not be empty"),
    (lambda entry: len(entry["text"].encode()) <= MAX_TEXT_BYTES, f"text: must be at most {MAX_TEXT_BYTES} bytes"),
    (lambda entry: entry.get("sr") == SAMPLE_RATE, f"sr: must be {SAMPLE_RATE}"),
    (lambda entry: entry.get("channels") == N_CHANNELS, f"channels: must be {N_CHANNELS}"),
)


@dataclass(frozen=True)
class Track:
    """A track of the dataset."""

    id: str
    tags: tuple[str, ...]
    codes_TK: Tensor  # int16


@dataclass(frozen=True)
class Batch:
    """What the model is given and what it should answer; text and rows are int64."""

    text_BL: Tensor
    text_mask_BL: Tensor  # 1 where there is a byte
    inputs_BTK: Tensor
    labels_BTK: Tensor  # IGNORED where no answer is asked for

    def to(self, device: torch.device) -> Self:
        """The same batch on `device`."""
        return type(self)(**{name: tensor.to(device) for name, tensor in vars(self).items()})


def read_dataset(folder: Path) -> list[Track]:
    """Every track of a folder in the trainer's format, sorted by name, checked against the whole contract.

    Raises:
        LegatoError: the folder is missing or empty, files and metadata disagree, or a file breaks a rule.
    """
    metadata_path = folder / "metadata.json"
    metadata = _read_metadata(metadata_path)
    files = {path.name: path for path in (folder / "encoded_audio").glob("*.pt")}
    for name in sorted(files.keys() - metadata.keys()):
        raise LegatoError(f"{files[name]}: not in {metadata_path}")
    for name in sorted(metadata.keys() - files.keys()):
        raise LegatoError(f"{folder / 'encoded_audio' / name}: no such file, though {metadata_path} names it")
    return [_read_track(files[name], metadata[name], metadata_path) for name in sorted(files)]


def text_bytes(text: str) -> bytes:
    """The text as UTF-8, at most 512 bytes, never cut inside a character.

    >>> text_bytes("é" * 300) == ("é" * 256).encode()
    True
    """
    return text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore").encode()


def pad_texts(texts: Sequence[bytes]) -> tuple[Tensor, Tensor]:
    """Texts side by side as (B, L) bytes, and the mask that says where there is one."""
    length = max(map(len, texts))
    text_BL = torch.tensor([list(text.ljust(length, bytes([NO_BYTE]))) for text in texts])
    mask_BL = torch.tensor([[1] * len(text) + [0] * (length - len(text)) for text in texts])
    return text_BL, mask_BL


def shuffled_text(tags: Sequence[str], tag_dropout: float, rng: np.random.Generator) -> str:
    """Tags in random order, each dropped with probability `tag_dropout`, but never all of them."""
    order = [tags[index] for index in rng.permutation(len(tags))]
    kept = [tag for tag in order if rng.random() >= tag_dropout]
    return ", ".join(kept or order[:1])


def n_rows(n_frames: int) -> int:
    """Rows of a whole track after its BOS: the frames, EOS, and what the longest delay adds."""
    return n_frames + 1 + max(DELAY_PATTERN)


def last_start(n_frames: int, frames: int) -> int:
    """The last frame at which a window of `frames` rows may start: it then ends with the track's last row."""
    return max(0, min(n_frames - 1, n_rows(n_frames) - frames))


def window_rows(codes_TK: Tensor, start: int, frames: int) -> Tensor:
    """Rows of the window that starts at frame `start`, (T, K) codes to int64 (frames + 1, K).

    A window that the track outlasts is cut across the delayed rows, as generation is at each moment: no
    PAD stands in for codes that exist.
    """
    piece_TK = codes_TK[start : start + frames].long()
    bos_1K, eos_1K = (torch.full((1, N_CHANNELS), token) for token in (BOS, EOS))
    ends = start + frames >= len(codes_TK)
    tokens_TK = torch.cat([bos_1K, piece_TK, *([eos_1K] if ends else [])])
    rows_TK = delay.apply(tokens_TK, DELAY_PATTERN, before=BOS, after=PAD)[: frames + 1]
    padding_TK = torch.full((frames + 1 - len(rows_TK), N_CHANNELS), PAD)
    return torch.cat([rows_TK, padding_TK])


def make_batch(texts: Sequence[bytes], rows_BTK: Tensor) -> Batch:
    """Inputs, and as labels the inputs' next rows with BOS and PAD ignored."""
    labels_BTK = rows_BTK[:, 1:].clone()
    labels_BTK[(labels_BTK == BOS) | (labels_BTK == PAD)] = IGNORED
    return Batch(*pad_texts(texts), rows_BTK[:, :-1], labels_BTK)


def random_batch(
    tracks: Sequence[Track],
    rng: np.random.Generator,
    *,
    batch: int,
    frames: int,
    text_dropout: float,
    tag_dropout: float,
) -> Batch:
    """Windows at random places of random tracks, with shuffled tags, some without their text."""
    texts, rows = [], []
    for index in rng.integers(len(tracks), size=batch):
        track = tracks[index]
        start = int(rng.integers(last_start(len(track.codes_TK), frames) + 1))
        text = text_bytes(shuffled_text(track.tags, tag_dropout, rng))
        texts.append(bytes([NO_BYTE]) * len(text) if rng.random() < text_dropout else text)
        rows.append(window_rows(track.codes_TK, start, frames))
    return make_batch(texts, torch.stack(rows))


def step_rng(seed: int, step: int) -> np.random.Generator:
    """The random stream of one training step, which depends on no other step."""
    return np.random.default_rng([seed, step])


def fixed_batches(tracks: Sequence[Track], *, windows: int, frames: int) -> list[Batch]:
    """One batch a track of `windows` windows spread from its first frame to its end, tags in their order."""
    return [_fixed_batch(track, windows, frames) for track in tracks]


def _fixed_batch(track: Track, windows: int, frames: int) -> Batch:
    starts = np.linspace(0, last_start(len(track.codes_TK), frames), windows).astype(int)
    rows_BTK = torch.stack([window_rows(track.codes_TK, start, frames) for start in dict.fromkeys(starts.tolist())])
    return make_batch([text_bytes(", ".join(track.tags))] * len(rows_BTK), rows_BTK)


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LegatoError(f"{path}: no such file; the collect stage makes it") from None
    except ValueError as error:
        raise LegatoError(f"{path}: not JSON: {error}") from None
    if not isinstance(metadata, dict) or not metadata:
        raise LegatoError(f"{path}: must name at least one track")
    return metadata


def _read_track(path: Path, entry: Any, metadata_path: Path) -> Track:
    obey(ENTRY_RULES, entry, f"{metadata_path}: {path.name}")
    codes_TK = read_codes(path)
    if entry.get("length") != len(codes_TK):
        raise LegatoError(f"{path}: has {len(codes_TK)} frames, but {metadata_path} says {entry.get('length')}")
    tags = tuple(tag.strip() for tag in entry["text"].split(",") if tag.strip())
    return Track(path.stem, tags, codes_TK)

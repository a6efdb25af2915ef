"""From tracks to batches a Dia trains on.

A track becomes rows: BOS, the delayed codes, EOS where it ends, PAD after. A window of T frames is T + 1
rows that start with BOS wherever in the track it is; its inputs are the first T rows and its labels the
last T. Axis suffixes: B windows, L bytes of text, T rows, K codebooks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from legato.contract.tags import join_tags
from legato.dia import delay
from legato.dia.config import BOS, DELAY_PATTERN, EOS, PAD
from legato.dia.dataset import AnyTrack
from legato.tokens import MAX_TEXT_BYTES, N_CHANNELS

TEXT_MULTIPLE = 128  # bytes: at most four lengths of text, so that a compiler meets few shapes
IGNORED = -100  # the label that torch's cross-entropy skips
NO_BYTE = 0  # pads texts, and is every byte of no text: what transformers' Dia guides away from


@dataclass(frozen=True)
class Batch:
    """What the model is given and what it should answer; text and rows are int64."""

    text_BL: Tensor
    text_mask_BL: Tensor  # 1 where there is a byte
    inputs_BTK: Tensor
    labels_BTK: Tensor  # IGNORED where no answer is asked for

    def to(self, device: torch.device) -> Self:
        """The same batch on `device`; the copy of a pinned one continues while others work."""
        return type(self)(*(tensor.to(device, non_blocking=True) for tensor in vars(self).values()))

    def pin_memory(self) -> Self:
        """The same batch in memory that a GPU copies from; DataLoader calls this by its name."""
        return type(self)(*(tensor.pin_memory() for tensor in vars(self).values()))


@dataclass(frozen=True)
class Window:
    """A part of a track to train on, and the text it is trained with."""

    track: AnyTrack
    start: int  # frame
    text: bytes


def text_bytes(text: str) -> bytes:
    """The text as UTF-8, at most 512 bytes, never cut inside a character.

    >>> text_bytes("é" * 300) == ("é" * 256).encode()
    True
    """
    return text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore").encode()


def pad_texts(texts: Sequence[bytes], multiple: int = 1) -> tuple[Tensor, Tensor]:
    """Texts side by side as (B, L) bytes, L a multiple of `multiple`, and the mask that says where there is one."""
    length = math.ceil(max(map(len, texts)) / multiple) * multiple
    text_BL = torch.tensor([list(text.ljust(length, bytes([NO_BYTE]))) for text in texts])
    mask_BL = torch.tensor([[1] * len(text) + [0] * (length - len(text)) for text in texts])
    return text_BL, mask_BL


def shuffled_text(tags: Sequence[str], tag_dropout: float, rng: np.random.Generator) -> str:
    """Tags in random order, each dropped with probability `tag_dropout`, but never all of them."""
    order = [tags[index] for index in rng.permutation(len(tags))]
    kept = [tag for tag in order if rng.random() >= tag_dropout]
    return join_tags(kept or order[:1])


def n_rows(n_frames: int) -> int:
    """Rows of a whole track after its BOS: the frames, EOS, and what the longest delay adds."""
    return n_frames + 1 + max(DELAY_PATTERN)


def last_start(n_frames: int, frames: int) -> int:
    """The last frame at which a window of `frames` rows may start: it then ends with the track's last row."""
    return max(0, min(n_frames - 1, n_rows(n_frames) - frames))


# Key idea: in row r, a codebook with a delay of d holds frame start + r - 1 - d; BOS is row 0. With rows 0 to `frames`,
# the latest frame of any codebook is start + frames - 1: so the window's own frames are all that is read, and cutting
# the delayed rows after `frames` loses nothing but what later rows would hold. Before its first frame a codebook holds
# BOS, as at a track's start: a window knows nothing of what came before it. If the track ends within the window, EOS
# follows each codebook's last code at its own delay, and then PAD. A window that ends exactly with the last frame has
# EOS in row frames + 1 + d, which is cut away; `last_start` lets other windows reach it.
def window_rows(codes_TK: Tensor, start: int, frames: int) -> Tensor:
    """Rows of the window that starts at frame `start`, (T, K) codes to int64 (frames + 1, K).

    A window that the track outlasts is cut across the delayed rows, as generation is at each moment: no
    PAD replaces codes that exist.
    """
    return rows_of(codes_TK[start : start + frames], frames, is_end=start + frames >= len(codes_TK))


def rows_of(piece_TK: Tensor, frames: int, *, is_end: bool) -> Tensor:
    """As `window_rows`, of the window's own frames; `is_end` says that the track has none after them."""
    bos_1K, eos_1K = (torch.full((1, N_CHANNELS), token) for token in (BOS, EOS))
    tokens_TK = torch.cat([bos_1K, piece_TK.long(), *([eos_1K] if is_end else [])])
    rows_TK = delay.apply(tokens_TK, DELAY_PATTERN, before=BOS, after=PAD)[: frames + 1]
    padding_TK = torch.full((frames + 1 - len(rows_TK), N_CHANNELS), PAD)
    return torch.cat([rows_TK, padding_TK])


def make_batch(texts: Sequence[bytes], rows_BTK: Tensor) -> Batch:
    """Padded texts, inputs, and as labels the inputs' next rows with BOS and PAD ignored."""
    labels_BTK = rows_BTK[:, 1:].clone()
    labels_BTK[(labels_BTK == BOS) | (labels_BTK == PAD)] = IGNORED
    return Batch(*pad_texts(texts, TEXT_MULTIPLE), rows_BTK[:, :-1], labels_BTK)


def random_windows(
    tracks: Sequence[AnyTrack],
    rng: np.random.Generator,
    *,
    batch: int,
    frames: int,
    text_dropout: float,
    tag_dropout: float,
) -> list[Window]:
    """Windows at random places of random tracks, with shuffled tags, some without their text; no code is read."""
    windows = []
    for index in rng.integers(len(tracks), size=batch):
        track = tracks[index]
        start = int(rng.integers(last_start(track.n_frames, frames) + 1))
        text = text_bytes(shuffled_text(track.tags, tag_dropout, rng))
        windows.append(Window(track, start, bytes([NO_BYTE]) * len(text) if rng.random() < text_dropout else text))
    return windows


def batch_of(windows: Sequence[Window], frames: int) -> Batch:
    """The batch of some windows."""
    rows_BTK = torch.stack([_rows(window, frames) for window in windows])
    return make_batch([window.text for window in windows], rows_BTK)


def _rows(window: Window, frames: int) -> Tensor:
    piece_TK = window.track.window(window.start, frames)
    return rows_of(piece_TK, frames, is_end=window.start + frames >= window.track.n_frames)


def fixed_batch(track: AnyTrack, *, windows: int, frames: int) -> Batch:
    """Windows of one track spread from its first frame to its end, tags in their order."""
    starts = np.linspace(0, last_start(track.n_frames, frames), windows).astype(int)
    text = text_bytes(join_tags(track.tags))
    return batch_of([Window(track, start, text) for start in dict.fromkeys(starts.tolist())], frames)

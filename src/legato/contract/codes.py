"""A track's codes in a file: a bare int16 tensor (T, 18), as the trainer's contract has it."""

import io
from pathlib import Path

import torch
from torch import Tensor

from legato.contract.rules import Rule, obey
from legato.contract.tensors import load_plain, owns_its_numbers
from legato.files import write_bytes
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS

UNREADABLE = "not a tensor that torch.save wrote"
CODES_RULES: tuple[Rule, ...] = (
    (lambda codes: isinstance(codes, Tensor), "must be a bare tensor"),
    (lambda codes: codes.layout == torch.strided and codes.device.type == "cpu", "must be dense, and hold its codes"),
    (lambda codes: codes.dtype == torch.int16, "must be int16"),
    (lambda codes: codes.ndim == 2 and codes.shape[1] == N_CHANNELS, f"must be of shape (T, {N_CHANNELS})"),
    (lambda codes: len(codes) > 0, "must have at least one frame"),
    (owns_its_numbers, "must hold each of its codes, not repeat some"),
    (lambda codes: codes.min() >= 0 and codes.max() < CODEBOOK_SIZE, f"codes must be 0 to {CODEBOOK_SIZE - 1}"),
)


def write_codes(path: Path, codes_TK: Tensor) -> None:
    """Write codes, whole or not at all; the same codes are the same bytes."""
    content = io.BytesIO()  # given a path, torch.save would write the file's name into the archive
    torch.save(codes_TK, content)
    write_bytes(path, content.getvalue())


def read_codes(path: Path, content: bytes | None = None) -> Tensor:
    """The codes of one file, int16 (T, 18); it may be a member of an archive, as `shards` has it.

    Args:
        content: of the file, where it has been read.

    Raises:
        LegatoError: the file is missing, unreadable, or breaks the contract.
    """
    codes = load_plain(path, UNREADABLE, content=content)
    obey(CODES_RULES, codes, path)
    return codes

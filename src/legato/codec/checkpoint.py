"""A codec's checkpoint: read and checked, without the codec's library, which takes longer to import than torch."""

import ctypes
import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeGuard

import torch
from torch import Tensor

from legato.contract.tensors import load_plain, owns_its_numbers
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CODEBOOKS, SAMPLE_RATE

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
KEPT_BLOCK_BYTES, KEPT_HEAP_BYTES = 32 << 20, 1 << 30
SIZES = {"encoder_dim", "encoder_rates", "latent_dim", "decoder_dim", "decoder_rates", "codebook_dim"}
MAX_SIZES, MAX_SIZE = 16, 16_384  # of an architecture, far above any that is known


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A plain checkpoint's `state_dict`, of finite numbers, and `metadata`, whose `kwargs` are a mapping.

    Raises:
        LegatoError: the file is missing, truncated, wants to run code, is no such checkpoint, or has weights that are
            no numbers.
    """
    if not path.exists():
        raise LegatoError(f"{path}: no such codec weights")
    checkpoint = load_plain(path, "no checkpoint of plain tensors")
    found = checkpoint if _is_mapping(checkpoint) else {}
    weights, metadata = found.get("state_dict"), found.get("metadata")
    if not (_is_mapping(weights) and _is_mapping(metadata) and _is_mapping(metadata.get("kwargs"))):
        raise LegatoError(f"{path}: not a DAC checkpoint: it has no state_dict and metadata.kwargs")
    for name, value in weights.items():
        if not (isinstance(value, Tensor) and value.is_floating_point() and owns_its_numbers(value)):
            raise LegatoError(f"{path}: {name}: must be a dense tensor of real numbers")
        if not torch.isfinite(value).all():
            raise LegatoError(f"{path}: {name}: holds NaN or infinity")
    return checkpoint


def _is_mapping(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def keep_memory() -> None:
    """Have glibc keep the memory that a network frees: what goes back to the system is cleared again at each layer."""
    with suppress(OSError, AttributeError, TypeError):  # another C library decides for itself
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_HEAP_BYTES)


def check_format(path: Path, kwargs: dict[str, Any]) -> None:
    for key, value in kwargs.items():
        sizes = value if isinstance(value, list | tuple) else [value]
        if key in SIZES and value is not None and not (len(sizes) <= MAX_SIZES and _are_sizes(sizes)):
            raise LegatoError(f"{path}: {key}: must be a number from 1 to {MAX_SIZE}, or at most {MAX_SIZES} of them")
    found = {
        "sample_rate": kwargs.get("sample_rate"),
        "hop_length": _product(kwargs.get("encoder_rates", [])),
        "decoder_hop_length": _product(kwargs.get("decoder_rates", [HOP_LENGTH])),
        "n_codebooks": kwargs.get("n_codebooks"),
        "codebook_size": kwargs.get("codebook_size"),
    }
    wanted = dict(zip(found, (SAMPLE_RATE, HOP_LENGTH, HOP_LENGTH, N_CODEBOOKS, CODEBOOK_SIZE), strict=True))
    for key, value in wanted.items():
        if found[key] != value:
            raise LegatoError(f"{path}: {key}: {found[key]!r}: a codec for this dataset has {value}")


def _product(sizes: Any) -> int | None:
    return math.prod(sizes) if isinstance(sizes, list | tuple) else None


def _are_sizes(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_SIZE for value in values)

"""The Descript Audio Codec, as a map between stereo audio and (T, 18) codes.

Conventions: audio is float32 (n_samples, 2) at 44.1 kHz; codes are int16 (T, 18), the left channel's nine
codebooks before the right's, one frame every `HOP_LENGTH` samples. Axis suffixes: C channels, K codebooks,
T frames, N samples.
"""

import ctypes
import io
import math
import warnings
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import Tensor

from legato.codec.windows import windows
from legato.contract.tensors import load_plain, owns_its_numbers
from legato.errors import LegatoError
from legato.files import write_bytes
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CODEBOOKS, SAMPLE_RATE

with warnings.catch_warnings():  # the codec's library uses what torch has since deprecated
    warnings.simplefilter("ignore", FutureWarning)
    import dac

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
KEPT_BLOCK_BYTES, KEPT_HEAP_BYTES = 32 << 20, 1 << 30
DECODE_WINDOW_FRAMES = 256
SIZES = {"encoder_dim", "encoder_rates", "latent_dim", "decoder_dim", "decoder_rates", "codebook_dim"}
MAX_SIZES, MAX_SIZE = 16, 16_384  # of an architecture, far above any that is known
DECODE_MARGIN_FRAMES = 16  # beyond the decoder's receptive field, which reaches under 11 frames to each side


def load(path: str | Path) -> dac.DAC:
    """The codec of a plain checkpoint (`state_dict` and `metadata`), in fp32 on the CPU, for inference.

    Raises:
        LegatoError: the file is missing, is no such checkpoint, or has another token format.
    """
    _keep_memory()
    checkpoint = read_checkpoint(Path(path))
    kwargs = checkpoint["metadata"]["kwargs"]
    _check_format(Path(path), kwargs)
    try:
        with torch.device("meta"):  # it costs no memory, whatever the architecture says
            shapes = {name: value.shape for name, value in new_model(kwargs).state_dict().items()}
        wrong = [name for name, value in checkpoint["state_dict"].items() if shapes.pop(name, None) != value.shape]
        if wrong or shapes:
            raise ValueError(f"{[*wrong, *shapes][0]} is missing, or of another shape, or not one of its weights")
        model = new_model(kwargs)
        model.load_state_dict(checkpoint["state_dict"])
    except Exception as error:  # of an architecture that is none, the codec's library may raise anything
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise LegatoError(f"{path}: the weights do not fit the architecture they name: {reason}") from None
    return _folded(model.float().eval()).requires_grad_(False)


@cache
def loaded(path: Path) -> dac.DAC:
    """As `load`, once a process."""
    return load(path)


@torch.inference_mode()
def decode(model: dac.DAC, codes_TK: Tensor) -> np.ndarray:
    """Audio of a track's codes, (T, 18) to float32 (T * HOP_LENGTH, 2), in windows that bound the memory."""
    parts_NC = []
    for start, keep in windows(len(codes_TK), DECODE_WINDOW_FRAMES, DECODE_MARGIN_FRAMES):
        window_TK = codes_TK[start : start + DECODE_WINDOW_FRAMES].long()
        latents = model.quantizer.from_codes(window_TK.T.reshape(2, N_CODEBOOKS, -1))[0]
        parts_NC.append(model.decode(latents)[:, 0, keep.start * HOP_LENGTH : keep.stop * HOP_LENGTH].T)
    return torch.cat(parts_NC).contiguous().numpy()


def new_model(architecture: dict[str, Any]) -> dac.DAC:
    """A codec with random weights, for training; `architecture` is what `dac.DAC` takes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return dac.DAC(**architecture)


def save(path: Path, state_dict: dict[str, Tensor], architecture: dict[str, Any]) -> None:
    """Write a plain checkpoint in fp16, as `load` and `dac.DAC.load` read it, whole or not at all."""
    content = io.BytesIO()
    halves = {name: value.half() for name, value in state_dict.items()}
    torch.save({"state_dict": halves, "metadata": {"kwargs": architecture}}, content)
    write_bytes(path, content.getvalue())


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


def _keep_memory() -> None:
    """Have glibc keep the memory that a network frees: what goes back to the system is cleared again at each layer."""
    with suppress(OSError, AttributeError, TypeError):  # another C library decides for itself
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_HEAP_BYTES)


def _folded(model: dac.DAC) -> dac.DAC:
    """The model with each weight normalisation computed once, as every call would compute it."""
    for module in model.modules():
        if hasattr(module, "weight_g"):
            torch.nn.utils.remove_weight_norm(module)
    return model


def _check_format(path: Path, kwargs: dict[str, Any]) -> None:
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

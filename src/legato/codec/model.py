"""The Descript Audio Codec, as a map between stereo audio and (T, 18) codes.

Conventions: audio is float32 (n_samples, 2) at 44.1 kHz; codes are int16 (T, 18), the left channel's nine
codebooks before the right's, one frame every `HOP_LENGTH` samples. Axis suffixes: C channels, K codebooks,
T frames, N samples.
"""

import io
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from legato.codec.checkpoint import check_format, keep_memory, read_checkpoint
from legato.codec.windows import windows
from legato.errors import LegatoError
from legato.files import write_bytes
from legato.tokens import HOP_LENGTH, N_CODEBOOKS

with warnings.catch_warnings():  # the codec's library uses what torch has since deprecated
    warnings.simplefilter("ignore", FutureWarning)
    import dac

DECODE_WINDOW_FRAMES = 256
DECODE_MARGIN_FRAMES = 16  # beyond the decoder's receptive field, which reaches under 11 frames to each side


def load(path: str | Path) -> dac.DAC:
    """The codec of a plain checkpoint (`state_dict` and `metadata`), in fp32 on the CPU, for inference.

    Raises:
        LegatoError: the file is missing, is no such checkpoint, or has another token format.
    """
    keep_memory()
    checkpoint = read_checkpoint(Path(path))
    kwargs = checkpoint["metadata"]["kwargs"]
    check_format(Path(path), kwargs)
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
    """As `load`, once per process."""
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


def _folded(model: dac.DAC) -> dac.DAC:
    """The model with each weight normalization computed once, as every call would compute it."""
    for module in model.modules():
        if hasattr(module, "weight_g"):
            torch.nn.utils.remove_weight_norm(module)
    return model

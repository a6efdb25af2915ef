"""The Descript Audio Codec, as a map between stereo audio and (T, 18) codes.

Conventions: audio is float32 (n_samples, 2) at 44.1 kHz; codes are int16 (T, 18), the left channel's nine
codebooks before the right's, one frame every `HOP_LENGTH` samples. Axis suffixes: W windows, C channels,
K codebooks, T frames, N samples.
"""

import math
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CODEBOOKS, SAMPLE_RATE, n_frames

with warnings.catch_warnings():  # the codec's library uses what torch has since deprecated
    warnings.simplefilter("ignore", FutureWarning)
    import dac

MARGIN_FRAMES = 12  # beyond the encoder's receptive field, which reaches under 8 frames to each side


def load(path: str | Path) -> dac.DAC:
    """The codec of a plain checkpoint (`state_dict` and `metadata`), in fp32 on the CPU, for inference.

    Raises:
        LegatoError: the file is missing, is no such checkpoint, or has another token format.
    """
    checkpoint = _read_checkpoint(Path(path))
    kwargs = checkpoint["metadata"]["kwargs"]
    _check_format(Path(path), kwargs)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            model = dac.DAC(**kwargs)
        model.load_state_dict(checkpoint["state_dict"])
    except (RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise LegatoError(f"{path}: the weights do not fit the architecture they name: {reason}") from None
    return model.float().eval().requires_grad_(False)


def codes_of_stereo(left_TK: Tensor, right_TK: Tensor) -> Tensor:
    """Two channels' codes side by side, (T, 9) and (T, 9) to (T, 18): the layout a stereo Dia reads."""
    return torch.cat([left_TK, right_TK], dim=1)


@torch.inference_mode()
def encode(model: dac.DAC, audio: np.ndarray, window_frames: int) -> Tensor:
    """Codes of a stereo track, int16 (T, 18), contiguous and owning its storage.

    The track passes through the model in overlapping windows of `window_frames`, left and right as one
    batch, so that memory is bounded. Each window gives up `MARGIN_FRAMES` at the sides it shares with
    another, which makes the codes those of the whole track in one call.

    Args:
        audio: (n_samples, 2) float32.
        window_frames: more than twice `MARGIN_FRAMES`.
    """
    n_codes = n_frames(len(audio))
    padded_CN = torch.zeros(2, n_codes * HOP_LENGTH)
    padded_CN[:, : len(audio)] = torch.from_numpy(audio.T)
    parts_CKT = []
    for start, keep in windows(n_codes, window_frames):
        window_CN = padded_CN[:, start * HOP_LENGTH : (start + window_frames) * HOP_LENGTH]
        codes_CKT = model.encode(window_CN[:, None])[1]
        parts_CKT.append(codes_CKT[:, :, keep])
    left_KT, right_KT = torch.cat(parts_CKT, dim=2)
    return codes_of_stereo(left_KT.T, right_KT.T).to(torch.int16).contiguous()


def windows(n_codes: int, window_frames: int) -> list[tuple[int, slice]]:
    """Where each window starts, and which of its frames are kept; together they keep every frame once.

    All windows have the same length (or the track's, if it is shorter): the last one starts early.

    >>> windows(100, 60)
    [(0, slice(0, 48, None)), (36, slice(12, 48, None)), (40, slice(44, 60, None))]
    """
    if n_codes <= window_frames:
        return [(0, slice(0, n_codes))]
    last = n_codes - window_frames
    stride = window_frames - 2 * MARGIN_FRAMES
    kept, found = 0, []
    for start in [*range(0, last, stride), last]:
        end = window_frames if start == last else window_frames - MARGIN_FRAMES
        found.append((start, slice(kept - start, end)))
        kept = start + end
    return found


@torch.inference_mode()
def decode(model: dac.DAC, codes_TK: Tensor) -> np.ndarray:
    """Audio of a track's codes, (T, 18) to float32 (T * HOP_LENGTH, 2)."""
    codes_CKT = codes_TK.long().T.reshape(2, N_CODEBOOKS, -1)
    latents = model.quantizer.from_codes(codes_CKT)[0]
    audio_CN = model.decode(latents)[:, 0, : codes_TK.shape[0] * HOP_LENGTH]
    return audio_CN.T.contiguous().numpy()


def _read_checkpoint(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise LegatoError(f"{path}: no such codec weights")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        checkpoint["state_dict"], checkpoint["metadata"]["kwargs"]
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0].split(". ")[0]
        raise LegatoError(f"{path}: truncated, or no checkpoint of plain tensors: {reason}") from None
    except (KeyError, TypeError, IndexError):
        raise LegatoError(f"{path}: not a DAC checkpoint: it has no state_dict and metadata.kwargs") from None
    return checkpoint


def _check_format(path: Path, kwargs: dict[str, Any]) -> None:
    found = {
        "sample_rate": kwargs.get("sample_rate"),
        "hop_length": math.prod(kwargs.get("encoder_rates", [])),
        "n_codebooks": kwargs.get("n_codebooks"),
        "codebook_size": kwargs.get("codebook_size"),
    }
    wanted = dict(zip(found, (SAMPLE_RATE, HOP_LENGTH, N_CODEBOOKS, CODEBOOK_SIZE), strict=True))
    for key, value in wanted.items():
        if found[key] != value:
            raise LegatoError(f"{path}: {key}: {found[key]!r}: a codec for this dataset has {value}")

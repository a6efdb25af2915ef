"""The encoder half of a DAC's checkpoint, built without the codec's library and without its decoder.

To encode is to need no more, and a process that encodes one track pays for what it imports and fills with random
numbers first. Modules have the names and the order of `dac`'s, so that a checkpoint's names are theirs. The kinds of
layers are told by their class: `legato.codec.network` makes what computes of them.
"""

import math
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from legato.codec.checkpoint import check_format, keep_memory, read_checkpoint
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, N_CODEBOOKS

HALF = ("encoder.", "quantizer.")
DEFAULT_CODEBOOK_DIM = 8  # of `dac.DAC`
WIDTH, DILATIONS = 7, (1, 3, 9)  # of a residual unit's convolutions


class Conv1d(nn.Conv1d):
    """A convolution that is not filled with random numbers first."""

    def reset_parameters(self) -> None:
        """Nothing: the checkpoint's weights take their place."""


class Snake1d(nn.Module):
    """A layer's `alpha`, (1, C, 1)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.empty(1, dim, 1))


class ResidualUnit(nn.Module):
    """A block beside a shortcut."""

    def __init__(self, dim: int, dilation: int) -> None:
        super().__init__()
        wide = Conv1d(dim, dim, WIDTH, padding=(WIDTH - 1) * dilation // 2, dilation=dilation)
        self.block = nn.Sequential(Snake1d(dim), wide, Snake1d(dim), Conv1d(dim, dim, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x).add_(x)


class Block(nn.Module):
    """Layers in a row, as `block`: a stage of the encoder, or all of it."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)


class Codebook(nn.Module):
    """A codebook, and the projections to its space and back."""

    def __init__(self, latent_dim: int, dim: int) -> None:
        super().__init__()
        self.in_proj, self.out_proj = Conv1d(latent_dim, dim, 1), Conv1d(dim, latent_dim, 1)
        self.codebook = nn.Embedding(CODEBOOK_SIZE, dim, _weight=torch.empty(CODEBOOK_SIZE, dim))


class Skeleton(nn.Module):
    """The modules of an architecture's encoder half, as `dac.DAC` takes it."""

    def __init__(self, architecture: dict[str, Any]) -> None:
        super().__init__()
        dim, rates = architecture.get("encoder_dim", 64), architecture["encoder_rates"]
        top = dim * 2 ** len(rates)
        self.encoder_dim, self.latent_dim = dim, architecture.get("latent_dim") or top
        layers: list[nn.Module] = [Conv1d(1, dim, WIDTH, padding=WIDTH // 2)]
        for rate in rates:
            units = [ResidualUnit(dim, dilation) for dilation in DILATIONS]
            shrink = Conv1d(dim, 2 * dim, 2 * rate, stride=rate, padding=math.ceil(rate / 2))
            layers.append(Block(*units, Snake1d(dim), shrink))
            dim *= 2
        self.encoder = Block(*layers, Snake1d(top), Conv1d(top, self.latent_dim, 3, padding=1))
        dims = architecture.get("codebook_dim", DEFAULT_CODEBOOK_DIM)
        dims = dims if isinstance(dims, list | tuple) else [dims] * N_CODEBOOKS
        self.quantizer = nn.Module()
        self.quantizer.quantizers = nn.ModuleList([Codebook(self.latent_dim, size) for size in dims])


@cache
def loaded_encoder(path: Path) -> Skeleton:
    """As `load_encoder`, once per process."""
    return load_encoder(path)


def load_encoder(path: Path) -> Skeleton:
    """The encoder and the quantizer of a plain checkpoint, in fp32 on the CPU, their weight normalization computed.

    Raises:
        LegatoError: the file is missing, is no such checkpoint, or has another token format.
    """
    keep_memory()
    checkpoint = read_checkpoint(path)
    architecture = checkpoint["metadata"]["kwargs"]
    check_format(path, architecture)
    try:
        with torch.device("meta"):  # it costs no memory, whatever the architecture says, and no random numbers
            model = Skeleton(architecture)
        half = {name: value for name, value in checkpoint["state_dict"].items() if name.startswith(HALF)}
        model.load_state_dict(_folded(half), assign=True)
    except Exception as error:  # of an architecture that is none, torch may raise anything
        reason = (str(error) or type(error).__name__).split("\n\t")[-1].splitlines()[0]
        raise LegatoError(f"{path}: the weights do not fit the architecture they name: {reason}") from None
    return model.eval().requires_grad_(False)


def _folded(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights with each normalization, g v / |v|, computed as every call of `dac` computes it."""
    found = {}
    for name, value in weights.items():
        if name.endswith(".weight_v"):
            of = name.removesuffix("_v")
            found[of] = torch._weight_norm(value.float(), weights[f"{of}_g"].float(), 0)
        elif not name.endswith(".weight_g"):
            found[name] = value.float()
    return found

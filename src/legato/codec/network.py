"""The encoder half of a DAC, made for encoding alone, twice.

`ExactEncoder` does the arithmetic of `dac.DAC.encode`, operation by operation, so that its codes are the same to the
last one; it saves what changes no bit: memory for Snake, and the losses of training.
`FastEncoder` is the same network in another order of additions: channels last in memory (convolutions of few channels
run up to 2.5 times as fast on a CPU) and a quantizer that never leaves the codebooks' small spaces. Both take audio
(B, N) and give codes int16 (B, T, K). Axis suffixes: B batch, N samples, D latent channels, T frames, K codebooks,
V entries of a codebook.
"""

import copy
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from legato.codec.native import SIN_SQUARED, snake_kernel

SMALL_INPUT = 20480  # elements: up to here PyTorch runs some convolutions through another kernel, with other last bits
PI_HIGH, PI_LOW = 3.140625, 9.67653589793e-4  # together pi; multiples of the first are exact in float32
GROUP = 16  # positions that eager Snake treats as one row, so that rows are long enough to be vectorized


class ExactEncoder(nn.Module):
    """A DAC's own encoder and quantizer, with Snake in place; no bit of a code changes."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.encoder, self.quantizers = copy.deepcopy(model.encoder), copy.deepcopy(model.quantizer.quantizers)
        self.least_frames = SMALL_INPUT // model.latent_dim + 1  # in a window, to meet the kernels of a whole track
        for module in list(self.modules()):
            for name, child in module.named_children():
                if type(child).__name__ == "Snake1d":
                    setattr(module, name, InPlaceSnake(child))
        self.requires_grad_(False)

    def forward(self, audio_BN: Tensor) -> Tensor:
        residual, codes = self.encoder(audio_BN[:, None]), []
        for book in self.quantizers:
            projected = book.in_proj(residual)
            chosen_BT = nearest(projected, book.codebook.weight)
            quantized = functional.embedding(chosen_BT, book.codebook.weight).transpose(1, 2)
            residual = residual - book.out_proj(projected + (quantized - projected))
            codes.append(chosen_BT)
        return torch.stack(codes, dim=2).to(torch.int16)


def nearest(projected_BDT: Tensor, entries_VD: Tensor) -> Tensor:
    """The entry at the least distance from each vector, both scaled to length 1, rounded as in `dac.nn.quantize`."""
    batch, _, n_frames = projected_BDT.shape
    vectors = functional.normalize(projected_BDT.transpose(1, 2).flatten(0, 1))
    entries_VD = functional.normalize(entries_VD)
    lengths, entry_lengths = vectors.pow(2).sum(1, keepdim=True), entries_VD.pow(2).sum(1, keepdim=True)
    distances = lengths - 2 * vectors @ entries_VD.t() + entry_lengths.t()
    return (-distances).max(1)[1].view(batch, n_frames)


class InPlaceSnake(nn.Module):
    """x + sin(alpha x)^2 / alpha in one buffer, in the order of `dac.nn.layers.snake`.

    On a GPU the five operations are one kernel, where one is found that gives the same bits.
    """

    def __init__(self, snake: Any) -> None:
        super().__init__()
        self.alpha, self.inverse = snake.alpha, nn.Parameter((snake.alpha + 1e-9).reciprocal())

    def forward(self, x: Tensor) -> Tensor:
        if x.is_cuda and (fused := fused_snake()):
            return fused(x, self.alpha, self.inverse)
        return self.in_place(x)

    def in_place(self, x: Tensor) -> Tensor:
        """Operation by operation."""
        return (self.alpha * x).sin_().square_().mul_(self.inverse).add_(x)


# Each operation is rounded by itself, as five kernels round it: no product is added before it is rounded.
FUSED_SNAKE = """
template <typename T> T legato_snake(T x, T alpha, T inverse) {
    T wave = sin(__fmul_rn(alpha, x));
    return __fadd_rn(__fmul_rn(__fmul_rn(wave, wave), inverse), x);
}
"""


@cache
def fused_snake() -> Callable[[Tensor, Tensor, Tensor], Tensor] | None:
    """Snake as one kernel of the GPU here; None where there is none that gives the bits of the five operations."""
    alpha, x = torch.rand(1, 64, 1, device="cuda") + 0.1, 8 * torch.randn(4, 64, 4096, device="cuda")
    inverse = alpha.reciprocal()
    try:
        fused = torch.cuda.jiterator._create_jit_fn(FUSED_SNAKE)
        same = torch.equal(fused(x, alpha, inverse), (alpha * x).sin_().square_().mul_(inverse).add_(x))
    except (RuntimeError, AttributeError):  # no compiler of kernels here, or it has another name
        return None
    return fused if same else None


class FastEncoder(nn.Module):
    """The network with channels last, in the precision of its `dtype`; the quantizer stays in fp32."""

    least_frames = 1

    def __init__(self, model: Any, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_layers(model.encoder)).to(dtype)
        self.quantizer = FastQuantizer(model)
        self.dtype = dtype
        self.requires_grad_(False)

    def forward(self, audio_BN: Tensor) -> Tensor:
        x = audio_BN[:, None, None].to(self.dtype).contiguous(memory_format=torch.channels_last)
        return self.quantizer(self.layers(x)[:, :, 0])


# Key idea: codebook k of a DAC projects what the codebooks before it have left, p_k = W_k (z - sum of o_j) + b_k, where
# z is the latent, o_j = O_j e_j + c_j is what entry e_j takes out of it, and W_k, b_k and O_j, c_j are the codebooks'
# convolutions of width 1, `in_proj` and `out_proj`. All of it is linear: p_k = W_k z + b_k - sum of W_k o_j. So W_k z +
# b_k is one product for all codebooks, and W_k o_j is a row of a table with an entry's index, made once (`taken`: a row
# holds its share in the projections of all codebooks). `dac` takes the entry that is nearest when both are scaled to
# length 1, which is the greatest cosine; a vector's own length scales all its cosines alike, so only the entries are
# normalized. The sums have another order than in `dac`, so a near tie may be decided otherwise: `exact` does not use
# this class. Source: `dac.nn.quantize`.
class FastQuantizer(nn.Module):
    """Latents (B, D, T) to codes (B, T, K).

    A DAC's residual quantizer chooses, in each codebook's own space, the entry with the greatest cosine to the
    projected residual. Projection is linear, so what an earlier choice takes away from a later codebook's projection
    is a row of a table, and the residual itself is never built.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        books = model.quantizer.quantizers
        self.project = nn.Parameter(torch.cat([book.in_proj.weight[:, :, 0] for book in books]))
        self.offset = nn.Parameter(torch.cat([book.in_proj.bias.detach() for book in books]))
        self.entries = nn.ParameterList(
            [functional.normalize(book.codebook.weight.detach()).T.contiguous() for book in books]
        )
        taken_VD = [
            book.codebook.weight.detach() @ book.out_proj.weight[:, :, 0].T + book.out_proj.bias.detach()
            for book in books
        ]
        self.taken = nn.ParameterList([values @ self.project.T for values in taken_VD])  # (V, all projections)

    def forward(self, latents_BDT: Tensor) -> Tensor:
        left = torch.matmul(latents_BDT.transpose(1, 2).float(), self.project.T) + self.offset
        codes, start = [], 0
        for entries, taken in zip(self.entries, self.taken, strict=True):
            chosen_BT = (left[:, :, start : start + len(entries)] @ entries).argmax(dim=2)
            left = left - taken[chosen_BT]
            start += len(entries)
            codes.append(chosen_BT)
        return torch.stack(codes, dim=2).to(torch.int16)


class Conv(nn.Module):
    """A Conv1d over (B, C, 1, N) with channels last."""

    def __init__(self, conv: nn.Conv1d) -> None:
        super().__init__()
        assert conv.bias is not None
        assert isinstance(conv.padding, tuple)
        self.weight = nn.Parameter(conv.weight[:, :, None].contiguous(memory_format=torch.channels_last))
        self.bias = nn.Parameter(conv.bias.detach().clone())
        self.stride, self.padding, self.dilation = conv.stride[0], conv.padding[0], conv.dilation[0]

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.weight, self.bias, (1, self.stride), (0, self.padding), (1, self.dilation))


class Snake(nn.Module):
    """x + sin(alpha x)^2 / alpha, channel by channel (Ziyin et al., 2020)."""

    def __init__(self, snake: Any) -> None:
        super().__init__()
        alpha = snake.alpha.detach().reshape(1, -1, 1, 1)
        self.alpha, self.inverse = nn.Parameter(alpha.clone()), nn.Parameter((alpha + 1e-9).reciprocal())

    def forward(self, x: Tensor) -> Tensor:
        if torch.compiler.is_compiling():
            return x + self.inverse * sin_squared(self.alpha * x)
        batch, channels, _, n = x.shape
        group = GROUP if n % GROUP == 0 else 1
        rows = x.permute(0, 2, 3, 1).reshape(-1, group * channels)
        if x.device.type == "cpu" and x.dtype == torch.float32 and (kernel := snake_kernel()):
            turn, inverse = (self.alpha / math.pi).flatten().repeat(group), self.inverse.flatten().repeat(group)
            return kernel(rows, turn, inverse).view(batch, 1, n, channels).permute(0, 3, 1, 2)
        wave = (rows * self.alpha.flatten().repeat(group)).sin_().square_()
        rows = torch.addcmul(rows, wave, self.inverse.flatten().repeat(group), out=wave)
        return rows.view(batch, 1, n, channels).permute(0, 3, 1, 2)


def sin_squared(x: Tensor) -> Tensor:
    """sin(x)^2, for a compiler that makes one loop of it: off by 3e-7, and six times as fast as by way of `sin`.

    It needs no more of x than its distance from the nearest multiple of pi, where the square has its period.

    >>> x = torch.linspace(-50, 50, 1001)
    >>> bool((sin_squared(x) - x.double().sin().square()).abs().max() < 1e-6)
    True
    """
    whole = torch.round(x.float() * (1 / math.pi))
    rest = x.float() - whole * PI_HIGH - whole * PI_LOW
    square = rest * rest
    found = torch.full_like(square, SIN_SQUARED[-1])
    for coefficient in SIN_SQUARED[-2::-1]:
        found = found * square + coefficient
    return (found * square).to(x.dtype)


class Residual(nn.Module):
    """A block beside a shortcut; all paddings of a DAC keep the length."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x).add_(x)


def _layers(module: nn.Module) -> list[nn.Module]:
    """A DAC encoder's layers, one after another, each as ours."""
    if isinstance(module, nn.Conv1d):
        return [Conv(module)]
    if type(module).__name__ == "Snake1d":
        return [Snake(module)]
    inner = [layer for child in module.children() for layer in _layers(child)]
    return [Residual(nn.Sequential(*inner))] if type(module).__name__ == "ResidualUnit" else inner

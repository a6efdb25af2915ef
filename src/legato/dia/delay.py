"""Dia's delay pattern: codebook k of frame t is predicted at row t + pattern[k], and exactly back.

So coarse codebooks of a frame are known when its finer ones are predicted, though all 18 of a row are
predicted at once. Shapes: (..., T, K), T frames or rows and K codebooks.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def apply(tokens_TK: Tensor, pattern: Sequence[int], *, before: int, after: int) -> Tensor:
    """Shift each codebook down by its delay, (..., T, K) to (..., T + max(pattern), K).

    Rows before a codebook's first token hold `before`, those after its last `after`.

    >>> apply(torch.tensor([[1, 10], [2, 20]]), [0, 1], before=-1, after=-2).tolist()
    [[1, -1], [2, 10], [-2, 20]]
    """
    *batch, n_frames, n_codebooks = tokens_TK.shape
    _check(pattern, n_codebooks)
    delayed_TK = tokens_TK.new_full((*batch, n_frames + max(pattern), n_codebooks), after)
    for k, delay in enumerate(pattern):
        delayed_TK[..., :delay, k] = before
        delayed_TK[..., delay : delay + n_frames, k] = tokens_TK[..., k]
    return delayed_TK


def undo(delayed_TK: Tensor, pattern: Sequence[int]) -> Tensor:
    """Bring the codebooks of each frame back together, (..., T + max(pattern), K) to (..., T, K).

    >>> undo(torch.tensor([[1, -1], [2, 10], [-2, 20]]), [0, 1]).tolist()
    [[1, 10], [2, 20]]
    """
    n_rows, n_codebooks = delayed_TK.shape[-2:]
    _check(pattern, n_codebooks)
    n_frames = n_rows - max(pattern)
    return torch.stack([delayed_TK[..., delay : delay + n_frames, k] for k, delay in enumerate(pattern)], dim=-1)


def _check(pattern: Sequence[int], n_codebooks: int) -> None:
    if len(pattern) != n_codebooks:
        raise ValueError(f"{len(pattern)} delays for {n_codebooks} codebooks")

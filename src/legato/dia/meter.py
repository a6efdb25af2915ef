"""Mean losses by codebook and by category, over any number of batches."""

from collections.abc import Callable, Sequence
from typing import Self

import torch
from torch import Tensor

from legato.dia.batches import IGNORED
from legato.tokens import CODEBOOK_NAMES, N_CHANNELS


class Meter:
    """Sums of losses, and of the labels they belong to, by category and codebook: both (C + 1, K).

    The last row is of windows whose category is not known. Every label weighs alike.
    """

    def __init__(self, categories: Sequence[str], device: torch.device) -> None:
        self.categories = tuple(categories)
        self.sums_CK, self.counts_CK = (
            torch.zeros(len(categories) + 1, N_CHANNELS, dtype=torch.float64, device=device) for _ in range(2)
        )

    def rows(self, categories: Sequence[str | None]) -> Tensor:
        """The row of each window's category, (B,), on the CPU."""
        last = len(self.categories)
        return torch.tensor([last if name is None else self.categories.index(name) for name in categories])

    def add(self, losses_BTK: Tensor, labels_BTK: Tensor, rows_B: Tensor) -> None:
        """Count a batch whose windows are of the categories in these rows."""
        self.sums_CK.index_add_(0, rows_B, losses_BTK.detach().double().sum(dim=1))
        self.counts_CK.index_add_(0, rows_B, (labels_BTK != IGNORED).double().sum(dim=1))

    def absorb(self, other: Self) -> None:
        """Count all that `other` has counted, and empty it."""
        self.sums_CK += other.sums_CK
        self.counts_CK += other.counts_CK
        other.sums_CK.zero_()
        other.counts_CK.zero_()

    def state(self, reduce: Callable[[Tensor], Tensor] = torch.clone) -> list[Tensor]:
        """What was counted, on the CPU; `reduce` adds up that of all processes."""
        return [reduce(self.sums_CK).cpu(), reduce(self.counts_CK).cpu()]

    def load(self, state: Sequence[Tensor]) -> None:
        """Continue from what `state` gave, in the same memory: a recorded step adds to it."""
        for mine, given in zip((self.sums_CK, self.counts_CK), state, strict=True):
            mine.copy_(given)


def figures(state: Sequence[Tensor], categories: Sequence[str]) -> dict[str, float]:
    """Mean losses in nats of what a `Meter` counted: `loss` is the mean of `codebook/L0` to `codebook/R8`.

    `category/<name>` is the same of one category. A mean of nothing is left out.
    """
    sums_CK, counts_CK = state
    by_codebook = sums_CK.sum(dim=0) / counts_CK.sum(dim=0)
    found = {"loss": by_codebook.nanmean().item()}
    found |= {f"codebook/{name}": loss for name, loss in zip(CODEBOOK_NAMES, by_codebook.tolist(), strict=True)}
    by_category = (sums_CK / counts_CK).nanmean(dim=1).tolist()
    found |= {f"category/{name}": loss for name, loss in zip(categories, by_category, strict=False)}
    return {name: loss for name, loss in found.items() if loss == loss}

"""How codes are used, as numbers: how many entries, how like the data's, how often they stay.

Conventions: codes are (T, 18); counts are a codebook's usage, (18, 1024); perplexity is 2 ** entropy, 1 to 1024;
divergences are in bits, 0 to 1. Short clips use few codes: figures compare between sets of like length.
"""

from collections.abc import Sequence

import numpy as np

from legato.measure.metrics import perplexity, usage
from legato.tokens import CODEBOOK_NAMES, N_CODEBOOKS


def codebook_use(clips: Sequence[np.ndarray], data_counts: np.ndarray) -> dict[str, float | None]:
    """The use of the codebooks by clips' codes together, means over codebooks.

    Returns:
        `perplexity`, 1 to 1024; `unigram_js_bits`, the divergence of their usage from the data's in bits, 0 to 1, None
        where there is no data; `repeats`, the share of codes that are the same in the frame before, None of single
        frames; `sides_agree`, the share that is the same left and right.
    """
    counts = np.sum([usage(codes_TK) for codes_TK in clips], axis=0)
    stays = [codes_TK[1:] == codes_TK[:-1] for codes_TK in clips]
    agree = [codes_TK[:, :N_CODEBOOKS] == codes_TK[:, N_CODEBOOKS:] for codes_TK in clips]
    return {
        "perplexity": float(perplexity(counts).mean()),
        "unigram_js_bits": float(jensen_shannon_bits(counts, data_counts).mean()) if data_counts.any() else None,
        "repeats": float(np.concatenate(stays).mean()) if sum(map(len, stays)) else None,
        "sides_agree": float(np.concatenate(agree).mean()),
    }


def perplexities(clips: Sequence[np.ndarray]) -> dict[str, float]:
    """The perplexity of each of the 18 codebooks, by name, in clips' codes together."""
    counts = np.sum([usage(codes_TK) for codes_TK in clips], axis=0)
    return dict(zip(CODEBOOK_NAMES, perplexity(counts).tolist(), strict=True))


def jensen_shannon_bits(counts: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence of two usages, (..., V) and (..., V) to (...): 0 if alike, 1 if they share nothing.

    It is the entropy of the mixture less the mean entropy of its halves, in bits (Lin, 1991).

    >>> jensen_shannon_bits(np.array([[1, 1], [3, 0]]), np.array([[2, 2], [0, 5]])).tolist()
    [0.0, 1.0]
    """
    shares, others = (values / values.sum(axis=-1, keepdims=True) for values in (counts, other))
    mixture, half, other_half = (np.log2(perplexity(values)) for values in (shares + others, shares, others))
    return mixture - (half + other_half) / 2

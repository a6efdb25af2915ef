"""Writes a track's prompt: which of its claims are made, in which words and in which order."""

from typing import Any

import numpy as np

from legato.contract.tags import fits, join_tags
from legato.prompts.claims import BPM, KEY, Claim, claims_of, wordings

MIN_TAGS, MAX_TAGS = 5, 12  # the base phrase among them
# How readily a kind of claim is chosen where not all fit; 1 for the others. None: always.
WEIGHTS: dict[str, float | None] = {"drums": None, "instrument": 8, BPM: 6, KEY: 6, "groove": 6}


def prompt(phrase: str, facts: dict[str, Any], rng: np.random.Generator) -> str:
    """The prompt of a track: its category's base phrase, then some of the claims that its facts allow.

    How many, which, in which words and in which order is drawn from `rng`.
    """
    n_claims = int(rng.integers(MIN_TAGS, MAX_TAGS + 1)) - 1
    chosen = _choose(list(claims_of(facts)), n_claims, rng)
    kept = [phrase]
    for at in rng.permutation(len(chosen)):
        ways = wordings(chosen[at])
        tag = ways[int(rng.integers(len(ways)))]
        if tag not in kept and fits(join_tags([*kept, tag])):
            kept.append(tag)
    return join_tags(kept)


def _choose(claims: list[Claim], n_claims: int, rng: np.random.Generator) -> list[Claim]:
    """At most `n_claims`: those that are always made, and others by their weights, without repetition."""
    always = [claim for claim in claims if WEIGHTS.get(claim.kind, 1) is None]
    others = [claim for claim in claims if claim not in always]
    n_others = min(max(n_claims - len(always), 0), len(others))
    if not n_others:
        return always
    weights = np.array([WEIGHTS.get(claim.kind, 1) for claim in others], dtype=float)
    drawn = rng.choice(len(others), n_others, replace=False, p=weights / weights.sum())
    return always + [others[at] for at in drawn]

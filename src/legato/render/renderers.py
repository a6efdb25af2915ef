"""`renderer` and `production` of a category: which parts other synthesizers play, and through which effects.

Conventions: a parameter's value is a range that each track draws from, or one number. It is drawn from a stream named
by seed, track, role and the parameter's own name, so that a further parameter moves no other; frequencies are drawn
evenly in octaves. What is drawn is rounded to the step that the instrument names, and that is what is played.
"""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Protocol, Self

import numpy as np
from pydantic import ConfigDict, Field, model_validator

from legato.instruments import catalogue
from legato.instruments.catalogue import DRUMS, EFFECT, MELODIC, Parameter
from legato.workspace.params import MOST, Strict

RENDERER, PRODUCTION = "renderer", "production"  # keys of a category
MIX = "mix"  # in `production`, beside the roles
DIGITS = 6  # that rounding to a step leaves
Stream = Callable[[str], np.random.Generator]  # of what is drawn, by its name

Number = Annotated[float, Field(ge=-MOST, le=MOST)]
Range = Number | list[Number]


class _HasShare(Protocol):
    @property
    def share(self) -> float: ...


class _Drawn(Strict):
    """An instrument or effect of ours, and ranges of its parameters: every key that is none of the model's own."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Range]

    share: Annotated[float, Field(gt=0, le=1)] = 1.0  # of the tracks in which it plays

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """(low, high) of each parameter that is named."""
        pairs = {name: value if isinstance(value, list) else [value, value] for name, value in self._given.items()}
        return {name: (float(low), float(high)) for name, (low, high) in pairs.items()}

    @property
    def _given(self) -> Mapping[str, Range]:
        return self.__pydantic_extra__ or {}

    def _check(self, key: str, kinds: tuple[str, ...], what: str) -> None:
        name = getattr(self, key)
        if name not in catalogue.names(*kinds):
            raise ValueError(f"{key}: {name!r}: no such {what}; there are {', '.join(catalogue.names(*kinds))}")
        known = catalogue.load(name).parameters
        for given, value in self._given.items():
            if given not in known:
                raise ValueError(f"{given}: {value}: {name} has no such parameter; it has {', '.join(known)}")
            if isinstance(value, list) and len(value) != 2:
                raise ValueError(f"{given}: {value}: must be a number, or a range of two")
            low, high = self.ranges[given]
            limits = known[given]
            if not limits.low <= low <= high <= limits.high:
                unit = f" {limits.unit}" if limits.unit else ""
                rule = f"must be within {limits.low:g} and {limits.high:g}{unit}, the low end first"
                raise ValueError(f"{given}: {value}: {rule}")


class FaustParams(_Drawn):
    """A part that one of our instruments plays."""

    faust: str

    @model_validator(mode="after")
    def _check_faust(self) -> Self:
        self._check("faust", (MELODIC, DRUMS), "instrument")
        return self


class EffectParams(_Drawn):
    """An effect on a part, or on the mix."""

    effect: str

    @model_validator(mode="after")
    def _check_effect(self) -> Self:
        self._check("effect", (EFFECT,), "effect")
        return self


Chains = dict[str, Annotated[list[EffectParams], Field(min_length=1, max_length=8)]]  # by role, or of the mix


def plays(params: _HasShare, stream: Stream, where: str) -> bool:
    """Whether a track has it, by its share."""
    return bool(stream(where).random() < params.share)


def drawn(params: _Drawn, name: str, stream: Stream, where: str, attempt: int = 0) -> dict[str, float]:
    """A value of each parameter whose range is given.

    Args:
        name: the instrument's or effect's.
        where: what the streams' names begin with.
        attempt: how many draws have been refused.
    """
    known = catalogue.load(name).parameters
    return {key: _draw(stream(f"{where}/{key}"), known[key], *pair, attempt) for key, pair in params.ranges.items()}


def _draw(rng: np.random.Generator, parameter: Parameter, low: float, high: float, attempt: int) -> float:
    share = rng.random(attempt + 1)[attempt]
    is_even_in_octaves = parameter.unit == "Hz" and low > 0
    value = low * (high / low) ** share if is_even_in_octaves else low + (high - low) * share
    rounded = round(math.floor(value / parameter.step + 0.5) * parameter.step, DIGITS)
    return min(max(rounded, low), high)

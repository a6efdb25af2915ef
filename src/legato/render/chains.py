"""Effects on a part or on the mix, in the order in which a category names them; each draws its parameters per track."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from legato.instruments import catalogue, engine
from legato.render.renderers import Chains, Stream, drawn, plays


@dataclass(frozen=True, kw_only=True)
class Effect:
    """An effect as a track has drawn it."""

    name: str
    parameters: Mapping[str, float]

    def facts(self) -> dict[str, Any]:
        """What `effects` in a track's facts says of it."""
        known = catalogue.load(self.name)
        return {
            "effect": self.name,
            "sha256": known.sha256,
            "license": known.license,
            "parameters": dict(self.parameters),
        }


def draw_chains(chains: Chains, places: Collection[str], stream: Stream) -> dict[str, list[Effect]]:
    """The effects that a track has, by role or of the mix; places without any are left out."""
    found: dict[str, list[Effect]] = {}
    for place, chain in chains.items():
        for nth, params in enumerate(chain):
            where = f"production/{place}/{nth}/{params.effect}"
            if place in places and plays(params, stream, where):
                effect = Effect(name=params.effect, parameters=drawn(params, params.effect, stream, where))
                found.setdefault(place, []).append(effect)
    return found


class Processing:
    """An effect at work, from its first sample on."""

    def __init__(self, effect: Effect, sample_rate: int) -> None:
        known = catalogue.load(effect.name)
        self._machine = engine.start(known, sample_rate)
        for name, value in catalogue.settings(known, effect.parameters).items():
            self._machine.set(name, value)

    def read(self, audio: np.ndarray) -> np.ndarray:
        """The effect's answer to the next samples, as many."""
        step = self._machine.chunk
        return np.concatenate([self._machine.process(audio[at : at + step]) for at in range(0, len(audio), step)])


def processed(audio: np.ndarray, effects: Sequence[Processing]) -> np.ndarray:
    """Audio through effects, one after another."""
    for effect in effects:
        audio = effect.read(audio)
    return audio

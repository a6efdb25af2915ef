"""Effects on audio, in the same runtime as the instruments: `process("tape", {"wow_cents": 12}, audio, 44100)`.

Conventions: audio is float32 (n_samples, 2) in, and as long out; what would ring on after its end is cut.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from legato.errors import LegatoError
from legato.instruments import engine
from legato.instruments.catalogue import EFFECT, load, settings


def process(
    name: str, parameters: Mapping[str, float], audio: np.ndarray, sample_rate: int, *, at_once: int = 0
) -> np.ndarray:
    """Audio through an effect.

    Args:
        at_once: as for `playing.play`.

    Raises:
        LegatoError: as `process_blocks`.
    """
    step = at_once * engine.BLOCK or len(audio) or 1
    pieces = (audio[at : at + step] for at in range(0, len(audio), step))
    return np.concatenate([np.zeros((0, 2), np.float32), *process_blocks(name, parameters, pieces, sample_rate)])


def process_blocks(
    name: str, parameters: Mapping[str, float], pieces: Iterable[np.ndarray], sample_rate: int
) -> Iterator[np.ndarray]:
    """Audio in pieces through an effect; where one ends changes no byte.

    Raises:
        LegatoError: there is no such effect; a parameter is unknown or outside its range; it hangs, traps, or its sound
            is not finite.
    """
    effect = load(name)
    if effect.kind != EFFECT:
        raise LegatoError(f"effect {name!r}: is an instrument, and plays notes")
    values = settings(effect, parameters)
    machine = engine.start(effect, sample_rate)
    for parameter, value in values.items():
        machine.set(parameter, value)
    for piece in pieces:
        for at in range(0, len(piece), machine.chunk):
            yield machine.process(piece[at : at + machine.chunk])

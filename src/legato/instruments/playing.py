"""A part played by one of our instruments: notes and controllers in, audio out.

    part = part_of(contents.instruments[0])
    audio = play("supersaw", {"cutoff_hz": 1200}, part, seconds=8, sample_rate=44100)

Conventions: audio is float32 (n_samples, 2), dry. One instrument at its defaults is about as loud as another: times
`render.gain` of params.yaml, as loud as a part that FluidSynth plays from legato.sf2. Pan is the mix's.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from legato.errors import LegatoError
from legato.instruments import engine
from legato.instruments.catalogue import DRUMS, EFFECT, Instrument, check_range, load, settings
from legato.instruments.drum_keys import struck
from legato.instruments.parts import MOST, Part, held_ends_s

EVENT = np.dtype([("frame", "<i4"), ("kind", "<i4"), ("id", "<i4"), ("sound", "<i4"), ("a", "<f4"), ("b", "<f4")])
OFF, ON, BEND, SET, LEVEL, WHEEL = range(6)  # voices.c's
# Of one frame: keys are let go, then what is set is set, then keys are struck.
ORDER = {OFF: 0, BEND: 1, SET: 1, LEVEL: 1, WHEEL: 1, ON: 2}


def play(
    name: str, parameters: Mapping[str, float], part: Part, seconds: float, sample_rate: int, *, at_once: int = 0
) -> np.ndarray:
    """A part from its start on, (n_samples, 2); what rings on after `seconds` is cut.

    Args:
        at_once: blocks of 64 samples that are rendered at a time; it changes no byte. 0: as many as there is room for.

    Raises:
        LegatoError: as `blocks`.
    """
    audio = list(blocks(name, parameters, part, sample_rate, round(seconds * sample_rate), at_once=at_once))
    return np.concatenate(audio) if audio else np.zeros((0, 2), np.float32)


def blocks(
    name: str,
    parameters: Mapping[str, float],
    part: Part,
    sample_rate: int,
    n_samples: int,
    *,
    at_once: int = 0,
    limit_s: float = engine.LIMIT_S,
) -> Iterator[np.ndarray]:
    """The first `n_samples` of a part, in pieces: memory does not grow with their number.

    Raises:
        LegatoError: no instrument has the name, or it is an effect; a parameter is unknown or outside its range; the
            instrument's files do not belong together; it hangs, traps, or what it plays is not finite.
    """
    machine = player(name, parameters, part, sample_rate, limit_s=limit_s)
    step = min(at_once * engine.BLOCK, machine.chunk) if at_once else machine.chunk
    for done in range(0, n_samples, step):
        yield machine.render(min(step, n_samples - done))


def player(
    name: str, parameters: Mapping[str, float], part: Part, sample_rate: int, *, limit_s: float = engine.LIMIT_S
) -> engine.Machine:
    """A part about to be played: each `render` gives the samples that follow, for as long as one likes.

    Raises:
        LegatoError: as `blocks`.
    """
    instrument = load(name)
    if instrument.kind == EFFECT:
        raise LegatoError(f"instrument {name!r}: is an effect, and plays no notes")
    values = settings(instrument, parameters)
    machine = engine.start(instrument, sample_rate, limit_s=limit_s)
    for parameter, value in values.items():
        machine.set(parameter, value)
    machine.give(_events(instrument, part, sample_rate, machine))
    return machine


def _events(instrument: Instrument, part: Part, sample_rate: int, machine: engine.Machine) -> np.ndarray:
    """All of a part's events in their order, (n_events,) of `EVENT`."""
    rows: list[tuple[float, int, int, int, float, float]] = []
    ends_s = held_ends_s(part)
    most_s = 2**31 / sample_rate - 1  # a frame is 32 bits wide
    for number, (start_s, end_s, pitch, velocity) in enumerate(
        zip(part.start_s, ends_s, part.pitch, part.velocity, strict=True)
    ):
        sound, key = struck(instrument.sounds, int(pitch)) if instrument.kind == DRUMS else (0, float(pitch))
        rows.append((float(start_s), ON, number, sound, key, float(velocity) / MOST))
        rows.append((min(float(end_s), most_s), OFF, number, 0, 0.0, 0.0))
    rows += [(s, BEND, 0, 0, value, 0.0) for s, value in part.bend]
    rows += [(s, LEVEL, 0, 0, value, value) for s, value in part.level]
    rows += [(s, WHEEL, 0, 0, value, 0.0) for s, value in part.wheel]
    for name, curve in part.parameters.items():
        for s, value in curve:
            check_range(instrument, name, value, value)
            rows.append((s, SET, machine.number(name), 0, value, 0.0))
    events = np.array([(round(s * sample_rate), *rest) for s, *rest in rows], dtype=EVENT)
    order = np.array([ORDER[kind] for kind in events["kind"].tolist()], dtype=int)
    return events[np.lexsort((order, events["frame"]))]  # stable: equals stay as they are

"""A part played by one of our instruments: notes and controllers in, audio out.

    part = part_of(contents.instruments[0])
    audio = play("supersaw", {"cutoff_hz": 1200}, part, seconds=8, sample_rate=44100)

Conventions: audio is float32 (n_samples, 2); curves are pairs of (seconds, value), each value from its time on; one
instrument at its defaults is about as loud as another. A part's pan is not played: it is the mix's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from legato.errors import LegatoError
from legato.instruments import engine
from legato.instruments.catalogue import DRUMS, EFFECT, Instrument, check_range, load, settings
from legato.instruments.drum_keys import struck
from legato.midi import contents, smf
from legato.midi.channels import CC_RESET, CC_SOSTENUTO, CC_SUSTAIN, PEDAL_DOWN

EVENT = np.dtype([("frame", "<i4"), ("kind", "<i4"), ("id", "<i4"), ("sound", "<i4"), ("a", "<f4"), ("b", "<f4")])
OFF, ON, BEND, SET, LEVEL, WHEEL = range(6)  # voices.c's
# Of one frame: keys are let go, then what is set is set, then keys are struck.
ORDER = {OFF: 0, BEND: 1, SET: 1, LEVEL: 1, WHEEL: 1, ON: 2}
CC_WHEEL, CC_DATA, CC_VOLUME, CC_EXPRESSION, CC_DATA_FINE = 1, 6, 7, 11, 38
CC_PARAMETER_FINE, CC_PARAMETER, CC_OTHER_FINE, CC_OTHER = 100, 101, 98, 99
DEFAULT_VOLUME, MOST = 100, 127  # General MIDI's
DEFAULT_BEND_RANGE = 2.0  # semitones
PLAYED_KEYS = (0, 127)
Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """What one instrument plays; arrays are (n_notes,)."""

    start_s: np.ndarray
    end_s: np.ndarray  # of the key; pedals hold a note longer
    pitch: np.ndarray  # 0–127; of drums the key
    velocity: np.ndarray  # 1–127
    bend: Curve = ()  # semitones
    level: Curve = ()  # a factor: 1 is General MIDI's volume of 100 at full expression
    wheel: Curve = ()  # 0 to 1, modulation
    sustain: Curve = ()  # 0 or 1
    sostenuto: Curve = ()  # 0 or 1
    parameters: Mapping[str, Curve] = field(default_factory=dict)  # of the instrument's, moved while it plays


def part_of(instrument: contents.Instrument) -> Part:
    """What an instrument of a MIDI file plays: notes, bends in their range (RPN 0), volume, expression, wheel, pedals."""
    curves: dict[str, list[tuple[float, float]]] = {
        name: [] for name in ("bend", "level", "wheel", "sustain", "sostenuto")
    }
    state = _State()
    for control in instrument.controls:
        for name, value in state.hear(control.status, control.data):
            curves[name].append((control.s, value))
    names = ("start_s", "end_s", "pitch", "velocity")
    return Part(**{name: getattr(instrument, name) for name in names}, **{n: tuple(c) for n, c in curves.items()})


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
    instrument = load(name)
    if instrument.kind == EFFECT:
        raise LegatoError(f"instrument {name!r}: is an effect, and plays no notes")
    values = settings(instrument, parameters)
    machine = engine.start(instrument, sample_rate, limit_s=limit_s)
    for parameter, value in values.items():
        machine.set(parameter, value)
    machine.give(_events(instrument, part, sample_rate, machine))
    step = min(at_once * engine.BLOCK, machine.chunk) if at_once else machine.chunk
    for done in range(0, n_samples, step):
        yield machine.render(min(step, n_samples - done))


def held_ends_s(part: Part) -> np.ndarray:
    """When each note is let go: with its key, or with the pedal that holds it then, (n_notes,)."""
    ends = np.array(part.end_s, dtype=float)
    for down, up in _times_down(part.sustain):
        ends[(ends >= down) & (ends < up)] = up
    for down, up in _times_down(part.sostenuto):  # holds only what is held when it goes down
        starts = np.asarray(part.start_s, dtype=float)
        ends[(starts < down) & (ends >= down) & (ends < up)] = up
    return ends


def _times_down(pedal: Curve) -> list[tuple[float, float]]:
    times: list[tuple[float, float]] = []
    since: float | None = None
    for s, value in pedal:
        if value and since is None:
            since = s
        elif not value and since is not None:
            times.append((since, s))
            since = None
    last = [(since, float("inf"))] if since is not None else []
    return times + last


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


class _State:
    """A channel's controllers, while they are heard."""

    def __init__(self) -> None:
        self._begin()
        self._range = DEFAULT_BEND_RANGE
        self._volume = DEFAULT_VOLUME

    def _begin(self) -> None:
        self._bend = 0  # of 8192
        self._expression = MOST
        self._parameter = [MOST, MOST]  # that data entry sets: none

    def hear(self, status: int, data: bytes) -> list[tuple[str, float]]:
        """What a message changes, as (curve, value)."""
        if status == smf.BEND:
            self._bend = (data[1] << 7 | data[0]) - 8192
            return [self._bent()]
        return self._control(data[0], data[1]) if status == smf.CONTROL else []

    def _control(self, number: int, value: int) -> list[tuple[str, float]]:
        is_down = float(value >= PEDAL_DOWN)
        if number in (CC_VOLUME, CC_EXPRESSION):
            if number == CC_VOLUME:
                self._volume = value
            else:
                self._expression = value
            return [self._level()]
        if number == CC_WHEEL:
            return [("wheel", value / MOST)]
        if number == CC_SUSTAIN:
            return [("sustain", is_down)]
        if number == CC_SOSTENUTO:
            return [("sostenuto", is_down)]
        if number == CC_RESET:
            self._begin()
            return [self._bent(), self._level(), ("wheel", 0.0), ("sustain", 0.0), ("sostenuto", 0.0)]
        return self._data(number, value)

    def _data(self, number: int, value: int) -> list[tuple[str, float]]:
        """Registered parameter 0 is the bend's range, in semitones and cents."""
        if number in (CC_PARAMETER, CC_PARAMETER_FINE):
            self._parameter[number == CC_PARAMETER_FINE] = value
        elif number in (CC_OTHER, CC_OTHER_FINE):
            self._parameter = [MOST, MOST]
        elif self._parameter == [0, 0] and number == CC_DATA:
            self._range = value + self._range % 1
            return [self._bent()]
        elif self._parameter == [0, 0] and number == CC_DATA_FINE:
            self._range = int(self._range) + min(value, 99) / 100
            return [self._bent()]
        return []

    def _bent(self) -> tuple[str, float]:
        return "bend", self._range * self._bend / 8192

    def _level(self) -> tuple[str, float]:
        return "level", (self._volume / DEFAULT_VOLUME) ** 2 * (self._expression / MOST) ** 2

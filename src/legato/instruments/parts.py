"""What a part plays: notes, and curves of what is moved while they sound, as taken from a MIDI file.

Conventions: curves are pairs of (seconds, value), each value from its time on. Pan is not here: it is the mix's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from legato.midi import contents, smf
from legato.midi.channels import CC_RESET, CC_SOSTENUTO, CC_SUSTAIN, PEDAL_DOWN

CC_WHEEL, CC_DATA, CC_VOLUME, CC_EXPRESSION, CC_DATA_FINE = 1, 6, 7, 11, 38
CC_PARAMETER_FINE, CC_PARAMETER, CC_OTHER_FINE, CC_OTHER = 100, 101, 98, 99
DEFAULT_VOLUME, MOST = 100, 127  # General MIDI's
DEFAULT_BEND_RANGE = 2.0  # semitones
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
    """What an instrument of a MIDI file plays: notes, bends in their range, volume, expression, modulation, pedals."""
    curves: dict[str, list[tuple[float, float]]] = {
        name: [] for name in ("bend", "level", "wheel", "sustain", "sostenuto")
    }
    state = _State()
    for control in instrument.controls:
        for name, value in state.hear(control.status, control.data):
            curves[name].append((control.s, value))
    return Part(
        start_s=instrument.start_s,
        end_s=instrument.end_s,
        pitch=instrument.pitch,
        velocity=instrument.velocity,
        bend=tuple(curves["bend"]),
        level=tuple(curves["level"]),
        wheel=tuple(curves["wheel"]),
        sustain=tuple(curves["sustain"]),
        sostenuto=tuple(curves["sostenuto"]),
    )


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

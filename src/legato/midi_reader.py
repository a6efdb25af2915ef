"""What a MIDI file plays, whoever wrote it: instruments, notes, controllers, tempi.

The file is heard as a synth hears it: a channel's program and controllers hold for all tracks, a note on a key
that still sounds ends the one before, "all notes off" ends them all. An instrument is what one channel plays with
one program. Time is in seconds (`_s`) through the file's tempo map, and in its own ticks; `rank` is an event's place in
the order in which all are heard, also within one tick.

Channel 10 plays drums, and so does any other whose bank says so (XG's 127, GM2's 120); GM2's bank 121 makes channel 10
melodic. All other banks are left aside: which variant of a program sounds is up to who renders. System-exclusive events
and the mode messages (controllers 120 to 127) but "all off" and "reset" are left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from legato import smf
from legato.errors import LegatoError, os_error_line
from legato.files import require_file
from legato.gm import DRUM_BANK, MELODIC_BANK

DRUM_CHANNEL = 9  # "channel 10", counted from 1
CC_BANK, CC_BANK_FINE, CC_SUSTAIN, CC_SOUND_OFF, CC_RESET, CC_NOTES_OFF = 0, 32, 64, 120, 121, 123
FIRST_MODE_CC = 120
DRUM_BANK_CODES, MELODIC_BANK_CODE = (120, 127), 121
DEFAULT_US_PER_BEAT = 500_000
PEDAL_DOWN = 64
BPM_TOLERANCE = 0.02


class Control(NamedTuple):
    """A channel message other than notes and programs: `status` is smf.CONTROL, BEND, PRESSURE or KEY_PRESSURE."""

    tick: int
    s: float
    rank: int
    status: int
    data: bytes


class Tempo(NamedTuple):
    tick: int
    s: float
    us_per_beat: int

    @property
    def bpm(self) -> float:
        return 60e6 / self.us_per_beat


class Meter(NamedTuple):
    """A time signature."""

    tick: int
    beats: int
    unit: int  # 4 is a quarter note

    def bar_ticks(self, ticks_per_beat: int) -> float:
        return ticks_per_beat * 4 * self.beats / self.unit


@dataclass(frozen=True, kw_only=True, eq=False)
class Instrument:
    """One channel's notes with one program, sorted by start; arrays are (n_notes,)."""

    name: str  # of the track that most of its notes lie in
    program: int
    is_drum: bool
    start_s: np.ndarray
    end_s: np.ndarray
    start_tick: np.ndarray
    end_tick: np.ndarray
    start_rank: np.ndarray
    end_rank: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray  # 1–127
    controls: tuple[Control, ...]  # all of its channel's

    @property
    def preset(self) -> tuple[int, int]:
        """(bank, program): 128 for drums, else 0."""
        return DRUM_BANK if self.is_drum else MELODIC_BANK, self.program

    @property
    def bends(self) -> tuple[tuple[float, int], ...]:
        """Pitch bends as (seconds, -8192 to 8191)."""
        bends = (control for control in self.controls if control.status == smf.BEND)
        return tuple((bend.s, (bend.data[1] << 7 | bend.data[0]) - 8192) for bend in bends)


@dataclass(frozen=True, kw_only=True, eq=False)
class Contents:
    """All that a MIDI file plays."""

    seconds: float  # to the end of the last note, or until the pedal that holds it is let go
    ticks_per_beat: int
    tempi: tuple[Tempo, ...]  # the first one at tick 0
    meters: tuple[Meter, ...]  # the first one at tick 0
    instruments: tuple[Instrument, ...]  # that play a note, in the order of their first ones

    @property
    def presets(self) -> frozenset[tuple[int, int]]:
        """(bank, program) of every instrument."""
        return frozenset(instrument.preset for instrument in self.instruments)

    @property
    def n_notes(self) -> int:
        return sum(len(instrument.pitch) for instrument in self.instruments)

    @property
    def bpm(self) -> float:
        """The main tempo: half of the time is not slower, half not faster."""
        tempi = sorted(self._tempo_shares())
        shares = np.cumsum([share for _, share in tempi])
        return tempi[int(np.searchsorted(shares, shares[-1] / 2))][0]

    @property
    def bpm_changes(self) -> bool:
        """Whether a tempo in the file lies over 2 % from the main one."""
        return any(abs(bpm / self.bpm - 1) > BPM_TOLERANCE for bpm, share in self._tempo_shares() if share > 0)

    @property
    def n_bars(self) -> int:
        """Bars begun until the last note ends."""
        end = max(int(instrument.end_tick.max()) for instrument in self.instruments)
        ends = [*(meter.tick for meter in self.meters[1:]), end]
        bars = sum(
            -(-max(0, min(until, end) - meter.tick) // meter.bar_ticks(self.ticks_per_beat))
            for meter, until in zip(self.meters, ends, strict=True)
        )
        return max(1, int(bars))

    def _tempo_shares(self) -> list[tuple[float, float]]:
        """Each tempo's bpm and for how many seconds it holds between the first note and the end."""
        first = min(float(instrument.start_s[0]) for instrument in self.instruments)
        ends = [*(tempo.s for tempo in self.tempi[1:]), np.inf]
        return [
            (tempo.bpm, max(0.0, min(until, self.seconds) - max(tempo.s, first)))
            for tempo, until in zip(self.tempi, ends, strict=True)
        ]


def read_contents(path: Path) -> Contents:
    """Read a MIDI file of type 0 or 1.

    Raises:
        LegatoError: the file is missing, empty, truncated or not MIDI; is of type 2 or in SMPTE time; has a tempo
            of zero, a note without an end, or no notes at all.
    """
    try:
        return _contents(smf.parse(require_file(path).read_bytes()))
    except OSError as error:
        raise LegatoError(os_error_line(error)) from None
    except ValueError as error:
        raise LegatoError(f"{path}: cannot be read as MIDI: {error}") from None


def _contents(file: smf.Smf) -> Contents:
    if file.type not in (0, 1):
        raise ValueError(f"its type is {file.type}: must be 0 or 1")
    if file.division < 0:
        raise ValueError("it counts time in SMPTE frames: must be in ticks a quarter note")
    if file.division == 0:
        raise ValueError("it has 0 ticks a quarter note")
    events = [(event, number) for number, track in enumerate(file.tracks) for event in track]
    events.sort(key=lambda pair: pair[0].tick)  # stable: of equal times, the first track's comes first
    clock = _Clock(file.division, [event for event, _ in events if _is_meta(event, smf.SET_TEMPO)])
    channels = _listen(events, [_port(track) for track in file.tracks])
    names = [_name(track) for track in file.tracks]
    parts = [part for channel in channels for part in channel.parts.values() if part.notes]
    if not parts:
        raise ValueError("it has no notes")
    parts.sort(key=lambda part: part.notes[0][:1])
    instruments = tuple(_instrument(part, names, clock) for part in parts)
    return Contents(
        seconds=max(_end(instrument) for instrument in instruments),
        ticks_per_beat=file.division,
        tempi=clock.tempi,
        meters=tuple(_meters([event for event, _ in events if _is_meta(event, smf.TIME_SIGNATURE)])),
        instruments=instruments,
    )


class _Clock:
    """Ticks to seconds through a tempo map."""

    def __init__(self, ticks_per_beat: int, events: Sequence[smf.Event]) -> None:
        at_tick = {0: DEFAULT_US_PER_BEAT}
        for event in events:
            at_tick[event.tick] = int.from_bytes(event.data[1:4], "big")
        if 0 in at_tick.values():
            raise ValueError("it has a tempo of zero")
        self._ticks = np.array(list(at_tick))
        rates = np.array(list(at_tick.values())) / 1e6 / ticks_per_beat
        self._s = np.concatenate([[0.0], np.cumsum(np.diff(self._ticks) * rates[:-1])])
        self._rates = rates
        self.tempi = tuple(Tempo(tick, float(s), us) for (tick, us), s in zip(at_tick.items(), self._s, strict=True))

    def seconds(self, ticks: np.ndarray) -> np.ndarray:
        at = np.searchsorted(self._ticks, ticks, side="right") - 1
        return self._s[at] + (ticks - self._ticks[at]) * self._rates[at]


@dataclass
class _Part:
    """An instrument while its notes are found: start and end tick, start and end rank, pitch, velocity, track each."""

    program: int
    is_drum: bool
    notes: list[tuple[int, int, int, int, int, int, int]] = field(default_factory=list)
    controls: list[tuple[smf.Event, int]] = field(default_factory=list)


class _Channel:
    """What a channel is set to while the file is played."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.program = 0
        self.bank = 0
        self.parts: dict[tuple[bool, int], _Part] = {}
        self.controls: list[tuple[smf.Event, int]] = []  # shared by all its parts
        self.open: dict[int, tuple[_Part, int, int, int, int]] = {}  # by pitch: part, tick, rank, velocity, track
        self.struck_again: dict[int, int] = {}  # by pitch: when a note was ended by the next one

    def hear(self, event: smf.Event, track: int, rank: int) -> None:
        kind, data = event.status & 0xF0, event.data
        if kind == smf.NOTE_ON and data[1]:
            if data[0] in self.open:
                self._end(data[0], event.tick, rank - 1)  # ranks are even: there is room before
                self.struck_again[data[0]] = event.tick
            self.open[data[0]] = self._part(), event.tick, rank, data[1], track
        elif kind in (smf.NOTE_ON, smf.NOTE_OFF):
            if self.struck_again.pop(data[0], None) != event.tick:  # else it is late, for the note before
                self._end(data[0], event.tick, rank)
        elif kind == smf.PROGRAM:
            self.program = data[0]
        elif kind == smf.CONTROL and data[0] == CC_BANK:
            self.bank = data[1]
        elif kind == smf.CONTROL and data[0] in (CC_SOUND_OFF, CC_NOTES_OFF):
            for pitch in list(self.open):
                self._end(pitch, event.tick, rank)
        elif kind != smf.CONTROL or data[0] == CC_RESET or data[0] not in (CC_BANK_FINE, *range(FIRST_MODE_CC, 128)):
            self.controls.append((event, rank))

    def _end(self, pitch: int, tick: int, rank: int) -> None:
        if pitch in self.open:
            part, start, start_rank, velocity, track = self.open.pop(pitch)
            part.notes.append((start, tick, start_rank, rank, pitch, velocity, track))

    def _part(self) -> _Part:
        is_drum = self.bank in DRUM_BANK_CODES or (self.number == DRUM_CHANNEL and self.bank != MELODIC_BANK_CODE)
        new = _Part(self.program, is_drum, controls=self.controls)
        return self.parts.setdefault((is_drum, self.program), new)


def _listen(events: Sequence[tuple[smf.Event, int]], ports: Sequence[int]) -> list[_Channel]:
    """Every channel, having heard all events; a file with several ports has 16 channels on each."""
    channels: dict[tuple[int, int], _Channel] = {}
    for order, (event, track) in enumerate(events):
        if event.status != smf.META:
            number = event.status & 0x0F
            place = ports[track], number
            if place not in channels:
                channels[place] = _Channel(number)
            channels[place].hear(event, track, 2 * order)
    for (_, number), channel in channels.items():
        for pitch, (_, start, _, _, track) in channel.open.items():
            where = f"channel {number + 1}, track {track + 1}, tick {start}"
            raise ValueError(f"its note {pitch} never ends ({where})")
    for channel in channels.values():
        for part in channel.parts.values():
            part.notes.sort()
    return list(channels.values())


def _instrument(part: _Part, names: Sequence[str], clock: _Clock) -> Instrument:
    start, end, start_rank, end_rank, pitch, velocity, track = np.array(part.notes, dtype=np.int64).T
    times = clock.seconds(np.array([event.tick for event, _ in part.controls], dtype=np.int64))
    return Instrument(
        name=names[int(np.bincount(track).argmax())],
        program=part.program,
        is_drum=part.is_drum,
        start_s=clock.seconds(start),
        end_s=clock.seconds(end),
        start_tick=start,
        end_tick=end,
        start_rank=start_rank,
        end_rank=end_rank,
        pitch=pitch,
        velocity=velocity,
        controls=tuple(
            Control(event.tick, float(s), rank, event.status & 0xF0, event.data)
            for (event, rank), s in zip(part.controls, times, strict=True)
        ),
    )


def _end(instrument: Instrument) -> float:
    """When the last note ends, or the pedal that then holds it is let go."""
    end, is_held = float(instrument.end_s.max()), False
    for control in instrument.controls:
        if control.status == smf.CONTROL and control.data[0] == CC_SUSTAIN:
            is_down = control.data[1] >= PEDAL_DOWN
            if control.s > end and is_held and not is_down:
                return control.s
            is_held = is_down
            if control.s > end:
                break
    return end


def _meters(events: Sequence[smf.Event]) -> Iterator[Meter]:
    signatures = [(event.tick, event.data[1], 2 ** event.data[2]) for event in events if len(event.data) > 2]
    usable = {tick: Meter(tick, beats, unit) for tick, beats, unit in signatures if beats and unit <= 64}
    if 0 not in usable:
        yield Meter(0, 4, 4)
    yield from usable.values()


def _is_meta(event: smf.Event, kind: int) -> bool:
    return event.status == smf.META and event.data[0] == kind


def _name(track: Sequence[smf.Event]) -> str:
    names = (event.data[1:] for event in track if _is_meta(event, smf.TRACK_NAME))
    return next(names, b"").decode("latin-1").strip("\0 ")


def _port(track: Sequence[smf.Event]) -> int:
    return next((event.data[1] for event in track if _is_meta(event, smf.PORT) and len(event.data) > 1), 0)

"""What a MIDI file plays, whoever wrote it: instruments, notes, controllers, tempi.

`legato.midi.channels` says how it is heard. Time is in seconds (`_s`) through the file's tempo map, and in its own
ticks; `rank` is an event's place in the order in which all are heard, also within one tick.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from legato import shards
from legato.errors import LegatoError, os_error_line
from legato.midi import smf
from legato.midi.channels import CC_SUSTAIN, PEDAL_DOWN, PEDALS, Part, listen
from legato.midi.gm import DRUM_BANK, MELODIC_BANK

DEFAULT_US_PER_BEAT = 500_000
TEMPO_BYTES = 3
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
    is_stated: bool = True  # False: the default, where the file says nothing

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

    name: str  # of the track that most of its notes are in
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

    seconds: float  # to the end of the last note, or until the pedals that hold it are let go
    ticks_per_beat: int
    tempi: tuple[Tempo, ...]  # the first one at tick 0
    meters: tuple[Meter, ...]  # the first one at tick 0
    instruments: tuple[Instrument, ...]  # that play a note, in the order of their first ones
    n_ignored: int = 0  # messages with a data byte over 127, which are left out
    n_endless: int = 0  # notes that the file does not end: they last as long as it does

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
    def states_bpm(self) -> bool:
        """Whether the main tempo is one that the file states; where it states none, a synth takes 120."""
        bpm = self.bpm
        return any(tempo.is_stated and tempo.bpm == bpm for tempo in self.tempi)

    @property
    def bpm_changes(self) -> bool:
        """Whether a tempo in the file differs by more than 2 % from the main one."""
        main = self.bpm
        return any(abs(bpm / main - 1) > BPM_TOLERANCE for bpm, share in self._tempo_shares() if share > 0)

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
    """Read a MIDI file of type 0 or 1, which may be a member of an archive, as `shards` has it.

    Raises:
        LegatoError: the file is missing, empty, truncated or not MIDI; is of type 2 or in SMPTE time; has a tempo
            of zero, or no notes at all.
    """
    try:
        return _contents(smf.parse(shards.read(path)))
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
    clock = _Clock(file.division, _meta_events(file, smf.SET_TEMPO))
    parts, n_endless = listen(file)
    if not parts:
        raise ValueError("it has no notes")
    names = [_name(track) for track in file.tracks]
    heard = {id(part.controls): part.controls for part in parts}  # a channel's parts share them
    controls = {at: _controls(events, clock) for at, events in heard.items()}
    instruments = tuple(_instrument(part, names, clock, controls[id(part.controls)]) for part in parts)
    return Contents(
        seconds=max(_end(instrument) for instrument in instruments),
        ticks_per_beat=file.division,
        tempi=clock.tempi,
        meters=tuple(_meters(_meta_events(file, smf.TIME_SIGNATURE))),
        instruments=instruments,
        n_ignored=file.n_ignored,
        n_endless=n_endless,
    )


def _meta_events(file: smf.Smf, kind: int) -> list[smf.Event]:
    """The meta events of a kind in the order of their times."""
    found = (event for track in file.tracks for event in track if smf.is_meta(event, kind))
    return sorted(found, key=lambda event: event.tick)


class _Clock:
    """Ticks to seconds through a tempo map."""

    def __init__(self, ticks_per_beat: int, events: Sequence[smf.Event]) -> None:
        stated = {
            event.tick: int.from_bytes(event.data[1:], "big") for event in events if len(event.data) == 1 + TEMPO_BYTES
        }
        if 0 in stated.values():
            raise ValueError("it has a tempo of zero")
        at_tick = {0: DEFAULT_US_PER_BEAT} | stated
        self._ticks = np.array(list(at_tick))
        rates = np.array(list(at_tick.values())) / 1e6 / ticks_per_beat
        self._s = np.concatenate([[0.0], np.cumsum(np.diff(self._ticks) * rates[:-1])])
        self._rates = rates
        self.tempi = tuple(
            Tempo(tick, float(s), us, is_stated=tick in stated)
            for (tick, us), s in zip(at_tick.items(), self._s, strict=True)
        )

    def seconds(self, ticks: np.ndarray) -> np.ndarray:
        at = np.searchsorted(self._ticks, ticks, side="right") - 1
        return self._s[at] + (ticks - self._ticks[at]) * self._rates[at]


def _controls(events: Sequence[tuple[smf.Event, int]], clock: _Clock) -> tuple[Control, ...]:
    times = clock.seconds(np.array([event.tick for event, _ in events], dtype=np.int64)).tolist()
    return tuple(
        Control(event.tick, s, rank, event.status & 0xF0, event.data)
        for (event, rank), s in zip(events, times, strict=True)
    )


def _instrument(part: Part, names: Sequence[str], clock: _Clock, controls: tuple[Control, ...]) -> Instrument:
    start, end, start_rank, end_rank, pitch, velocity, track = np.array(part.notes, dtype=np.int64).T
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
        controls=controls,
    )


def _end(instrument: Instrument) -> float:
    """When the last note ends, or the pedals that then hold it are let go."""
    end = float(instrument.end_s.max())
    return max(end, *(_pedal_end(instrument, number, end) for number in PEDALS))


def _pedal_end(instrument: Instrument, number: int, end: float) -> float:
    """When the pedal that holds the last note is let go; `end` where none does, or where it never is."""
    is_held = False
    for control in instrument.controls:
        if control.status == smf.CONTROL and control.data[0] == number:
            is_down = control.data[1] >= PEDAL_DOWN
            if control.s > end and not (is_held and is_down):
                return control.s if is_held else end
            # A sostenuto pedal holds the notes that sound when it goes down.
            is_held = is_down and (number == CC_SUSTAIN or is_held or _last_note_sounds(instrument, end, control.rank))
    return end


def _last_note_sounds(instrument: Instrument, end: float, rank: int) -> bool:
    is_last = instrument.end_s == end
    return bool(((instrument.start_rank < rank) & (rank < instrument.end_rank) & is_last).any())


def _meters(events: Sequence[smf.Event]) -> Iterator[Meter]:
    signatures = [(event.tick, event.data[1], 2 ** event.data[2]) for event in events if len(event.data) > 2]
    usable = {tick: Meter(tick, beats, unit) for tick, beats, unit in signatures if beats and unit <= 64}
    if 0 not in usable:
        yield Meter(0, 4, 4)
    yield from usable.values()


def _name(track: Sequence[smf.Event]) -> str:
    names = (event.data[1:] for event in track if smf.is_meta(event, smf.TRACK_NAME))
    return next(names, b"").decode("latin-1").strip("\0 ")

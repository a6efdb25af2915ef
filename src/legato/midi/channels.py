"""How a synth hears a MIDI file: what each channel is set to, and which of its instruments plays each note.

A channel's program and controllers hold for all tracks, a note on a key that still sounds ends the one before, "all
notes off" ends them all. An instrument is what one channel plays with one program. A bank select waits for the next
program change.

Channel 10 plays drums, until a GS "use for rhythm part" or an XG part mode says otherwise of any channel. Banks say it
too, as far as the synth that the file has asked for knows them: XG's 126 and 127 and GM2's 120 are drums, GM2's 121 is
not, and after "XG on" no other bank is; after "GS reset" banks only pick variants. A reset (GM, GS or XG) begins every
channel of its port again. All other system-exclusive messages, the second byte of a bank and the mode messages
(controllers 120 to 127) but "all off" and "reset" are left out: which variant of a program sounds is up to who renders.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from legato.midi import smf
from legato.midi.sysex import DRUM_CHANNEL, GM, GS, XG, Reset, Setting, read_sysex

CC_BANK, CC_BANK_FINE, CC_SUSTAIN, CC_SOSTENUTO, CC_SOUND_OFF, CC_RESET, CC_NOTES_OFF = 0, 32, 64, 66, 120, 121, 123
PEDALS = (CC_SUSTAIN, CC_SOSTENUTO)  # that hold notes
PEDAL_DOWN = 64
FIRST_MODE_CC = 120
DRUM_BANK_CODES, MELODIC_BANK_CODE = (120, 126, 127), 121


class PlayedNote(NamedTuple):
    """A note by its places in the file."""

    start: int  # tick
    end: int
    start_rank: int
    end_rank: int
    pitch: int
    velocity: int
    track: int


@dataclass
class Part:
    """An instrument while its notes are found."""

    program: int
    is_drum: bool
    controls: list[tuple[smf.Event, int]]  # with their ranks; shared by all of a channel's parts
    notes: list[PlayedNote] = field(default_factory=list)


class _OpenNote(NamedTuple):
    part: Part
    tick: int
    rank: int
    velocity: int
    track: int


class _Channel:
    """What a channel is set to while the file is played."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.heard_first: int | None = None  # rank of its first own message
        self.parts: dict[tuple[int, bool, int], Part] = {}
        self._n_resets = 0
        self._open: dict[int, _OpenNote] = {}  # by pitch
        self._struck_again: dict[int, int] = {}  # by pitch: when a note was ended by the next one
        self._late_ends: dict[int, tuple[int, int]] = {}  # by pitch: tick and rank of an end taken for the note before
        self._begin()

    def _begin(self) -> None:
        self._is_rhythm = self._is_drum = self.number == DRUM_CHANNEL
        self._bank: int | None = None  # None: the file has not said
        self._programs = {False: 0, True: 0}  # a tone and a kit: a part that turns back finds its own again
        self._controls: list[tuple[smf.Event, int]] = []
        self._pedals = dict.fromkeys(PEDALS, False)

    def hear(self, event: smf.Event, track: int, rank: int, mode: str) -> None:
        """A channel message, to a synth that is in a mode."""
        if self.heard_first is None:
            self.heard_first = rank
        kind, data = event.status & 0xF0, event.data
        if kind == smf.NOTE_ON and data[1]:
            if data[0] in self._open:
                self._end(data[0], event.tick, rank - 1)  # ranks are even: there is room before
                self._struck_again[data[0]] = event.tick
            self._open[data[0]] = _OpenNote(self._part(), event.tick, rank, data[1], track)
        elif kind in (smf.NOTE_ON, smf.NOTE_OFF):
            if self._struck_again.pop(data[0], None) != event.tick:
                self._end(data[0], event.tick, rank)
            else:  # it is late, for the note before; but where no other comes, it was for this one
                self._late_ends[data[0]] = event.tick, rank
        elif kind == smf.PROGRAM:
            self._set_program(data[0], mode)
        elif kind == smf.CONTROL:
            self._control(event, rank)
        else:
            self._controls.append((event, rank))

    def set(self, setting: Setting, mode: str) -> None:
        """A setting that came by a system-exclusive message."""
        if setting.kind == "bank":
            self._bank = setting.value
        elif setting.kind == "program":
            self._set_program(setting.value, mode)
        else:
            self._is_rhythm = self._is_drum = setting.value > 0
            self._bank = None

    def reset(self, tick: int, rank: int) -> None:
        """Begin again: notes and pedals end, and what comes later is played by other instruments."""
        self._end_all(tick, rank)
        for pedal, is_down in self._pedals.items():
            if is_down:
                self._controls.append((smf.Event(tick, smf.CONTROL | self.number, bytes([pedal, 0])), rank))
        self._n_resets += 1
        self._begin()

    def finish(self, tick: int, rank: int) -> int:
        """End the notes that the file does not end, with the file; return how many."""
        n_endless = len(self._open.keys() - self._late_ends.keys())
        for pitch in list(self._open):
            self._end(pitch, *self._late_ends.get(pitch, (tick, rank)))
        for part in self.parts.values():
            part.notes.sort()
        return n_endless

    def _control(self, event: smf.Event, rank: int) -> None:
        number, value = event.data
        if number == CC_BANK:
            self._bank = value
        elif number in (CC_SOUND_OFF, CC_NOTES_OFF):
            self._end_all(event.tick, rank)
        elif number == CC_RESET or number not in (CC_BANK_FINE, *range(FIRST_MODE_CC, 128)):
            self._controls.append((event, rank))
            if number in PEDALS:
                self._pedals[number] = value >= PEDAL_DOWN

    def _set_program(self, program: int, mode: str) -> None:
        self._is_drum = _drums_of_bank(self._bank, mode, otherwise=self._is_rhythm)
        self._programs[self._is_drum] = program

    def _end_all(self, tick: int, rank: int) -> None:
        for pitch in list(self._open):
            self._end(pitch, tick, rank)

    def _end(self, pitch: int, tick: int, rank: int) -> None:
        self._late_ends.pop(pitch, None)
        if pitch in self._open:
            part, start, start_rank, velocity, track = self._open.pop(pitch)
            part.notes.append(PlayedNote(start, tick, start_rank, rank, pitch, velocity, track))

    def _part(self) -> Part:
        program = self._programs[self._is_drum]
        new = Part(program, self._is_drum, self._controls)
        return self.parts.setdefault((self._n_resets, self._is_drum, program), new)


def _drums_of_bank(bank: int | None, mode: str, *, otherwise: bool) -> bool:
    """Whether a program change gives drums, by the bank selected before it."""
    if mode == GS or bank is None:
        return otherwise
    if bank in DRUM_BANK_CODES:
        return True
    return otherwise and not (bank == MELODIC_BANK_CODE or mode == XG)


def listen(file: smf.Smf) -> tuple[list[Part], int]:
    """Every instrument that plays, in the order of their first notes; and how many notes the file does not end.

    A file with several ports has 16 channels on each. Of equal times the first track's events come first.
    """
    channels: dict[tuple[int, int], _Channel] = {}
    modes: dict[int, str] = {}  # by port
    mode = GM  # of a port that has none of its own
    for order, (event, track, port) in enumerate(_in_order(file)):
        rank = 2 * order
        if event.status == smf.SYSEX:
            for change in read_sysex(event.data):
                if isinstance(change, Reset):
                    modes[port] = mode = change.mode
                    for (its_port, _), channel in channels.items():
                        if its_port == port:
                            channel.reset(event.tick, rank)
                else:
                    _channel(channels, port, change.midi_channel).set(change, modes.get(port, mode))
        else:
            _channel(channels, port, event.status & 0x0F).hear(event, track, rank, modes.get(port, mode))
    end = file.end_tick, 2 * sum(map(len, file.tracks))
    n_endless = sum(channel.finish(*end) for channel in channels.values())
    heard = [(one.heard_first, one) for one in channels.values() if one.heard_first is not None]
    heard.sort(key=lambda pair: pair[0])
    parts = [part for _, channel in heard for part in channel.parts.values() if part.notes]
    return sorted(parts, key=lambda part: part.notes[0].start), n_endless


def _channel(channels: dict[tuple[int, int], _Channel], port: int, number: int) -> _Channel:
    if (port, number) not in channels:
        channels[port, number] = _Channel(number)
    return channels[port, number]


def _in_order(file: smf.Smf) -> Iterable[tuple[smf.Event, int, int]]:
    """Every event but meta events, with its track and port, as they are played."""
    events = [found for number, track in enumerate(file.tracks) for found in _on_ports(track, number)]
    return sorted(events, key=lambda found: found[0].tick)  # stable


def _on_ports(track: Sequence[smf.Event], number: int) -> Iterable[tuple[smf.Event, int, int]]:
    """A track's events on the port that was named last; where one alone is named, before any note, all are on it."""
    named = [(at, event.data[1]) for at, event in enumerate(track) if smf.is_meta(event, smf.PORT) and event.data[1:]]
    first_note = next((at for at, event in enumerate(track) if event.status & 0xF0 == smf.NOTE_ON), len(track))
    is_alone = len({port for _, port in named}) == 1 and named[0][0] < first_note
    port = named[0][1] if is_alone else 0
    changes = dict(named)
    for at, event in enumerate(track):
        port = changes.get(at, port)
        if event.status != smf.META:
            yield event, number, port

"""Standard MIDI Files as events and back, without looking at what the events mean.

Every byte that real files hold is read: types 0, 1 and 2, running status (also across meta events, which the
standard forbids and files do), chunks of unknown kinds, tracks without an end, any text. mido refuses a whole
file for a key signature that it does not know; nothing here depends on such events.

Source: "Standard MIDI Files 1.0", MIDI Manufacturers Association, 1988.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

META, SYSEX, SYSEX_MORE = 0xFF, 0xF0, 0xF7
TRACK_NAME, PORT, END_OF_TRACK, SET_TEMPO, TIME_SIGNATURE = 0x03, 0x21, 0x2F, 0x51, 0x58
NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL, PROGRAM, PRESSURE, BEND = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0
N_DATA = {NOTE_OFF: 2, NOTE_ON: 2, KEY_PRESSURE: 2, CONTROL: 2, PROGRAM: 1, PRESSURE: 1, BEND: 2}
HEADER_BYTES = 14


class Event(NamedTuple):
    tick: int  # from the start
    status: int  # a channel message's, or META
    data: bytes  # the message's data bytes; of a meta event its kind and what it holds


class Smf(NamedTuple):
    type: int
    division: int  # ticks a quarter note; SMPTE frames where negative
    tracks: tuple[tuple[Event, ...], ...]


def parse(content: bytes) -> Smf:
    """Read a file's bytes. System-exclusive events are left out.

    Raises:
        ValueError: it is empty, is not MIDI, is truncated, or holds bytes that are no event; in words for a user.
    """
    if not content:
        raise ValueError("the file is empty")
    if content[:4] != b"MThd":
        raise ValueError("not a MIDI file: it does not begin with MThd")
    if len(content) < HEADER_BYTES:
        raise ValueError("truncated within its header")
    length, type_, n_tracks, division = struct.unpack_from(">IHHh", content, 4)
    tracks: list[tuple[Event, ...]] = []
    at = 8 + length
    while len(tracks) < n_tracks:
        if at + 8 > len(content):
            raise ValueError(f"truncated: it holds {len(tracks)} of {n_tracks} tracks")
        kind, length = struct.unpack_from(">4sI", content, at)
        start, at = at + 8, at + 8 + length
        if at > len(content):
            raise ValueError(f"truncated: {len(content)} bytes of {at}")
        if kind == b"MTrk":
            try:
                tracks.append(tuple(_events(content[start:at])))
            except IndexError:
                raise ValueError(f"truncated: its track {len(tracks) + 1} ends within an event") from None
    return Smf(type=type_, division=division, tracks=tuple(tracks))


def _events(data: bytes) -> Iterable[Event]:
    """A track's channel and meta events up to its end; IndexError where the last one is cut off."""
    at = tick = status = 0
    while at < len(data):
        delta, at = _read_length(data, at)
        tick += delta
        first = data[at]
        if first in (META, SYSEX, SYSEX_MORE):
            kind_bytes = 1 if first == META else 0
            length, start = _read_length(data, at + 1 + kind_bytes)
            end = start + length
            if end > len(data):
                raise IndexError
            if first == META:
                if data[at + 1] == END_OF_TRACK:
                    return
                yield Event(tick, META, data[at + 1 : at + 2] + data[start:end])
            at = end
            continue
        if first >= 0x80:
            status, at = first, at + 1
        n_data = N_DATA.get(status & 0xF0)
        if n_data is None:
            raise ValueError(f"byte {first} is no MIDI event")
        values = data[at : at + n_data]
        if len(values) < n_data:
            raise IndexError
        if max(values) > 0x7F:
            raise ValueError(f"data byte {max(values)} is over 127")
        at += n_data
        yield Event(tick, status, values)


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    """A number of up to four bytes with seven bits each, and where it ends."""
    value = 0
    for n_bytes in range(1, 5):
        byte = data[at + n_bytes - 1]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + n_bytes
    raise ValueError("a length is over four bytes long")


def dump(ticks_per_beat: int, tracks: Sequence[Iterable[Event]]) -> bytes:
    """A type 1 file: every event with its status, every track with its end. Events come in the order given.

    >>> parse(dump(480, [[Event(0, 0x90, bytes([60, 100])), Event(480, 0x80, bytes([60, 64]))]])).division
    480
    """
    chunks = [struct.pack(">4sIHHh", b"MThd", 6, 1, len(tracks), ticks_per_beat)]
    for events in tracks:
        body, now = bytearray(), 0
        for event in (*events, None):
            tick, status, data = event or (now, META, bytes([END_OF_TRACK]))
            payload = data[:1] + _length(len(data) - 1) + data[1:] if status == META else data
            body += _length(tick - now) + bytes([status]) + payload
            now = tick
        chunks.append(struct.pack(">4sI", b"MTrk", len(body)) + body)
    return b"".join(chunks)


def _length(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))

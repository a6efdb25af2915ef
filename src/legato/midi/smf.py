"""Standard MIDI Files as events and back, without looking at what the events mean.

Every byte that real files hold is read: types 0, 1 and 2, running status (also across meta events, which the
standard forbids and files do), chunks of unknown kinds, tracks without an end, any text, system-exclusive messages in
one packet or several, a RIFF file around it all (.rmi). mido refuses a whole file for a key signature that it does not
know; nothing here depends on such events. A channel message with a data byte over 127 is left out and counted, as
FluidSynth does; the velocity of a note's end is not looked at.

Source: "Standard MIDI Files 1.0", MIDI Manufacturers Association, 1988.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

META, SYSEX, SYSEX_MORE, SYSEX_END = 0xFF, 0xF0, 0xF7, b"\xf7"
TEXT, TRACK_NAME, PORT, END_OF_TRACK, SET_TEMPO, TIME_SIGNATURE = 0x01, 0x03, 0x21, 0x2F, 0x51, 0x58
NOTE_OFF, NOTE_ON, KEY_PRESSURE, CONTROL, PROGRAM, PRESSURE, BEND = 0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0
N_DATA = {NOTE_OFF: 2, NOTE_ON: 2, KEY_PRESSURE: 2, CONTROL: 2, PROGRAM: 1, PRESSURE: 1, BEND: 2}
HEADER_BYTES = 14
LONGEST_DELTA = 2**28 - 1  # ticks that four bytes of seven bits hold
NEUTRAL_VELOCITY = 64


class Event(NamedTuple):
    tick: int  # from the start
    status: int  # a channel message's, META or SYSEX
    data: bytes  # the message's data bytes, without F0 and F7; of a meta event its kind and what it holds


class Smf(NamedTuple):
    type: int
    division: int  # ticks a quarter note; SMPTE frames where negative
    tracks: tuple[tuple[Event, ...], ...]
    end_tick: int = 0  # of the track that ends last
    n_ignored: int = 0  # channel messages with a data byte over 127, which are left out


class _Track(NamedTuple):
    events: tuple[Event, ...]
    end_tick: int
    n_ignored: int


def is_meta(event: Event, kind: int) -> bool:
    """Whether it is a meta event of a kind, such as `TRACK_NAME`."""
    return event.status == META and event.data[0] == kind


def parse(content: bytes) -> Smf:
    """Read a file's bytes, those of an RMID file (RIFF) too.

    Raises:
        ValueError: it is empty, is not MIDI, is truncated, or holds bytes that are no event; in words for a user.
    """
    if not content:
        raise ValueError("the file is empty")
    content = _unwrapped(content)
    if content[:4] != b"MThd":
        raise ValueError("not a MIDI file: it does not begin with MThd")
    if len(content) < HEADER_BYTES:
        raise ValueError("truncated within its header")
    length, type_, n_tracks, division = struct.unpack_from(">IHHh", content, 4)
    tracks: list[_Track] = []
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
                tracks.append(_read_track(content[start:at]))
            except IndexError:
                raise ValueError(f"truncated: its track {len(tracks) + 1} ends within an event") from None
    return Smf(
        type=type_,
        division=division,
        tracks=tuple(track.events for track in tracks),
        end_tick=max((track.end_tick for track in tracks), default=0),
        n_ignored=sum(track.n_ignored for track in tracks),
    )


def _unwrapped(content: bytes) -> bytes:
    """What the data chunk of an RMID file holds; any other file as it is."""
    if content[:4] != b"RIFF" or content[8:12] != b"RMID":
        return content
    at = 12
    while at + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, at)
        if kind == b"data":
            return content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    raise ValueError("an RMID file without a data chunk: it holds no MIDI")


def _read_track(data: bytes) -> _Track:
    """A track's events up to its end; IndexError where the last one is cut off."""
    events: list[Event] = []
    begun: Event | None = None  # a system-exclusive message whose end has not come
    at = tick = status = n_ignored = 0
    while at < len(data):
        delta, at = _read_length(data, at)
        tick += delta
        first = data[at]
        if first == META:
            kind, (payload, at) = data[at + 1], _read_payload(data, at + 2)
            if kind == END_OF_TRACK:
                break
            events.append(Event(tick, META, bytes([kind]) + payload))
            continue
        if begun and first != SYSEX_MORE:
            events.append(begun)  # files that forget its end mean it all the same
            begun = None
        if first in (SYSEX, SYSEX_MORE):
            payload, at = _read_payload(data, at + 1)
            begun = _joined(first, payload, begun, tick)
            if begun and begun.data[-1:] == SYSEX_END:
                events.append(begun._replace(data=begun.data[:-1]))
                begun = None
            continue
        if first >= 0x80:
            status, at = first, at + 1
        values, at = _read_data(data, at, status, first)
        if status & 0xF0 == NOTE_OFF and values[1] > 0x7F:
            values = bytes([values[0], NEUTRAL_VELOCITY])  # which no synth looks at
        if max(values) > 0x7F:
            n_ignored += 1
        else:
            events.append(Event(tick, status, values))
    return _Track((*events, begun) if begun else tuple(events), tick, n_ignored)


def _read_payload(data: bytes, at: int) -> tuple[bytes, int]:
    """What a meta or system-exclusive event holds, after its length, and where it ends."""
    length, start = _read_length(data, at)
    if start + length > len(data):
        raise IndexError
    return data[start : start + length], start + length


def _read_data(data: bytes, at: int, status: int, first: int) -> tuple[bytes, int]:
    """A channel message's data bytes, and where they end."""
    n_data = N_DATA.get(status & 0xF0)
    if n_data is None:
        raise ValueError(f"byte {first} is no MIDI event")
    values = data[at : at + n_data]
    if len(values) < n_data:
        raise IndexError
    return values, at + n_data


def _joined(first: int, payload: bytes, begun: Event | None, tick: int) -> Event | None:
    """A system-exclusive message as far as it has come, by packets: the first one is F0, those that continue are F7.

    F7 on its own may hold any bytes; a whole message is read, the rest is left out.
    """
    if first == SYSEX:
        return Event(tick, SYSEX, payload)
    if begun:
        return Event(tick, SYSEX, begun.data + payload)
    return Event(tick, SYSEX, payload[1:]) if payload[:1] == bytes([SYSEX]) else None


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

    Where two are further apart than a delta time can say, empty text events are put between them.

    >>> parse(dump(480, [[Event(0, 0x90, bytes([60, 100])), Event(480, 0x80, bytes([60, 64]))]])).division
    480
    """
    chunks = [struct.pack(">4sIHHh", b"MThd", 6, 1, len(tracks), ticks_per_beat)]
    for events in tracks:
        body, now = bytearray(), 0
        for event in (*events, None):
            tick, status, data = event or (now, META, bytes([END_OF_TRACK]))
            while tick - now > LONGEST_DELTA:
                body += _length(LONGEST_DELTA) + bytes([META, TEXT, 0])
                now += LONGEST_DELTA
            body += _length(tick - now) + bytes([status]) + _payload(status, data)
            now = tick
        chunks.append(struct.pack(">4sI", b"MTrk", len(body)) + body)
    return b"".join(chunks)


def _payload(status: int, data: bytes) -> bytes:
    """What follows an event's status byte."""
    if status == META:
        return data[:1] + _length(len(data) - 1) + data[1:]
    return _length(len(data) + 1) + data + SYSEX_END if status == SYSEX else data


def _length(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))

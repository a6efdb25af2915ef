"""MIDI files byte by byte, as the standard has them; nothing of legato is used."""

import struct


def header(type_: int = 1, n_tracks: int = 1, division: int = 480) -> bytes:
    return b"MThd" + struct.pack(">IHHh", 6, type_, n_tracks, division)


def chunk(body: bytes, kind: bytes = b"MTrk") -> bytes:
    return kind + struct.pack(">I", len(body)) + body


def file(*tracks: bytes, type_: int = 1, division: int = 480) -> bytes:
    return header(type_, len(tracks), division) + b"".join(map(chunk, tracks))


def name(text: bytes) -> bytes:
    return b"\x00\xff\x03" + bytes([len(text)]) + text


def tempo(us_per_beat: int, delta: bytes = b"\x00") -> bytes:
    return delta + b"\xff\x51\x03" + us_per_beat.to_bytes(3, "big")


def rmid(midi: bytes, *before: tuple[bytes, bytes]) -> bytes:
    """A MIDI file in the data chunk of a RIFF file, behind other chunks."""
    chunks = [*before, (b"data", midi)]
    body = b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"RMID" + body


def sysex(*packets: str, delta: bytes = b"\x00") -> bytes:
    """A system-exclusive message between F0 and F7, in hex digits; each packet after the first is one that goes on."""
    parts = [bytes.fromhex(packet) for packet in packets]
    parts[-1] += b"\xf7"
    starts = b"\xf0" + b"\xf7" * (len(parts) - 1)
    return b"".join(delta + bytes([start, len(part)]) + part for start, part in zip(starts, parts, strict=True))


def control(midi_channel: int, number: int, value: int) -> bytes:
    return bytes([0, 0xB0 | midi_channel, number, value])


def program(midi_channel: int, number: int) -> bytes:
    return bytes([0, 0xC0 | midi_channel, number])


def note(midi_channel: int, pitch: int = 60, velocity: int = 100) -> bytes:
    """A note of a beat."""
    return bytes([0, 0x90 | midi_channel, pitch, velocity]) + BEAT + bytes([0x80 | midi_channel, pitch, 64])


def port(number: int) -> bytes:
    return bytes([0, 0xFF, 0x21, 1, number])


BEAT = b"\x83\x60"  # 480 ticks
NOW = b"\x00"
END = b"\x00\xff\x2f\x00"
ONE_NOTE = NOW + b"\x90\x3c\x64" + BEAT + b"\x80\x3c\x40"

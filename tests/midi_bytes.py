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


BEAT = b"\x83\x60"  # 480 ticks
NOW = b"\x00"
END = b"\x00\xff\x2f\x00"
ONE_NOTE = NOW + b"\x90\x3c\x64" + BEAT + b"\x80\x3c\x40"

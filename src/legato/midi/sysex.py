"""System-exclusive messages that decide what a channel plays: resets, and GS and XG settings of one part.

Any device number and any checksum will do: files are full of wrong ones. A message may set several addresses in a row.

Sources: "General MIDI System Level 1" and "Level 2", MIDI Manufacturers Association, 1991 and 1999; "SC-88 Owner's
Manual, MIDI Implementation", Roland, 1994; "XG Specifications 2.00", Yamaha, 2001.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

GM, GS, XG = "GM", "GS", "XG"  # what a synth has been told to be
DRUM_CHANNEL = 9  # "channel 10", counted from 1


class Reset(NamedTuple):
    """All channels begin again, as a synth of this kind has them."""

    mode: str


class Setting(NamedTuple):
    """A channel's setting."""

    kind: Literal["bank", "program", "drums"]
    midi_channel: int  # 0 to 15
    value: int  # for drums 0 is a melodic part, any other a rhythm part


_GS_PART: dict[int, Literal["bank", "program", "drums"]] = {0x00: "bank", 0x01: "program", 0x15: "drums"}
_XG_PART: dict[int, Literal["bank", "program", "drums"]] = {0x01: "bank", 0x03: "program", 0x07: "drums"}


def read_sysex(message: bytes) -> Iterator[Reset | Setting]:
    """What a message between F0 and F7 does to channels; nothing where it does something else.

    >>> list(read_sysex(bytes.fromhex("411042124011150218")))
    [Setting(kind='drums', midi_channel=0, value=2)]
    """
    if message[:1] == b"\x7e" and message[2:] in (b"\x09\x01", b"\x09\x03"):
        yield Reset(GM)
    elif message[:1] == b"\x41" and message[2:4] == b"\x42\x12":
        yield from _read_gs(*message[4:7], data=message[7:-1]) if len(message) > 8 else ()
    elif message[:1] == b"\x43" and message[1:2] and message[1] & 0xF0 == 0x10 and message[2:3] == b"\x4c":
        yield from _read_xg(*message[3:6], data=message[6:]) if len(message) > 6 else ()


def _read_gs(high: int, middle: int, low: int, *, data: bytes) -> Iterator[Reset | Setting]:
    """Data sets (DT1) of Roland's model 42: GS reset, the SC-88's mode, and a part's tone and use."""
    for at, value in enumerate(data, start=low):
        if (high, middle, at) in ((0x40, 0, 0x7F), (0, 0, 0x7F)):
            yield Reset(GM if value == 0x7F else GS)  # 7F leaves GS
        elif high == 0x40 and middle & 0xF0 == 0x10 and at in _GS_PART and value < 0x80:
            yield Setting(_GS_PART[at], _gs_channel(middle & 0x0F), value)


def _gs_channel(part: int) -> int:
    """GS counts the drums' channel first: 0 is channel 10, 1 to 9 are 1 to 9, A to F are 11 to 16."""
    return DRUM_CHANNEL if part == 0 else part - 1 if part <= DRUM_CHANNEL else part


def _read_xg(high: int, middle: int, low: int, *, data: bytes) -> Iterator[Reset | Setting]:
    """Parameter changes of Yamaha's model 4C: XG on, all reset, and a part's bank, program and mode."""
    for at, value in enumerate(data, start=low):
        if (high, middle) == (0, 0) and at in (0x7E, 0x7F):
            yield Reset(XG)
        elif high == 0x08 and middle < 16 and at in _XG_PART and value < 0x80:
            yield Setting(_XG_PART[at], middle, value)

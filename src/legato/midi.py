"""A song in beats, and its .mid file.

Conventions: `beat` counts quarter notes from the start; all songs are in 4/4 at one `bpm`.
"""

from dataclasses import dataclass
from pathlib import Path

import pretty_midi

from legato.errors import LegatoError
from legato.files import replacing
from legato.gm import DRUM_BANK, MELODIC_BANK

TICKS_PER_BEAT = 480
BEATS_PER_BAR = 4
CC_VOLUME, CC_PAN, CC_REVERB_SEND = 7, 10, 91


@dataclass(frozen=True, kw_only=True)
class Note:
    beat: float
    beats: float  # length
    pitch: int
    velocity: int  # 1–127


@dataclass(frozen=True, kw_only=True)
class Part:
    """One instrument's notes and its place in the mix."""

    role: str
    program: int
    is_drum: bool
    volume: int  # 0–127, MIDI controller 7
    pan: int  # 0–127, 64 in the middle
    reverb_send: int  # 0–127
    notes: tuple[Note, ...]


@dataclass(frozen=True, kw_only=True)
class Song:
    bpm: int
    n_bars: int
    parts: tuple[Part, ...]


def bar_seconds(bpm: float, beats_per_bar: int = BEATS_PER_BAR) -> float:
    """Length of one bar in seconds.

    >>> bar_seconds(120)
    2.0
    """
    return beats_per_bar * 60 / bpm


def write_midi(path: Path, song: Song) -> None:
    """Write a type 1 MIDI file, whole or not at all."""
    midi = pretty_midi.PrettyMIDI(resolution=TICKS_PER_BEAT, initial_tempo=song.bpm)
    midi.time_signature_changes.append(pretty_midi.TimeSignature(BEATS_PER_BAR, 4, 0))
    midi.instruments.extend(_instrument(part, 60 / song.bpm) for part in song.parts)
    with replacing(path) as temporary:
        midi.write(str(temporary))


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a synth must know of a MIDI file beforehand."""

    seconds: float  # to the last event
    presets: frozenset[tuple[int, int]]  # (bank, program) of every instrument that plays a note


def read_contents(path: Path) -> Contents:
    """What a MIDI file plays, and for how long.

    Raises:
        LegatoError: the file is missing or is not a MIDI file.
    """
    try:
        midi = pretty_midi.PrettyMIDI(str(path))
    except (OSError, EOFError, ValueError, IndexError, KeyError) as error:
        raise LegatoError(f"{path}: cannot be read as MIDI: {error or type(error).__name__}") from None
    played = (instrument for instrument in midi.instruments if instrument.notes)
    presets = frozenset((DRUM_BANK if part.is_drum else MELODIC_BANK, part.program) for part in played)
    return Contents(seconds=float(midi.get_end_time()), presets=presets)


def _instrument(part: Part, beat_s: float) -> pretty_midi.Instrument:
    instrument = pretty_midi.Instrument(part.program, part.is_drum, name=part.role)
    mix = ((CC_VOLUME, part.volume), (CC_PAN, part.pan), (CC_REVERB_SEND, part.reverb_send))
    instrument.control_changes = [pretty_midi.ControlChange(number, value, 0) for number, value in mix]
    instrument.notes = [
        pretty_midi.Note(note.velocity, note.pitch, note.beat * beat_s, (note.beat + note.beats) * beat_s)
        for note in part.notes
    ]
    return instrument

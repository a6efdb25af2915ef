"""A song in beats, and its .mid file.

Conventions: `beat` counts quarter notes from the start; all songs are in 4/4 at one `bpm`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import symusic

from legato.files import replacing

TICKS_PER_BEAT = 480
BEATS_PER_BAR = 4
CC_VOLUME, CC_PAN, CC_REVERB_SEND = 7, 10, 91
BEND_RANGE = 12  # semitones
BEND_RANGE_CCS = ((101, 0), (100, 0), (6, BEND_RANGE), (38, 0))  # RPN 0, the range in semitones and cents


class Note(NamedTuple):
    beat: float
    beats: float  # length
    pitch: int
    velocity: int  # 1–127


class Bend(NamedTuple):
    """How much higher or lower the part's channel is from this beat on."""

    beat: float
    semitones: float  # within BEND_RANGE of 0


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
    bends: tuple[Bend, ...] = ()


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
    """Write a type 1 MIDI file, whole or not at all; equal songs have equal bytes.

    Each part is a track named by its role, with its program, volume, pan and reverb; where it bends, the bend's range
    comes first (RPN 0).
    """
    score: Any = symusic.Score(TICKS_PER_BEAT)  # symusic makes its classes at run time
    score.tempos.append(symusic.Tempo(0, float(song.bpm)))
    score.time_signatures.append(symusic.TimeSignature(0, BEATS_PER_BAR, 4))
    for part in song.parts:
        score.tracks.append(_track(part))
    with replacing(path) as temporary:
        score.dump_midi(str(temporary))


def _track(part: Part) -> Any:
    track: Any = symusic.Track(name=part.role, program=part.program, is_drum=part.is_drum)
    mix = ((CC_VOLUME, part.volume), (CC_PAN, part.pan), (CC_REVERB_SEND, part.reverb_send))
    for number, value in (*(BEND_RANGE_CCS if part.bends else ()), *mix):
        track.controls.append(symusic.ControlChange(0, number, value))
    columns = np.array(part.notes, dtype=float).reshape(-1, 4)
    starts = np.rint(columns[:, 0] * TICKS_PER_BEAT).astype(np.int32)
    ends = np.rint((columns[:, 0] + columns[:, 1]) * TICKS_PER_BEAT).astype(np.int32)
    pitches, velocities = columns[:, 2].astype(np.int8), columns[:, 3].astype(np.int8)
    track.notes = symusic.Note.from_numpy(starts, np.maximum(ends - starts, 1), pitches, velocities)
    for bend in part.bends:
        value = min(max(round(bend.semitones / BEND_RANGE * 8192), -8192), 8191)
        track.pitch_bends.append(symusic.PitchBend(round(bend.beat * TICKS_PER_BEAT), value))
    return track

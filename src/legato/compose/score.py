"""What a score is made of, before anybody performs it.

Conventions: time is in whole ticks, 24 a quarter note, so that 32nds and triplets fall on it exactly; 4/4 throughout;
within a section ticks count from its start.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

BEAT = 24  # ticks
BAR = 4 * BEAT
GHOST, ROLL = "ghost", "roll"


class Tone(NamedTuple):
    """A note as it is written; swing and humanizing come later."""

    tick: int
    ticks: int
    pitch: int
    velocity: int
    late: float = 0.0  # beats after the written place: strums, laid-back snares
    slide: int = 0  # semitones that the pitch glides by before the note ends
    mark: str = ""  # GHOST, or ROLL on the first note of a roll


class Chord(NamedTuple):
    """A chord and when it sounds."""

    tick: int
    ticks: int
    degree: int  # scale steps from the tonic
    root: int  # pitch class
    quality: str  # of theory.CHORDS
    bass: int  # pitch class
    classes: tuple[int, ...]  # pitch classes, root first

    @property
    def end(self) -> int:
        return self.tick + self.ticks


@dataclass(frozen=True, kw_only=True)
class Section:
    """A stretch of the song: `letter` says whose music it plays, `visit` how often that was heard before."""

    letter: str  # A, B, C
    kind: str  # intro, main, outro, ending
    start_bar: int
    n_bars: int
    visit: int
    roles: frozenset[str] = frozenset()  # who plays
    changes: frozenset[str] = frozenset()  # form.CHANGES, for a section that returns
    leaving: str = ""  # form.LEAVINGS, what happens in its last bar

    @property
    def ticks(self) -> int:
        return self.n_bars * BAR

    @property
    def start(self) -> int:
        return self.start_bar * BAR


def chord_at(chords: Iterable[Chord], tick: int) -> Chord:
    """The chord that sounds at `tick`; the last one afterwards."""
    last = None
    for last in chords:
        if tick < last.tick + last.ticks:
            break
    if last is None:
        raise ValueError("no chords")
    return last


def cut(tones: Iterable[Tone], start: int, end: int) -> list[Tone]:
    """The tones that begin within [start, end), none longer than that."""
    return [
        tone if tone.tick + tone.ticks <= end else tone._replace(ticks=end - tone.tick)
        for tone in tones
        if start <= tone.tick < end
    ]


def moved(tones: Iterable[Tone], ticks: int) -> list[Tone]:
    """The tones later by `ticks`."""
    return [Tone(tone[0] + ticks, *tone[1:]) for tone in tones]

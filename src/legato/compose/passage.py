"""What a player reads when a section comes: chords, the voicings for the part, where the kick falls."""

from collections.abc import Callable
from dataclasses import dataclass

from legato.compose.dice import Dice
from legato.compose.harmony import Key
from legato.compose.score import Chord, Section, Tone
from legato.compose.voicing import Voicing


@dataclass(frozen=True, kw_only=True)
class Passage:
    section: Section
    key: Key
    chords: list[Chord]
    voicings: list[Voicing]  # one per chord, for parts that play chords
    kicks: tuple[int, ...]  # ticks of the kick drum in one bar
    following: Chord  # the first chord of the next section


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a part plays through the whole track."""

    style: str  # of its role's styles
    density: str  # of roles.DENSITIES
    arp_rate: str  # of roles.ARP_RATES
    seed: int  # for what else stays the same through the track


# A part through one section; the last dice are those of the section's last bar.
Player = Callable[[Passage, Manner, Dice, Dice], list[Tone]]

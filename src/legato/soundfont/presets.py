"""What a melodic preset is: voices, each a set of samples, shaped by envelopes, filters and vibrato."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from legato.soundfont.synthesis import Maker

HIGHEST_KEY = 127
REACH = 12  # semitones between the roots above an instrument's own range


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Times in seconds; `sustain_db` is how far the level falls while a key is held, 100 dB in `decay_s`."""

    attack_s: float = 0.001
    decay_s: float = 0.001
    sustain_db: float = 0.0
    release_s: float = 0.15


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A resonant low pass that an envelope opens by `sweep_cents` and lets fall back."""

    cutoff_hz: float  # at middle C
    tracking: float = 0.0  # 1: follows the key
    q_db: float = 0.0
    sweep_cents: int = 0
    attack_s: float = 0.001
    decay_s: float = 0.5
    sustain: float = 0.0  # how much of the sweep stays
    lfo_hz: float = 0.0
    lfo_cents: int = 0


@dataclass(frozen=True, kw_only=True)
class Vibrato:
    """A slow swing of the pitch, and of the level."""

    hz: float = 5.3
    cents: int = 12
    delay_s: float = 0.35
    tremolo_db: float = 0.0
    tremolo_hz: float = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Voice:
    """Samples at root keys; several presets may play the same."""

    name: str
    roots: tuple[int, ...]
    make: Maker
    stereo: bool = False  # a sample for each side
    hard: Maker | None = None  # what high velocities play
    hard_from: int = 88
    fixed: bool = False  # sounds the same on every key: noise

    def hard_alone(self) -> "Voice":
        """The voice whose every velocity plays the samples of the high ones."""
        assert self.hard, f"{self.name}: has no hard layer"
        return replace(self, make=self.hard, hard=None)

    def zones(self) -> list[tuple[int, int, int]]:
        """(low key, root, high key) of each sample."""
        return key_zones(self.roots)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A voice as a preset plays it."""

    voice: Voice
    envelope: Envelope = Envelope()
    filter: Filter | None = None
    vibrato: Vibrato | None = None
    level_db: float = 0.0
    cents: float = 0.0  # out of tune
    transpose: int = 0  # semitones by which it sounds higher than its key; others of its samples play then
    width: int = 350  # pan of the sides of a stereo voice, at most 500
    pan: int = 0
    soft_cents: int | None = None  # what the lowest velocity adds to the filter's cutoff; None: what suits the part

    @property
    def darkening_cents(self) -> int:
        """What the lowest velocity adds to the cutoff."""
        if self.soft_cents is not None:
            return self.soft_cents
        return -1500 if self.filter else -4000


@dataclass(frozen=True, kw_only=True)
class Tonal:
    """A melodic preset. In banks above 0, a variant of its program: the same words are true of it."""

    name: str
    program: str
    parts: tuple[Part, ...]
    how: str  # it is made, in a few words
    bank: int = 0
    reverb: float = 0.1  # share sent, 0 to 1
    chorus: float = 0.0


def keyboard(low: int, high: int, step: int) -> tuple[int, ...]:
    """Root keys over an instrument's range, and sparser ones above it.

    >>> keyboard(60, 72, 6)
    (60, 66, 72, 84, 96, 108)
    """
    own = tuple(range(low, high + 1, step))
    return own + tuple(range(own[-1] + REACH, 113, REACH))


def key_zones(roots: Sequence[int]) -> list[tuple[int, int, int]]:
    """(low key, root, high key) of each root; together they cover every key once.

    >>> key_zones((60, 66))
    [(0, 60, 62), (63, 66, 127)]
    """
    highs = [root + (following - root - 1) // 2 for root, following in pairwise(roots)]
    highs.append(HIGHEST_KEY)
    lows = [0] + [high + 1 for high in highs[:-1]]
    return list(zip(lows, roots, highs, strict=True))

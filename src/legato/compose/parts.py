"""What each role plays in one four-bar section: pure functions from harmony and a random stream to notes.

Conventions: beats count from the section's start; `Chords` holds one chord a bar, root first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from legato.compose.patterns import (
    ARP_ORDERS,
    BASS_RHYTHMS,
    LEAD_RHYTHMS,
    PICK_ORDERS,
    ROLES,
    STEP_VELOCITIES,
    STEPS_PER_BAR,
    STRUM_RHYTHMS,
    SUB_RHYTHMS,
    Role,
)
from legato.gm import DRUMS
from legato.midi import BEATS_PER_BAR, Note
from legato.theory import SCALES, chord, in_range, lead_voices, nearest_pitch

Any = TypeVar("Any")
STRUM_DELAY_BEATS = 0.025  # from string to string


@dataclass(frozen=True, kw_only=True)
class Harmony:
    """A section's key and its chords' degrees, one a bar."""

    tonic: int  # pitch class
    scale: str
    degrees: tuple[int, ...]

    def chord(self, bar: int) -> tuple[int, ...]:
        """The pitch classes of a bar's triad, root first."""
        return chord(self.tonic, self.scale, self.degrees[bar])

    def scale_classes(self) -> list[int]:
        """The key's seven pitch classes."""
        return [(self.tonic + step) % 12 for step in SCALES[self.scale]]


def pick_one(rng: np.random.Generator, choices: Sequence[Any]) -> Any:
    """One of `choices`, each as likely."""
    return choices[int(rng.integers(len(choices)))]


def pad(harmony: Harmony, role: Role, rng: np.random.Generator) -> list[Note]:
    """One held chord a bar, its voices moving as little as they can."""
    velocity = int(rng.integers(66, 84))
    return [
        _note(bar, 0, BEATS_PER_BAR, pitch, velocity)
        for bar, voicing in enumerate(_voicings(harmony, role.low, role.high))
        for pitch in voicing
    ]


def arp(harmony: Harmony, role: Role, rng: np.random.Generator) -> list[Note]:
    """Chord tones over an octave in a fixed order, in eighths or sixteenths."""
    order, beats = pick_one(rng, ARP_ORDERS), pick_one(rng, (0.25, 0.5))
    n_steps = round(BEATS_PER_BAR / beats)
    return [
        _note(
            bar, step * beats, beats * 0.9, (*voicing, voicing[0] + 12)[order[step % len(order)]], 92 - 14 * (step % 2)
        )
        for bar, voicing in enumerate(_voicings(harmony, role.low, role.high - 12))
        for step in range(n_steps)
    ]


def lead(harmony: Harmony, role: Role, rng: np.random.Generator) -> list[Note]:
    """A two-bar motif, then the same rhythm answered over the next chords; chord tones on strong beats."""
    rhythms = [pick_one(rng, LEAD_RHYTHMS) for _ in range(2)]
    steps = [[int(rng.choice((-2, -1, -1, 1, 1, 2))) for _ in rhythm] for rhythm in rhythms]
    ladder = [pitch for pitch in range(role.low, role.high + 1) if pitch % 12 in harmony.scale_classes()]
    rung, notes = int(rng.integers(len(ladder) // 3, 2 * len(ladder) // 3)), []
    for bar in range(len(harmony.degrees)):
        for (beat, beats), step in zip(rhythms[bar % 2], steps[bar % 2], strict=True):
            rung = min(max(rung + step, 0), len(ladder) - 1)
            if beat % 2 == 0:
                rung = min(
                    range(len(ladder)), key=lambda at, near=rung: _off_chord(ladder, harmony.chord(bar), at, near)
                )
            notes.append(_note(bar, beat, beats * 0.95, ladder[rung], 104 if beat % 1 == 0 else 90))
    return notes


def bass(harmony: Harmony, role: Role, rng: np.random.Generator) -> list[Note]:
    """Roots in one rhythm, now and then a fifth or an octave off the beat."""
    return _bass_line(harmony, role, rng, pick_one(rng, BASS_RHYTHMS), (0, 0, 0, 7, 12), length=0.9)


def sub(harmony: Harmony, role: Role, rng: np.random.Generator) -> list[Note]:
    """A monophonic 808 melody: long notes on roots, fifths, octaves and neighbours in the key."""
    return _bass_line(harmony, role, rng, pick_one(rng, SUB_RHYTHMS), (0, 0, 7, 12, -2, 3, 5), length=1.0)


def strum(harmony: Harmony, role: Role, rng: np.random.Generator) -> list[Note]:
    """Chords across five strings, down-strokes from the lowest string and up-strokes from the highest."""
    rhythm, notes = pick_one(rng, STRUM_RHYTHMS), []
    for bar, voicing in enumerate(_voicings(harmony, role.low, role.high - 12)):
        strings = sorted(
            pitch for pitch in (voicing[0] - 12, *voicing, voicing[1] + 12) if role.low <= pitch <= role.high
        )
        ends = [beat for beat, _ in rhythm[1:]] + [BEATS_PER_BAR]
        for (beat, is_down), end in zip(rhythm, ends, strict=True):
            for place, pitch in enumerate(strings if is_down else strings[::-1][:4]):
                late = place * STRUM_DELAY_BEATS
                notes.append(_note(bar, beat + late, end - beat - late, pitch, (98 if is_down else 80) - 3 * place))
    return notes


def pick(harmony: Harmony, role: Role, rng: np.random.Generator) -> list[Note]:
    """A finger-picking order over root, third, fifth and octave in eighths, strings ringing on."""
    order = pick_one(rng, PICK_ORDERS)
    return [
        _note(
            bar, step / 2, min(1.5, BEATS_PER_BAR - step / 2), (*voicing, voicing[0] + 12)[string], 92 - 10 * (step % 2)
        )
        for bar, voicing in enumerate(_voicings(harmony, role.low, role.high - 12))
        for step, string in enumerate(order)
    ]


def drum_bar(lines: dict[str, str], bar: int, first_step: int = 0) -> list[Note]:
    """The hits of one bar of 16-step lines, from `first_step` on."""
    beats = BEATS_PER_BAR / STEPS_PER_BAR
    return [
        _note(bar, step * beats, beats, DRUMS[drum], STEP_VELOCITIES[line[step]])
        for drum, line in lines.items()
        for step in range(first_step, STEPS_PER_BAR)
        if line[step] != "."
    ]


TONAL_PARTS: dict[str, Callable[[Harmony, Role, np.random.Generator], list[Note]]] = {
    "pad": pad,
    "arp": arp,
    "lead": lead,
    "bass": bass,
    "sub": sub,
    "strum": strum,
    "pick": pick,
}


def _note(bar: int, beat: float, beats: float, pitch: int, velocity: int) -> Note:
    return Note(beat=bar * BEATS_PER_BAR + beat, beats=beats, pitch=pitch, velocity=velocity)


def _voicings(harmony: Harmony, low: int, high: int) -> list[list[int]]:
    voicings: list[list[int]] = []
    for bar in range(len(harmony.degrees)):
        before = voicings[-1] if voicings else ()
        voicings.append(lead_voices(harmony.chord(bar), before, low, high))
    return voicings


def _off_chord(ladder: Sequence[int], pitch_classes: Sequence[int], at: int, near: int) -> tuple[bool, int]:
    return ladder[at] % 12 not in pitch_classes, abs(at - near)


def _bass_line(
    harmony: Harmony,
    role: Role,
    rng: np.random.Generator,
    rhythm: Sequence[tuple[float, float]],
    intervals: Sequence[int],
    length: float,
) -> list[Note]:
    """The chord's root on the first note of each bar, then intervals above it bent into the key."""
    moves = [0, *(pick_one(rng, intervals) for _ in rhythm[1:])]
    notes = []
    for bar in range(len(harmony.degrees)):
        root = in_range(role.low + (harmony.chord(bar)[0] - role.low) % 12, role.low, role.low + 12)
        for (beat, beats), move in zip(rhythm, moves, strict=True):
            nearest = min(
                (nearest_pitch(c, root + move) for c in harmony.scale_classes()), key=lambda p: abs(p - root - move)
            )
            pitch = in_range(nearest, role.low, role.high)
            notes.append(_note(bar, beat, beats * length, pitch, 108 if beat == 0 else 94))
    return notes


def ending(role_name: str, harmony: Harmony) -> list[Note]:
    """The last bar: the tonic chord, or its root in a bass, held; a kick and a crash for drums."""
    role = ROLES[role_name]
    if role_name == "drums":
        return drum_bar({"kick": "X" + "." * 15, "crash": "X" + "." * 15}, bar=0)
    root = role.low + (harmony.tonic - role.low) % 12
    if role_name in ("bass", "sub"):
        pitches = [root]
    elif role_name in ("lead", "arp"):
        pitches = [in_range(root + 12, role.low, role.high)]
    else:
        pitches = lead_voices(chord(harmony.tonic, harmony.scale, 0), (), role.low, role.high)
    return [
        _note(0, place * STRUM_DELAY_BEATS, BEATS_PER_BAR - place * STRUM_DELAY_BEATS, pitch, 92)
        for place, pitch in enumerate(pitches)
    ]

"""Progressions from a weighted grammar of functions, coloured, suspended and inverted.

Conventions: a progression is a list of (ticks, degree); `chords` turns it into `Chord`s that fill their section.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from legato.compose.dice import Dice, dice_of
from legato.compose.modes import (
    CADENCES,
    COLORS,
    FOLLOWS,
    FUNCTIONS,
    HARMONIC_RHYTHMS,
    INVERSION,
    OPENINGS,
    PACES,
    SUSPENSION,
)
from legato.compose.score import BAR, BEAT, Chord, Section
from legato.midi.theory import SCALES, chord, quality

Progression = list[tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Key:
    tonic: int  # pitch class
    scale: str
    color: str  # of modes.COLORS

    @property
    def has_minor_third(self) -> bool:
        return 3 in SCALES[self.scale]

    def scale_classes(self) -> tuple[int, ...]:
        """The seven pitch classes."""
        return tuple((self.tonic + step) % 12 for step in SCALES[self.scale])


def draw_harmonies(sections: Sequence[Section], key: Key, dice: Dice) -> list[list[Chord]]:
    """The chords of each section: those of a letter return with another ending, and the last ones lead home."""
    pace = dice.weighted(PACES)
    n_bars = max(section.n_bars for section in sections)
    drawn: dict[str, tuple[Progression, int]] = {}
    harmonies = []
    for at, section in enumerate(sections):
        if section.kind == "ending":
            harmonies.append([_chord(key, 0, BAR, 0, 3)])
            continue
        if section.letter not in drawn:
            drawn[section.letter] = draw_progression(n_bars, section.letter, key, pace, dice), dice.seed()
        progression, seed = drawn[section.letter]
        progression = _fitted(progression, section.ticks)
        if sections[at + 1].kind == "ending":
            progression = _with_last(progression, key, ("D", "D", "P"), dice)
        elif section.visit:
            progression = _with_last(progression, key, ("T", "P", "D"), dice)
        harmonies.append(colored(progression, key, dice_of(seed)))
    return harmonies


def draw_progression(n_bars: int, letter: str, key: Key, pace: str, dice: Dice) -> Progression:
    """Walk the functions from the letter's opening to a cadence; eight bars are two halves that begin alike."""
    if n_bars > 4:
        half = draw_progression(4, letter, key, pace, dice)
        return (half + _with_last(half, key, ("T", "D"), dice)) * ((n_bars + 7) // 8)
    rhythm = [beats for _ in range((n_bars + 1) // 2) for beats in dice.weighted(HARMONIC_RHYTHMS[pace])]
    function = dice.weighted(OPENINGS[letter])
    before: int | None = None
    degrees: list[int] = []
    last = dice.weighted(CADENCES)
    for place in range(len(rhythm)):
        if place:
            function = last if place == len(rhythm) - 1 else dice.weighted(FOLLOWS[function])
        degrees.append(0 if letter == "A" and not place else _degree(function, before, key.scale, dice))
        before = degrees[-1]
    return [(beats * BEAT, degree) for beats, degree in zip(rhythm, degrees, strict=True)]


def colored(progression: Progression, key: Key, dice: Dice) -> list[Chord]:
    """Chords with their sevenths, suspensions that resolve and inversions; the first one is on its root."""
    chords, tick = [], 0
    for place, (ticks, degree) in enumerate(progression):
        size, sus, turn = dice.weighted(COLORS[key.color]), dice.chance(SUSPENSION), dice.chance(INVERSION)
        bass = 1 if turn and place and degree != 0 else 0
        plain = _chord(key, tick, ticks, degree, size, bass)
        if sus and ticks >= 2 * BEAT and ticks % (2 * BEAT) == 0 and not bass and (held := _suspended(plain, key)):
            chords += [held, plain._replace(tick=tick + ticks // 2, ticks=ticks // 2)]
        else:
            chords.append(plain)
        tick += ticks
    return chords


def _degree(function: str, before: int | None, scale: str, dice: Dice) -> int:
    weights = {degree: weight for degree, weight in FUNCTIONS[scale][function].items() if degree != before}
    return dice.weighted(weights)


def _with_last(progression: Progression, key: Key, functions: Sequence[str], dice: Dice) -> Progression:
    """The progression with another last chord; a single one is halved for it."""
    *kept, (ticks, degree) = progression
    if not kept:
        kept, ticks = [(ticks // 2, degree)], ticks - ticks // 2
    before = {kept[-1][1]} if kept else set()
    function = dice.pick(functions)
    weights = {d: w for d, w in FUNCTIONS[key.scale][function].items() if d not in {degree, *before}}
    return [*kept, (ticks, dice.weighted(weights) if weights else degree)]


def _fitted(progression: Progression, ticks: int) -> Progression:
    """The first `ticks` of a progression."""
    fitted, left = [], ticks
    for length, degree in progression:
        if left > 0:
            fitted.append((min(length, left), degree))
            left -= length
    return fitted


def _chord(key: Key, tick: int, ticks: int, degree: int, size: int, bass: int = 0) -> Chord:
    """The diatonic chord with as many thirds as `size` allows and `theory.CHORDS` names."""
    classes = next(
        classes
        for n_tones in range(size, 2, -1)
        if quality(classes := chord(key.tonic, key.scale, degree, n_tones)) and _is_usable(classes)
    )
    return Chord(tick, ticks, degree, classes[0], str(quality(classes)), classes[bass], classes)


def _is_usable(classes: tuple[int, ...]) -> bool:
    return len(classes) < 5 or (classes[4] - classes[0]) % 12 == 2


def _suspended(plain: Chord, key: Key) -> Chord | None:
    """The first half of a major triad with a fourth for its third, where the scale has it; the second half resolves."""
    fourth = (plain.root + 5) % 12
    if plain.quality != "major" or fourth not in key.scale_classes():
        return None
    return plain._replace(ticks=plain.ticks // 2, quality="sus4", classes=(plain.root, fourth, plain.classes[2]))

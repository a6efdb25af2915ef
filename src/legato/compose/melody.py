"""Motifs: stated, repeated, transposed, inverted, turned round and answered over a progression.

A tone on the first or third beat, and every tone of a quarter or more that begins on a beat, is a chord tone.
"""

from collections.abc import Sequence
from functools import cache

from legato.compose.dice import Dice
from legato.compose.harmony import Key
from legato.compose.roles import DENSITIES
from legato.compose.score import BAR, BEAT, Chord, Tone, chord_at

Rhythm = tuple[tuple[int, int], ...]  # (tick, ticks)

# What fills one beat or two: (beats, rhythm), and how calm, flowing and busy lines weigh it.
CELLS: tuple[tuple[int, Rhythm, tuple[float, float, float]], ...] = (
    (1, ((0, 24),), (4, 3, 1)),
    (1, ((0, 12), (12, 12)), (2, 4, 3)),
    (1, ((0, 18), (18, 6)), (0.5, 1.2, 1.5)),
    (1, ((0, 6), (6, 18)), (0, 0.6, 1)),
    (1, ((0, 12), (12, 6), (18, 6)), (0, 1, 2.5)),
    (1, ((0, 6), (6, 6), (12, 12)), (0, 0.8, 2)),
    (1, ((0, 6), (6, 6), (12, 6), (18, 6)), (0, 0.3, 2)),
    (1, ((12, 12),), (1, 1.6, 1.2)),
    (1, ((6, 6), (12, 12)), (0, 0.5, 1)),
    (1, ((0, 8), (8, 8), (16, 8)), (0.2, 0.6, 0.8)),
    (1, (), (1.6, 1.3, 1)),
    (2, ((0, 48),), (5, 1, 0.2)),
    (2, ((0, 36), (36, 12)), (3, 2, 0.8)),
    (2, ((0, 12), (12, 24), (36, 12)), (0.8, 1.6, 1.4)),
    (2, ((0, 18), (18, 18), (36, 12)), (0.5, 1.6, 2)),
    (2, ((12, 36),), (1.5, 0.8, 0.3)),
    (2, ((0, 16), (16, 16), (32, 16)), (0.4, 0.5, 0.4)),
)
STEPS = {-3: 0.4, -2: 1.3, -1: 4, 0: 0.9, 1: 4, 2: 1.3, 3: 0.4, 4: 0.25, -4: 0.2}
# What four bars do with the motifs a and b: `+`, `-` transposed, i inverted, r backwards, c a cadence, . a rest.
PHRASES = ("a a+ b c", "a b a c", "a i a c", "a a- a+ c", "a b a+ c", "a r b c", "a . a+ c", "a b i c", "a a b c")
HALF_PHRASES = ("a c", "a b", "a i")
CADENCES: tuple[Rhythm, ...] = (
    ((0, 72),),
    ((0, 24), (24, 48)),
    ((0, 12), (12, 12), (24, 48)),
    ((0, 36), (36, 12), (48, 36)),
    ((0, 48), (48, 36)),
)


@cache
def _cells(density: str) -> dict[int, float]:
    place = DENSITIES.index(density)
    return {at: weights[place] for at, (_, _, weights) in enumerate(CELLS)}


def draw_rhythm(density: str, dice: Dice) -> Rhythm:
    """One bar of cells."""
    rhythm: list[tuple[int, int]] = []
    tick = 0
    while tick < BAR:
        beats, cell, _ = CELLS[dice.weighted(_cells(density))]
        if tick + beats * BEAT <= BAR:
            rhythm += [(tick + at, ticks) for at, ticks in cell]
            tick += beats * BEAT
    return tuple(rhythm)


def draw_motif(density: str, dice: Dice) -> tuple[Rhythm, tuple[int, ...]]:
    """A bar's rhythm and the scale steps between its tones; a leap is followed by a step back."""
    rhythm = draw_rhythm(density, dice)
    while len(rhythm) < 2:
        rhythm = draw_rhythm(density, dice)
    steps: list[int] = []
    for _ in rhythm:
        leapt = steps and abs(steps[-1]) > 2
        steps.append((-1 if steps[-1] > 0 else 1) if leapt else dice.weighted(STEPS))
    return rhythm, tuple(steps)


def sing(
    chords: Sequence[Chord], n_bars: int, key: Key, low: int, high: int, density: str, dice: Dice, last: Dice
) -> list[Tone]:
    """A line over a section; the last bar is drawn from `last`, so that a return may end in another way."""
    motifs = {"a": draw_motif(density, dice), "b": draw_motif(density, dice)}
    ladder = [pitch for pitch in range(low, high + 1) if pitch % 12 in key.scale_classes()]
    home = rung = dice.between(len(ladder) // 3, 2 * len(ladder) // 3)
    tones: list[Tone] = []
    for bar, token in enumerate(_phrase(n_bars, dice)):
        source = last if bar == n_bars - 1 and bar else dice
        if token == ".":
            continue
        if token[0] == "c":
            rhythm = source.pick(CADENCES)
            steps: Sequence[int] = [source.pick((-2, -1, -1, 1, 1)) for _ in rhythm]
        else:
            rhythm, steps = motifs["b" if token[0] == "b" else "a"]
            steps = [-s for s in steps] if token[0] == "i" else steps[::-1] if token[0] == "r" else steps
            rung = home + {"+": 1, "-": -1}.get(token[-1], 0) * source.between(1, 3)
        rung = (rung + home) // 2 if abs(rung - home) > len(ladder) // 3 else rung
        for (tick, ticks), step in zip(rhythm, steps, strict=True):
            if not 0 <= rung + step < len(ladder):
                step = -step
            rung = min(max(rung + step, 0), len(ladder) - 1)
            if tick % (2 * BEAT) == 0 or (tick % BEAT == 0 and ticks >= BEAT):
                rung = _on_chord(ladder, rung, chord_at(chords, bar * BAR + tick).classes)
            accent = 104 if tick == 0 else 98 if tick % BEAT == 0 else 88
            tones.append(Tone(bar * BAR + tick, ticks, ladder[rung], accent))
    return tones


def _phrase(n_bars: int, dice: Dice) -> list[str]:
    if n_bars == 1:
        return ["a"]
    tokens: list[str] = []
    while len(tokens) < n_bars:
        tokens += dice.pick(PHRASES if n_bars - len(tokens) >= 4 else HALF_PHRASES).split()
    tokens = tokens[:n_bars]
    return [*tokens[:-1], "c"]


def _on_chord(ladder: Sequence[int], rung: int, classes: Sequence[int]) -> int:
    """The nearest rung that is a chord tone; the rung itself where the chord is outside the ladder."""
    for distance in range(len(ladder)):
        for near in (rung - distance, rung + distance):
            if 0 <= near < len(ladder) and ladder[near] % 12 in classes:
                return near
    return rung


def ornamented(tones: Sequence[Tone], key: Key, high: int, dice: Dice) -> list[Tone]:
    """Long tones turn into the tone, its upper neighbour and the tone again."""
    found = []
    for tone in tones:
        upper = next(p for p in range(tone.pitch + 1, tone.pitch + 4) if p % 12 in key.scale_classes())
        if (
            tone.ticks >= BEAT
            and tone.ticks % 12 == 0
            and (tone.tick + tone.ticks) % (2 * BEAT) != 12
            and upper <= high
            and dice.chance(0.5)
        ):
            third = 6
            found += [tone._replace(ticks=tone.ticks - 2 * third)] if tone.ticks > 2 * third else []
            found += [
                tone._replace(tick=tone.tick + tone.ticks - 2 * third, ticks=third, pitch=upper, velocity=84),
                tone._replace(tick=tone.tick + tone.ticks - third, ticks=third, velocity=80),
            ]
        else:
            found.append(tone)
    return found

"""Voice leading: small movements, no parallel fifths or octaves between the outer voices.

Conventions: a voicing is a tuple of pitches from low to high.
"""

from collections.abc import Sequence
from functools import cache, partial
from itertools import pairwise, product

from legato.compose.score import Chord

Voicing = tuple[int, ...]
QUARTET_RANGES = ((36, 57), (48, 69), (55, 76), (62, 84))  # cello, viola, second and first violin
WIDEST = 12  # semitones between neighbours of the upper three
LEAP_COST, PARALLEL_COST = 4, 40


def has_parallels(before: Voicing, after: Voicing) -> bool:
    """Whether the outer voices move together from one fifth or octave to another of its kind.

    >>> has_parallels((48, 55), (50, 57)), has_parallels((48, 55), (48, 55)), has_parallels((48, 64), (50, 65))
    (True, False, False)
    """
    interval = (after[-1] - after[0]) % 12
    moves = before[0] != after[0] and before[-1] != after[-1]
    return moves and interval in (0, 7) and (before[-1] - before[0]) % 12 == interval


# Key idea: for each chord all playable positions are listed and the cheapest one to reach from the voicing before is
# taken. That is greedy: it does not look ahead, and a term for drift from the middle of the range draws it back
# instead. In semitones: a voice's move costs its size, and beyond a third (4) each semitone costs `LEAP_COST` more, so
# that one leap is dearer than small steps in all voices. 1000 for outer parallels is more than all voices can cost
# within their ranges, so that they occur only if there is no other position; `PARALLEL_COST` for other pairs of the
# quartet is dear but payable. The quartet's moves of 5 semitones and more count three times, the cello's half; 44 and
# 73, to which cello and first violin tend, and the first chord's 45, 57, 65 and 72 are near the middles of
# `QUARTET_RANGES`. The weights are chosen; tests/compose/test_voicing.py holds what came of them: how far voices move
# at most and on average.
def lead(chords: Sequence[Chord], low: int, high: int, n_voices: int) -> list[Voicing]:
    """A voicing per chord within [low, high], each as near to the one before as the rules allow."""
    centre = (low + high) // 2
    before: Voicing | None = None
    led: list[Voicing] = []
    for chord in chords:
        choices = positions(chord.classes, low, high, n_voices)
        best = min(choices, key=partial(_cost, before, centre=centre))
        led.append(best)
        before = best
    return led


@cache
def positions(classes: tuple[int, ...], low: int, high: int, n_voices: int) -> tuple[Voicing, ...]:
    """Close and open positions of a chord: the fifth left out where voices lack, tones doubled where they abound."""
    tones = _chosen(classes, n_voices)
    found = set()
    for bottom in range(low, high + 1):
        if bottom % 12 not in tones:
            continue
        close = sorted(bottom + (tone - bottom) % 12 for tone in set(tones))
        while len(close) < n_voices:
            close.append(close[len(close) - len(set(tones))] + 12)
        found.add(tuple(close))
        found.add(tuple(sorted((*close[:-2], close[-2] - 12, close[-1]))))
        found.add(tuple(sorted((close[0], *(pitch + 12 for pitch in close[1:2]), *close[2:]))))
    return tuple(sorted(v for v in found if v[0] >= low and v[-1] <= high and len(set(v)) == n_voices and _is_clear(v)))


def _chosen(classes: tuple[int, ...], n_voices: int) -> tuple[int, ...]:
    """The tones that voices are given to: root, third, seventh, ninth, and the fifth last."""
    order = [0, 1, *range(3, len(classes)), 2]
    return tuple(classes[place] for place in order[:n_voices])


def _is_clear(voicing: Voicing) -> bool:
    """No semitone at the bottom and no cluster of three: mud."""
    gaps = [b - a for a, b in pairwise(voicing)]
    return gaps[0] > 1 and all(a + b > 3 for a, b in pairwise(gaps))


def _cost(before: Voicing | None, after: Voicing, centre: int) -> float:
    drift = abs(sum(after) / len(after) - centre)
    if before is None:
        return drift
    cost = 0.25 * drift
    for a, b in zip(before, after, strict=True):
        move = abs(a - b)
        cost += move if move < 5 else move + LEAP_COST * (move - 4)
    return cost + 1000 * has_parallels(before, after)


def lead_quartet(chords: Sequence[Chord]) -> list[Voicing]:
    """Four parts: the cello on the chord's bass, the others apart by an octave at most, no outer parallels."""
    before: Voicing | None = None
    led: list[Voicing] = []
    for chord in chords:
        best = min(_quartets(chord.classes, chord.bass), key=partial(_quartet_cost, before))
        led.append(best)
        before = best
    return led


@cache
def _quartets(classes: tuple[int, ...], bass: int) -> tuple[Voicing, ...]:
    needed = {classes[0], classes[1], classes[-1]} if len(classes) > 3 else set(classes)
    ladders = [[p for p in range(low, high + 1) if p % 12 in classes] for low, high in QUARTET_RANGES[1:]]
    cello = [p for p in range(QUARTET_RANGES[0][0], QUARTET_RANGES[0][1] + 1) if p % 12 == bass]
    return tuple(
        (low, a, b, c)
        for low, a, b, c in product(cello, *ladders)
        if low < a < b < c and b - a <= WIDEST and c - b <= WIDEST and needed <= {x % 12 for x in (low, a, b, c)}
    )


def _quartet_cost(before: Voicing | None, after: Voicing) -> float:
    if before is None:
        return abs(after[0] - 45) + abs(after[1] - 57) + abs(after[2] - 65) + abs(after[3] - 72)
    a0, a1, a2, a3 = before
    b0, b1, b2, b3 = after
    cost = 0.5 * abs(b0 - a0) + 0.15 * abs(b3 - 73) + 0.35 * abs(b0 - 44)
    for move in (abs(b1 - a1), abs(b2 - a2), abs(b3 - a3)):
        cost += move if move < 5 else 3 * move
    cost += 1000 * has_parallels((a0, a3), (b0, b3))
    for low, high in (((a0, b0), (a1, b1)), ((a0, b0), (a2, b2)), ((a1, b1), (a3, b3)), ((a2, b2), (a3, b3))):
        cost += PARALLEL_COST * has_parallels((low[0], high[0]), (low[1], high[1]))
    return cost

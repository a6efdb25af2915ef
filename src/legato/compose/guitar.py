"""Guitars in standard tuning: chords as hands can hold them, strummed and picked.

Conventions: a shape is six frets from the low E string up, None for a string that is not played.
"""

from collections.abc import Sequence
from functools import cache, partial
from itertools import pairwise

from legato.compose.dice import Dice, dice_of
from legato.compose.passage import Manner, Passage
from legato.compose.score import BAR, BEAT, Chord, Tone
from legato.compose.voicing import Voicing, has_parallels

TUNING = (40, 45, 50, 55, 59, 64)  # E2 A2 D3 G3 B3 E4
HIGHEST_POSITION, SPAN, FINGERS = 9, 4, 4
FEWEST_STRINGS = 4
Shape = tuple[int | None, ...]
STEP = BEAT // 4
DOWN, UP = "D", "U"
# One bar of 16ths: D down-stroke, U up-stroke, digits the tenths that an up- or down-stroke falls there.
STRUMS = {
    "strummed": (
        "D...D...D...D...", "D...D.U...U.D.U.", "D.....U.D.U.D.U.", "D..UD.U.D..UD.U.", "D.DUD.U.D.DUD.U.",
        "D.U...U.D.U.D...", "D...D.U.D...D.UU", "D.....U...U.D.U.", "D..U..U.D..U..U.", "D.D.D.U...U.D.UU",
    ),
    "palm_muted": ("D.D.D.D.D.D.D.D.", "D.D...D.D.D...D.", "D...D.D.D...D.D.", "DDD.D.D.DDD.D.D.", "D.DDD.DDD.D.D.DD"),
    "offbeat": ("..U...U...U...U.", "....D.......D...", "..UU..U...UU..U.", "....D..U....D..U", "..D...U...D..UU."),
}  # fmt: skip
PICKS = {  # strings from the voicing's lowest (0) up; one place an eighth, or a sixteenth where there are 16
    "fingerpicked": ("02031203", "03120312", "0213", "02310231", "0312.213", "0.23132.", "03020103", "0231.321"),
    "arpeggiated": ("01232123", "01234321", "0123", "03213123", "0123.321", "01213121", "0121323132123121", "0132"),
}


@cache
def shapes(classes: tuple[int, ...], bass: int) -> tuple[Shape, ...]:
    """Playable shapes of a chord: its bass lowest and all its tones; of four and more the fifth may lack.

    No string is silent between others; at most four frets wide (open strings aside) and four fingers, a barre over the
    lowest fret counting as one.
    """
    needed = set(classes) - ({classes[2]} if len(classes) > 3 else set())
    return next((found for n_free in (0, 2) if (found := _shapes(classes, bass, needed, n_free))), ())


def _shapes(classes: tuple[int, ...], bass: int, needed: set[int], n_free: int) -> tuple[Shape, ...]:
    """The easiest shapes; the `n_free` highest strings need not sound."""
    found: set[Shape] = set()
    for position in range(1, HIGHEST_POSITION + 1):
        frets = (0, *range(position, position + SPAN))
        choices = [[fret for fret in frets if (open_pitch + fret) % 12 in classes] for open_pitch in TUNING]
        for lowest in range(3):
            starts = [fret for fret in choices[lowest] if (TUNING[lowest] + fret) % 12 == bass]
            for shape in _filled([(None,) * lowest + (fret,) for fret in starts], choices):
                found.update(short for short in _shortened(shape, n_free) if _is_playable(short, needed))
    return tuple(sorted(found, key=_ease)[:24])


def _shortened(shape: Shape, n_free: int) -> list[Shape]:
    return [shape[: len(shape) - n] + (None,) * n for n in range(n_free + 1)]


def _filled(begun: Sequence[Shape], choices: Sequence[Sequence[int]]) -> Sequence[Shape]:
    while begun and len(begun[0]) < len(TUNING):
        string = len(begun[0])
        begun = [(*shape, fret) for shape in begun for fret in (choices[string] or (None,))]
    return begun


def _is_playable(shape: Shape, needed: set[int]) -> bool:
    sounding = [fret for fret in shape if fret is not None]
    first = next(at for at, fret in enumerate(shape) if fret is not None)
    if len(sounding) < FEWEST_STRINGS or None in shape[first : first + len(sounding)]:
        return False
    if not needed <= {p % 12 for p in pitches(shape)} or any(b <= a for a, b in pairwise(pitches(shape))):
        return False
    pressed = [fret for fret in sounding if fret]
    if not pressed:
        return True
    above = sum(fret > min(pressed) for fret in pressed)
    barre = 1 if 0 not in sounding else sum(fret == min(pressed) for fret in pressed)
    return above + barre <= FINGERS


def _ease(shape: Shape) -> tuple[float, Shape]:
    pressed = [fret for fret in shape if fret]
    muted = shape.count(None)
    key = sum(pressed) / max(len(pressed), 1) + 0.4 * len(pressed) + muted
    return key, tuple(-1 if fret is None else fret for fret in shape)


def pitches(shape: Shape) -> Voicing:
    """What a shape sounds, from the low string up.

    >>> pitches((None, 3, 2, 0, 1, 0))
    (48, 52, 55, 60, 64)
    """
    return tuple(open_pitch + fret for open_pitch, fret in zip(TUNING, shape, strict=True) if fret is not None)


def lead_guitar(chords: Sequence[Chord], is_high: bool) -> list[Voicing]:
    """A shape a chord, near the one before on the neck."""
    goal = 66.0 if is_high else 55.0
    before: Voicing | None = None
    led: list[Voicing] = []
    for chord in chords:
        held = shapes(chord.classes, chord.bass) or shapes(chord.classes[:3], chord.root)
        options = [pitches(shape) for shape in held]
        near = min(options, key=partial(_reach, before, goal=goal))
        led.append(near)
        before = near
    return led


def _reach(before: Voicing | None, after: Voicing, goal: float) -> float:
    distance = abs(sum(after) / len(after) - goal)
    if before is None:
        return distance
    return 0.7 * distance + abs(after[-1] - before[-1]) + 12 * has_parallels(before, after)


def strum(passage: Passage, manner: Manner, dice: Dice, last: Dice) -> list[Tone]:
    """Strokes across the strings: down from the lowest, up from the highest, each string a little later."""
    lines = [dice.pick(STRUMS[manner.style]) for _ in range(2)] + [last.pick(STRUMS[manner.style])]
    delay = dice_of(manner.seed).uniform(0.012, 0.03)  # beats from string to string
    n_bars, tones = passage.section.n_bars, []
    for chord, voicing in zip(passage.chords, passage.voicings, strict=True):
        strokes = [(chord.tick, DOWN)] if manner.style != "offbeat" else []
        for tick in range(chord.tick + bool(strokes), chord.end):
            line = lines[2 if tick // BAR == n_bars - 1 and n_bars > 1 else tick // BAR % 2]
            if tick % STEP == 0 and line[tick % BAR // STEP] in (DOWN, UP):
                strokes.append((tick, line[tick % BAR // STEP]))
        ends = [tick for tick, _ in strokes[1:]] + [chord.end] * bool(strokes)
        for (tick, way), end in zip(strokes, ends, strict=True):
            tones += stroke(voicing, way, tick, end - tick, manner.style, delay)
    return tones


def stroke(voicing: Voicing, way: str, tick: int, ticks: int, style: str, delay: float) -> list[Tone]:
    """One stroke; palm-muted ones touch the two or three low strings only."""
    if style == "palm_muted":
        strings, ticks = voicing[:3], min(ticks, 5)
    else:
        strings = voicing if way == DOWN else voicing[::-1][: max(3, len(voicing) - 1)]
        ticks = min(ticks, 8) if style == "offbeat" else ticks
    loud = 100 if tick % (2 * BEAT) == 0 else 92 if way == DOWN else 82
    return [Tone(tick, ticks, pitch, loud - 3 * place, place * delay) for place, pitch in enumerate(strings)]


def pick(passage: Passage, manner: Manner, dice: Dice, last: Dice) -> list[Tone]:
    """Strings plucked in an order and left to ring until they are plucked again or the chord changes."""
    orders = [dice.pick(PICKS[manner.style]) for _ in range(2)] + [last.pick(PICKS[manner.style])]
    sixteenths = dice_of(manner.seed).chance(0.3)
    n_bars = passage.section.n_bars
    tones: list[Tone] = []
    for chord, voicing in zip(passage.chords, passage.voicings, strict=True):
        ringing: dict[int, int] = {}  # pitch: place in `tones`
        grid = STEP if sixteenths else 2 * STEP
        for at, tick in enumerate(range(chord.tick, chord.end, grid)):
            order = orders[2 if tick // BAR == n_bars - 1 and n_bars > 1 else tick // BAR % 2]
            mark = "0" if at == 0 else order[at % len(order)]
            if mark == ".":
                continue
            pitch = voicing[0] if mark == "0" else voicing[min(int(mark) + max(len(voicing) - 5, 0), len(voicing) - 1)]
            if pitch in ringing:
                before = tones[ringing[pitch]]
                tones[ringing[pitch]] = before._replace(ticks=tick - before.tick)
            ringing[pitch] = len(tones)
            tones.append(Tone(tick, chord.end - tick, pitch, 96 if mark == "0" else 84 - 6 * (at % 2)))
    return tones

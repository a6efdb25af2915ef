"""Basses: a band's bass in its styles, and the 808's gliding line."""

from collections.abc import Sequence

from legato.compose.dice import Dice, dice_of
from legato.compose.melody import Rhythm
from legato.compose.passage import Manner, Passage
from legato.compose.roles import ROLES
from legato.compose.score import BAR, BEAT, GHOST, Chord, Tone
from legato.midi.theory import in_range

STEP = BEAT // 4
LINES = {  # one bar of 16ths each: X a note, o the upper choice of the style, g a muted ghost
    "roots": (
        "X.X.X.X.X.X.X.X.",
        "X.....X.X.....X.",
        "X..X..X.X..X..X.",
        "X...X...X...X...",
        "X.......X.....X.",
        "X.X...X.X.X...X.",
    ),
    "octaves": ("X.o.X.o.X.o.X.o.", "XXo.XXo.XXo.XXo.", "X..o..X.X..o..X.", "X.oXX.o.X.oXX.o.", "X.oo..X.o.X...o."),
    "fifths": ("X.....o.X...o...", "X...o...X...o...", "X..o..X...o...X.", "X.....X.o.....o.", "X..X..o.X..X..o."),
    "melodic": ("X..o..o.X.o...o.", "X...o.o.X..oo.o.", "X.o.o..oX...o.oo", "X..oo...o.o.X.o.", "X.o...oo..o.o..o"),
    "syncopated": (
        "X..g.X.o..X.g.o.",
        "X.gX..o.gX..X.o.",
        "X.....Xg.oX..gX.",
        "Xg.X.g.oX..X.g.o",
        "X..Xg..X.go...X.",
        "X.g...X.Xg.o.X.g",
    ),
}
# Weights of an 808's rhythms by beat pairs, and the places it moves to: scale steps from the chord's bass.
SUB_CELLS: tuple[tuple[int, Rhythm, float], ...] = (
    (2, ((0, 48),), 3),
    (2, ((0, 36), (36, 12)), 3),
    (2, ((0, 18), (18, 30)), 3),
    (2, ((0, 18), (18, 18), (36, 12)), 2.5),
    (2, ((0, 24), (30, 18)), 2),
    (2, ((0, 12), (18, 30)), 2),
    (2, ((12, 36),), 1),
    (2, ((0, 24), (24, 24)), 1.5),
    (2, ((0, 6), (6, 18), (30, 18)), 1),
    (2, ((0, 16), (16, 16), (32, 16)), 0.8),
    (2, ((0, 30), (36, 6), (42, 6)), 1),
    (4, ((0, 72), (72, 24)), 1.5),
    (4, ((0, 54), (54, 18), (78, 18)), 1.5),
    (4, ((0, 30), (36, 24), (66, 30)), 1.5),
)
SUB_STEPS = {0: 5, 4: 2.2, 7: 2.0, 2: 1.8, -1: 0.8, 1: 0.8, -3: 1.2, 3: 0.6}
SLIDE_SHARE, SHORTEST_SLIDE = 0.3, 18  # of the notes that are long enough, ticks
REST_AFTER_SLIDE = 3  # ticks: the bend goes back in silence


def bass(passage: Passage, manner: Manner, dice: Dice, _: Dice) -> list[Tone]:
    """A bass line whose first note on every chord is the chord's bass."""
    if manner.style == "walking":
        return _walking(passage, dice)
    if manner.style == "sustained":
        return [Tone(c.tick, c.ticks, _low(c.bass), 98) for c in passage.chords]
    line = "".join(_locked(passage.kicks) if manner.style == "locked" else dice.pick(LINES[manner.style]) for _ in "ab")
    upper = 12 if manner.style in ("octaves", "locked") else dice.pick((7, 7, 12))
    colors = (3, 4, 7, 7, 10, 12, 12) if manner.style in ("syncopated", "melodic") else ()
    gate, tones = dice_of(manner.seed).uniform(0.7, 1.0), []
    for chord in passage.chords:
        marks = [(t, line[t % (2 * BAR) // STEP]) for t in range(chord.tick, chord.end, STEP)]
        marks = [(chord.tick, "X"), *((t, mark) for t, mark in marks[1:] if mark != ".")]
        ends = [t for t, _ in marks[1:]] + [chord.end]
        root = _low(chord.bass)
        for (tick, mark), end in zip(marks, ends, strict=True):
            length = 3 if mark == "g" else max(round(min(end - tick, BAR) * gate), 3)
            velocity = 42 if mark == "g" else 108 if tick == chord.tick else 98 if tick % BEAT == 0 else 90
            above = dice.pick(colors) if colors and mark in "o" else upper
            pitch = root + (_above(root, above, chord) if mark == "o" else 0)
            tones.append(Tone(tick, length, pitch, velocity, mark=GHOST if mark == "g" else ""))
    return tones


def _above(root: int, interval: int, chord: Chord) -> int:
    """The interval, or an octave where the chord has no such tone."""
    return interval if (root + interval) % 12 in chord.classes else 12


def _locked(kicks: Sequence[int]) -> str:
    """The kick's bar as a line, thinned where it is full."""
    on = {tick // STEP for tick in kicks}
    return "".join("X" if step in on else "." for step in range(16)) if on else "X.......X......."


def _low(pitch_class: int) -> int:
    """The pitch of a class in a bass's first octave and a bit."""
    return in_range(24 + pitch_class, ROLES["bass"].low, ROLES["bass"].low + 11)


def _walking(passage: Passage, dice: Dice) -> list[Tone]:
    """Quarters: the bass, chord tones and steps, and before each change the note beside the next bass."""
    ladder = [p for p in range(ROLES["bass"].low, ROLES["bass"].high - 2) if p % 12 in passage.key.scale_classes()]
    tones = []
    for at, chord in enumerate(passage.chords):
        after = passage.chords[at + 1] if at + 1 < len(passage.chords) else passage.following
        rung, goal = ladder.index(_low(chord.bass)), ladder.index(_low(after.bass))
        way = 1 if goal > rung or (goal == rung and dice.chance(0.5)) else -1
        for place, tick in enumerate(range(chord.tick, chord.end, BEAT)):
            if place and tick + BEAT >= chord.end:
                rung = goal + dice.pick((-1, 1))
            elif place:
                rung += dice.pick((way, way, 2 * way, -way))
            rung = min(max(rung, 0), len(ladder) - 1)
            tones.append(Tone(tick, 22, ladder[rung], 104 if place == 0 else 94))
    return tones


def sub(passage: Passage, manner: Manner, dice: Dice, last: Dice) -> list[Tone]:
    """One note at a time: roots, fifths, octaves and neighbours in the key, some gliding into the next note."""
    role, n_bars = ROLES["sub"], passage.section.n_bars
    ladder = [p for p in range(role.low, role.high + 1) if p % 12 in passage.key.scale_classes()]
    motif = [_sub_bar(dice) for _ in range(2)]
    home = dice_of(manner.seed).between(26, 32)
    lines, tones = [[dice.weighted(SUB_STEPS) for _ in bar] for bar in motif], []
    for bar in range(n_bars):
        is_last = bar == n_bars - 1 and bar > 0
        rhythm = _sub_bar(last) if is_last else motif[bar % 2]
        steps = [last.weighted(SUB_STEPS) for _ in rhythm] if is_last else lines[bar % 2]
        if bar == 2 and not is_last:
            steps = [dice.weighted(SUB_STEPS) if dice.chance(0.4) else step for step in steps]
        previous = None
        for (tick, ticks), step in zip(rhythm, steps, strict=True):
            chord = next(c for c in passage.chords if bar * BAR + tick < c.end)
            if chord is not previous:
                step, previous = 0, chord
            root = in_range(24 + chord.bass, home, home + 11)
            rung = ladder.index(in_range(root, role.low, role.high)) + step
            rung = rung - 7 if rung >= len(ladder) else rung + 7 if rung < 0 else rung
            tones.append(Tone(bar * BAR + tick, ticks, ladder[rung], 112 if tick == 0 else 100))
    return _glided(tones, dice) if manner.style == "gliding" else tones


def _sub_bar(dice: Dice) -> Rhythm:
    cells = {at: weight for at, (_, _, weight) in enumerate(SUB_CELLS)}
    bar: list[tuple[int, int]] = []
    tick = 0
    while tick < BAR:
        beats, cell, _ = SUB_CELLS[dice.weighted(cells)]
        if tick + beats * BEAT <= BAR:
            bar += [(tick + at, ticks) for at, ticks in cell]
            tick += beats * BEAT
    return tuple(bar)


def _glided(tones: list[Tone], dice: Dice) -> list[Tone]:
    """Some long notes slide to where the next one begins, within the role's range and an octave."""
    glided = []
    for tone, after in zip(tones, [*tones[1:], tones[0]], strict=True):
        interval = after.pitch - tone.pitch
        if tone.ticks >= SHORTEST_SLIDE and 0 < abs(interval) <= 12 and dice.chance(SLIDE_SHARE):
            tone = tone._replace(slide=interval, ticks=tone.ticks - REST_AFTER_SLIDE)
        glided.append(tone)
    return glided

"""Parts that play chords: pads, keys, arpeggios, the piano's two hands."""

from collections.abc import Callable, Sequence

from legato.compose import melody
from legato.compose.dice import Dice, dice_of
from legato.compose.passage import Manner, Passage
from legato.compose.roles import ROLES
from legato.compose.score import BAR, BEAT, Chord, Tone, moved
from legato.midi.theory import in_range

STEP = BEAT // 4
COMPS = (
    "X..X..X...X..X..",
    "X.....X...X.....",
    "..X..X....X..X..",
    "X..X....X..X....",
    "....X..X....X..X",
    "X...X..X..X.X...",
)
STABS = (
    "..X...X...X...X.",
    "X.......X..X....",
    "....X.......X...",
    "...X..X....X..X.",
    "X..X..X.........",
    "..X..X....X..X..",
)
# The order of an arpeggio's tones, from the number of tones to one cycle of places.
SHAPES: dict[str, Callable[[int, Dice], list[int]]] = {
    "up": lambda n, _: list(range(n)),
    "down": lambda n, _: list(range(n - 1, -1, -1)),
    "up_down": lambda n, _: [*range(n), *range(n - 2, 0, -1)],
    "converging": lambda n, _: [place // 2 if place % 2 == 0 else n - 1 - place // 2 for place in range(n)],
    "broken": lambda n, _: [0, n - 1, n // 2, n - 1],
    "octaves": lambda n, _: [place for low in range(max(n - 3, 1)) for place in (low, min(low + 3, n - 1))],
    "wandering": lambda n, dice: dice.shuffled(range(n)) + dice.shuffled(range(n))[: dice.between(0, n - 1)],
}
GRIDS = {"eighths": 12, "triplets": 8, "sixteenths": 6}  # ticks
DOTTED = (0, 18, 36, 48, 66, 84)  # ticks of a bar: 3 + 3 + 2 sixteenths twice


def pad(passage: Passage, manner: Manner, dice: Dice, _: Dice) -> list[Tone]:
    """Held chords, in a swelling style struck again halfway."""
    level, tones = dice.between(66, 80), []
    for chord, voicing in zip(passage.chords, passage.voicings, strict=True):
        halves = 2 if manner.style == "swelling" and chord.ticks >= BAR else 1
        for half in range(halves):
            ticks = chord.ticks // halves
            tones += [Tone(chord.tick + half * ticks, ticks, pitch, level + 10 * half) for pitch in voicing]
    return tones


def keys(passage: Passage, manner: Manner, dice: Dice, _: Dice) -> list[Tone]:
    """Chords held, stabbed, comped in a syncopated rhythm, or broken."""
    if manner.style == "sustained":
        return pad(passage, manner, dice, _)
    if manner.style == "broken":
        order = dice.shuffled(range(4))
        return [
            Tone(
                tick,
                2 * STEP,
                voicing[order[(tick - chord.tick) // (2 * STEP) % 4] % len(voicing)],
                82 if tick % BEAT else 92,
            )
            for chord, voicing in zip(passage.chords, passage.voicings, strict=True)
            for tick in range(chord.tick, chord.end, 2 * STEP)
        ]
    lines = [dice.pick(STABS if manner.style == "stabs" else COMPS) for _ in range(2)]
    tones = []
    for chord, voicing in zip(passage.chords, passage.voicings, strict=True):
        ticks = [t for t in range(chord.tick, chord.end, STEP) if lines[t // BAR % 2][t % BAR // STEP] == "X"]
        ticks = ticks or [chord.tick]
        for tick, until in zip(ticks, [*ticks[1:], chord.end], strict=True):
            length = min(2 * STEP if manner.style == "stabs" else 9 * STEP, until - tick)
            velocity = 84 + (8 if tick % BEAT == 0 else 0) + dice.between(-4, 4)
            tones += [Tone(tick, length, pitch, velocity) for pitch in voicing]
    return tones


def arp(passage: Passage, manner: Manner, dice: Dice, _: Dice) -> list[Tone]:
    """Chord tones over an octave or two in a shape's order; a few rests that the letter keeps."""
    track = dice_of(manner.seed)
    base = track.pick((57, 60, 62, 64, 67)) + (12 if "octave_up" in passage.section.changes else 0)
    n_tones, gate = track.pick((3, 4, 4, 5, 6, 7)), track.uniform(0.5, 0.95)
    mask = [place % 4 == 0 or dice.chance(0.85) for place in range(32)]
    tones = []
    for chord in passage.chords:
        pool = _pool(chord, base, n_tones)
        order = SHAPES[manner.style](len(pool), dice_of(manner.seed + 1))
        ticks = _onsets(chord, manner.arp_rate)
        for place, tick in enumerate(ticks):
            if manner.arp_rate != "dotted" and not mask[(tick % (2 * BAR)) // (2 * BAR // 32)]:
                continue
            until = ticks[place + 1] if place + 1 < len(ticks) else chord.end
            velocity = 94 if tick % BAR == 0 else 86 if tick % BEAT == 0 else 74
            tones.append(Tone(tick, max(round((until - tick) * gate), 2), pool[order[place % len(order)]], velocity))
    return tones


def _onsets(chord: Chord, rate: str) -> list[int]:
    if rate == "dotted":
        first = chord.tick // BAR * BAR
        return [
            t for bar in range(first, chord.end, BAR) for t in (bar + d for d in DOTTED) if chord.tick <= t < chord.end
        ]
    return list(range(chord.tick, chord.end, GRIDS[rate]))


def _pool(chord: Chord, base: int, n_tones: int) -> list[int]:
    """The given number of chord tones upwards from `base`."""
    ladder = [p for p in range(base, ROLES["arp"].high + 1) if p % 12 in chord.classes]
    return ladder[:n_tones]


def piano(passage: Passage, manner: Manner, dice: Dice, last: Dice) -> list[Tone]:
    """A left hand in the manner's figure, and a right hand that sings, with a chord below its long notes."""
    left = [t for chord in passage.chords for t in _left_hand(chord, manner)]
    role, section = ROLES["piano"], passage.section
    low = 72 if "octave_up" in section.changes else 64
    right = melody.sing(
        passage.chords, section.n_bars, passage.key, low, min(low + 20, role.high), manner.density, dice, last
    )
    if "ornament" in section.changes:
        right = melody.ornamented(right, passage.key, role.high, dice)
    return left + [tone._replace(velocity=tone.velocity - 8) for tone in right]


def _left_hand(chord: Chord, manner: Manner) -> list[Tone]:
    track = dice_of(manner.seed)
    bass = in_range(36 + chord.bass, 33, 45)
    upper = [p for p in range(bass + 4, 63) if p % 12 in chord.classes]
    if manner.style == "flowing":
        order = [track.between(0, min(4, len(upper)) - 1) for _ in range(8)]
        pitches = [
            bass if tick == chord.tick else upper[order[(tick - chord.tick) // 12 % 8]]
            for tick in range(chord.tick, chord.end, 12)
        ]
        return [Tone(chord.tick + 12 * at, 12, pitch, 80 if at == 0 else 66) for at, pitch in enumerate(pitches)]
    hand = [p for p in upper if p >= 50][:3]
    if manner.style == "chordal":
        held = [Tone(chord.tick, chord.ticks, bass, 80)]
        again = range(chord.tick, chord.end, track.pick((24, 48, 48)))
        return held + [Tone(tick, min(24, chord.end - tick), p, 64) for tick in again for p in hand]
    tones = []
    for tick in range(chord.tick, chord.end, BEAT):
        even = (tick - chord.tick) // BEAT % 2 == 0
        tones += [Tone(tick, 20, bass, 84)] if even else [Tone(tick, 16, p, 68) for p in hand]
    return tones


def lead(passage: Passage, manner: Manner, dice: Dice, last: Dice) -> list[Tone]:
    """A sung line, an octave up or ornamented where a section returns so, with a pick-up into the next one."""
    role, section = ROLES["lead"], passage.section
    low = dice_of(manner.seed).between(role.low + 4, role.low + 10)
    high = low + 18
    tones = melody.sing(passage.chords, section.n_bars, passage.key, low, high, manner.density, dice, last)
    if "octave_up" in section.changes and tones and max(t.pitch for t in tones) + 12 <= role.high:
        tones = [tone._replace(pitch=tone.pitch + 12) for tone in tones]
    if "ornament" in section.changes:
        tones = melody.ornamented(tones, passage.key, role.high, last)
    tones += _pickup(tones, passage) if section.leaving == "pickup" else []
    return [tone._replace(ticks=max(tone.ticks // 2, 3)) for tone in tones] if manner.style == "staccato" else tones


def _pickup(tones: Sequence[Tone], passage: Passage) -> list[Tone]:
    """Eighths by step that lead into the next section, where the line has come to rest."""
    start = passage.section.ticks - BEAT
    if not tones or tones[-1].tick + tones[-1].ticks > start:
        return []
    low = max(tones[-1].pitch - 6, ROLES["lead"].low)
    first, second, *_ = (p for p in range(low, low + 6) if p % 12 in passage.key.scale_classes())
    return moved([Tone(0, 12, first, 88), Tone(12, 12, second, 94)], start)

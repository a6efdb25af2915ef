"""A string quartet: four parts from one plan of chords, moved by figures that keep the plan's notes on the changes."""

from collections.abc import Sequence

from legato.compose.dice import Dice
from legato.compose.melody import draw_rhythm
from legato.compose.passage import Manner, Passage, Player
from legato.compose.roles import QUARTET, ROLES
from legato.compose.score import BAR, BEAT, Tone

FIGURES = {"held": 3, "quarters": 2, "eighths": 1.5, "offbeats": 1}


def player(role: str) -> Player:
    """The function that plays one of the four."""
    voice = QUARTET.index(role)

    def play(passage: Passage, manner: Manner, dice: Dice, last: Dice) -> list[Tone]:
        if role == "violin_1":
            return _melodic(passage, voice, manner, dice, last)
        figure = dice.weighted(FIGURES) if role != "cello" else dice.weighted({"held": 4, "quarters": 1.5})
        return [
            tone
            for chord, voicing in zip(passage.chords, passage.voicings, strict=True)
            for tone in _figured(chord.tick, chord.ticks, voicing[voice], figure)
        ]

    return play


def _figured(tick: int, ticks: int, pitch: int, figure: str) -> list[Tone]:
    if figure == "held":
        return [Tone(tick, ticks, pitch, 80)]
    grid = BEAT if figure == "quarters" else BEAT // 2
    length = grid if figure == "quarters" else grid - 3
    places = [t for t in range(tick, tick + ticks, grid) if figure != "offbeats" or t == tick or t % BEAT]
    return [Tone(t, length, pitch, 82 if t == tick else 70) for t in places]


# Key idea: the plan's soprano is home, and every departure is answered. Even places within a chord, and the first and
# third beat of a bar, play home; an odd place steps away along the scale's ladder by its row's turn, and the next place
# is home again. So a step away is a neighbour or a passing note to a chord tone, and on each change the plan is heard,
# with its voice leading. Rhythm and turns are a motif: two rows, drawn once per section, that alternate bar by bar; the
# section's last bar has a third row from dice of its own, so that sections which return can end otherwise. -1 and 1 are
# drawn twice as often as -2 and 2 in the first two rows: steps more than skips (chosen). 16 turns: a bar has at most 16
# notes of a sixteenth; a longer chord begins again. Velocities 96 and 86 are chosen.
def _melodic(passage: Passage, voice: int, manner: Manner, dice: Dice, last: Dice) -> list[Tone]:
    """The plan's soprano on each change; between them neighbours, passing notes and chord tones in a motif's rhythm."""
    ladder = [
        p for p in range(ROLES["violin_1"].low, ROLES["violin_1"].high + 1) if p % 12 in passage.key.scale_classes()
    ]
    rhythms = [[t for t, _ in draw_rhythm(manner.density, dice)] for _ in range(2)]
    turns = [[dice.pick((-2, -1, -1, 1, 1, 2)) for _ in range(16)] for _ in range(2)]
    rhythms.append([t for t, _ in draw_rhythm(manner.density, last)])
    turns.append([last.pick((-2, -1, 1, 2)) for _ in range(16)])
    n_bars, tones = passage.section.n_bars, []
    for chord, voicing in zip(passage.chords, passage.voicings, strict=True):
        onsets = [chord.tick]
        for bar in range(chord.tick // BAR, (chord.end - 1) // BAR + 1):
            rhythm = rhythms[_row(bar, n_bars)]
            onsets += [bar * BAR + t for t in rhythm if chord.tick < bar * BAR + t < chord.end]
        plan = voicing[voice]
        home = _nearest(ladder, plan)
        for place, (tick, end) in enumerate(zip(onsets, [*onsets[1:], chord.end], strict=True)):
            rung = min(max(home + turns[_row(tick // BAR, n_bars)][place % 16], 0), len(ladder) - 1)
            is_strong = tick % (2 * BEAT) == 0
            tones.append(
                Tone(tick, end - tick, plan if place % 2 == 0 or is_strong else ladder[rung], 96 if is_strong else 86)
            )
    return tones


def _nearest(ladder: Sequence[int], pitch: int) -> int:
    """The rung of a ladder of pitches that is nearest; of two as near, the lower."""
    return min(range(len(ladder)), key=lambda at: abs(ladder[at] - pitch))


def _row(bar: int, n_bars: int) -> int:
    return 2 if bar == n_bars - 1 and n_bars > 1 else bar % 2

"""Drums drawn from a groove's odds: bars that differ, ghosts, hat rolls, fills, crashes.

Conventions: the kit is drawn once per track (`draw_kit`), a letter's bars once per letter (`draw_pattern`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from legato.compose.dice import Dice
from legato.compose.grooves import CRASH, ENDING_DRUMS, FILLS, GROOVES, NONE, STEPS_PER_BAR, Groove, Layer
from legato.compose.score import BAR, BEAT, GHOST, ROLL, Section, Tone
from legato.midi.gm import DRUMS

STEP = BAR // STEPS_PER_BAR  # ticks
ODDS = {".": 0.0, "X": 1.0, **{str(tenths): tenths / 10 for tenths in range(1, 10)}}
ROLLS = ((3, 4), (3, 8), (4, 3), (4, 6), (2, 6), (3, 2))  # (ticks between, hits)
THINNED = ("hats", "shaker", "percussion", "ghosts")


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What a track's drummer has set up: a drum for each layer of the groove."""

    groove: Groove
    drums: dict[str, str]


Bar = dict[str, tuple[bool, ...]]  # layer: steps that sound


def draw_kit(name: str, dice: Dice) -> Kit:
    """Which layers a track has, and which drum plays each."""
    groove = GROOVES[name]
    drums = {layer: dice.pick(row.drums) for layer, row in groove.layers.items() if dice.chance(row.chance)}
    return Kit(groove=groove, drums=drums)


def draw_pattern(kit: Kit, dice: Dice) -> list[Bar]:
    """Two bars, the second a variation of the first, to be played in turn."""
    lines = {layer: _thinned(dice.pick(kit.groove.layers[layer].lines), dice) for layer in kit.drums}
    first = {layer: tuple(dice.chance(odds) for odds in line) for layer, line in lines.items()}
    return [first, {layer: _again(steps, lines[layer], 0.4, dice) for layer, steps in first.items()}]


def _thinned(line: str, dice: Dice) -> list[float]:
    """A line's odds, each of the uncertain ones leaning to yes or to no for this letter."""
    return [ODDS[mark] if mark in ".X" else min(0.95, ODDS[mark] * dice.uniform(0.3, 1.9)) for mark in line]


def _again(steps: Sequence[bool], odds: Sequence[float], change: float, dice: Dice) -> tuple[bool, ...]:
    return tuple(
        dice.chance(chance) if 0 < chance < 1 and dice.chance(change) else step
        for step, chance in zip(steps, odds, strict=True)
    )


def kicks(pattern: Sequence[Bar]) -> tuple[int, ...]:
    """The ticks of the kick in a pattern's first bar."""
    return tuple(step * STEP for step, sounds in enumerate(pattern[0].get("kick", ())) if sounds)


def play(section: Section, kit: Kit, pattern: Sequence[Bar], dice: Dice) -> list[Tone]:
    """A section's drums, ticks from its start."""
    tones: list[Tone] = []
    for bar in range(section.n_bars):
        hits = _bar(kit, pattern[bar % 2], section, dice)
        if bar == section.n_bars - 1:
            hits = _with_fill(hits, kit.groove, section, dice)
        tones += [tone._replace(tick=tone.tick + bar * BAR) for tone in hits]
    if section.start_bar and section.kind == "main" and dice.chance(kit.groove.crash):
        tones.append(_hit(0, CRASH, 92))
    return _one_hit_each(tones)


def ending(dice: Dice) -> list[Tone]:
    """A kick and a crash."""
    return [_hit(0, drum, dice.between(100, 116)) for drum in ENDING_DRUMS]


def _bar(kit: Kit, bar: Bar, section: Section, dice: Dice) -> list[Tone]:
    tones = []
    for name, steps in bar.items():
        layer = kit.groove.layers[name]
        if _rests(name, section):
            continue
        odds = layer.change * (2 if "busy_drums" in section.changes else 1)
        for step, sounds in enumerate(steps):
            if sounds != (dice.random() < odds * _doubt(layer, step)):
                tones.append(_struck(layer, kit.drums[name], step))
    hats = kit.drums.get("hats")
    if hats and kit.groove.open_hat != NONE and not _rests("hats", section):
        tones = _opened(tones, hats, kit.groove.open_hat, dice)
    if hats and dice.chance(kit.groove.rolls) and not _rests("hats", section):
        tones = _rolled(tones, hats, dice)
    return tones


def _rests(layer: str, section: Section) -> bool:
    sparse = "thin_drums" in section.changes or section.kind == "intro"
    return sparse and layer in THINNED[1 if section.kind == "intro" else 0 :] and section.start_bar % 2 == 0


def _doubt(layer: Layer, step: int) -> float:
    """How open a step is to a change in one bar: the certain ones are not, nor are the silent ones of every line."""
    marks = {line[step] for line in layer.lines}
    return 0.0 if marks <= {"X"} or marks <= {"."} or "X" in marks else 0.6


def _struck(layer: Layer, drum: str, step: int) -> Tone:
    weak = (0, 2, 1, 2)[step % 4] / 2
    velocity = round(layer.velocity - layer.accent * weak + (4 if step == 0 else 0))
    return Tone(step * STEP, STEP, DRUMS[drum], velocity, layer.late, 0, GHOST if layer.is_ghost else "")


def _opened(tones: list[Tone], hats: str, line: str, dice: Dice) -> list[Tone]:
    for step, mark in enumerate(line):
        if mark != "." and dice.chance(ODDS[mark] * 0.5):
            tones = [tone for tone in tones if tone.tick != step * STEP or tone.pitch != DRUMS[hats]]
            tones.append(_hit(step * STEP, "open_hat", 84))
    return tones


def _rolled(tones: list[Tone], hats: str, dice: Dice) -> list[Tone]:
    """A run of 32nds, 16th triplets, or faster, in place of the hats there, that swells or fades."""
    between, n_hits = dice.pick(ROLLS)
    start = dice.pick((4, 6, 8, 10, 12, 14)) * STEP
    n_hits = min(n_hits, (BAR - start) // between)
    if between >= STEP or n_hits < 3:
        between, n_hits = 4, 3
    end, swells = start + between * n_hits, dice.chance(0.7)
    kept = [tone for tone in tones if not (tone.pitch in (DRUMS[hats], DRUMS["open_hat"]) and start <= tone.tick < end)]
    levels = [60 + round(34 * (at if swells else n_hits - at) / n_hits) for at in range(n_hits)]
    roll = [_hit(start + between * at, hats, level, ticks=between) for at, level in enumerate(levels)]
    return [*kept, roll[0]._replace(mark=ROLL), *roll[1:]]


def _with_fill(hits: list[Tone], groove: Groove, section: Section, dice: Dice) -> list[Tone]:
    beats = dice.weighted({1: 3, 2: 3, 4: 1.0 if section.leaving == "fill" else 0.0})
    if section.leaving not in ("fill", "drop", "pickup") and dice.chance(0.5):
        return hits
    name = "stop" if section.leaving == "drop" and "stop" in groove.fills else dice.pick(groove.fills)
    start = BAR - min(beats, 2 if name == "stop" else 4) * BEAT
    return [hit for hit in hits if hit.tick < start] + fill(name, start, dice)


def fill(name: str, start: int, dice: Dice) -> list[Tone]:
    """A fill from `start` to the end of the bar; it grows louder."""
    drums = FILLS[name]
    if name == "stop":
        return [_hit(start, drums[0], 104)] if dice.chance(0.6) else []
    grid = BEAT // 3 if name == "triplets" else STEP
    ticks = [tick for tick in range(start, BAR, grid) if dice.chance(0.85 if tick % BEAT == 0 else 0.6)] or [start]
    tones = []
    for tick in ticks:
        progress = (tick - start) / (BAR - start)
        drum = drums[min(int(progress * len(drums)), len(drums) - 1)] if name == "toms" else dice.pick(drums)
        tones.append(_hit(tick, drum, round(78 + 36 * progress), ticks=grid))
    return tones


def _hit(tick: int, drum: str, velocity: int, ticks: int = STEP) -> Tone:
    return Tone(tick, ticks, DRUMS[drum], velocity)


def _one_hit_each(tones: list[Tone]) -> list[Tone]:
    """The loudest of several hits of a drum at one time; no ghost where the snare itself is hit."""
    best: dict[tuple[int, int], Tone] = {}
    for tone in tones:
        place = tone.tick, tone.pitch
        if place not in best or best[place].velocity < tone.velocity:
            best[place] = tone
    struck = {tone.tick for tone in best.values() if tone.velocity > 90 and tone.pitch in BACKBEATS}
    return [tone for tone in best.values() if not (tone.mark == GHOST and tone.tick in struck)]


BACKBEATS = frozenset(DRUMS[name] for name in ("snare", "snare_2", "clap", "side_stick"))

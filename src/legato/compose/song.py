"""A song from its parameters: form, harmony, who plays what, and the performance."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from legato.compose import drums, guitar
from legato.compose.config import DRUMS_ROLE, MusicParams
from legato.compose.dice import Dice, dice_of
from legato.compose.form import lay_out
from legato.compose.harmony import Key, draw_harmonies
from legato.compose.passage import Manner, Passage
from legato.compose.performance import bends, one_voice, perform
from legato.compose.playing import played
from legato.compose.roles import ARP_RATES, QUARTET, ROLES
from legato.compose.score import BAR, BEAT, GHOST, ROLL, Chord, Section, Tone, moved
from legato.compose.tonality import durations, is_heard
from legato.compose.voicing import Voicing, lead, lead_quartet
from legato.midi.gm import KITS, PROGRAMS
from legato.midi.song import BEATS_PER_BAR, Part, Song, bar_seconds
from legato.midi.theory import NOTE_NAMES

DRAFTS, HARMONIES = 6, 12  # at most, until the key is heard
FEWEST_SLIDES = 2  # of a line that is called gliding
NO_MANNER = Manner(style="", density="", arp_rate="", seed=0)


@dataclass(frozen=True, kw_only=True)
class Score:
    """A song as it is written, ticks from its start."""

    bpm: int
    n_bars: int
    key: Key
    swing: float
    groove: str | None
    instruments: dict[str, str]
    manners: dict[str, Manner]
    sections: tuple[Section, ...]
    chords: tuple[Chord, ...] = ()
    parts: dict[str, list[Tone]] = field(default_factory=dict)

    @property
    def is_tonal(self) -> bool:
        return set(self.instruments) != {DRUMS_ROLE}


def compose(params: MusicParams, rng: np.random.Generator) -> tuple[Song, dict[str, Any]]:
    """Draw a song and return it with its facts (docs/categories.md lists them)."""
    score = write_score(params, rng)
    song = perform_score(score, params, rng)
    return song, facts_of(score, song)


def write_score(params: MusicParams, rng: np.random.Generator) -> Score:
    """A score whose key is heard: a draft that leaves it unclear is begun again."""
    for _ in range(DRAFTS):
        score = draft(params, rng)
        pitched = [tone for role, tones in score.parts.items() if role != DRUMS_ROLE for tone in tones]
        if not score.is_tonal or is_heard(durations(pitched), score.key.tonic, score.key.has_minor_third):
            break
    return score


def draft(params: MusicParams, rng: np.random.Generator) -> Score:
    """One draw of everything that is written down."""
    dice = Dice(rng)
    lengths = params.lengths()
    bpm = dice.pick(list(lengths))
    n_bars = dice.pick(lengths[bpm])
    instruments = {role: dice.pick(names) for role, names in params.parts.items()}
    key = Key(tonic=dice.between(0, 11), scale=dice.pick(params.scales), color=dice.pick(params.colors))
    groove = dice.pick(params.grooves) if params.grooves else None
    score = Score(
        bpm=bpm,
        n_bars=n_bars,
        key=key,
        swing=round(dice.uniform(*params.swing), 3),
        groove=groove,
        instruments=instruments,
        manners={role: _manner(role, params, dice) for role in instruments},
        sections=tuple(lay_out(n_bars, list(instruments), dice)),
    )
    return _with_parts(score, dice)


def _manner(role: str, params: MusicParams, dice: Dice) -> Manner:
    styles = params.playing.get(role) or list(ROLES[role].styles) or [""]
    return Manner(
        style=dice.pick(styles),
        density=dice.weighted(dict.fromkeys(params.density, 1.0)),
        arp_rate=dice.pick(list(ARP_RATES)),
        seed=dice.seed(),
    )


def _with_parts(score: Score, dice: Dice) -> Score:
    harmonies = _heard_harmonies(score, dice)
    flat = [
        chord._replace(tick=chord.tick + section.start)
        for section, harmony in zip(score.sections, harmonies, strict=True)
        for chord in harmony
    ]
    seeds = {(role, letter): dice.seed() for role in (*score.instruments, DRUMS_ROLE) for letter in "ABC"}
    kit = drums.draw_kit(score.groove, dice) if score.groove else None
    patterns = {letter: drums.draw_pattern(kit, dice_of(seeds[DRUMS_ROLE, letter])) for letter in "ABC"} if kit else {}
    parts: dict[str, list[Tone]] = {}
    for role in score.instruments:
        if kit and role == DRUMS_ROLE:
            parts[role] = _drummed(score.sections, kit, patterns, dice)
        else:
            kicks = {letter: drums.kicks(pattern) for letter, pattern in patterns.items()}
            parts[role] = _written(role, score, harmonies, flat, kicks, seeds, dice)
    manners = dict(score.manners)
    if (
        manners.get("sub", NO_MANNER).style == "gliding"
        and sum(tone.slide != 0 for tone in parts["sub"]) < FEWEST_SLIDES
    ):
        manners["sub"] = replace(manners["sub"], style="plain")
        parts["sub"] = [tone._replace(slide=0) for tone in parts["sub"]]
    return replace(score, parts=parts, manners=manners, chords=tuple(flat) if score.is_tonal else ())


def _drummed(
    sections: Sequence[Section], kit: drums.Kit, patterns: dict[str, list[drums.Bar]], dice: Dice
) -> list[Tone]:
    """The drums of all sections that have them."""
    tones: list[Tone] = []
    for section in sections:
        if DRUMS_ROLE in section.roles:
            is_ending = section.kind == "ending"
            hits = drums.ending(dice) if is_ending else drums.play(section, kit, patterns[section.letter], dice)
            tones += moved(hits, section.start)
    return tones


def _written(
    role: str,
    score: Score,
    harmonies: Sequence[list[Chord]],
    flat: list[Chord],
    kicks: dict[str, tuple[int, ...]],
    seeds: dict[tuple[str, str], int],
    dice: Dice,
) -> list[Tone]:
    """A pitched part through all sections that have it."""
    tones: list[Tone] = []
    voicings = _voicings(role, flat, score.manners[role], "strum" in score.instruments)
    place = 0
    for at, (section, harmony) in enumerate(zip(score.sections, harmonies, strict=True)):
        mine, place = voicings[place : place + len(harmony)], place + len(harmony)
        if role in section.roles:
            passage = Passage(
                section=section,
                key=score.key,
                chords=harmony,
                voicings=mine,
                kicks=kicks.get(section.letter, ()),
                following=harmonies[min(at + 1, len(harmonies) - 1)][0],
            )
            tones += moved(played(role, passage, score.manners[role], seeds[role, section.letter], dice), section.start)
    return tones


def _heard_harmonies(score: Score, dice: Dice) -> list[list[Chord]]:
    """Chords whose key is heard from what the band plays of them: all tones, or little but the basses."""
    is_bass_alone = not set(score.instruments) - {"bass", "sub", DRUMS_ROLE}
    for _ in range(HARMONIES):
        harmonies = draw_harmonies(score.sections, score.key, dice)
        heard = [0.0] * 12
        for chord in (chord for harmony in harmonies for chord in harmony):
            heard[chord.bass] += chord.ticks * (3 if is_bass_alone else 1)
            for pitch_class in chord.classes:
                heard[pitch_class] += chord.ticks
        if not score.is_tonal or is_heard(heard, score.key.tonic, score.key.has_minor_third):
            break
    return harmonies


def _voicings(role: str, flat: list[Chord], manner: Manner, has_strum: bool) -> list[Voicing]:
    low, high = ROLES[role].low, ROLES[role].high
    if role in ("pad", "keys"):
        n_voices = 4 if any(len(chord.classes) > 3 for chord in flat) else 3 + manner.seed % 2
        return lead(flat, low, high, n_voices)
    if role in ("strum", "pick"):
        return guitar.lead_guitar(flat, is_high=role == "pick" and has_strum)
    return lead_quartet(flat) if role in QUARTET else []


def perform_score(score: Score, params: MusicParams, rng: np.random.Generator) -> Song:
    """The score as it is played."""
    human = (params.humanize.timing_ms, params.humanize.velocity)
    parts = []
    for role, tones in score.parts.items():
        row, is_drum = ROLES[role], role == DRUMS_ROLE
        end_beat = float(score.n_bars * BEATS_PER_BAR)
        notes = perform(tones, score.swing, score.bpm, end_beat, human, is_drum, rng)
        notes = one_voice(notes) if role == "sub" else notes
        parts.append(
            Part(
                role=role,
                program=(KITS if is_drum else PROGRAMS)[score.instruments[role]],
                is_drum=is_drum,
                volume=row.volume,
                pan=row.pan,
                reverb_send=row.reverb_send,
                notes=notes,
                bends=bends(tones, notes) if role == "sub" else (),
            )
        )
    return Song(bpm=score.bpm, n_bars=score.n_bars, parts=tuple(parts))


def facts_of(score: Score, song: Song) -> dict[str, Any]:
    """What prompts may say of a song."""
    roles = score.parts
    tonal = score.is_tonal
    struck = roles.get(DRUMS_ROLE, [])
    return {
        "bpm": score.bpm,
        "n_bars": score.n_bars,
        "seconds_composed": round(score.n_bars * bar_seconds(score.bpm), 3),
        "key": NOTE_NAMES[score.key.tonic] if tonal else None,
        "scale": score.key.scale if tonal else None,
        "form": "".join(section.letter for section in score.sections if section.kind == "main"),
        "sections": [[s.kind if s.kind != "main" else s.letter, s.start_bar, s.n_bars] for s in score.sections],
        "instruments": score.instruments,
        "groove": score.groove,
        "swing": score.swing,
        "n_notes": sum(len(part.notes) for part in song.parts),
        "chords": [[c.tick // BAR, c.tick % BAR / BEAT, c.root, c.quality, c.bass] for c in score.chords],
        "playing": {role: manner.style for role, manner in score.manners.items() if manner.style},
        "arp_notes_per_beat": ARP_RATES[score.manners["arp"].arp_rate] if "arp" in roles else 0,
        "slides": sum(1 for tone in roles.get("sub", []) if tone.slide),
        "hat_rolls": sum(tone.mark == ROLL for tone in struck),
        "ghost_notes": sum(tone.mark == GHOST for tone in struck),
    }

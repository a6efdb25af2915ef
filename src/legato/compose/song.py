"""A whole song from a category's parameters and a random stream, with the facts that are true of it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from legato.compose.config import DRUMS_ROLE, MusicParams
from legato.compose.parts import TONAL_PARTS, Harmony, drum_bar, ending, pick_one
from legato.compose.patterns import (
    FILLS,
    FORMS,
    GROOVES,
    LONG_FORM,
    PROGRESSIONS,
    ROLES,
    SCALE_MOODS,
    SECTION_BARS,
)
from legato.gm import KITS, PROGRAMS
from legato.midi import BEATS_PER_BAR, Note, Part, Song, bar_seconds
from legato.theory import NOTE_NAMES

OFF_16TH_BEATS = 0.25
VELOCITY_JITTER = 5


@dataclass(frozen=True, kw_only=True)
class Section:
    letter: str  # "intro" or a letter of the form
    start_bar: int
    n_bars: int


def compose(params: MusicParams, rng: np.random.Generator) -> tuple[Song, dict[str, Any]]:
    """Draw a song and return it with its facts: bpm, bars, seconds, key, scale, form, programs, groove, swing."""
    lengths = params.lengths()
    bpm = pick_one(rng, list(lengths))
    n_bars = pick_one(rng, lengths[bpm])
    tonic, scale = int(rng.integers(12)), pick_one(rng, params.scales)
    swing = round(float(rng.uniform(*params.swing)), 3)
    instruments = {role: pick_one(rng, names) for role, names in params.parts.items()}
    groove = pick_one(rng, params.grooves) if params.grooves else None
    sections = lay_out(n_bars, rng)
    harmonies = draw_harmonies(tonic, scale, rng)
    parts = tuple(_part(role, name, sections, harmonies, groove, swing, rng) for role, name in instruments.items())
    is_tonal = set(instruments) != {DRUMS_ROLE}
    facts = {
        "bpm": bpm,
        "n_bars": n_bars,
        "seconds_composed": round(n_bars * bar_seconds(bpm), 3),
        "key": NOTE_NAMES[tonic] if is_tonal else None,
        "scale": scale if is_tonal else None,
        "form": "".join(section.letter for section in sections if section.letter != "intro"),
        "instruments": instruments,
        "groove": groove,
        "swing": swing,
        "n_notes": sum(len(part.notes) for part in parts),
    }
    return Song(bpm=bpm, n_bars=n_bars, parts=parts), facts


def lay_out(n_bars: int, rng: np.random.Generator) -> list[Section]:
    """Four-bar sections after an intro of up to three bars; the last bar is left for the ending."""
    n_sections, n_intro = divmod(n_bars - 1, SECTION_BARS)
    form = pick_one(rng, FORMS[n_sections]) if n_sections in FORMS else (LONG_FORM * n_sections)[:n_sections]
    intro = [Section(letter="intro", start_bar=0, n_bars=n_intro)] if n_intro else []
    return intro + [
        Section(letter=letter, start_bar=n_intro + place * SECTION_BARS, n_bars=SECTION_BARS)
        for place, letter in enumerate(form)
    ]


def draw_harmonies(tonic: int, scale: str, rng: np.random.Generator) -> dict[str, Harmony]:
    """A progression for each letter, no two alike; the intro shares that of A."""
    progressions = PROGRESSIONS[SCALE_MOODS[scale]]
    chosen = rng.permutation(len(progressions))
    harmonies = {
        letter: Harmony(tonic=tonic, scale=scale, degrees=progressions[at])
        for letter, at in zip("ABC", chosen, strict=False)
    }
    return {"intro": harmonies["A"], **harmonies}


def _part(
    role: str,
    name: str,
    sections: list[Section],
    harmonies: dict[str, Harmony],
    groove: str | None,
    swing: float,
    rng: np.random.Generator,
) -> Part:
    is_drum = role == DRUMS_ROLE
    notes = _drums(sections, str(groove), rng) if is_drum else _tonal(role, sections, harmonies, rng)
    end_bar = sections[-1].start_bar + sections[-1].n_bars if sections else 0
    notes += _placed(ending(role, harmonies["A"]), end_bar)
    mix = ROLES[role]
    return Part(
        role=role,
        program=(KITS if is_drum else PROGRAMS)[name],
        is_drum=is_drum,
        volume=mix.volume,
        pan=mix.pan,
        reverb_send=mix.reverb_send,
        notes=tuple(_humanized(_swung(note, swing), rng) for note in notes),
    )


def _tonal(role: str, sections: list[Section], harmonies: dict[str, Harmony], rng: np.random.Generator) -> list[Note]:
    """Each letter's material is drawn once, so that a section that returns is recognised."""
    material = {letter: TONAL_PARTS[role](harmonies[letter], ROLES[role], rng) for letter in "ABC"}
    material["intro"] = material["A"] if ROLES[role].in_intro else []
    notes = []
    for section in sections:
        end = section.n_bars * BEATS_PER_BAR
        fitting = [note for note in material[section.letter] if note.beat + note.beats <= end]
        notes += _placed(fitting, section.start_bar)
    return notes


def _drums(sections: list[Section], groove: str, rng: np.random.Generator) -> list[Note]:
    """The groove's first lines in A, C and the intro, its second in B; a fill ends a section, a crash begins one."""
    notes = []
    for section in sections:
        variant = 1 if section.letter == "B" else 0
        lines = {drum: variants[variant] for drum, variants in GROOVES[groove].items()}
        fill_from = pick_one(rng, (8, 12))
        bars = [drum_bar(lines, bar) for bar in range(section.n_bars - 1)]
        last = [note for note in drum_bar(lines, 0) if note.beat < fill_from / 4]
        last += drum_bar(pick_one(rng, FILLS), 0, first_step=fill_from)
        bars.append(_placed(last, section.n_bars - 1))
        if section.start_bar:
            bars[0] = bars[0] + drum_bar({"crash": "o" + "." * 15}, 0)
        notes += _placed([note for bar in bars for note in bar], section.start_bar)
    return notes


def _placed(notes: list[Note], bar: int) -> list[Note]:
    return [replace(note, beat=note.beat + bar * BEATS_PER_BAR) for note in notes]


def _swung(note: Note, swing: float) -> Note:
    """Notes on every second 16th come late: at `swing` of the eighth instead of half of it."""
    is_off = round(note.beat / OFF_16TH_BEATS, 6) % 2 == 1
    late = (swing - 0.5) * 2 * OFF_16TH_BEATS if is_off else 0
    return replace(note, beat=note.beat + late, beats=max(note.beats - late, 0.05))


def _humanized(note: Note, rng: np.random.Generator) -> Note:
    velocity = note.velocity + int(rng.integers(-VELOCITY_JITTER, VELOCITY_JITTER + 1))
    return replace(note, velocity=min(max(velocity, 1), 127))

"""Whether each tag of a prompt is true of the track's MIDI and audio.

A claim that can be measured twice, on the notes and on the sound, gives a verdict of each: `bpm` and `bpm_heard`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from legato.midi.gm import PROGRAMS, kit_name
from legato.midi.theory import NOTE_NAMES, SCALES
from legato.prompts.claims import (
    BUSY,
    MOODS,
    SEVENTHS,
    SPARSE,
    SUSPENDED,
    TRIADS,
    WET_LEVEL,
    Claim,
    read_tag,
    slow_roles,
    third_of,
)
from legato.truth import by_ear
from legato.truth.by_ear import (
    BASS_808,
    BASS_808_HEARD,
    BPM_HEARD,
    DRUMS,
    HEARD,
    HIGHEST_808,
    LOWEST_808,
    NO_DRUMS,
    NO_DRUMS_HEARD,
    ONLY_DRUMS,
    ONLY_DRUMS_HEARD,
    agrees,
)
from legato.truth.evidence import Evidence
from legato.truth.grooves import GROOVES
from legato.truth.playing import BASSES, GUITARS, PLAYING
from legato.truth.rates import UNKNOWN

PHRASE = "phrase"  # the kind of a category's base phrase
SYNTHS = (*range(50, 52), *range(62, 64), *range(80, 104))


class Verdict(NamedTuple):
    tag: str
    kind: str
    is_true: bool


Kinds = Iterator[tuple[str, bool]]


def judge(prompt_tags: Sequence[str], evidence: Evidence) -> list[Verdict]:
    """The verdicts on every tag; the first may be a base phrase, which is judged by the words in it."""
    return [
        Verdict(tag, kind, bool(is_true))
        for at, tag in enumerate(prompt_tags)
        for kind, is_true in _judge_tag(tag, read_tag(tag), evidence, is_first=at == 0)
    ]


def _judge_tag(tag: str, claim: Claim | None, evidence: Evidence, *, is_first: bool) -> Kinds:
    if claim is not None:
        return CHECKS[claim.kind](claim.value, evidence)
    return judge_phrase(tag, evidence) if is_first else iter([(UNKNOWN, False)])


def judge_phrase(phrase: str, evidence: Evidence) -> Kinds:
    """A base phrase is true where all of its words that can be checked are; no verdict where none can."""
    found = [check(evidence) for pattern, check in PHRASES.items() if re.search(pattern, phrase.lower())]
    if found:
        yield PHRASE, all(found)


def check_bpm(value: str, evidence: Evidence) -> Kinds:
    """The main tempo that the file states; where there are drums, a beat tracker's within 2 % or a factor of two."""
    yield "bpm", evidence.midi.states_bpm and abs(evidence.midi.bpm - float(value)) < 0.5
    if evidence.drums:
        yield BPM_HEARD, agrees(evidence.heard_bpm, float(value))


def check_key(value: str, evidence: Evidence) -> Kinds:
    """The tonic and third of a key estimator, and nine tenths of the notes' time within the scale."""
    note, scale = value.rsplit(" ", 1)
    tonic = NOTE_NAMES.index(note)
    yield "key", evidence.key == (tonic, third_of(scale))
    steps = {*SCALES[scale], *((10,) if scale == "harmonic_minor" else ())}
    yield "scale", evidence.pitch_class_shares[[(tonic + step) % 12 for step in steps]].sum() >= 0.9


def check_drums(value: str, evidence: Evidence) -> Kinds:
    """No note on the drum channel and no hiss of drums; or no pitched note and drums to be heard."""
    if value == "none":
        yield "no_drums", not evidence.drums
        yield NO_DRUMS_HEARD, HEARD[NO_DRUMS_HEARD](evidence)
    else:
        yield "only_drums", bool(evidence.drums) and not evidence.melodic
        yield ONLY_DRUMS_HEARD, HEARD[ONLY_DRUMS_HEARD](evidence)


def check_instrument(value: str, evidence: Evidence) -> Kinds:
    """A note of that program; an 808 bass keeps to C1-C3, by its notes and, where it is alone, by ear."""
    if value in PROGRAMS:
        playing = [part for part in evidence.melodic if part.program == PROGRAMS[value]]
    else:
        playing = [part for part in evidence.drums if kit_name(part.program) == value]
    yield "instrument", bool(playing)
    if value == "synth_bass_2" and playing:
        pitches = np.concatenate([part.pitch for part in playing])
        yield "bass_808", pitches.min() >= LOWEST_808 and pitches.max() <= HIGHEST_808
        if len(evidence.melodic) == 1 and not evidence.drums:
            yield BASS_808_HEARD, HEARD[BASS_808_HEARD](evidence)


def check_groove(value: str, evidence: Evidence) -> Kinds:
    yield "groove", bool(evidence.drums) and GROOVES[value](evidence)


def check_feel(value: str, evidence: Evidence) -> Kinds:
    """Where the off-beat 16ths fall."""
    swing = evidence.swing()
    yield "feel", swing is not None and (swing >= 0.55 if value == "swung" else swing <= 0.535)


def check_playing(value: str, evidence: Evidence) -> Kinds:
    yield "playing", PLAYING[value](evidence)


def check_harmony(value: str, evidence: Evidence) -> Kinds:
    """The pitches that sound under each stated chord."""
    rows = [chord_pitches(evidence, at) for at in range(len(evidence.facts["chords"]))]
    yield "harmony", HARMONY[value](rows)


def chord_pitches(evidence: Evidence, at: int) -> set[int]:
    """The intervals over a stated chord's root that are struck while it lasts."""
    chords = evidence.facts["chords"]
    start, end = ((bar * 4 + beat) * 60 / evidence.midi.bpm for bar, beat in [chords[at][:2], _end(chords, at)])
    early = 0.1 * 60 / evidence.midi.bpm
    return {
        int(pitch - chords[at][2]) % 12
        for part in evidence.melodic
        for pitch in part.pitch[(part.start_s >= start - early) & (part.start_s < end - early)]
    }


def _end(chords: list[list[Any]], at: int) -> list[Any]:
    return chords[at + 1][:2] if at + 1 < len(chords) else [chords[at][0] + 1, 0]


def _share(rows: list[set[int]], holds: Callable[[set[int]], bool]) -> float:
    return sum(map(holds, rows)) / max(len(rows), 1)


HARMONY: dict[str, Callable[[list[set[int]]], bool]] = {
    "sevenths": lambda rows: _share(rows, lambda row: bool(row & {9, 10, 11})) >= SEVENTHS - 0.1,
    "suspended": lambda rows: _share(rows, lambda row: bool(row & {2, 5})) >= SUSPENDED - 0.05,
    "triads": lambda rows: _share(rows, lambda row: bool(row & {3, 4})) >= TRIADS - 0.25,
}


def check_attack(value: str, evidence: Evidence) -> Kinds:
    """The attack times that were measured on the presets that sound."""
    yield "attack", value == "slow" and bool(slow_roles(evidence.facts))


def check_mood(value: str, evidence: Evidence) -> Kinds:
    """The same rule over what is measured on the MIDI."""
    yield "mood", MOODS[value](evidence.traits)


def check_density(value: str, evidence: Evidence) -> Kinds:
    rate = evidence.traits.notes_per_s
    yield "density", rate >= BUSY if value == "busy" else rate <= SPARSE


def check_space(value: str, evidence: Evidence) -> Kinds:
    """By the renderer's record: what reverb and chorus it had."""
    facts = evidence.facts
    yield "space", facts["dry"] if value == "dry" else not facts["dry"] and facts["reverb_level"] >= WET_LEVEL


def check_width(value: str, evidence: Evidence) -> Kinds:
    """The sides over the middle, in the audio."""
    yield "width", HEARD[f"{value}_heard"](evidence)


CHECKS: dict[str, Callable[[str, Evidence], Kinds]] = {
    "bpm": check_bpm,
    "key": check_key,
    "drums": check_drums,
    "instrument": check_instrument,
    "groove": check_groove,
    "feel": check_feel,
    "playing": check_playing,
    "harmony": check_harmony,
    "attack": check_attack,
    "mood": check_mood,
    "density": check_density,
    "space": check_space,
    "width": check_width,
}


def _plays(programs: Sequence[int]) -> Callable[[Evidence], bool]:
    return lambda e: any(part.program in programs for part in e.melodic)


# Words of base phrases that can be checked.
PHRASES: dict[str, Callable[[Evidence], bool]] = {
    NO_DRUMS: lambda e: not e.drums,
    ONLY_DRUMS: lambda e: bool(e.drums) and not e.melodic,
    BASS_808: _plays([PROGRAMS["synth_bass_2"]]),
    by_ear.GUITARS: _plays(GUITARS),
    r"\bbass\b": _plays([*BASSES, PROGRAMS["cello"], PROGRAMS["contrabass"]]),
    by_ear.SYNTHS: _plays(SYNTHS),
    by_ear.PIANO: _plays(range(6)),
    by_ear.STRINGS: _plays(range(40, 52)),
    DRUMS: lambda e: bool(e.drums),
}

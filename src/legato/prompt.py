"""A track's prompt: comma-separated tags, each true of the track's facts.

Conventions: a tag is ASCII without commas and stands on its own; the base phrase comes first; the whole
prompt is at most `MAX_BYTES`, what a Dia text encoder reads.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator

MAX_BYTES = 512
MAX_PHRASE_BYTES = 80
SEPARATOR = ", "


def _check_phrase(phrase: str) -> str:
    if not phrase.strip() or phrase != phrase.strip():
        raise ValueError("must not be empty nor begin or end with a space")
    if not (phrase.isascii() and phrase.isprintable()):
        raise ValueError("must be printable ASCII")
    if "," in phrase:
        raise ValueError("must hold no comma: trainers split prompts at commas")
    if len(phrase) > MAX_PHRASE_BYTES:
        raise ValueError(f"must be at most {MAX_PHRASE_BYTES} characters")
    return phrase


BasePhrase = Annotated[str, AfterValidator(_check_phrase)]

# Where the General MIDI name, spaces for underscores, is not what a listener would say.
INSTRUMENT_WORDS = {
    "warm_pad": ("warm analog pad", "warm synth pad"),
    "polysynth_pad": ("polysynth pad", "analog polysynth"),
    "saw_lead": ("saw lead", "sawtooth synth lead"),
    "square_lead": ("square lead", "square wave synth lead"),
    "synth_bass_1": ("synth bass", "analog synth bass"),
    "synth_bass_2": ("808 bass", "deep 808 bass"),
    "steel_guitar": ("steel guitar", "acoustic steel string guitar"),
    "clean_guitar": ("clean electric guitar", "clean guitar"),
    "finger_bass": ("electric bass", "fingered bass guitar"),
    "standard_kit": ("drum kit",),
    "tr808_kit": ("808 drum kit", "808 drum machine"),
}
ROLE_WORDS = {
    "arp": ("arpeggiated", "synth arpeggio"),
    "strum": ("strummed chords", "strumming"),
    "pick": ("fingerpicked", "picked arpeggio"),
    "sub": ("bass melody", "melodic low end"),
}
GROOVE_WORDS = {
    "boom_bap": ("boom bap", "boom bap drums"),
    "dusty": ("laid back beat", "dusty beat"),
    "trap": ("trap beat", "half time trap"),
    "pop": ("pop beat", "backbeat"),
    "house": ("four on the floor", "house beat"),
}
SCALE_WORDS = {
    "major": "major",
    "minor": "minor",
    "harmonic_minor": "harmonic minor",
    "dorian": "dorian",
    "mixolydian": "mixolydian",
    "phrygian": "phrygian",
}
SWUNG = 0.57  # from here on the second 16th is heard as late
STRAIGHT = 0.52


def prompt(phrase: str, facts: dict[str, Any], rng: np.random.Generator) -> str:
    """The prompt of a track: its category's base phrase, then tags from its facts in a random order."""
    tags = [_pick(rng, wordings) for wordings in tag_wordings(facts)]
    order = rng.permutation(len(tags))
    kept = [phrase]
    for tag in (tags[at] for at in order):
        if tag not in kept and len(SEPARATOR.join([*kept, tag])) <= MAX_BYTES:
            kept.append(tag)
    return SEPARATOR.join(kept)


def tag_wordings(facts: dict[str, Any]) -> Iterator[Sequence[str]]:
    """For each thing that the facts say, the ways to say it."""
    yield (f"{facts['bpm']} bpm", f"{facts['bpm']} BPM")
    if facts["key"]:
        key = f"{facts['key']} {SCALE_WORDS[facts['scale']]}"
        yield (key, f"in {key}", f"key of {key}")
    for name in sorted(set(facts["instruments"].values())):
        yield INSTRUMENT_WORDS.get(name, (name.replace("_", " "),))
    for role in facts["instruments"]:
        if role in ROLE_WORDS:
            yield ROLE_WORDS[role]
    yield from _rhythm_wordings(facts)


def _rhythm_wordings(facts: dict[str, Any]) -> Iterator[Sequence[str]]:
    roles = set(facts["instruments"])
    if facts["groove"]:
        yield GROOVE_WORDS[facts["groove"]]
        if facts["swing"] >= SWUNG:
            yield ("swung", "swing feel")
        elif facts["swing"] <= STRAIGHT:
            yield ("straight", "straight feel")
    if roles == {"drums"}:
        yield ("only drums",)
    elif "drums" not in roles:
        yield ("no drums",)


def _pick(rng: np.random.Generator, wordings: Sequence[str]) -> str:
    return wordings[int(rng.integers(len(wordings)))]

"""What a track's facts allow a prompt to claim, and what a tag claims.

Conventions: a claim is a kind and a value, such as ("bpm", "96") or ("drums", "none"); the rules that turn numbers
into words (from which bpm on music is calm) are here once, for those who write prompts and those who check them.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from legato.midi.theory import NOTE_NAMES
from legato.prompts.sounds import (
    AS_INSTRUMENTS,
    EFFECT,
    EFFECTS,
    FAUST,
    INSTRUMENT,
    SOUND,
    SOUNDS,
    effects,
    last_effect,
    renderers,
    said_of,
)
from legato.prompts.vocabulary import BPM_FORMATS, CLAIMS, KEY_FORMATS, SCALES, Wordings

BPM, KEY = "bpm", "key"
SWUNG, STRAIGHT = 0.57, 0.52  # where the second of two 16ths falls
SEVENTHS, SUSPENDED, TRIADS = 0.5, 0.15, 0.95  # least share of the chords
ROLLS, GHOSTS, SLIDES = 4, 8, 2  # least number in a track
SLOW_ATTACK_S, SLOW_HALF_S = 0.25, 0.08  # to 90 % and to half of a note's highest level
# What a role's style is called; None for its other styles.
PLAYING: dict[tuple[str, str | None], str] = {
    ("arp", None): "arpeggiated",
    ("strum", "strummed"): "strummed",
    ("strum", "palm_muted"): "palm_muted",
    ("pick", None): "picked",
    ("sub", None): "melody",
    ("bass", "walking"): "walking",
    ("bass", "octaves"): "octaves",
    ("lead", "staccato"): "staccato",
    ("keys", "stabs"): "stabs",
}
OF_GUITARS = ("strummed", "picked", "palm_muted")  # said only where a guitar's sound plays
SUB, SUB_808 = "sub", "bass_808"  # the role that slides, and whose slides are called an 808's
BUSY, SPARSE = 12.0, 4.0  # notes a second
CHORDAL = {"pad", "keys", "piano", "strum", "pick", "arp", "viola"}  # roles in which a chord is heard whole
WIDE_DB, NARROW_DB = -8.0, -24.0  # of the sides over the middle
WET_LEVEL = 0.6  # of the reverb
SENT_DB = -30.0  # the whole reverb over a note: of legato.sf2 -5 to -21 dB where a preset sends, else -100
SPACIOUS = ("plate", "chorus")  # effects that make a sound not dry


class Claim(NamedTuple):
    kind: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What moods are derived from, be it stated by the composer or measured on the MIDI."""

    bpm: float  # nan where none is told, so that no comparison holds
    third: str | None  # "major" or "minor"; None where there is no key
    notes_per_s: float
    has_drums: bool
    has_slow_attack: bool


MOODS: dict[str, Callable[[Traits], bool]] = {
    "dark": lambda t: t.third == "minor" and t.bpm <= 110,
    "melancholic": lambda t: t.third == "minor" and t.bpm <= 96 and t.notes_per_s <= 9,
    "uplifting": lambda t: t.third == "major" and t.bpm >= 104,
    "energetic": lambda t: t.bpm >= 112 and t.notes_per_s >= 10,
    "calm": lambda t: t.bpm <= 92 and t.notes_per_s <= 6 and not t.has_drums,
    "laid_back": lambda t: t.bpm <= 96 and t.has_drums,
    "driving": lambda t: t.bpm >= 116 and t.has_drums and t.notes_per_s >= 10,
    "dreamy": lambda t: t.has_slow_attack and not t.has_drums and t.bpm <= 104,
}


def claims_of(facts: dict[str, Any]) -> Iterator[Claim]:
    """Everything that is true of a track by its composer's and its renderer's facts; of a recording, what was heard."""
    yield from (Claim("fidelity", name) for name in facts.get("fidelity", []))
    if facts.get("is_audio"):
        yield from (Claim(*claim) for claim in facts["claims"])
        yield from _sound(facts)
        return
    if not has_drums(facts):
        yield Claim("drums", "none")
    elif all(map(is_drums, facts["instruments"])):
        yield Claim("drums", "only")
    yield from _instruments(facts)
    if facts["bpm"] is not None and not facts.get("bpm_changes"):
        yield Claim(BPM, str(round(facts["bpm"])))
    if facts["key"]:
        yield Claim(KEY, f"{facts['key']} {facts['scale']}")
    yield from _rhythm(facts)
    yield from _playing(facts)
    yield from _harmony(facts)
    yield from _sound(facts)
    traits = _traits(facts)
    yield from (Claim("mood", mood) for mood, rule in MOODS.items() if rule(traits))
    if traits.notes_per_s >= BUSY:
        yield Claim("density", "busy")
    elif traits.notes_per_s <= SPARSE:
        yield Claim("density", "sparse")


def wordings(claim: Claim) -> Wordings:
    """The ways to say a claim.

    >>> wordings(Claim("key", "A flat dorian"))
    ('A flat dorian', 'in A flat dorian', 'key of A flat dorian')
    """
    if claim.kind == BPM:
        return tuple(text.format(claim.value) for text in BPM_FORMATS)
    if claim.kind == KEY:
        note, scale = claim.value.rsplit(" ", 1)
        return tuple(text.format(f"{note} {words}") for words in SCALES[scale] for text in KEY_FORMATS)
    return CLAIMS[claim.kind][claim.value]


def read_tag(tag: str) -> Claim | None:
    """What a tag claims, or None where it is not one of ours, as a category's base phrase.

    >>> read_tag("key of F sharp harmonic minor"), read_tag("tempo 96 bpm"), read_tag("la la la")
    (Claim(kind='key', value='F sharp harmonic_minor'), Claim(kind='bpm', value='96'), None)
    """
    if found := re.fullmatch(r"(?:tempo )?(\d+) (?:bpm|BPM)", tag):
        return Claim(BPM, found[1])
    return _MEANINGS.get(tag)


def _meanings() -> dict[str, Claim]:
    keys = (Claim(KEY, f"{note} {scale}") for note in NOTE_NAMES for scale in SCALES)
    rest = (Claim(kind, value) for kind, values in CLAIMS.items() for value in values)
    return {text: claim for claim in [*keys, *rest] for text in wordings(claim)}


_MEANINGS = _meanings()


def _instruments(facts: dict[str, Any]) -> Iterator[Claim]:
    """General MIDI's words of the parts that a SoundFont plays; of others, what is true of their sounds."""
    others = renderers(facts)
    ours = [(row["instrument"], row["parameters"]) for row in others.values() if row.get("engine") == FAUST]
    names = {name for role, name in facts["instruments"].items() if role not in others}
    names |= {value for one in ours for value in said_of(AS_INSTRUMENTS, *one)}
    yield from (Claim(INSTRUMENT, name) for name in sorted(names))
    yield from (Claim(SOUND, value) for value in sorted({value for one in ours for value in said_of(SOUNDS, *one)}))


def _rhythm(facts: dict[str, Any]) -> Iterator[Claim]:
    if facts["groove"]:
        yield Claim("groove", facts["groove"])
        if facts["swing"] >= SWUNG:
            yield Claim("feel", "swung")
        elif facts["swing"] <= STRAIGHT:
            yield Claim("feel", "straight")
    if facts.get("hat_rolls", 0) >= ROLLS:
        yield Claim("playing", "rolls")
    if facts.get("ghost_notes", 0) >= GHOSTS:
        yield Claim("playing", "ghosts")


def _playing(facts: dict[str, Any]) -> Iterator[Claim]:
    styles = facts.get("playing", {})
    for role in facts["instruments"]:
        claimed = PLAYING.get((role, styles.get(role))) or PLAYING.get((role, None))
        if claimed and not (claimed in OF_GUITARS and role in renderers(facts)):
            yield Claim("playing", claimed)
    if facts.get("slides", 0) >= SLIDES and renderers(facts).get(SUB, {}).get("instrument", SUB_808) == SUB_808:
        yield Claim("playing", "slides")


def _harmony(facts: dict[str, Any]) -> Iterator[Claim]:
    qualities = [quality for _, _, _, quality, _ in facts.get("chords", [])]
    if not (qualities and CHORDAL & set(facts["instruments"])):
        return
    sevenths = sum(quality.endswith("_7") for quality in qualities) / len(qualities)
    suspended = sum(quality.startswith("sus") for quality in qualities) / len(qualities)
    if sevenths >= SEVENTHS:
        yield Claim("harmony", "sevenths")
    if suspended >= SUSPENDED:
        yield Claim("harmony", "suspended")
    if 1 - sevenths - suspended >= TRIADS:
        yield Claim("harmony", "triads")


def _sound(facts: dict[str, Any]) -> Iterator[Claim]:
    if slow_roles(facts):
        yield Claim("attack", "slow")
    yield from (Claim(EFFECT, value) for row in last_effect(facts) for value in said_of(EFFECTS, *row))
    if is_dry(facts):
        yield Claim("space", "dry")
    elif is_wet(facts):
        yield Claim("space", "wet")
    if facts.get("width_db") is not None:
        if facts["width_db"] >= WIDE_DB:
            yield Claim("width", "wide")
        elif facts["width_db"] <= NARROW_DB:
            yield Claim("width", "narrow")


def _traits(facts: dict[str, Any]) -> Traits:
    return Traits(
        bpm=math.nan if facts["bpm"] is None else facts["bpm"],
        third=third_of(facts["scale"]) if facts["key"] else None,
        notes_per_s=notes_per_s(facts["n_notes"], facts["seconds_composed"]),
        has_drums=has_drums(facts),
        has_slow_attack=bool(slow_roles(facts)),
    )


def notes_per_s(n_notes: int, seconds: float) -> float:
    """How dense music is; what is over in less than a second counts as one."""
    return n_notes / max(seconds, 1.0)


def is_drums(role: str) -> bool:
    """Whether a role is played by a kit: `drums`, and in the user's own files `drums_2` and so on."""
    return role.split("_")[0] == "drums"


def has_drums(facts: dict[str, Any]) -> bool:
    """Whether a track has drums."""
    return any(map(is_drums, facts["instruments"]))


def slow_roles(facts: dict[str, Any]) -> list[str]:
    """The roles whose sound swells, as measured on the preset in use.

    Both times count: detuned voices that beat reach their highest level late, though they start at once.
    """
    halves = facts.get("attack_half_s", {})
    return [
        role
        for role, attack_s in facts.get("attack_s", {}).items()
        if attack_s >= SLOW_ATTACK_S and halves.get(role, 0.0) >= SLOW_HALF_S
    ]


def is_dry(facts: dict[str, Any]) -> bool:
    """Whether a track has neither reverb nor chorus, FluidSynth's or ours."""
    return bool(facts.get("dry")) and not any(row["effect"] in SPACIOUS for row in effects(facts))


def is_wet(facts: dict[str, Any]) -> bool:
    """Whether FluidSynth's reverb is loud, and a part that it plays sends to it."""
    sent = max(facts.get("wet_db", {}).values(), default=-math.inf)
    return not facts.get("dry") and facts.get("reverb_level", 0) >= WET_LEVEL and sent >= SENT_DB


def third_of(scale: str) -> str:
    """Whether a scale's third is major or minor.

    >>> third_of("mixolydian"), third_of("phrygian")
    ('major', 'minor')
    """
    return "major" if scale in ("major", "mixolydian") else "minor"

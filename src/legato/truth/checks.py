"""Whether each tag of a prompt is true of the track's MIDI and audio.

A claim that can be measured twice, on the notes and on the sound, gives a verdict of each: `bpm` and `bpm_heard`. How
each kind of verdict is known, checked or only stated, is the table of `legato.truth.basis`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from legato.errors import LegatoError
from legato.midi.gm import PROGRAMS, kit_name
from legato.midi.theory import NOTE_NAMES, SCALES
from legato.prompts.claims import (
    BUSY,
    MOODS,
    SEVENTHS,
    SPARSE,
    SUSPENDED,
    TRIADS,
    Claim,
    is_drums,
    is_dry,
    is_wet,
    read_tag,
    slow_roles,
    third_of,
)
from legato.prompts.sounds import AS_INSTRUMENTS, EFFECTS, SOUNDS, effects, last_effect, renderers, said_of
from legato.truth import by_ear
from legato.truth import thresholds as at
from legato.truth.basis import AUDIO, HOW, STATED, Verdict
from legato.truth.by_ear import (
    BASS_808,
    BASS_808_HEARD,
    BPM_HEARD,
    DRUMS,
    DRUMS_HISS,
    HEARD,
    HIGHEST_808,
    LOWEST_808,
    NO_DRUMS,
    NO_DRUMS_HEARD,
    ONLY_DRUMS,
    ONLY_DRUMS_HEARD,
    SYNTH_HISS,
    Sound,
    agrees,
)
from legato.truth.evidence import Evidence
from legato.truth.grooves import GROOVES
from legato.truth.playing import BASSES, GUITARS, PLAYING
from legato.truth.sounds import CHECKS as SOUNDS_HEARD

SOUND_HEARD = "sound_heard"
PHRASE = "phrase"  # the kind of a category's base phrase
SYNTHS = (*range(50, 52), *range(62, 64), *range(80, 104))
CRACKLING = ("vinyl",)  # effects that crackle
OUR_BASSES = ("acid_bass", "bass_808", "reese_bass")
OF_ATTACK = ("dreamy",)  # the moods that call for a slow attack


Kinds = Iterator[tuple[str, bool]]


def judge(prompt_tags: Sequence[str], evidence: Evidence) -> list[Verdict]:
    """The verdicts on every tag; the first may be a base phrase, which is judged by the words in it.

    Raises:
        LegatoError: a tag after the first is none that a check knows.
    """
    if unknown := [tag for tag in prompt_tags[1:] if read_tag(tag) is None]:
        named = ", ".join(map(repr, unknown))
        raise LegatoError(f"{named}: after the base phrase, a tag must be one that can be checked: docs/prompts.md")
    return [
        Verdict(tag, kind, bool(is_true), HOW[kind].own_file if evidence.is_own_file else HOW[kind].composed)
        for tag in prompt_tags
        for kind, is_true in _judge_tag(tag, read_tag(tag), evidence)
    ]


def judge_recording(prompt_tags: Sequence[str], sound: Sound, facts: Mapping[str, Any]) -> list[Verdict]:
    """The verdicts on the tags of a recording, which has no notes: by ear, and by the record of its file.

    What a tag was said for is what was heard when it was cut, so to hear it again is stated; the base phrase is
    the user's, and is checked.

    Raises:
        LegatoError: a tag after the first is none that can be heard.
    """
    found = []
    for nth, tag in enumerate(prompt_tags):
        claim = read_tag(tag)
        if claim is not None and claim.kind == "fidelity":
            found.append(Verdict(tag, claim.kind, claim.value in facts.get("fidelity", []), HOW[claim.kind].own_file))
            continue
        heard = _heard_of(tag, sound)
        if not heard and nth > 0:
            raise LegatoError(f"{tag!r}: this cannot be heard, and a recording has no notes: docs/archives.md")
        basis = AUDIO if claim is None else STATED
        found += [Verdict(tag, kind, is_true, basis) for kind, is_true in heard.items()]
    return found


def _heard_of(tag: str, sound: Sound) -> dict[str, bool]:
    asked = by_ear.asked_by([tag])
    found = {kind: bool(by_ear.HEARD[kind](sound)) for kind in asked.kinds if kind in by_ear.HEARD}
    return found if asked.bpm is None else found | {by_ear.BPM_HEARD: agrees(sound.heard_bpm, asked.bpm)}


def _judge_tag(tag: str, claim: Claim | None, evidence: Evidence) -> Kinds:
    return judge_phrase(tag, evidence) if claim is None else CHECKS[claim.kind](claim.value, evidence)


def judge_phrase(phrase: str, evidence: Evidence) -> Kinds:
    """A base phrase is true where all of its words that can be checked are; no verdict where none can."""
    found = [check(evidence) for pattern, check in PHRASES.items() if re.search(pattern, phrase.lower())]
    if found:
        yield PHRASE, all(found)


def check_bpm(value: str, evidence: Evidence) -> Kinds:
    """The main tempo that the file states; where there are drums, a beat tracker's within 2 % or a factor of two."""
    yield "bpm", evidence.midi.states_bpm and abs(evidence.midi.bpm - float(value)) < at.BPM_ROUNDING
    if evidence.drums:
        yield BPM_HEARD, agrees(evidence.heard_bpm, float(value))


def check_key(value: str, evidence: Evidence) -> Kinds:
    """The tonic and third of a key estimator, and nine tenths of the notes' time within the scale.

    The estimator of a user's own file has other profiles than the one that found its key.
    """
    note, scale = value.rsplit(" ", 1)
    tonic = NOTE_NAMES.index(note)
    yield "key", (evidence.second_key if evidence.is_own_file else evidence.key) == (tonic, third_of(scale))
    steps = {*SCALES[scale], *((10,) if scale == "harmonic_minor" else ())}
    yield "scale", evidence.pitch_class_shares[[(tonic + step) % 12 for step in steps]].sum() >= at.SCALE_SHARE


def check_drums(value: str, evidence: Evidence) -> Kinds:
    """No note on the drum channel and no hiss of drums; or no pitched note and drums to be heard.

    The crackle of a record is what drums are told by: with it, only the notes can tell that there are none. So they
    alone tell of drum machines, which may hum and ring as long as other instruments do.
    """
    if value == "none":
        yield "no_drums", not evidence.drums
        if not any(row["effect"] in CRACKLING for row in effects(evidence.facts)):
            most = SYNTH_HISS if renderers(evidence.facts) else DRUMS_HISS
            yield NO_DRUMS_HEARD, evidence.percussion.hiss <= most
    else:
        yield "only_drums", bool(evidence.drums) and not evidence.melodic
        if not any(map(is_drums, renderers(evidence.facts))):
            yield ONLY_DRUMS_HEARD, HEARD[ONLY_DRUMS_HEARD](evidence)


def check_instrument(value: str, evidence: Evidence) -> Kinds:
    """A note of that program by the SoundFont, or one of our instruments that sounds so.

    An 808 bass keeps to C1-C3, by its notes and, where it is alone, by ear.
    """
    if value in PROGRAMS:
        playing = [part for part in evidence.by_font if not part.is_drum and part.program == PROGRAMS[value]]
    else:
        playing = [part for part in evidence.by_font if part.is_drum and kit_name(part.program) == value]
    solos = evidence.solos(AS_INSTRUMENTS[value]) if value in AS_INSTRUMENTS else []
    if playing or not solos:
        yield "instrument", bool(playing)
    if solos:
        yield SOUND_HEARD, any(map(SOUNDS_HEARD[value], solos))
    if value == "synth_bass_2" and (playing or solos):
        pitches = np.concatenate([part.pitch for part in [*playing, *(solo.part for solo in solos)]])
        yield "bass_808", pitches.min() >= LOWEST_808 and pitches.max() <= HIGHEST_808
        if len(evidence.melodic) == 1 and not evidence.drums:
            yield BASS_808_HEARD, HEARD[BASS_808_HEARD](evidence)


def check_sound(value: str, evidence: Evidence) -> Kinds:
    """One of our instruments, played again as it is recorded, sounds so."""
    yield SOUND_HEARD, any(map(SOUNDS_HEARD[value], evidence.solos(SOUNDS[value])))


def check_groove(value: str, evidence: Evidence) -> Kinds:
    yield "groove", bool(evidence.drums) and GROOVES[value](evidence)


def check_feel(value: str, evidence: Evidence) -> Kinds:
    """Where the off-beat 16ths fall."""
    swing = evidence.swing()
    yield "feel", swing is not None and (swing >= at.SWUNG_FROM if value == "swung" else swing <= at.STRAIGHT_TO)


def check_playing(value: str, evidence: Evidence) -> Kinds:
    yield "playing", PLAYING[value](evidence)


def check_harmony(value: str, evidence: Evidence) -> Kinds:
    """The pitches that sound under each stated chord."""
    rows = [chord_pitches(evidence, nth) for nth in range(len(evidence.facts["chords"]))]
    yield "harmony", HARMONY[value](rows)


def chord_pitches(evidence: Evidence, nth: int) -> set[int]:
    """The intervals over a stated chord's root that are struck while it lasts."""
    chords = evidence.facts["chords"]
    start, end = ((bar * 4 + beat) * 60 / evidence.midi.bpm for bar, beat in [chords[nth][:2], _end(chords, nth)])
    early = at.EARLY_BEATS * 60 / evidence.midi.bpm
    return {
        int(pitch - chords[nth][2]) % 12
        for part in evidence.melodic
        for pitch in part.pitch[(part.start_s >= start - early) & (part.start_s < end - early)]
    }


def _end(chords: list[list[Any]], nth: int) -> list[Any]:
    return chords[nth + 1][:2] if nth + 1 < len(chords) else [chords[nth][0] + 1, 0]


def _share(rows: list[set[int]], holds: Callable[[set[int]], bool]) -> float:
    return sum(map(holds, rows)) / max(len(rows), 1)


HARMONY: dict[str, Callable[[list[set[int]]], bool]] = {
    "sevenths": lambda rows: _share(rows, lambda row: bool(row & {9, 10, 11})) >= SEVENTHS - at.SEVENTHS_ROOM,
    "suspended": lambda rows: _share(rows, lambda row: bool(row & {2, 5})) >= SUSPENDED - at.SUSPENDED_ROOM,
    "triads": lambda rows: _share(rows, lambda row: bool(row & {3, 4})) >= TRIADS - at.TRIADS_ROOM,
}


def check_attack(value: str, evidence: Evidence) -> Kinds:
    """The attack times that the renderer measured on the presets that sound."""
    yield "attack", value == "slow" and bool(slow_roles(evidence.facts))


def check_mood(value: str, evidence: Evidence) -> Kinds:
    """The same rule over what is measured on the MIDI, and apart from it the attack, which no notes show."""
    yield "mood", MOODS[value](evidence.traits)
    if value in OF_ATTACK:
        yield from check_attack("slow", evidence)


def check_density(value: str, evidence: Evidence) -> Kinds:
    rate = evidence.traits.notes_per_s
    yield "density", rate >= BUSY if value == "busy" else rate <= SPARSE


def check_space(value: str, evidence: Evidence) -> Kinds:
    """By the renderer's record: what reverb and chorus it had, and whether a part sends to it."""
    yield "space", is_dry(evidence.facts) if value == "dry" else is_wet(evidence.facts)


def check_fidelity(value: str, evidence: Evidence) -> Kinds:
    """By the record of the file that it was made of."""
    yield "fidelity", value in evidence.facts.get("fidelity", [])


def check_width(value: str, evidence: Evidence) -> Kinds:
    """The sides over the middle, in the audio."""
    yield "width", HEARD[f"{value}_heard"](evidence)


def check_effect(value: str, evidence: Evidence) -> Kinds:
    """What an effect on the mix leaves to be heard, where the record has it."""
    is_recorded = any(said == value for row in last_effect(evidence.facts) for said in said_of(EFFECTS, *row))
    yield f"{value}_heard", is_recorded and HEARD[f"{value}_heard"](evidence)


CHECKS: dict[str, Callable[[str, Evidence], Kinds]] = {
    "bpm": check_bpm,
    "key": check_key,
    "drums": check_drums,
    "instrument": check_instrument,
    "sound": check_sound,
    "groove": check_groove,
    "feel": check_feel,
    "playing": check_playing,
    "harmony": check_harmony,
    "attack": check_attack,
    "mood": check_mood,
    "density": check_density,
    "fidelity": check_fidelity,
    "space": check_space,
    "width": check_width,
    "effect": check_effect,
}


def _plays(programs: Sequence[int], *ours: str) -> Callable[[Evidence], bool]:
    """Whether the SoundFont plays one of these programs, or a part is played by one of these instruments of ours."""
    return lambda e: any(not part.is_drum and part.program in programs for part in e.by_font) or e.plays(*ours)


def _plays_synths(evidence: Evidence) -> bool:
    """Whatever is no SoundFont is a synthesiser."""
    others = renderers(evidence.facts)
    is_other = any(role in others and not part.is_drum for role, part in evidence.roles.items())
    return is_other or _plays(SYNTHS)(evidence)


def _plays_bass(evidence: Evidence) -> bool:
    """Whatever plays a bass's part is one."""
    programs = [*BASSES, PROGRAMS["cello"], PROGRAMS["contrabass"]]
    return any(part.program in programs for part in evidence.melodic) or evidence.plays(*OUR_BASSES)


# Words of base phrases that can be checked.
PHRASES: dict[str, Callable[[Evidence], bool]] = {
    NO_DRUMS: lambda e: not e.drums,
    ONLY_DRUMS: lambda e: bool(e.drums) and not e.melodic,
    BASS_808: _plays([PROGRAMS["synth_bass_2"]], "bass_808"),
    by_ear.GUITARS: _plays(GUITARS),
    r"\bbass\b": _plays_bass,
    by_ear.SYNTHS: _plays_synths,
    by_ear.PIANO: _plays(range(6), "fm_piano"),
    by_ear.STRINGS: _plays(range(40, 52), "string_machine"),
    DRUMS: lambda e: bool(e.drums),
}

"""When a sound of our own instruments or effects may be called what: by the parameters that were drawn for it.

The tables name instruments and parameters of `legato.instruments`, which this room does not import; a test holds them
to the catalogue. Each row here has a check on the sound itself in `legato.truth.sounds`: what cannot be heard is not
said. `python benchmarks/sounds.py` measures how often a claim is true, and how often other sounds pass its check.

Conventions: a bound is (lowest, highest), both within; a parameter without one may have any value.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

FAUST = "faust"  # the engine of our instruments; nothing is claimed of sounds by others
INSTRUMENT, SOUND, EFFECT = "instrument", "sound", "effect"  # kinds of claims
ANY = math.inf
Bounds = Mapping[str, tuple[float, float]]


class Rule(NamedTuple):
    """Which sounds may be called so."""

    name: str  # of the instrument or the effect
    bounds: Bounds


# General MIDI's words that are true of our instruments too, by the word's name in General MIDI.
AS_INSTRUMENTS: dict[str, Rule] = {
    "synth_bass_2": Rule("bass_808", {"decay_s": (0.6, ANY)}),
    "square_lead": Rule("square_lead", {"pulse_width": (0.46, ANY), "cutoff_hz": (1500, ANY), "resonance": (0, 0.6)}),
    "electric_piano_2": Rule("fm_piano", {"tine": (0.4, ANY), "decay_s": (1.5, ANY)}),
    "synth_strings_1": Rule("string_machine", {"ensemble": (0.6, ANY), "cutoff_hz": (1500, ANY)}),
    "synth_brass_1": Rule(
        "analog_brass", {"env_octaves": (2.2, ANY), "attack_s": (0.1, 0.4), "cutoff_hz": (200, 1200)}
    ),
    "tr808_kit": Rule("drums_808", {"kick_decay_s": (0.6, ANY), "drive_db": (0, 9)}),
    "tr909_kit": Rule("drums_909", {"kick_decay_s": (0.25, 1.5), "drive_db": (0, 9)}),
}
SOUNDS: dict[str, Rule] = {
    "supersaw": Rule("supersaw", {"detune_cents": (10, ANY), "sustain": (0.2, ANY), "cutoff_hz": (800, ANY)}),
    "bright_supersaw": Rule("supersaw", {"detune_cents": (10, ANY), "sustain": (0.2, ANY), "cutoff_hz": (6000, ANY)}),
    "mellow_synth": Rule("supersaw", {"cutoff_hz": (0, 700), "env_octaves": (0, 1), "resonance": (0, 0.7)}),
    "distorted_808": Rule("bass_808", {"drive_db": (24, ANY), "tone_hz": (1000, ANY), "decay_s": (1, ANY)}),
    "clean_808": Rule("bass_808", {"drive_db": (0, 4), "decay_s": (0.6, ANY)}),
    "long_808": Rule("bass_808", {"decay_s": (4, ANY)}),
    "short_808": Rule("bass_808", {"decay_s": (0, 0.8), "drive_db": (0, 18)}),
    "acid_bass": Rule(
        "acid_bass",
        {
            "resonance": (0.6, ANY), "env_octaves": (3, ANY), "cutoff_hz": (150, 500), "decay_s": (0.2, 1),
        },
    ),
    "reese": Rule("reese_bass", {"detune_cents": (15, ANY)}),
    "fm_bell": Rule("fm_bell", {"strike_level": (0.3, ANY), "decay_s": (1, ANY)}),
    "pluck": Rule("pluck", {"decay_s": (0.1, 0.6), "env_octaves": (2.8, ANY), "cutoff_hz": (400, 1500)}),
}  # fmt: skip
EFFECTS: dict[str, Rule] = {  # on the mix, as its last effect: what comes after it would hide it
    "lofi": Rule("crusher", {"bits": (6, 8), "rate_hz": (3000, 8000), "smooth": (0, 0.5), "mix": (0.95, 1)}),
}
# What a parameter of a rule is where a track's record does not have it, because it was not drawn.
DEFAULTS: dict[str, dict[str, float]] = {
    "bass_808": {"decay_s": 2.2, "drive_db": 12, "tone_hz": 3000},
    "square_lead": {"pulse_width": 0.5, "cutoff_hz": 3500, "resonance": 0.2},
    "fm_piano": {"tine": 0.5, "decay_s": 4},
    "string_machine": {"ensemble": 0.8, "cutoff_hz": 4500},
    "analog_brass": {"env_octaves": 2.6, "attack_s": 0.05, "cutoff_hz": 700},
    "drums_808": {"kick_decay_s": 1.2, "drive_db": 0},
    "drums_909": {"kick_decay_s": 0.7, "drive_db": 3},
    "supersaw": {"detune_cents": 14, "sustain": 0.7, "cutoff_hz": 5000, "env_octaves": 1, "resonance": 0.1},
    "acid_bass": {"resonance": 0.78, "env_octaves": 3.2, "cutoff_hz": 420, "decay_s": 0.35},
    "reese_bass": {"detune_cents": 22},
    "fm_bell": {"strike_level": 0.4, "decay_s": 3.5},
    "pluck": {"decay_s": 0.4, "env_octaves": 3.5, "cutoff_hz": 500},
    "crusher": {"bits": 12, "rate_hz": 22050, "smooth": 0.5, "mix": 1},
}
MIX = "mix"


def may_be_called(rule: Rule, name: str, parameters: Mapping[str, float]) -> bool:
    """Whether a sound with these parameters is within a rule; those that are not among them have their defaults."""
    return name == rule.name and all(
        low <= parameters.get(parameter, DEFAULTS[name][parameter]) <= high
        for parameter, (low, high) in rule.bounds.items()
    )


def said_of(rules: Mapping[str, Rule], name: str, parameters: Mapping[str, float]) -> Iterator[str]:
    """What a sound may be called."""
    return (value for value, rule in rules.items() if may_be_called(rule, name, parameters))


def renderers(facts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What plays the parts that FluidSynth does not, by role."""
    return facts.get("renderers") or {}


def effects(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All of our effects that a track went through, its parts' and the mix's."""
    return [row for rows in (facts.get("effects") or {}).values() for row in rows]


def last_effect(facts: Mapping[str, Any]) -> list[tuple[str, dict[str, float]]]:
    """The name and the parameters of the mix's last effect; none where it has none."""
    return [(row["effect"], row["parameters"]) for row in (facts.get("effects") or {}).get(MIX, [])[-1:]]


def roles_by(facts: Mapping[str, Any], instrument: str) -> list[str]:
    """The roles that one of our instruments plays."""
    return [
        role
        for role, row in renderers(facts).items()
        if row.get("engine") == FAUST and row.get("instrument") == instrument
    ]

"""What is said of our instruments' sounds: by what was drawn, and never General MIDI's word for another sound."""

import math
from typing import Any

import pytest

from legato.instruments.catalogue import load
from legato.midi.gm import KITS, PROGRAMS
from legato.prompts.claims import Claim, claims_of
from legato.prompts.sounds import AS_INSTRUMENTS, DEFAULTS, EFFECTS, SOUNDS, Rule, may_be_called
from legato.prompts.vocabulary import CLAIMS

FACTS: dict[str, Any] = {
    "bpm": 140,
    "key": None,
    "scale": None,
    "instruments": {"pad": "warm_pad", "sub": "synth_bass_2"},
    "groove": None,
    "n_notes": 100,
    "seconds_composed": 30.0,
}
RULES = [*AS_INSTRUMENTS.values(), *SOUNDS.values(), *EFFECTS.values()]


def within(rule: Rule) -> dict[str, float]:
    """An instrument's defaults, moved into a rule where they are not."""
    defaults = {name: parameter.default for name, parameter in load(rule.name).parameters.items()}
    ends = {name: (max(low, load(rule.name).parameters[name].low), high) for name, (low, high) in rule.bounds.items()}
    return defaults | {name: min(max(defaults[name], low), high) for name, (low, high) in ends.items()}


def faust(instrument: str, **parameters: float) -> dict[str, Any]:
    defaults = {name: parameter.default for name, parameter in load(instrument).parameters.items()}
    return {"engine": "faust", "instrument": instrument, "parameters": defaults | parameters}


def claims_with(**changes: Any) -> set[Claim]:
    return set(claims_of(FACTS | changes))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_of_an_instrument_that_can_be_drawn_within_it_and_beside_it(rule: Rule) -> None:
    """Otherwise it would be said of all its sounds, or of none."""
    parameters = load(rule.name).parameters
    assert rule.bounds
    for name, (low, high) in rule.bounds.items():
        assert max(low, parameters[name].low) < min(high, parameters[name].high), name
        assert low > parameters[name].low or high < parameters[name].high, name
    assert may_be_called(rule, rule.name, within(rule))
    assert not may_be_called(rule, "another", within(rule))
    assert may_be_called(rule, rule.name, {}) == may_be_called(rule, rule.name, DEFAULTS[rule.name])
    assert not may_be_called(rule, rule.name, dict.fromkeys(rule.bounds, math.nan))


def test_defaults_are_the_instruments() -> None:
    bounded = {(rule.name, name) for rule in RULES for name in rule.bounds}
    assert {(of, name) for of, values in DEFAULTS.items() for name in values} == bounded
    for of, values in DEFAULTS.items():
        assert values == {name: pytest.approx(load(of).parameters[name].default) for name in values}


def test_the_tables_and_the_words_are_of_the_same_things() -> None:
    assert set(SOUNDS) == set(CLAIMS["sound"])
    assert set(EFFECTS) == set(CLAIMS["effect"])
    assert set(AS_INSTRUMENTS) <= {*PROGRAMS, *KITS}


def test_a_programs_word_is_said_only_of_what_the_soundfont_plays() -> None:
    said = claims_with(renderers={"pad": faust("supersaw", detune_cents=20)})
    assert Claim("instrument", "synth_bass_2") in said
    assert Claim("instrument", "warm_pad") not in said
    assert Claim("sound", "supersaw") in said
    assert Claim("sound", "supersaw") not in claims_with(renderers={"pad": faust("supersaw", detune_cents=2)})


def test_an_808_bass_is_said_of_ours_too() -> None:
    ours = {"renderers": {"sub": faust("bass_808", drive_db=28, decay_s=5)}}
    words = {Claim("instrument", "synth_bass_2"), Claim("sound", "distorted_808"), Claim("sound", "long_808")}
    assert words <= claims_with(**ours)
    assert not words & claims_with(renderers={"sub": faust("reese_bass")})


@pytest.mark.parametrize("engine", ["csound", "plugin"])
def test_of_other_engines_sounds_nothing_is_said(engine: str) -> None:
    theirs = {role: faust("bass_808") | {"engine": engine} for role in ("pad", "sub")}
    assert not {kind for kind, _ in claims_with(renderers=theirs)} & {"instrument", "sound"}


def test_slides_are_an_808s_and_strums_a_guitars() -> None:
    slides, strums = Claim("playing", "slides"), Claim("playing", "strummed")
    strummed = {"instruments": {"strum": "steel_guitar"}, "playing": {"strum": "strummed"}}
    assert slides in claims_with(slides=9)
    assert slides in claims_with(slides=9, renderers={"sub": faust("bass_808")})
    assert slides not in claims_with(slides=9, renderers={"sub": faust("reese_bass")})
    assert strums in claims_with(**strummed)
    assert strums not in claims_with(**strummed, renderers={"strum": faust("pluck")})


def test_reverberant_is_said_only_where_a_part_sends_to_the_reverb() -> None:
    wet, loud = Claim("space", "wet"), {"dry": False, "reverb_level": 0.7}
    assert wet in claims_with(**loud, wet_db={"pad": -12.0, "sub": -100.0})
    for silent in ({"wet_db": {"sub": -100.0}}, {"wet_db": {}}, {}):
        assert wet not in claims_with(**loud, **silent)
    assert wet not in claims_with(dry=True, reverb_level=0.7, wet_db={"pad": -12.0})


def test_dry_is_not_said_of_what_went_through_a_plate() -> None:
    dry = Claim("space", "dry")
    for effect in ("plate", "chorus"):
        assert dry not in claims_with(dry=True, effects={"pad": [{"effect": effect, "parameters": {}}]})
    assert dry in claims_with(dry=True, effects={"mix": [{"effect": "tape", "parameters": {}}]})


def test_lo_fi_is_said_of_the_mix_where_nothing_comes_after() -> None:
    lofi = Claim("effect", "lofi")
    crusher = {"effect": "crusher", "parameters": {"bits": 7, "rate_hz": 6000, "smooth": 0.2, "mix": 1}}
    tape = {"effect": "tape", "parameters": {}}
    assert lofi in claims_with(effects={"mix": [tape, crusher]})
    assert lofi not in claims_with(effects={"mix": [crusher, tape]})
    assert lofi not in claims_with(effects={"pad": [crusher]})

"""Our instruments are heard as they are called, and not where they sound otherwise."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from helpers.evidence import BACKBEAT, C_MAJOR, SECONDS, drums, held, line, noise_beat
from legato.instruments.catalogue import load
from legato.instruments.effects import process
from legato.instruments.parts import part_of
from legato.instruments.playing import play
from legato.midi.contents import read_contents
from legato.prompts.claims import Claim, wordings
from legato.prompts.sounds import AS_INSTRUMENTS, EFFECTS, SOUNDS
from legato.truth.basis import AUDIO
from legato.truth.checks import judge
from legato.truth.sounds import CHECKS, Solo
from legato.truth.timbre import Note

SAMPLE_RATE = 44100
RULES = {**AS_INSTRUMENTS, **SOUNDS}
LOW, MIDDLE = line(33, 33, 33, beats=2), [(0, 4, 60, 100)]
PLAYED = {"bass_808": LOW, "acid_bass": LOW, "reese_bass": LOW, "fm_bell": [(0, 4, 72, 100)]}
# Of each word: sounds of which it is not true.
FALSE: dict[str, tuple[str, dict[str, float]]] = {
    "supersaw": ("supersaw", {"detune_cents": 0}),
    "bright_supersaw": ("supersaw", {"cutoff_hz": 800, "env_octaves": 0}),
    "mellow_synth": ("supersaw", {"cutoff_hz": 8000}),
    "distorted_808": ("bass_808", {"drive_db": 0}),
    "clean_808": ("bass_808", {"drive_db": 26}),
    "long_808": ("bass_808", {"decay_s": 0.5}),
    "short_808": ("bass_808", {"decay_s": 6}),
    "acid_bass": ("acid_bass", {"env_octaves": 0, "cutoff_hz": 1000}),
    "reese": ("reese_bass", {"detune_cents": 4}),
    "fm_bell": ("fm_piano", {}),
    "pluck": ("supersaw", {}),
    "synth_bass_2": ("reese_bass", {}),
    "square_lead": ("square_lead", {"pulse_width": 0.15}),
    "electric_piano_2": ("fm_piano", {"tine": 0}),
    "synth_strings_1": ("string_machine", {"ensemble": 0}),
    "synth_brass_1": ("supersaw", {}),
    "tr808_kit": ("drums_909", {}),
    "tr909_kit": ("drums_808", {}),
}


def parameters_of(instrument: str, value: str | None = None, **changes: float) -> dict[str, float]:
    """An instrument's defaults, within the rule of a word."""
    known = load(instrument).parameters
    found = {name: parameter.default for name, parameter in known.items()}
    for name, (low, high) in (RULES[value].bounds if value else {}).items():
        found[name] = min(max(found[name], low, known[name].low), high, known[name].high)
    return found | changes


def row(instrument: str, value: str | None = None, **changes: float) -> dict[str, Any]:
    return {"engine": "faust", "instrument": instrument, "parameters": parameters_of(instrument, value, **changes)}


def notes_of(instrument: str) -> dict[str, Any]:
    is_kit = load(instrument).kind == "drums"
    return {"tr808_kit": drums(**BACKBEAT)} if is_kit else {"warm_pad": PLAYED.get(instrument, MIDDLE)}


def solo(track: Any, instrument: str, parameters: dict[str, float]) -> Solo:
    part = track(bpm=96, **notes_of(instrument)).midi.instruments[0]
    return Solo(instrument=instrument, parameters=parameters, part=part, sample_rate=SAMPLE_RATE)


def test_every_word_has_a_check_and_is_tried() -> None:
    assert set(CHECKS) == set(RULES) == set(FALSE)


@pytest.mark.parametrize("value", RULES)
def test_a_word_is_heard_in_sounds_that_it_is_true_of_and_in_no_others(track: Any, value: str) -> None:
    rule, (other, changes) = RULES[value], FALSE[value]
    assert CHECKS[value](solo(track, rule.name, parameters_of(rule.name, value)))
    assert not CHECKS[value](solo(track, other, parameters_of(other, **changes)))


@pytest.mark.parametrize("value", SOUNDS)
def test_a_sound_is_judged_by_what_it_is_heard_as(track: Any, value: str) -> None:
    name = SOUNDS[value].name
    tag = wordings(Claim("sound", value))[0]
    right = track(bpm=96, facts={"renderers": {"part_1": row(name, value)}}, **notes_of(name))
    assert judge([tag], right) == [(tag, "sound_heard", True, AUDIO)]
    for renderers in ({}, {"part_1": row(name, value) | {"engine": "plugin"}}, {"part_9": row(name, value)}):
        wrong = track(bpm=96, facts={"renderers": renderers}, **notes_of(name))
        assert judge([tag], wrong) == [(tag, "sound_heard", False, AUDIO)]


def test_a_record_that_promises_what_is_not_heard_is_found_out(track: Any) -> None:
    """Seven saws apart, of which the filter lets nothing through that could tell them apart."""
    dull = {"cutoff_hz": 800, "env_octaves": 0, "attack_s": 2, "sustain": 0.2, "decay_s": 0.05, "release_s": 0.02}
    high = track(warm_pad=[(0, 4, 108, 20)], facts={"renderers": {"part_1": row("supersaw", "supersaw", **dull)}})
    assert [one.is_true for one in judge(["supersaw"], high)] == [False]


def test_a_programs_word_is_false_of_a_part_that_the_soundfont_does_not_play(track: Any) -> None:
    played = track(warm_pad=C_MAJOR, facts={"renderers": {"part_1": row("string_machine", "synth_strings_1")}})
    assert [one.is_true for one in judge(["warm analog pad"], played)] == [False]
    assert judge(["string machine"], played) == [("string machine", "sound_heard", True, AUDIO)]


def test_our_808_bass_keeps_to_its_range_and_is_heard(track: Any) -> None:
    facts = {"renderers": {"part_1": row("bass_808", "synth_bass_2")}}
    kinds = {one.kind: one.is_true for one in judge(["808 bass"], low_bass(track, facts))}
    assert kinds == {"sound_heard": True, "bass_808": True, "bass_808_heard": True}
    high = track(synth_bass_2=line(30, 60), audio=held(hz=55), facts=facts)
    assert not {one.kind: one.is_true for one in judge(["808 bass"], high)}["bass_808"]


def low_bass(track: Any, facts: dict[str, Any]) -> Any:
    return track(synth_bass_2=line(26, 33, 38, 31), audio=held(hz=55), facts=facts)


@pytest.mark.parametrize(
    ("phrase", "instrument"),
    [("90's synth no drums", "pluck"), ("808 bass melody", "bass_808"), ("fm piano ballad", "fm_piano"),
     ("warm strings", "string_machine"), ("growling bass", "reese_bass")],
)  # fmt: skip
def test_a_base_phrase_is_true_of_our_instruments_too(track: Any, phrase: str, instrument: str) -> None:
    ours = track(violin=LOW, facts={"renderers": {"part_1": row(instrument)}})
    assert [one.is_true for one in judge([phrase], ours)] == [True]
    theirs = track(steel_guitar=LOW)
    assert [one.is_true for one in judge([phrase], theirs)] == [False]


def test_a_guitar_phrase_is_false_of_a_guitars_part_on_a_synthesiser(track: Any) -> None:
    assert [one.is_true for one in judge(["guitar pop"], track(steel_guitar=LOW))] == [True]
    ours = track(steel_guitar=LOW, facts={"renderers": {"part_1": row("pluck")}})
    assert [one.is_true for one in judge(["guitar pop"], ours)] == [False]


def test_where_a_record_crackles_only_the_notes_tell_that_there_are_no_drums(track: Any) -> None:
    vinyl = {"effects": {"mix": [{"effect": "vinyl", "parameters": {}}]}}
    crackling = track(warm_pad=C_MAJOR, audio=held() + noise_beat(120), facts=vinyl)
    assert [(one.kind, one.is_true) for one in judge(["no drums"], crackling)] == [("no_drums", True)]


@pytest.mark.parametrize("machine", ["drums_808", "drums_909"])
def test_a_drum_machine_at_its_defaults_is_heard_as_only_drums(track: Any, machine: str) -> None:
    beat = track(tr808_kit=drums(bars=6, **BACKBEAT))
    audio = play(machine, {}, part_of(beat.midi.instruments[0]), SECONDS, SAMPLE_RATE)
    heard = {one.kind: one.is_true for one in judge(["only drums"], replace(beat, audio=audio))}
    assert heard == {"only_drums": True, "only_drums_heard": True}


def test_of_a_drawn_drum_machine_the_notes_alone_tell_that_only_drums_play(track: Any) -> None:
    """It may hum for seconds."""
    beat = track(tr808_kit=drums(bars=6, **BACKBEAT), facts={"renderers": {"drums": row("drums_808")}})
    assert [(one.kind, one.is_true) for one in judge(["only drums"], beat)] == [("only_drums", True)]


def test_an_808_bass_alone_is_not_heard_as_drums(track: Any) -> None:
    low = line(*[26, 33, 38, 31] * 6)
    audio = play("bass_808", {}, part_of(track(synth_bass_2=low).midi.instruments[0]), SECONDS, SAMPLE_RATE)
    heard = track(synth_bass_2=low, audio=audio, facts={"renderers": {"part_1": row("bass_808")}})
    assert {one.kind: one.is_true for one in judge(["no drums"], heard)} == {"no_drums": True, "no_drums_heard": True}
    assert not {one.kind: one.is_true for one in judge(["only drums"], heard)}["only_drums_heard"]


def test_lo_fi_is_heard_where_bits_and_samples_are_few(track: Any, tmp_path: Any) -> None:
    rough = {"bits": 7.0, "rate_hz": 6000.0, "smooth": 0.3, "mix": 1.0}
    facts = {"effects": {"mix": [{"effect": "crusher", "parameters": rough}]}}
    saw = track(warm_pad=C_MAJOR)
    clean = play("supersaw", {}, part_of(read_contents(tmp_path / "track.mid").instruments[0]), SECONDS, SAMPLE_RATE)
    for audio, is_true in ((process("crusher", rough, clean, SAMPLE_RATE), True), (clean, False)):
        heard = track(warm_pad=C_MAJOR, audio=audio, facts=facts)
        assert judge(["lo-fi sound"], heard) == [("lo-fi sound", "lofi_heard", is_true, AUDIO)]
    assert set(EFFECTS) == {"lofi"}
    assert not judge(["lo-fi sound"], saw)[0].is_true


def test_a_silent_note_is_measured_as_nothing() -> None:
    """And so no check on it fails."""
    note = Note(audio=np.zeros((3 * SAMPLE_RATE, 2), np.float32), sample_rate=SAMPLE_RATE, hz=220.0)
    assert note.lines == (0, 0.0)
    assert note.brightening == note.darkening == note.centroid_hz == note.fundamental_share == 0

"""How notes are played: bends, glides, pedals, stealing, choking; and that no byte depends on how the work is cut."""

import dataclasses
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import midi_bytes as mid
from helpers.checkout import ROOT
from helpers.pitches import heard_key, hz_of, level_db
from legato.errors import LegatoError
from legato.instruments.audition import SAMPLE_RATE, golden, middle_key, notes, phrase, sounding
from legato.instruments.catalogue import DRUMS, EFFECT, MELODIC, load, names
from legato.instruments.effects import process, process_blocks
from legato.instruments.parts import Part, held_ends_s, part_of
from legato.instruments.playing import blocks, play, player
from legato.midi.contents import read_contents

GOLDEN = json.loads((ROOT / "tests/data/instruments.json").read_text())
POLYPHONIC = [name for name in names(MELODIC) if load(name).polyphony > 1]
LONE = [name for name in names(MELODIC) if load(name).polyphony == 1]
BEND = b"\x00\xe0\x7f\x7f"  # as far up as it goes


def heard(name: str, part: Part, at_s: float, about: float, **parameters: float) -> float:
    """The key that sounds for a fifth of a second."""
    audio = play(name, parameters, part, at_s + 0.2, SAMPLE_RATE)
    return heard_key(audio[-SAMPLE_RATE // 5 :], SAMPLE_RATE, about=about)


# ---- bytes


@pytest.mark.parametrize("name", names())
def test_it_sounds_as_it_always_did(name: str) -> None:
    """On every machine. Where a change was meant: `python benchmarks/synths.py golden`."""
    assert golden(name) == GOLDEN[name]


def test_nothing_golden_is_left_over() -> None:
    assert set(GOLDEN) == set(names())


@pytest.mark.parametrize("name", names())
def test_no_byte_depends_on_how_much_is_asked_for_at_once(name: str) -> None:
    for at_once in (1, 7):
        assert np.array_equal(sounding(name, at_once=at_once), sounding(name))


@pytest.mark.parametrize("name", names(EFFECT))
def test_a_piece_that_ends_anywhere_changes_no_byte_of_an_effect(name: str) -> None:
    dry = sounding("supersaw")
    pieces = np.split(dry, [1, 1000, 1064, 40001])
    cut = np.concatenate(list(process_blocks(name, {}, pieces, SAMPLE_RATE)))
    assert np.array_equal(cut, process(name, {}, dry, SAMPLE_RATE))


def test_no_byte_depends_on_the_process_or_on_what_it_played_before() -> None:
    some = ["supersaw", "drums_808", "plate", "supersaw", "acid_bass"]
    for context in ("fork", "spawn"):
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(context)) as pool:
            assert list(pool.map(golden, some)) == [GOLDEN[name] for name in some]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(golden, some)) == [GOLDEN[name] for name in some]


def test_what_comes_later_changes_nothing_before_it() -> None:
    part = phrase(load("supersaw"))
    first = dataclasses.replace(part, **{n: getattr(part, n)[:2] for n in ("start_s", "end_s", "pitch", "velocity")})
    n_same = round(0.6 * SAMPLE_RATE)  # where the third note begins
    assert np.array_equal(*(play("supersaw", {}, one, 0.6, SAMPLE_RATE)[:n_same] for one in (part, first)))


@settings(max_examples=10)
@given(st.floats(0, 1.5))
def test_a_part_is_as_long_as_was_asked(seconds: float) -> None:
    assert play("pluck", {}, notes((0.0, 0.1, 60, 100)), seconds, SAMPLE_RATE).shape == (
        round(seconds * SAMPLE_RATE),
        2,
    )


def test_another_rate_plays_the_same_pitch() -> None:
    audio = play("supersaw", {}, notes((0.0, 1.0, 60, 100)), 1.0, 32000)
    assert abs(heard_key(audio[6400:], 32000, about=60) - 60) < 0.25


def test_blocks_are_the_whole_and_never_much() -> None:
    part = phrase(load("pluck"))
    pieces = list(blocks("pluck", {}, part, SAMPLE_RATE, 60000))
    assert max(len(piece) for piece in pieces) <= 16384
    assert np.array_equal(np.concatenate(pieces), play("pluck", {}, part, 60000 / SAMPLE_RATE, SAMPLE_RATE))


def test_a_player_goes_on_for_as_long_as_one_likes() -> None:
    """FluidSynth's way: until it has rung out."""
    part = phrase(load("pluck"))
    machine = player("pluck", {}, part, SAMPLE_RATE)
    pieces = [machine.render(64 * n) for n in (100, 1, 37, 200)]
    assert np.array_equal(np.concatenate(pieces), play("pluck", {}, part, 64 * 338 / SAMPLE_RATE, SAMPLE_RATE))
    while np.abs(last := machine.render(4096)).max() > 1e-4:
        pieces.append(last)
    assert 1 < sum(map(len, pieces)) / SAMPLE_RATE < 6


# ---- pitch


@pytest.mark.parametrize("name", names(MELODIC))
def test_a_bend_bends(name: str) -> None:
    key = middle_key(load(name))
    part = dataclasses.replace(notes((0.0, 2.0, key, 100)), bend=((0.5, 2.0), (0.9, -3.5)))
    for at_s, semitones in ((0.25, 0.0), (0.6, 2.0), (1.0, -3.5)):
        assert abs(heard(name, part, at_s, key + semitones) - key - semitones) < 0.25


@pytest.mark.parametrize(
    ("name", "parameter"), [("square_lead", "glide_s"), ("acid_bass", "slide_s"), ("bass_808", "glide_s")]
)
def test_keys_that_overlap_glide_and_others_do_not(name: str, parameter: str) -> None:
    key = middle_key(load(name))
    longest = load(name).parameters[parameter].high
    settled = 0.5 + longest + 0.1
    overlapping, apart = (notes((0.0, end_s, key, 100), (0.5, 3.0, key + 12, 100)) for end_s in (0.6, 0.45))
    early = [heard(name, part, 0.52, key + 8, **{parameter: longest}) for part in (overlapping, apart)]
    assert early[0] < key + 11.7
    assert abs(early[1] - key - 12) < 0.25
    assert abs(heard(name, overlapping, settled, key + 12, **{parameter: longest}) - key - 12) < 0.25


@pytest.mark.parametrize("name", LONE)
def test_a_lone_voice_goes_back_to_the_key_that_is_still_held(name: str) -> None:
    key = middle_key(load(name))
    part = notes((0.0, 2.0, key, 100), (0.4, 0.8, key + 7, 100))
    assert abs(heard(name, part, 0.6, key + 7) - key - 7) < 0.25
    assert abs(heard(name, part, 1.2, key) - key) < 0.25


@pytest.mark.parametrize("name", names(MELODIC))
def test_a_fast_bend_has_no_bump(name: str) -> None:
    """Band-limited waves are differences: where the pitch moves, they must be taken over the steps that were made."""
    part = notes((0.0, 3.0, middle_key(load(name)), 100))
    up = dataclasses.replace(part, bend=((0.5, 12.0), (1.0, 0.0)))
    audio = play(name, {}, up, 1.5, SAMPLE_RATE)
    steady = max(np.abs(play(name, {}, one, 1.5, SAMPLE_RATE)[15000:]).max() for one in (part, octave_up(part)))
    for at_s in (0.5, 1.0):
        assert np.abs(audio[round(at_s * SAMPLE_RATE) :][:2000]).max() < 1.4 * steady


def octave_up(part: Part) -> Part:
    return dataclasses.replace(part, pitch=part.pitch + 12)


@pytest.mark.parametrize("name", names(MELODIC, DRUMS))
def test_keys_at_the_ends_and_wide_bends_are_finite(name: str) -> None:
    part = dataclasses.replace(
        notes((0.0, 0.1, 0, 127), (0.1, 0.2, 127, 127), (0.2, 0.3, 60, 1)), bend=((0.05, -48.0), (0.15, 48.0))
    )
    assert np.abs(play(name, {}, part, 0.4, SAMPLE_RATE)).max() < 1.0


# ---- notes


@pytest.mark.parametrize("name", names(MELODIC))
def test_the_sustain_pedal_holds_what_is_let_go(name: str) -> None:
    part = notes((0.0, 0.2, middle_key(load(name)), 100))
    held = dataclasses.replace(part, sustain=((0.1, 1.0), (1.0, 0.0)))
    short, long = (
        play(name, {}, one, 4.0, SAMPLE_RATE)[round(0.9 * SAMPLE_RATE) : SAMPLE_RATE] for one in (part, held)
    )
    assert level_db(long) > level_db(short) + 6
    assert level_db(play(name, {}, held, 5.0, SAMPLE_RATE)[-SAMPLE_RATE // 10 :]) < -90


def test_pedals_hold_what_they_hold() -> None:
    part = notes((0.0, 1.0, 60, 100), (1.5, 2.0, 62, 100), (2.5, 5.0, 64, 100))
    assert held_ends_s(part).tolist() == [1.0, 2.0, 5.0]
    down = dataclasses.replace(part, sustain=((0.5, 1.0), (1.8, 0.0), (4.0, 1.0)))
    assert held_ends_s(down).tolist() == [1.8, 2.0, np.inf]
    middle = dataclasses.replace(part, sostenuto=((0.5, 1.0), (3.0, 0.0)))
    assert held_ends_s(middle).tolist() == [3.0, 2.0, 5.0]  # what begins later is not held


@pytest.mark.parametrize("name", POLYPHONIC)
def test_the_oldest_note_makes_room(name: str) -> None:
    """One more than can sound: the first one fades, and the others go on."""
    n_voices = load(name).polyphony
    keys = [36, *range(60, 60 + n_voices)]
    full, over = (
        play(name, {}, notes(*((0.02 * n, 9.0, key, 100) for n, key in enumerate(keys[:count]))), 0.6, SAMPLE_RATE)
        for count in (n_voices, n_voices + 1)
    )

    def first_db(audio: np.ndarray) -> float:
        wave = audio[-SAMPLE_RATE // 5 :].mean(axis=1)
        at = np.arange(len(wave)) / SAMPLE_RATE
        tone = np.hanning(len(wave)) * np.exp(-2j * np.pi * hz_of(36) * at)
        return float(20 * np.log10(np.abs(wave @ tone) / len(wave) + 1e-12))

    assert first_db(full) > -70
    assert first_db(over) < first_db(full) - 25
    assert level_db(over[-SAMPLE_RATE // 5 :]) > level_db(full[-SAMPLE_RATE // 5 :]) - 6


def test_a_voice_that_is_stolen_fades() -> None:
    """A cut would be a step: the fastest change stays near what the notes themselves do."""
    rows = [(0.01 * n, 9.0, 48 + n, 100) for n in range(40)]
    steps = np.abs(np.diff(play("fm_bell", {}, notes(*rows), 0.6, SAMPLE_RATE), axis=0)).max()
    alone = np.abs(np.diff(play("fm_bell", {}, notes(*rows[-14:]), 0.6, SAMPLE_RATE), axis=0)).max()
    assert steps < 2 * alone


def test_the_same_key_again_is_another_note() -> None:
    part = notes((0.0, 0.5, 60, 100), (0.5, 1.0, 60, 100))
    levels = [level_db(half) for half in np.split(play("pluck", {}, part, 1.0, SAMPLE_RATE), 2)]
    assert abs(levels[0] - levels[1]) < 3


@pytest.mark.parametrize("name", names(DRUMS))
@pytest.mark.parametrize("closer", [42, 44])
def test_a_closed_hat_chokes_an_open_one(name: str, closer: int) -> None:
    longest = {"open_hat_decay_s": 2.0, "closed_hat_decay_s": 0.05}
    alone, choked = (
        play(name, longest, notes(*rows), 1.0, SAMPLE_RATE)[-SAMPLE_RATE // 2 :]
        for rows in ([(0.0, 0.1, 46, 110)], [(0.0, 0.1, 46, 110), (0.2, 0.3, closer, 20)])
    )
    assert level_db(choked) < level_db(alone) - 30


@pytest.mark.parametrize("name", names(DRUMS))
def test_a_kick_chokes_nothing_and_its_key_may_be_let_go(name: str) -> None:
    rows = [(0.0, 0.01, 46, 110), (0.05, 0.06, 36, 1)]
    open_hat, both = (play(name, {}, notes(*some), 0.4, SAMPLE_RATE)[-8000:] for some in (rows[:1], rows))
    assert level_db(both) > level_db(open_hat) - 3
    assert level_db(open_hat) > -70


def test_volume_is_a_factor_that_moves_without_a_step() -> None:
    part = notes((0.0, 1.0, 60, 100))
    full = play("supersaw", {}, part, 1.0, SAMPLE_RATE)
    half = play("supersaw", {}, dataclasses.replace(part, level=((0.0, 0.5),)), 1.0, SAMPLE_RATE)
    assert np.allclose(half, full / 2, atol=1e-6)
    moved = play("supersaw", {}, dataclasses.replace(part, level=((0.5, 0.0),)), 1.0, SAMPLE_RATE)
    assert level_db(moved[-10000:]) < -100
    assert np.abs(np.diff(moved, axis=0)).max() <= np.abs(np.diff(full, axis=0)).max() * 1.01


def test_a_parameter_moves_while_it_plays() -> None:
    swept = dataclasses.replace(
        notes((0.0, 1.0, 48, 100)), parameters={"cutoff_hz": tuple((n / 50, 200 + 100.0 * n) for n in range(50))}
    )
    moving, still = (
        play("supersaw", {"cutoff_hz": 200}, part, 1.0, SAMPLE_RATE)
        for part in (swept, dataclasses.replace(swept, parameters={}))
    )
    brighter = [
        level_db(np.diff(a, axis=0)) - level_db(np.diff(b, axis=0))
        for a, b in zip(np.split(moving, 4), np.split(still, 4), strict=True)
    ]
    assert brighter == sorted(brighter)
    assert brighter[-1] > 10
    with pytest.raises(LegatoError, match="'cutoff_hz': 1 must lie within"):
        play("supersaw", {}, dataclasses.replace(swept, parameters={"cutoff_hz": ((0.1, 1.0),)}), 1.0, SAMPLE_RATE)


@pytest.mark.parametrize("name", names(MELODIC))
def test_no_notes_are_silence(name: str) -> None:
    part = dataclasses.replace(
        phrase(load(name)), **{n: np.zeros(0) for n in ("start_s", "end_s", "pitch", "velocity")}
    )
    assert np.abs(play(name, {}, part, 0.2, SAMPLE_RATE)).max() < 1e-6


def test_an_effect_plays_no_notes_and_an_instrument_hears_no_audio() -> None:
    with pytest.raises(LegatoError, match="^instrument 'tape': is an effect, and plays no notes$"):
        play("tape", {}, phrase(load("supersaw")), 1.0, SAMPLE_RATE)
    with pytest.raises(LegatoError, match="^effect 'supersaw': is an instrument, and plays notes$"):
        process("supersaw", {}, np.zeros((10, 2)), SAMPLE_RATE)


# ---- MIDI files


def part_in(tmp_path: Path, *events: bytes) -> Part:
    (tmp_path / "a.mid").write_bytes(mid.file(b"".join((*events, mid.END))))
    return part_of(read_contents(tmp_path / "a.mid").instruments[0])


def test_a_files_notes_are_played(tmp_path: Path) -> None:
    part = part_in(tmp_path, mid.note(0, 60, 90), mid.note(0, 64, 80))
    assert part.start_s.tolist() == [0.0, 0.5]
    assert part.pitch.tolist() == [60, 64]
    assert part.velocity.tolist() == [90, 80]
    assert not part.bend


def test_a_bend_reaches_two_semitones_or_what_the_file_says(tmp_path: Path) -> None:
    most = 8191 / 8192
    assert part_in(tmp_path, BEND, mid.note(0)).bend == ((0.0, 2 * most),)
    twelve = [mid.control(0, number, value) for number, value in ((101, 0), (100, 0), (6, 12), (38, 0))]
    assert part_in(tmp_path, *twelve, BEND, mid.note(0)).bend[-1] == (0.0, 12 * most)
    other = [mid.control(0, number, value) for number, value in ((99, 1), (98, 8), (6, 12))]  # not registered
    assert part_in(tmp_path, *other, BEND, mid.note(0)).bend[-1] == (0.0, 2 * most)


def test_volume_and_expression_are_the_level(tmp_path: Path) -> None:
    level = part_in(tmp_path, mid.control(0, 7, 50), mid.control(0, 11, 127), mid.note(0)).level
    assert level == ((0.0, 0.25), (0.0, 0.25))
    assert part_in(tmp_path, mid.control(0, 11, 0), mid.note(0)).level == ((0.0, 0.0),)


def test_wheel_and_pedals_are_taken_and_a_reset_takes_them_back(tmp_path: Path) -> None:
    set_ = [mid.control(0, number, 127) for number in (1, 64, 66)]
    part = part_in(tmp_path, *set_, BEND, mid.note(0), mid.control(0, 121, 0), mid.note(0))
    for curve, value in ((part.wheel, 1.0), (part.sustain, 1.0), (part.sostenuto, 1.0)):
        assert curve == ((0.0, value), (0.5, 0.0))
    assert part.bend[-1] == (0.5, 0.0)


def test_a_file_is_heard_with_its_bends(tmp_path: Path) -> None:
    part = part_in(tmp_path, BEND, mid.note(0, 60))
    assert abs(heard("square_lead", part, 0.2, 62) - 62) < 0.25

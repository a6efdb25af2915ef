"""What is drawn for a track lies in its ranges, depends on its own seed alone, and is measured as it sounds."""

import numpy as np
import pytest

from helpers.checkout import SHIPPED_PARAMS
from helpers.signals import SAMPLE_RATE, silence, sine
from legato.audio.features import HALF, WIDTH_FLOOR_DB, attack_s, width_db
from legato.midi.contents import Contents, Instrument, Tempo
from legato.render.production import RenderParams, produce, production_facts, variant_banks
from legato.workspace import params
from legato.workspace.track import track_rng

PARAMS = params.load("render", RenderParams, SHIPPED_PARAMS)
PRESETS = {(0, 81), (1, 81), (2, 81), (0, 38), (0, 50), (128, 0), (1, 0), (2, 25), (128, 25)}


def instrument(program: int, pitch: int, *, is_drum: bool = False) -> Instrument:
    one = np.array([pitch])
    zero = np.zeros(1, int)
    return Instrument(
        name="", program=program, is_drum=is_drum, start_s=zero, end_s=zero + 1, start_tick=zero, end_tick=zero + 480,
        start_rank=zero, end_rank=zero + 2,
        pitch=one, velocity=one, controls=(),
    )  # fmt: skip


def contents(*instruments: Instrument) -> Contents:
    tempi = (Tempo(0, 0.0, 500_000),)
    return Contents(seconds=1, ticks_per_beat=480, tempi=tempi, meters=(), instruments=instruments)


BAND = contents(instrument(81, 72), instrument(38, 36), instrument(50, 60), instrument(25, 36, is_drum=True))


def draws(settings: RenderParams, n_tracks: int = 300, music: Contents = BAND):
    return [produce(settings, music, PRESETS, track_rng(0, "a", index, "render")) for index in range(n_tracks)]


def test_every_value_lies_in_its_range_and_fills_it() -> None:
    found = draws(PARAMS)
    for effect, ranges in (("reverb", PARAMS.reverb), ("chorus", PARAMS.chorus)):
        for name, (low, high) in ranges.model_dump().items():
            values = np.array([getattr(getattr(one, effect), name) for one in found if not one.dry])
            assert low <= values.min() < low + 0.35 * (high - low), name
            assert high >= values.max() > high - 0.35 * (high - low), name
    for name, (low, high) in (("pan", PARAMS.pan), ("gain_db", PARAMS.gain_db), ("detune_cents", PARAMS.detune_cents)):
        values = np.array([getattr(one.parts[0], name) for one in found])
        assert low <= values.min() < low + 0.1 * (high - low), name
        assert high >= values.max() > high - 0.1 * (high - low), name


def test_dry_tracks_are_as_many_as_asked_for_and_have_no_effect() -> None:
    assert np.mean([one.dry for one in draws(PARAMS, 2000)]) == pytest.approx(PARAMS.dry, abs=0.03)
    for share, expected in ((0, False), (1, True)):
        for one in draws(PARAMS.model_copy(update={"dry": share}), 30):
            assert one.dry is expected
            facts = production_facts(one, "abcd")
            assert facts["dry"] is expected
            assert (facts["reverb_level"] == 0) is expected
            assert (facts["chorus_level"] == 0) is expected
            assert not (expected and any(part.chorus_send for part in one.parts))


def test_effects_turned_down_to_nothing_are_dry_too() -> None:
    no_reverb = PARAMS.model_copy(update={"dry": 0.0, "reverb": PARAMS.reverb.model_copy(update={"level": [0.0, 0.0]})})
    assert not any(one.dry or one.reverb for one in draws(no_reverb, 10))
    neither = no_reverb.model_copy(update={"chorus": PARAMS.chorus.model_copy(update={"voices": [0, 0]})})
    assert all(one.dry for one in draws(neither, 10))


def test_variants_are_of_the_program_and_drums_keep_their_kit() -> None:
    found = draws(PARAMS)
    assert {one.parts[0].bank for one in found} == {0, 1, 2}
    assert {one.parts[1].bank for one in found} == {0}  # the font has no variant
    assert {one.parts[3].bank for one in found} == {128}
    assert {one.parts[0].bank for one in draws(PARAMS.model_copy(update={"variants": False}))} == {0}
    assert variant_banks({(0, 1), (8, 1)}, 1) == [0]  # another family's banks are no variants


def test_drums_and_low_parts_stay_in_the_middle_and_drums_in_tune() -> None:
    for one in draws(PARAMS, 30):
        assert [part.pan for part in (one.parts[1], one.parts[3])] == [0, 0]
        assert [part.chorus_send for part in (one.parts[1], one.parts[3])] == [0, 0]
        assert one.parts[3].detune_cents == 0
        assert one.parts[1].detune_cents != 0


def test_to_change_one_range_changes_nothing_else() -> None:
    other = PARAMS.model_copy(update={"pan": [0.1, 0.1], "variants": False, "dry": 0.0})
    for before, after in zip(draws(PARAMS, 30), draws(other, 30), strict=True):
        assert [part.gain_db for part in before.parts] == [part.gain_db for part in after.parts]
        assert [part.detune_cents for part in before.parts] == [part.detune_cents for part in after.parts]
        assert before.dry or before.reverb == after.reverb
        assert after.parts[0].pan == 0.1


def test_a_part_more_changes_no_part_before_it() -> None:
    fewer = contents(*BAND.instruments[:2])
    for few, all_ in zip(draws(PARAMS, 30, fewer), draws(PARAMS, 30), strict=True):
        assert few.parts == all_.parts[:2]
        assert (few.reverb, few.chorus) == (all_.reverb, all_.chorus)


def ramp(seconds: float) -> np.ndarray:
    tone = sine(2, -6)
    tone[: round(seconds * SAMPLE_RATE)] *= np.linspace(0, 1, round(seconds * SAMPLE_RATE))[:, None]
    return tone


@pytest.mark.parametrize("seconds", [0.05, 0.2, 1.0])
def test_a_ramp_of_known_length_has_its_attack(seconds: float) -> None:
    assert attack_s(ramp(seconds), SAMPLE_RATE) == pytest.approx(0.8 * seconds, abs=0.012)
    assert attack_s(ramp(seconds), SAMPLE_RATE, to=HALF) == pytest.approx(0.4 * seconds, abs=0.012)
    late = np.concatenate([silence(0.3), ramp(seconds)])
    assert attack_s(late, SAMPLE_RATE) == pytest.approx(0.8 * seconds, abs=0.012)
    assert attack_s(0.01 * ramp(seconds), SAMPLE_RATE) == attack_s(ramp(seconds), SAMPLE_RATE)


@pytest.mark.parametrize("hz", [33, 110, 1000])
def test_a_note_that_is_there_at_once_has_no_attack(hz: float) -> None:
    decay = sine(2, -6, hz=hz, phase=np.pi / 2) * np.exp(-3 * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE)[:, None]
    assert attack_s(decay, SAMPLE_RATE) <= 0.004
    assert attack_s(sine(2, -6, hz=hz), SAMPLE_RATE) < 0.02


def test_beating_voices_reach_half_of_their_maximum_at_once() -> None:
    beating = sine(2, -12, hz=220) + sine(2, -12, hz=221, phase=1.6)  # together only after 0.75 s
    assert attack_s(beating, SAMPLE_RATE) > 0.3
    assert attack_s(beating, SAMPLE_RATE, to=HALF) < 0.02


def test_silence_has_no_attack() -> None:
    assert attack_s(silence(2), SAMPLE_RATE) is None
    assert attack_s(silence(0), SAMPLE_RATE) is None


def test_width_is_side_over_mid() -> None:
    mono = sine(1, -6)
    assert width_db(mono) == WIDTH_FLOOR_DB
    assert width_db(mono * [1, 0]) == pytest.approx(0)
    assert width_db(mono * [1, -1]) == -WIDTH_FLOOR_DB
    assert width_db(np.random.default_rng(0).standard_normal((40000, 2))) == pytest.approx(0, abs=0.2)
    half_right = mono * [1, 0.5]  # mid 1.5, side 0.5
    assert width_db(half_right) == pytest.approx(20 * np.log10(0.5 / 1.5), abs=0.01)
    assert width_db(silence(1)) == WIDTH_FLOOR_DB

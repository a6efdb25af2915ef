"""What each instrument sounds like: in tune, no aliases, clicks or offset, ended in time; every parameter is heard."""

from functools import cache

import numpy as np
import pyloudnorm
import pytest

from helpers.pitches import heard_key, hz_of, level_db
from legato.instruments.audition import SAMPLE_RATE, middle_key, notes, phrase, sounding
from legato.instruments.catalogue import DRUMS, EFFECT, MELODIC, load, names
from legato.instruments.effects import process
from legato.instruments.playing import play

TAIL_S = 4.0  # render.tail_s of params.yaml
LOWEST, HIGHEST = {True: 28, False: 36}, {True: 60, False: 96}  # keys, by whether it is a bass
CENTS = 25
# What moves the sound by itself, which would hide aliases: off.
STILL = ("detune_cents", "vibrato_cents", "pwm_depth", "move_octaves", "ensemble", "tremolo_depth", "inharmonic")
STILL += ("width",)
BRIGHT = ("cutoff_hz", "env_octaves", "brightness")
# dB under the strongest partial, below 18 kHz. The acid bass bends inside its filter, which rings on what folds down.
ALIASES_DB = {"acid_bass": -50.0}
MOST_ALIASES_DB = -60.0


def is_bass(name: str) -> bool:
    return middle_key(load(name)) < 48


def one(name: str, key: float, seconds: float = 1.0, velocity: int = 100, **parameters: float) -> np.ndarray:
    return play(name, parameters, notes((0.0, seconds, int(key), velocity)), seconds, SAMPLE_RATE)


@pytest.mark.parametrize("name", names(MELODIC))
def test_it_is_in_tune(name: str) -> None:
    low, high = LOWEST[is_bass(name)], HIGHEST[is_bass(name)]
    for key in range(low, high + 1, 8 if is_bass(name) else 12):
        heard = heard_key(one(name, key)[SAMPLE_RATE // 5 :], SAMPLE_RATE, about=key)
        assert 100 * abs(heard - key) < CENTS, (key, heard)


def strongest_apart_db(wave: np.ndarray, key: int) -> float:
    """What is not a partial of a held key, under 18 kHz, in dB of the strongest partial."""
    wave = wave[-32768:].astype(float)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)) ** 2))
    frequencies = np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE)
    from_partial = np.abs(frequencies - np.round(frequencies / hz_of(key)) * hz_of(key))
    apart = from_partial > np.maximum(min(30, 0.4 * hz_of(key)), 0.004 * frequencies)
    apart &= (frequencies > hz_of(key) / 2) & (frequencies < 18000)
    return float(20 * np.log10(spectrum[apart].max() / spectrum.max() + 1e-9))


def test_what_a_plain_saw_folds_down_would_be_heard() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    for key in (72, 84, 96):
        assert strongest_apart_db(time * hz_of(key) % 1 - 0.5, key) > MOST_ALIASES_DB


@pytest.mark.parametrize("name", names(MELODIC))
def test_what_folds_down_is_not_heard(name: str) -> None:
    instrument = load(name)
    parameters = {n: max(0.0, instrument.parameters[n].low) for n in STILL if n in instrument.parameters}
    parameters |= {n: instrument.parameters[n].high for n in BRIGHT if n in instrument.parameters}
    for key in (40, 52, 64) if is_bass(name) else (72, 84, 96, 103):
        folded_db = strongest_apart_db(one(name, key, 1.2, 110, **parameters)[:, 0], key)
        assert folded_db < ALIASES_DB.get(name, MOST_ALIASES_DB), (key, folded_db)


@pytest.mark.parametrize("name", names(MELODIC, DRUMS))
def test_a_loud_note_is_louder_than_a_soft_one(name: str) -> None:
    key = 38 if load(name).kind == DRUMS else middle_key(load(name))
    levels = [level_db(one(name, key, 0.5, velocity)) for velocity in (20, 60, 100, 127)]
    assert np.diff(levels).min() > 1.5


@pytest.mark.parametrize("name", names(MELODIC, DRUMS))
def test_it_begins_and_ends_without_a_click_and_has_no_offset(name: str) -> None:
    audio = sounding(name)
    assert np.abs(audio[0]).max() < 0.05  # a kick's click
    assert np.abs(audio.mean(axis=0)).max() < 1e-3
    assert np.abs(audio).max() < 0.9


@pytest.mark.parametrize("name", names(MELODIC))
def test_a_note_has_ended_within_the_tail_however_long_its_release(name: str) -> None:
    parameters = load(name).parameters
    longest = {n: parameters[n].high for n in ("release_s", "decay_s") if n in parameters}
    audio = play(name, longest, notes((0.0, 0.5, middle_key(load(name)), 100)), 0.5 + TAIL_S, SAMPLE_RATE)
    assert level_db(audio[-SAMPLE_RATE // 10 :]) < level_db(audio[: SAMPLE_RATE // 2]) - 50


@pytest.mark.parametrize("name", names(DRUMS))
def test_a_drum_has_ended_within_the_tail(name: str) -> None:
    longest = {p.name: p.high for p in load(name).parameters.values() if p.name.endswith("decay_s")}
    audio = play(name, longest, phrase(load(name)), 1.5 + TAIL_S, SAMPLE_RATE)
    assert level_db(audio[-SAMPLE_RATE // 10 :]) < level_db(audio[: SAMPLE_RATE // 2]) - 50


@cache
def at_defaults(name: str) -> np.ndarray:
    return sounding(name)


@pytest.mark.parametrize(("name", "parameter"), [(name, p) for name in names() for p in load(name).parameters])
def test_a_parameter_is_heard_and_breaks_nothing_at_its_ends(name: str, parameter: str) -> None:
    """That a sound is finite is the host's to see."""
    its = load(name).parameters[parameter]
    low, high = (sounding(name, {parameter: value}) for value in (its.low, its.high))
    for audio in (low, high):
        assert level_db(audio) > level_db(at_defaults(name)) - 30
        assert np.abs(audio).max() < 1.0
    assert level_db(high - low) > level_db(at_defaults(name)) - 60


@pytest.mark.parametrize("name", names(MELODIC, DRUMS))
def test_extremes_together_break_nothing(name: str) -> None:
    for side in ("low", "high"):
        audio = sounding(name, {p.name: getattr(p, side) for p in load(name).parameters.values()})
        assert level_db(audio) > -90
        assert np.abs(audio).max() < 1.5


def test_all_are_about_as_loud() -> None:
    """A line of single notes for a lone voice, chords for the others; drums lie lower, as FluidSynth's do."""
    loudness = {}
    for name in names(MELODIC, DRUMS):
        instrument = load(name)
        key = middle_key(instrument)
        if instrument.kind == DRUMS:
            rows = [(0.25 * n, 0.25 * n + 0.1, (36, 42, 38, 42)[n % 4], 100) for n in range(12)]
        elif instrument.polyphony == 1:
            rows = [(0.5 * n, 0.5 * n + 0.45, key + (0, 3, 7, 5)[n % 4], 100) for n in range(6)]
        else:
            rows = [(n, n + 0.9, key + (0, -4, 3)[n] + step, 100) for n in range(3) for step in (0, 7, 12, 15)]
        loudness[name] = pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(
            play(name, {}, notes(*rows), 3.0, SAMPLE_RATE)
        )
    chords = [v for n, v in loudness.items() if load(n).kind == MELODIC and load(n).polyphony > 1]
    lines = [v for n, v in loudness.items() if load(n).kind == MELODIC and load(n).polyphony == 1]
    kits = [v for n, v in loudness.items() if load(n).kind == DRUMS]
    for group, aim in ((chords, -19.0), (lines, -23.5), (kits, -25.0)):
        assert max(abs(lufs - aim) for lufs in group) < 3, loudness


@pytest.mark.parametrize("name", names(EFFECT))
def test_an_effect_keeps_the_length_the_level_and_the_time(name: str) -> None:
    dry = sounding("supersaw")
    wet = process(name, {}, dry, SAMPLE_RATE)
    assert wet.shape == dry.shape
    assert wet.dtype == np.float32
    assert abs(level_db(wet) - level_db(dry)) < 3
    envelopes = [np.abs(audio).mean(axis=1) - np.abs(audio).mean() for audio in (dry, wet)]
    lags = np.correlate(envelopes[1][:40000], envelopes[0][:38000])
    assert lags.argmax() < 0.01 * SAMPLE_RATE  # a part is not late by it


def test_silence_stays_silence_but_for_what_makes_noise() -> None:
    silence = np.zeros((SAMPLE_RATE // 2, 2), np.float32)
    for name in names(EFFECT):
        is_silent = np.abs(process(name, {}, silence, SAMPLE_RATE)).max() < 1e-6
        assert is_silent == (name != "vinyl"), name


def test_the_plate_rings_on_and_dies_away() -> None:
    click = np.zeros((3 * SAMPLE_RATE, 2), np.float32)
    click[0] = 0.5
    wet = process("plate", {"mix": 1}, click, SAMPLE_RATE)
    by_half_second = [level_db(part) for part in np.split(wet, 6)]
    assert np.diff(by_half_second).max() < -5
    assert by_half_second[1] > -80


def test_tape_moves_the_pitch_and_adds_odd_partials() -> None:
    time = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    tone = np.repeat(0.4 * np.sin(2 * np.pi * 440 * time)[:, None], 2, axis=1).astype(np.float32)

    def heard(**parameters: float) -> np.ndarray:
        wet = process("tape", parameters, tone, SAMPLE_RATE)[SAMPLE_RATE // 10 :, 0].astype(float)
        return np.diff(np.flatnonzero((wet[:-1] < 0) & (wet[1:] >= 0)))

    swing = [np.ptp(np.convolve(heard(wow_cents=wow, flutter_cents=0), np.ones(50) / 50, "valid")) for wow in (0, 30)]
    assert swing[0] < 0.1
    assert swing[1] > 1  # of a period of 100 samples: 30 cents are 1.7 % to each side
    wet = process("tape", {"wow_cents": 0, "flutter_cents": 0, "drive_db": 12}, tone, SAMPLE_RATE)[-SAMPLE_RATE:, 0]
    spectrum = np.abs(np.fft.rfft(wet * np.hanning(len(wet))))
    assert spectrum[1320] > 30 * spectrum[880]


def test_the_crusher_has_as_many_levels_as_its_bits() -> None:
    ramp = np.repeat(np.linspace(-0.9, 0.9, SAMPLE_RATE, dtype=np.float32)[:, None], 2, axis=1)
    wet = process("crusher", {"bits": 4, "rate_hz": 44100, "smooth": 0}, ramp, SAMPLE_RATE)
    assert len(np.unique(wet[:, 0])) == 15  # -7/8 to 7/8

"""The melodic presets are in tune, equally loud, and behave as their instruments do."""

import numpy as np
import pytest

from helpers.font_sounds import DIE_AWAY, PITCHED, STRUCK, UNPITCHED, play, rms_db, seconds_of
from helpers.signals import SAMPLE_RATE
from legato.midi.gm import PROGRAMS
from legato.soundfont.audition import (
    Player,
    aim_db,
    centroid_hz,
    cents_off,
    is_slow,
    level_db,
    middle_key,
    preset_level_db,
    rise_s,
)
from legato.soundfont.families.mallets import EFFECTS
from legato.soundfont.repertoire import TONALS

SWEPT_CENTS = {"Plucked Bass": 4}  # the phase of a filter that falls with the note bends what is measured

# Too short to be as loud as the others within full scale.
SHORT_DB = {
    "Woodblock": 7.0,
    "Muted Guitar": 6.0,
    "Agogo": 4.0,
    "Banjo": 3.0,
    "Gunshot": 4.0,
    "Breath": 5.0,
    "Goblins": 4.0,
}


@pytest.mark.parametrize("steps", [(-12, 3), (0, 16)])
def test_every_preset_is_in_tune_within_two_cents(player: Player, steps: tuple[int, ...]) -> None:
    """A note that rings: its fundamental. One that lasts: the centre of its partials' bands, over whole vibratos."""
    off = {}
    for row in PITCHED:
        for step in steps:
            key = middle_key(row) + step
            if row.name in DIE_AWAY:
                cents = cents_off(play(player, row, key, 1.5)[900:], key, peak=True)
            else:
                cents = cents_off(play(player, row, key, 3.0)[20000:], key, n_partials=8)
            if not abs(cents) < SWEPT_CENTS.get(row.name, 2):
                off[row.name, key] = round(cents, 1)
    assert not off


def test_presets_are_equally_loud(player: Player) -> None:
    """Within 1.5 dB around their middle key; slow ones lie 2 dB under the others, very short ones a stated amount."""
    off = {row.name: preset_level_db(player, row) - aim_db(row) for row in TONALS}
    assert not {name: db for name, db in off.items() if abs(db) > SHORT_DB.get(name, 1.5)}


def test_sounds_are_slow_or_quick_and_nothing_between(player: Player) -> None:
    """Slow: a quarter of a second or more until within 3 dB. Struck and plucked: 15 ms. All others: 80 ms."""
    odd = {}
    for row in TONALS:
        if row in EFFECTS and row.name in UNPITCHED:
            continue
        seconds = [rise_s(play(player, row, middle_key(row) + step, 1.5)) for step in (0, 9)]
        least, most = (0.25, 1.5) if is_slow(row) else (0, 0.015 if row in STRUCK else 0.08)
        if not all(least <= each <= most for each in seconds):
            odd[row.name] = seconds
    assert not odd


def test_velocity_changes_loudness_and_layers_change_brightness(player: Player) -> None:
    for row in TONALS:
        soft, hard = (play(player, row, middle_key(row), 0.8, velocity) for velocity in (40, 120))
        assert 10 < level_db(hard) - level_db(soft) < 30, row.name
        if any(part.voice.hard for part in row.parts) and not row.parts[0].filter:
            assert centroid_hz(hard) > 1.08 * centroid_hz(soft), row.name


def test_a_held_note_never_stops_dead(player: Player) -> None:
    """No tenth of a second is more than 15 dB under the one before, down to 38 dB under the loudest."""
    for row in PITCHED:
        audio = play(player, row, middle_key(row) - 8, 3.0)
        levels = np.array([rms_db(seconds_of(audio, at / 10, (at + 1) / 10)) for at in range(30)])
        heard = levels[:-1] > levels.max() - 38
        falls = np.diff(levels)[heard]
        assert np.median(falls) < -4 or falls.min() > -15, row.name  # what falls by 40 dB a second is over anyway


def test_what_lasts_lasts_and_what_is_struck_dies_away(player: Player) -> None:
    for row in PITCHED:
        audio = play(player, row, middle_key(row), 4.0)
        fallen = rms_db(seconds_of(audio, 0, 1.2)) - rms_db(seconds_of(audio, 3.2, 4))
        if row.name in DIE_AWAY and "driven" not in row.program and "distortion" not in row.program:
            assert fallen > 15, row.name
        elif row.name in {"Warm Pad", "Saw Lead", "String Ensemble", "Drawbar Organ", "Flute", "Synth Bass", "Violin"}:
            assert fallen < 9, row.name


def test_a_released_note_fades_for_its_time(player: Player) -> None:
    """The level falls by 100 dB in `release_s`, in a straight line (8.1.2, releaseVolEnv)."""
    for row in TONALS:
        release_s = max(part.envelope.release_s for part in row.parts)
        audio = play(player, row, middle_key(row), 1.0, tail_s=release_s + 0.1)
        assert rms_db(seconds_of(audio, 1.0 + release_s, 1.1 + release_s)) < rms_db(seconds_of(audio, 0, 1)) - 45, (
            row.name
        )


@pytest.mark.parametrize(("bank", "least_db"), [(0, -30), (1, -30), (2, -30), (4, -20)])
def test_a_long_808_is_heard_for_two_and_a_half_seconds(player: Player, bank: int, least_db: float) -> None:
    audio = player.play(bank, PROGRAMS["synth_bass_2"], [33], 2.6)
    assert rms_db(seconds_of(audio, 2.4, 2.6)) - rms_db(seconds_of(audio, 0.1, 0.3)) > least_db


@pytest.mark.parametrize("bank", range(5))
def test_an_808_sounds_its_written_pitch_and_slides(player: Player, bank: int) -> None:
    """Its strongest partial is the fundamental; a pitch bend of an octave (range by RPN 0) doubles it.

    FluidSynth takes a range of 12 as 12 / 128 of 12,700 cents: 9 cents short of the octave.
    """
    player.play(bank, PROGRAMS["synth_bass_2"], [36], 0.05)
    for number, value in ((101, 0), (100, 0), (6, 12)):
        player.synth.cc(0, number, value)
    for bend, key in ((0, 36.0), (8191, 48 - 0.094)):
        player.synth.pitch_bend(0, bend)
        audio = player.play(bank, PROGRAMS["synth_bass_2"], [36], 1.2)[SAMPLE_RATE // 5 :, 0]
        levels = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 8 * len(audio)))
        hz = levels.argmax() * SAMPLE_RATE / (8 * len(audio))
        assert abs(1200 * np.log2(hz / (440 * 2 ** ((key - 69) / 12)))) < 3
    player.synth.pitch_bend(0, 0)
    player.synth.cc(0, 6, 2)


def test_pads_are_wide_and_basses_in_the_middle(player: Player) -> None:
    for row in TONALS:
        if row.program in {"warm_pad", "string_ensemble_1"} or "_bass" in row.program:
            left, right = play(player, row, middle_key(row), 1.5).T
            correlation = np.corrcoef(left, right)[0, 1]
            assert -0.3 < correlation < 0.85 if "_bass" not in row.program else correlation > 0.999, row.name

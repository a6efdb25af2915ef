"""Every drum sounds, hats choke, and strokes vary."""

from itertools import pairwise

import numpy as np
import pytest

from helpers.font_sounds import rms_db, seconds_of
from legato.audio.samples import decibels
from legato.midi.gm import DRUM_BANK, DRUMS, KITS
from legato.soundfont.audition import Player


@pytest.mark.parametrize("kit", KITS)
def test_every_drum_of_every_kit_sounds(player: Player, kit: str) -> None:
    peaks = {
        key: decibels(float(np.abs(player.play(DRUM_BANK, KITS[kit], [key], 0.25)).max())) for key in range(35, 82)
    }
    assert min(peaks.values()) > -45, peaks
    kick, snare, hat = (peaks[DRUMS[name]] for name in ("kick", "snare", "closed_hat"))
    assert kick > snare - 3
    assert kick - 25 < hat < snare


@pytest.mark.parametrize("kit", KITS)
@pytest.mark.parametrize("closer", ["closed_hat", "pedal_hat"])
def test_a_closing_hat_chokes_an_open_one(player: Player, kit: str, closer: str) -> None:
    free = player.play(DRUM_BANK, KITS[kit], [DRUMS["open_hat"]], 0.3)
    choked = player.play(DRUM_BANK, KITS[kit], [DRUMS["open_hat"], DRUMS[closer]], 0.15)
    assert rms_db(seconds_of(choked, 0.27, 0.3)) < rms_db(seconds_of(free, 0.27, 0.3)) - 8


@pytest.mark.parametrize("kit", KITS)
@pytest.mark.parametrize("drum", ["kick", "snare", "closed_hat"])
def test_neighbouring_velocities_strike_different_takes(player: Player, kit: str, drum: str) -> None:
    if (kit, drum) == ("brush_kit", "kick"):
        drum = "snare"
    waves = [player.play(DRUM_BANK, KITS[kit], [DRUMS[drum]], 0.2, velocity) for velocity in range(85, 100)]
    waves = [wave[:, 0] / np.linalg.norm(wave) for wave in waves]
    alike = [first @ second for first, second in pairwise(waves)]
    changes = [number for number, each in enumerate(alike) if each < 0.49]
    assert len(changes) >= 2, alike

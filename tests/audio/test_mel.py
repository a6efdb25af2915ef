"""The mel bands and their levels."""

import numpy as np
import pytest

from helpers.signals import SAMPLE_RATE, silence, sine
from legato.audio.mel import FLOOR_DB, log_mel_db, mel_centres_hz, mel_filters


def test_the_mel_bands_cover_the_spectrum_from_low_to_high() -> None:
    centres = mel_centres_hz()
    assert (np.diff(centres) > 0).all()
    assert 0 < centres[0] < 40
    assert 20_000 < centres[-1] < SAMPLE_RATE / 2
    assert (mel_filters()[10:-20].sum(axis=1) > 0).all()


def test_a_sine_stands_out_in_its_band_and_silence_at_the_floor() -> None:
    levels = log_mel_db(sine(0.5, -6.0, hz=2000.0)).mean(axis=(0, 1))
    assert mel_centres_hz()[levels.argmax()] == pytest.approx(2000, rel=0.05)
    assert (log_mel_db(silence(0.5)) == FLOOR_DB).all()

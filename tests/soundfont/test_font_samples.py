"""The font's samples are free of folded partials, clicks and offsets."""

from pathlib import Path

import numpy as np

from helpers.font_file import Use, sample_headers, sample_rates, samples_of
from helpers.signals import SAMPLE_RATE


def test_no_partial_folds_back(font: Path, uses: list[Use]) -> None:
    """As far up as any zone plays a sample, what lies over half the sample rate is 60 dB under the rest."""
    headers, samples = sample_headers(font), samples_of(font)
    highest: dict[int, float] = {}
    for use in uses:
        highest[use.sample] = max(highest.get(use.sample, 0), use.highest_ratio)
    assert set(highest) == set(range(len(headers)))
    rates = sample_rates(font)
    for number, (name, start, end, *_) in enumerate(headers):
        wave = samples[start:end]
        power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 2 ** int(np.ceil(np.log2(len(wave)))))) ** 2
        hz = np.linspace(0, rates[number] / 2, len(power)) * highest[number]
        assert power[hz > SAMPLE_RATE / 2].sum() < 1e-6 * power.sum(), name


def test_loops_have_no_click(font: Path, uses: list[Use]) -> None:
    """As written: the samples around both ends of a loop are the same, so that the jump back is no jump."""
    headers, samples = sample_headers(font), samples_of(font)
    looped = {use.sample for use in uses if use.looped}
    assert len(looped) > 300
    for number in looped:
        name, _, _, start, end = headers[number]
        around_start, around_end = (samples[at - 8 : at + 8] for at in (start, end))
        np.testing.assert_allclose(around_start, around_end, atol=4e-3, err_msg=name)


def test_samples_begin_and_end_in_silence_and_have_no_offset(font: Path, uses: list[Use]) -> None:
    headers, samples = sample_headers(font), samples_of(font)
    looped = {use.sample for use in uses if use.looped}
    for number, (name, start, end, *_) in enumerate(headers):
        wave = samples[start:end]
        assert abs(wave.mean()) < 0.01, name
        assert np.abs(wave).max() <= 0.91, name
        if number not in looped:
            assert abs(wave[0]) < 0.02, name
            assert abs(wave[-1]) < 0.003, name

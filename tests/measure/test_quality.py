"""Figures of the codes are those that can be counted by hand, and of audio those that physics gives."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from helpers.checkout import ROOT, SMALL_CODEC
from helpers.signals import SAMPLE_RATE, drum_loop, sine
from legato.codec.engine import Engine, track_codes
from legato.codec.windows import read_windows
from legato.contract.codes import write_codes
from legato.measure import quality
from legato.work import items


def test_code_figures_are_counted_over_both_sides() -> None:
    left = np.tile(np.arange(4), (9, 1)).T  # four entries in each codebook, equally often
    stereo, mono = np.hstack([left, left[::-1]]), np.hstack([left, left])
    found = quality.code_figures([stereo, mono])
    assert found["perplexity"] == dict.fromkeys(quality.CODEBOOKS, 4.0)
    assert found["dead"] == dict.fromkeys(quality.CODEBOOKS, 1020)
    assert found["used"]["c0"] == round(4 / 1024, 4)
    assert (found["sides_agree"], found["mono"]) == (0.5, 0.5)


def test_si_sdr_is_the_ratio_of_a_tone_to_what_was_added() -> None:
    tone, other = sine(1, -6, hz=1000), sine(1, -46, hz=2000)
    assert quality.si_sdr_db(0.3 * (tone + other), tone) == pytest.approx(40, abs=0.1)
    assert quality.si_sdr_db(tone * 0, tone) == -100


def test_log_mel_distance_is_a_gain_in_db_and_hears_where_a_band_is_missing() -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal((SAMPLE_RATE, 2))).astype(np.float32)
    assert list(quality.log_mel_distances_db(noise / 2, noise).values()) == pytest.approx([6.02] * 5, abs=0.01)
    spectrum = np.fft.rfft(noise, axis=0)
    spectrum[5000:] = 0  # Hz
    found = quality.log_mel_distances_db(np.fft.irfft(spectrum, axis=0), noise)
    assert max(found["to_1k"], found["to_4k"]) < 1 < found["to_8k"] < found["above_8k"]
    assert found["above_8k"] > 2 * found["all"] > 10


def test_a_datasets_figures_have_a_row_for_each_category(
    tmp_path: Path, codec_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    categories: dict[str, list[tuple[Path, Path]]] = {}
    for name, audio in (("tones", sine(0.7, -12, hz=220)), ("drums", drum_loop(0.7))):
        pair = tmp_path / f"{name}.wav", tmp_path / f"{name}.pt"
        soundfile.write(pair[0], audio, SAMPLE_RATE, "FLOAT")
        write_codes(pair[1], track_codes(Engine(codec_model, "exact"), read_windows(pair[0], 128)))
        categories[name] = [pair]
    found = quality.codec_metrics(categories, SMALL_CODEC)
    assert list(found) == ["total", "tones", "drums"]
    assert (found["tones"]["mono"], found["drums"]["mono"], found["total"]["mono"]) == (1, 0, 0.5)
    assert found["tones"]["si_sdr_db"] > 8
    assert found["total"]["si_sdr_db"] == pytest.approx(
        (found["tones"]["si_sdr_db"] + found["drums"]["si_sdr_db"]) / 2, abs=1e-3
    )
    assert set(found["total"]["not_exact"].values()) == {0.0}

    codes = torch.load(categories["drums"][0][1])
    codes[:, 3] = (codes[:, 3] + 1) % 1024  # one codebook of the left
    write_codes(categories["drums"][0][1], codes)
    spoilt = quality.codec_metrics(categories, SMALL_CODEC)["drums"]
    assert spoilt["not_exact"] == {name: 0.5 * (name == "c3") for name in quality.CODEBOOKS}
    assert spoilt["si_sdr_db"] < found["drums"]["si_sdr_db"]

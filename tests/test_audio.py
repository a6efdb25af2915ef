"""Trimming keeps what sounds; reading refuses what is not stereo audio at the right rate."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from legato.audio import quantize, read_audio, silence_share, trim_silence, write_audio
from legato.errors import LegatoError
from signals import SAMPLE_RATE, drum_loop, silence, sine

TRIM = {"threshold_db": -60.0, "hold_s": 0.3, "fade_s": 0.05}


def test_trimming_cuts_silence_and_keeps_the_sound() -> None:
    tone = sine(1, -6)
    trimmed = trim_silence(np.concatenate([silence(2), tone, silence(3)]), SAMPLE_RATE, **TRIM)
    assert len(trimmed) / SAMPLE_RATE == pytest.approx(1 + 0.3 + 2 * 0.05, abs=0.001)
    n_lead = round(0.05 * SAMPLE_RATE)
    np.testing.assert_array_equal(trimmed[n_lead : n_lead + len(tone) - 1], tone[1:])


def test_a_tail_is_kept_down_to_the_threshold_and_faded() -> None:
    time = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    tail = (sine(6, 0) * (10 ** (-time))[:, None]).astype(np.float32)  # -20 dB a second
    trimmed = trim_silence(tail, SAMPLE_RATE, **TRIM)
    assert len(trimmed) / SAMPLE_RATE == pytest.approx(3 + 0.35, abs=0.01)
    np.testing.assert_array_equal(trimmed[: 3 * SAMPLE_RATE], tail[: 3 * SAMPLE_RATE])
    assert np.abs(trimmed[-1]).max() == 0


def test_a_sound_at_the_very_edges_loses_nothing() -> None:
    tone = sine(0.5, -6, phase=1.0)
    trimmed = trim_silence(tone, SAMPLE_RATE, threshold_db=-60, hold_s=0, fade_s=0)
    np.testing.assert_array_equal(trimmed, tone)


def test_silence_trims_to_nothing() -> None:
    assert trim_silence(silence(1), SAMPLE_RATE, **TRIM).shape == (0, 2)


def test_silence_share_is_the_silent_part() -> None:
    assert silence_share(np.concatenate([sine(3, -6), silence(1)]), SAMPLE_RATE) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(("suffix", "subtype"), [(".wav", "PCM_16"), (".flac", "PCM_16"), (".flac", "PCM_24")])
def test_what_is_written_is_read(tmp_path: Path, suffix: str, subtype: str) -> None:
    audio = quantize(drum_loop(1))
    write_audio(tmp_path / f"a{suffix}", audio, SAMPLE_RATE, subtype)
    np.testing.assert_array_equal(read_audio(tmp_path / f"a{suffix}", SAMPLE_RATE), audio)
    assert len(list(tmp_path.iterdir())) == 1


def test_mono_is_duplicated(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "mono.wav", sine(0.1, -6)[:, 0], SAMPLE_RATE)
    left, right = read_audio(tmp_path / "mono.wav", SAMPLE_RATE).T
    np.testing.assert_array_equal(left, right)


def test_unusable_audio_is_named(tmp_path: Path) -> None:
    cases = {
        "missing.wav": (None, "no such file"),
        "slow.wav": ((sine(0.1, -6), 8000), "sample rate 8000: must be 44100"),
        "three.wav": ((np.zeros((100, 3)), SAMPLE_RATE), "3 channels: must be 1 or 2"),
        "nan.wav": ((np.full((100, 2), np.nan, np.float32), SAMPLE_RATE), "holds NaN or infinite samples"),
    }
    for name, (content, line) in cases.items():
        if content:
            soundfile.write(tmp_path / name, *content, subtype="FLOAT")
        with pytest.raises(LegatoError, match=rf"{name}: .*{line}"):
            read_audio(tmp_path / name, SAMPLE_RATE)
    (tmp_path / "text.wav").write_text("not audio")
    with pytest.raises(LegatoError, match=r"text\.wav: cannot be read as audio"):
        read_audio(tmp_path / "text.wav", SAMPLE_RATE)

"""What is written is read, whole or in blocks; reading refuses what is not stereo audio at the right rate."""

import resource
from pathlib import Path

import numpy as np
import pytest
import soundfile

from helpers.signals import SAMPLE_RATE, drum_loop, silence, sine
from legato.audio.samples import create_audio, open_audio, quantize, read_audio, silence_share, write_audio
from legato.errors import LegatoError


def test_silence_share_is_the_silent_part() -> None:
    assert silence_share(np.concatenate([sine(3, -6), silence(1)]), SAMPLE_RATE) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(("suffix", "subtype"), [(".wav", "PCM_16"), (".flac", "PCM_16"), (".flac", "PCM_24")])
def test_what_is_written_is_read(tmp_path: Path, suffix: str, subtype: str) -> None:
    audio = quantize(drum_loop(1))
    write_audio(tmp_path / f"a{suffix}", audio, SAMPLE_RATE, subtype)
    np.testing.assert_array_equal(read_audio(tmp_path / f"a{suffix}", SAMPLE_RATE), audio)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("suffix", "subtype"), [(".wav", "PCM_16"), (".flac", "PCM_16"), (".flac", "PCM_24")])
def test_a_file_written_in_blocks_is_that_written_whole(tmp_path: Path, suffix: str, subtype: str) -> None:
    audio = drum_loop(1)
    write_audio(tmp_path / f"whole{suffix}", audio, SAMPLE_RATE, subtype)
    with create_audio(tmp_path / f"blocks{suffix}", SAMPLE_RATE, subtype) as write:
        for start in range(0, len(audio), 777):
            write(audio[start : start + 777])
        assert not (tmp_path / f"blocks{suffix}").exists()
    assert (tmp_path / f"blocks{suffix}").read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()


@pytest.mark.parametrize("kept_samples", [0, 10**6])
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_any_part_of_a_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, kept_samples: int
) -> None:
    monkeypatch.setattr("legato.audio.samples.KEPT_SAMPLES", kept_samples)
    audio = quantize(drum_loop(1))
    write_audio(tmp_path / f"a{suffix}", audio, SAMPLE_RATE, "PCM_16")
    with open_audio(tmp_path / f"a{suffix}", SAMPLE_RATE) as source:
        assert (source.n_samples, source.step) == (len(audio), 2.0**-15)
        for start, stop in [(30_000, 40_000), (5, 9), (0, len(audio)), (len(audio), len(audio))]:
            np.testing.assert_array_equal(source.read(start, stop), audio[start:stop])
        np.testing.assert_array_equal(np.concatenate(list(source.blocks(10_000))), audio)
    np.testing.assert_array_equal(read_audio(tmp_path / f"a{suffix}", SAMPLE_RATE, 10, 10**9), audio[10:])


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
        with pytest.raises(OSError, match="File too large"):
            write_audio(tmp_path / f"a{suffix}", drum_loop(5), SAMPLE_RATE, "PCM_24")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_an_error_while_writing_is_not_told_of_the_file_that_is_read(tmp_path: Path) -> None:
    write_audio(tmp_path / "read.wav", drum_loop(1), SAMPLE_RATE, "PCM_16")
    with pytest.raises(soundfile.LibsndfileError), open_audio(tmp_path / "read.wav", SAMPLE_RATE):
        soundfile.SoundFile(tmp_path / "other.wav")


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

"""Folders of audio become folders of codes: what is refused, and what changes no byte."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from helpers.checkout import ROOT, SMALL_CODEC
from helpers.signals import SAMPLE_RATE, drum_loop, silence, sine
from legato import shards
from legato.codec import encode
from legato.codec.encode import SMALL_ENCODER_DIM, EncodeParams, encode_tracks, worth_compiling
from legato.codec.engine import device_of
from legato.contract.codes import read_codes
from legato.errors import LegatoError
from legato.files import sha256_of
from legato.tokens import n_frames
from legato.work import items
from legato.workspace.layout import PACKING


@pytest.fixture
def tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three short tracks; the parameters are the project's."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    folder = tmp_path / "audio"
    folder.mkdir()
    for name, audio in (("a", drum_loop(3)), ("b", sine(0.2, -6)), ("c", drum_loop(2, seed=1)[:, :1])):
        soundfile.write(folder / f"{name}.wav", audio, SAMPLE_RATE)
    return sorted(folder.iterdir())


def encoded(tracks: list[Path], folder: Path, **params: Any) -> dict[str, str]:
    """The SHA-256 of each track's file of codes."""
    folder.mkdir()
    rows = encode_tracks(tracks, folder, SMALL_CODEC, EncodeParams(**params))
    assert [row["id"] for row in rows] == [path.stem for path in tracks]
    assert all(row["codes_sha256"] == sha256_of(folder / f"{row['id']}.pt") for row in rows)
    assert all(row["frames"] == len(read_codes(folder / f"{row['id']}.pt")) for row in rows)
    return {row["id"]: row["codes_sha256"] for row in rows}


def test_workers_windows_and_shared_batches_change_no_byte(
    tracks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = encoded(tracks, tmp_path / "alone")
    assert encoded(tracks[::-1], tmp_path / "windows", window_frames=130) == alone
    monkeypatch.setenv(items.WORKERS_VARIABLE, "2")
    assert encoded(tracks, tmp_path / "processes") == alone
    engine = encode._engine(SMALL_CODEC, EncodeParams(), "cpu", 0.0)
    monkeypatch.setattr(encode, "find_device", lambda _: "cuda")  # threads that share a model, as on a GPU
    monkeypatch.setattr(encode, "_engine", lambda *_: engine)
    assert encoded(tracks, tmp_path / "threads") == alone


def test_packed_codes_are_the_same_and_nothing_else_is_left(tracks: list[Path], tmp_path: Path) -> None:
    alone = encoded(tracks, tmp_path / "alone")
    rows = encode_tracks(tracks, tmp_path / "packed", SMALL_CODEC, EncodeParams(), "shards")
    assert {row["id"]: row["codes_sha256"] for row in rows} == alone
    assert [path.name for path in sorted((tmp_path / "packed").iterdir())] == ["index.jsonl", "packed-000000.tar"]
    for name in alone:
        assert shards.read(tmp_path / f"packed/{name}.pt") == (tmp_path / f"alone/{name}.pt").read_bytes()
    assert not (PACKING / tmp_path.relative_to("/") / "packed").exists()


def written(content: Any, rate: int = SAMPLE_RATE) -> Callable[[Path], None]:
    return lambda path: soundfile.write(path, content, rate, subtype="FLOAT")


def with_nan(seconds: float) -> np.ndarray:
    audio = drum_loop(seconds)
    audio[-100] = np.nan
    return audio


BAD_AUDIO = {
    "nan": (written(with_nan(4)), "holds NaN or infinite samples"),
    "three": (written(np.zeros((1000, 3))), "3 channels: must be 1 or 2"),
    "slow": (written(sine(0.1, -6), 8000), "sample rate 8000: must be at least 16000"),
    "empty": (written(silence(0)), "holds no samples"),
    "text": (lambda path: path.write_text("no audio"), "cannot be read as audio"),
    "missing": (lambda _: None, "cannot be read as audio: no such file"),
}


@pytest.mark.parametrize("name", BAD_AUDIO)
def test_bad_audio_is_one_line_and_the_others_are_encoded(tracks: list[Path], tmp_path: Path, name: str) -> None:
    write, line = BAD_AUDIO[name]
    bad = tracks[0].with_name(f"{name}.wav")
    write(bad)
    with pytest.raises(LegatoError) as error:
        encoded([bad, *tracks], tmp_path / "codes")
    assert str(error.value).startswith(f"encode: 1 of 4 tracks failed: {name}: {bad}: {line}")
    assert "\n" not in str(error.value)
    assert sorted(path.stem for path in (tmp_path / "codes").iterdir()) == ["a", "b", "c"]


def test_a_file_cut_short_is_named(tracks: list[Path], tmp_path: Path) -> None:
    flac = tracks[0].with_suffix(".flac")
    soundfile.write(flac, soundfile.read(tracks[0])[0], SAMPLE_RATE)
    flac.write_bytes(flac.read_bytes()[: flac.stat().st_size // 2])
    with pytest.raises(LegatoError, match=r"1 of 1 track failed: a: .*a\.flac: "):
        encoded([flac], tmp_path / "codes")


@pytest.mark.parametrize("rate", [22050, 48000])
def test_other_rates_are_resampled(tracks: list[Path], tmp_path: Path, codec_model: Any, rate: int) -> None:
    time = np.arange(2 * rate) / rate
    path = tracks[0].with_name("tone.wav")
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * time), rate)
    encoded([path], tmp_path / "codes")
    from legato.codec import model as codec

    codes = read_codes(tmp_path / "codes/tone.pt")
    assert len(codes) == n_frames(2 * SAMPLE_RATE)
    spectrum = np.abs(np.fft.rfft(codec.decode(codec_model, codes)[:SAMPLE_RATE, 0]))
    assert abs(int(spectrum.argmax()) - 440) <= 1


def test_a_gpu_that_is_not_there_is_one_line(
    tracks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(LegatoError, match=r"^params.yaml: encode.device: 'cuda': there is no GPU here"):
        encoded(tracks, tmp_path / "codes", device="cuda")
    assert device_of("auto") == device_of("cpu") == "cpu"


def test_compiling_waits_for_work_that_pays_for_it(codec_model: Any) -> None:
    assert codec_model.encoder_dim == SMALL_ENCODER_DIM
    assert not worth_compiling(SMALL_ENCODER_DIM, "cpu", 60)
    assert worth_compiling(SMALL_ENCODER_DIM, "cpu", 3600)

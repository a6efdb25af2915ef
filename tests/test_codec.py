"""Codes of windows are codes of the whole track; decoding gives the track back; wrong weights are named."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from conftest import SMALL_CODEC
from legato import codec
from legato.encode import MIN_WINDOW_FRAMES
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CHANNELS, N_CODEBOOKS, n_frames
from signals import SAMPLE_RATE, drum_loop, si_sdr_db, silence, sine


def noise(n_samples: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal((n_samples, 2))).astype(np.float32)


def plain_codes(model: Any, audio: np.ndarray) -> np.ndarray:
    """Channel by channel over the whole track in one call, as the codec's own documentation does it."""
    sides = []
    with torch.inference_mode():
        for channel in audio.T:
            signal = model.preprocess(torch.from_numpy(channel.copy())[None, None], SAMPLE_RATE)
            sides.append(model.encode(signal)[1][0].T)
    return torch.cat(sides, dim=1).numpy()


@given(st.integers(1, 4000), st.integers(MIN_WINDOW_FRAMES, 500))
def test_windows_keep_every_frame_once_and_away_from_their_cuts(n_codes: int, window_frames: int) -> None:
    kept = 0
    for start, keep in codec.windows(n_codes, window_frames):
        assert start + keep.start == kept
        assert start == 0 or keep.start >= codec.MARGIN_FRAMES
        length = min(window_frames, n_codes)
        assert start + length == n_codes or keep.stop <= length - codec.MARGIN_FRAMES
        assert start + length <= n_codes
        kept = start + keep.stop
    assert kept == n_codes


@pytest.mark.parametrize("window_frames", [64, 97, 200])
@pytest.mark.parametrize("n_samples", [1, 511, 512, 64 * 512, 64 * 512 + 1, 3 * SAMPLE_RATE + 77])
def test_windowed_codes_are_the_whole_tracks(codec_model: Any, n_samples: int, window_frames: int) -> None:
    audio = noise(n_samples)
    codes = codec.encode(codec_model, audio, window_frames).numpy()
    np.testing.assert_array_equal(codes, plain_codes(codec_model, audio))


@pytest.mark.parametrize("audio", [silence(1), sine(1, -6), drum_loop(1)])
def test_codes_have_the_clients_format(codec_model: Any, audio: np.ndarray) -> None:
    codes = codec.encode(codec_model, audio, 64)
    assert codes.dtype == torch.int16
    assert codes.shape == (n_frames(len(audio)), N_CHANNELS)
    assert codes.is_contiguous()
    assert codes.untyped_storage().nbytes() == codes.numel() * codes.element_size()
    assert 0 <= codes.min() <= codes.max() < CODEBOOK_SIZE


def test_left_comes_before_right_and_equal_channels_have_equal_codes(codec_model: Any) -> None:
    left, right = sine(0.5, -6)[:, 0], drum_loop(0.5)[:, 0]
    codes = codec.encode(codec_model, np.stack([left, right], axis=1), 64)
    for side, channel in enumerate((left, right)):
        mono = codec.encode(codec_model, np.stack([channel, channel], axis=1), 64)
        assert torch.equal(mono[:, :N_CODEBOOKS], mono[:, N_CODEBOOKS:])
        assert torch.equal(codes[:, side * N_CODEBOOKS :][:, :N_CODEBOOKS], mono[:, :N_CODEBOOKS])


def test_decoding_gives_the_track_back_in_stereo(codec_model: Any) -> None:
    track = np.stack([sine(2, -12, hz=220)[:, 0], sine(2, -12, hz=330)[:, 0]], axis=1)
    audio = codec.decode(codec_model, codec.encode(codec_model, track, 64))
    assert audio.dtype == np.float32
    assert audio.shape == (n_frames(len(track)) * HOP_LENGTH, 2)
    for side in (0, 1):
        assert si_sdr_db(audio[: len(track), side], track[:, side]) > 8
        assert si_sdr_db(audio[: len(track), side], track[:, 1 - side]) < 0


class Malicious:
    def __reduce__(self) -> Any:
        return print, ("code from the weights ran",)


def broken(path: Path, change: str) -> None:
    """Write the small codec's weights with one thing wrong."""
    content = SMALL_CODEC.read_bytes()
    checkpoint = torch.load(SMALL_CODEC, weights_only=True)
    kwargs = checkpoint["metadata"]["kwargs"]
    match change:
        case "truncated":
            path.write_bytes(content[: len(content) // 2])
        case "empty":
            path.touch()
        case "text":
            path.write_text("not weights")
        case "pickle":
            path.write_bytes(pickle.dumps({"state_dict": Malicious()}))
        case "code":
            torch.save({"state_dict": Malicious(), "metadata": {"kwargs": kwargs}}, path)
        case "other":
            torch.save({"weights": 1}, path)
        case "width":
            kwargs["encoder_dim"] *= 2
            torch.save(checkpoint, path)
        case _:
            kwargs[change] = {
                "sample_rate": 24000,
                "encoder_rates": [2, 4, 5, 8],
                "n_codebooks": 12,
                "codebook_size": 2048,
            }[change]
            torch.save(checkpoint, path)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("missing", "no such codec weights"),
        ("truncated", "truncated, or no checkpoint of plain tensors"),
        ("empty", "truncated, or no checkpoint of plain tensors"),
        ("text", "truncated, or no checkpoint of plain tensors"),
        ("pickle", "truncated, or no checkpoint of plain tensors"),
        ("code", "truncated, or no checkpoint of plain tensors"),
        ("other", "not a DAC checkpoint: it has no state_dict and metadata.kwargs"),
        ("width", "the weights do not fit the architecture they name"),
        ("sample_rate", "sample_rate: 24000: a codec for this dataset has 44100"),
        ("encoder_rates", "hop_length: 320: a codec for this dataset has 512"),
        ("n_codebooks", "n_codebooks: 12: a codec for this dataset has 9"),
        ("codebook_size", "codebook_size: 2048: a codec for this dataset has 1024"),
    ],
)
def test_wrong_weights_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str], change: str, line: str) -> None:
    path = tmp_path / "weights.pth"
    if change != "missing":
        broken(path, change)
    with pytest.raises(LegatoError) as error:
        codec.load(path)
    assert str(error.value).startswith(f"{path}: {line}")
    assert "\n" not in str(error.value)
    assert "code from the weights ran" not in capfd.readouterr().out

"""Decoding gives the track back; wrong weights are named."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helpers.checkout import SMALL_CODEC
from helpers.signals import si_sdr_db, sine
from legato.codec import model as codec
from legato.codec.engine import Engine, track_codes
from legato.codec.skeleton import load_encoder
from legato.errors import LegatoError
from legato.tokens import HOP_LENGTH


def whole(audio: np.ndarray) -> list[tuple[slice, np.ndarray]]:
    """A track of whole frames as one window."""
    return [(slice(None), np.ascontiguousarray(audio.T))]


def test_decoding_gives_the_track_back_in_stereo(codec_model: Any) -> None:
    track = np.stack([sine(2, -12, hz=220)[:, 0], sine(2, -12, hz=330)[:, 0]], axis=1)[: 150 * HOP_LENGTH]
    audio = codec.decode(codec_model, track_codes(Engine(codec_model, "exact"), whole(track)))
    assert audio.dtype == np.float32
    assert audio.shape == track.shape
    for side in (0, 1):
        assert si_sdr_db(audio[:, side], track[:, side]) > 8
        assert si_sdr_db(audio[:, side], track[:, 1 - side]) < 0


def test_decoding_in_windows_is_decoding_the_whole(codec_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = torch.from_numpy(np.random.default_rng(0).integers(0, 1024, (200, 18)))
    in_one = codec.decode(codec_model, codes)
    monkeypatch.setattr(codec, "DECODE_WINDOW_FRAMES", 70)
    np.testing.assert_allclose(codec.decode(codec_model, codes), in_one, atol=1e-5)


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
    for load in (codec.load, load_encoder):
        with pytest.raises(LegatoError) as error:
            load(path)
        assert str(error.value).startswith(f"{path}: {line}")
        assert "\n" not in str(error.value)
    assert "code from the weights ran" not in capfd.readouterr().out

"""Encoding needs the encoder alone: what is loaded for it, what is not, and that no number is another."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch

from helpers.checkout import ROOT, SMALL_CODEC
from helpers.signals import SAMPLE_RATE, drum_loop
from legato.codec import native
from legato.codec.engine import Engine
from legato.codec.network import FastEncoder, Snake
from legato.codec.skeleton import load_encoder
from legato.work import compiler_cache

# Of the codec's library, which take longer to import than torch does.
NEVER = {"dac", "audiotools", "librosa", "matplotlib", "tensorboard", "scipy", "torch._inductor", "torch._dynamo"}
ENCODE = """
import sys
from pathlib import Path
from legato.codec.encode import EncodeParams, encode_tracks
audio, folder, weights, precision = sys.argv[1:]
settings, find = EncodeParams(precision=precision), sys.modules.__contains__
import legato.codec.encode as encode
encode._is_compiled(Path(weights), settings, "cpu", 100.0)
print(find("torch"), end=" ")
encode_tracks([Path(audio)], Path(folder), Path(weights), settings)
print(*sorted(sys.modules))
"""


@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_a_track_is_encoded_without_the_codecs_library(tmp_path: Path, precision: str) -> None:
    """In one process, as one more track of a category is."""
    audio = tmp_path / "a.wav"
    soundfile.write(audio, drum_loop(1), SAMPLE_RATE)
    command = [sys.executable, "-c", ENCODE, str(audio), str(tmp_path / "codes"), str(SMALL_CODEC), precision]
    environment = {"LEGATO_WORKERS": "1", "LEGATO_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT / "src")}
    ended = subprocess.run(
        command, cwd=ROOT, env=dict(**environment, PATH="/usr/bin:/bin"), capture_output=True, text=True, check=True
    )
    of_deciding, *modules = ended.stdout.split()
    assert of_deciding == "False"  # whether to compile is known before torch is
    assert {"torch", "legato.codec.engine"} <= set(modules)
    assert not NEVER & set(modules)
    assert (tmp_path / "codes/a.pt").is_file()


def test_the_encoder_alone_has_the_numbers_of_the_whole(codec_model: Any, tiny_weights: Path) -> None:
    from legato.codec import model as codec

    for whole, alone in (
        (codec_model, load_encoder(SMALL_CODEC)),
        (codec.load(tiny_weights), load_encoder(tiny_weights)),
    ):
        expected = {name: value for name, value in whole.state_dict().items() if not name.startswith("decoder.")}
        found = alone.state_dict()
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], value) for name, value in expected.items())
        assert (alone.encoder_dim, alone.latent_dim) == (whole.encoder_dim, whole.latent_dim)


@pytest.mark.skipif(native.snake_kernel() is None, reason="no C compiler")
def test_each_snake_of_fast_is_one_call_of_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    network, kernel, calls = FastEncoder(load_encoder(SMALL_CODEC)).eval(), native.snake_kernel(), []
    monkeypatch.setattr("legato.codec.network.snake_kernel", lambda: lambda *rows: calls.append(1) or kernel(*rows))
    codes = network(torch.from_numpy(drum_loop(1)[: 64 * 512, 0].copy())[None])
    assert codes.shape == (1, 64, 9)
    assert len(calls) == sum(isinstance(module, Snake) for module in network.modules()) == 29


@pytest.mark.skipif(native.snake_kernel() is None, reason="no C compiler")
@pytest.mark.parametrize("n", [1, 7, 160, 16_000])
def test_machine_code_gives_the_snake_of_its_formula(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    snake = Snake(type("Any", (), {"alpha": torch.linspace(0.2, 3, 12).view(1, 12, 1)})()).requires_grad_(False)
    x = 8 * torch.randn(2, 12, 1, n, generator=torch.Generator().manual_seed(0))
    x = x.contiguous(memory_format=torch.channels_last)
    exact = x.double() + snake.inverse.double() * (snake.alpha.double() * x.double()).sin().square()
    torch.testing.assert_close(snake(x).double(), exact, atol=1e-5, rtol=1e-6)
    monkeypatch.setattr("legato.codec.network.snake_kernel", lambda: None)
    torch.testing.assert_close(snake(x).double(), exact, atol=1e-5, rtol=1e-6)


def test_without_a_compiler_there_is_no_machine_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    assert native.snake_kernel.__wrapped__() is None
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("LEGATO_CACHE", str(tmp_path))
    monkeypatch.setenv("CC", "false")  # a compiler that fails
    assert native.snake_kernel.__wrapped__() is None
    assert not list((tmp_path / compiler_cache.FOLDER).glob("*.so"))


def test_windows_of_fast_stay_in_the_cache_of_a_cpu(codec_model: Any) -> None:
    assert Engine(codec_model, "fast").most_frames == 160
    assert Engine(codec_model, "exact").most_frames is None

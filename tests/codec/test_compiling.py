"""What is compiled is compiled once per machine, and gives what the network gives."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch._inductor.config
from torch import nn

from legato.codec import compiling
from legato.codec.network import sin_squared
from legato.work import compiler_cache
from legato.work.item_cache import VARIABLE


class Small(nn.Module):
    """A network of a few numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, 4), requires_grad=False)

    def forward(self, audio_BN: torch.Tensor) -> torch.Tensor:
        return sin_squared(audio_BN * self.weight)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(compiler_cache.VARIABLE, str(tmp_path / "inductor"))
    return tmp_path / "cache" / "compiled"


@pytest.mark.skipif(not compiler_cache.can_compile("cpu"), reason="no C++ compiler")
def test_a_network_is_compiled_once_and_then_loaded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, audio_BN = Small().eval(), torch.linspace(-9, 9, 8).view(2, 4)
    expected = network(audio_BN)
    first = compiling.compiled(network, (2, 4))
    torch.testing.assert_close(first(audio_BN), expected, atol=1e-6, rtol=0)
    (made,) = cache.glob("*.pt2")
    monkeypatch.setattr(compiling, "_make", None)  # is not asked again
    assert torch.equal(compiling.compiled(network, (2, 4))(audio_BN), first(audio_BN))
    key = compiling._key(network, (2, 4), torch.device("cpu"))
    assert made.stem == key
    assert compiling._key(network, (1, 4), torch.device("cpu")) != key
    with torch.no_grad():
        network.weight[0] = 0
    assert compiling._key(network, (2, 4), torch.device("cpu")) != key


def test_without_a_compiler_the_network_itself_is_used_and_a_line_says_so(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch._inductor.config.cpp, "cxx", (None, "no-such-compiler"))
    network = Small()
    assert compiling.compiled(network, (2, 4)) is network
    assert capsys.readouterr().out.count("\n") == 1
    assert not cache.exists()


def test_where_nothing_can_be_compiled_ahead_a_line_says_so(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_network: nn.Module, _audio: torch.Tensor, path: Path) -> Any:
        path.write_bytes(b"half")
        raise RuntimeError("no compiler here\nand more")

    monkeypatch.setattr(compiling, "_make", fail)
    monkeypatch.setattr(compiler_cache, "can_compile", lambda _: True)
    assert callable(compiling.compiled(Small(), (2, 4)))
    assert capsys.readouterr().out.count("\n") == 1
    assert not list(cache.glob("*.pt2"))


def test_a_square_of_a_sine_is_that_of_a_sine() -> None:
    x = torch.linspace(-300, 300, 100_001)
    error = (sin_squared(x) - x.double().sin().square()).abs()
    assert error.max() < 3e-5
    assert error[x.abs() < 20].max() < 2e-6
    assert sin_squared(torch.zeros(1)) == 0

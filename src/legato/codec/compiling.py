"""A network compiled for windows of one length, once per machine: other processes load what the first has made."""

import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from legato.codec import network as networks
from legato.files import replacing
from legato.work import compiler_cache

Network = Callable[[Tensor], Tensor]


def compiled(network: nn.Module, shape: tuple[int, int]) -> Network:
    """The network for audio of a shape, (B, N), on its device, from the cache where it is there.

    It is compiled ahead of time into a file with its weights, which loads in a second, where `torch.compile` traces and
    looks up what it has made for several in each process. Where that fails, `torch.compile` does it; where there is no
    compiler, the network itself does.
    """
    device = next(network.parameters()).device
    if not compiler_cache.can_compile(device.type):
        return network
    if device.type == "cpu":
        torch.set_num_threads(1)  # it is compiled for that many
    path = compiler_cache.folder() / f"{_key(network, shape, device)}.pt2"
    try:
        with compiler_cache.alone(path):
            if not path.exists():
                _make(network, torch.zeros(shape, device=device), path)
        path.touch()  # pruning asks when it was used last
        return torch._inductor.aoti_load_package(str(path))
    except Exception as error:  # of a compiler that is missing or fails, torch may raise anything
        path.unlink(missing_ok=True)
        reason = (str(error) or type(error).__name__).splitlines()[0]
        print(f"note: the codec cannot be compiled ahead of time, torch.compile does it in each process: {reason}")
        return _at_once(network)


def _make(network: nn.Module, audio_BN: Tensor, path: Path) -> None:
    with warnings.catch_warnings(), torch.no_grad(), replacing(path) as temporary:
        warnings.simplefilter("ignore")
        package = temporary.with_suffix(".pt2")  # the only name it takes
        exported = torch.export.export(network, (audio_BN,))
        configs = {"freezing": True}  # weights are constants, repacked once for their kernels
        torch._inductor.aoti_compile_and_package(exported, package_path=str(package), inductor_configs=configs)
        package.replace(temporary)


def _at_once(network: nn.Module) -> Network:
    import torch._inductor.config as inductor

    inductor.freezing = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.compile(network, dynamic=False)


def _key(network: nn.Module, shape: tuple[int, int], device: torch.device) -> str:
    """A hash of all that decides the code and the numbers in it."""
    on_gpu = device.type == "cuda"
    content: list[Any] = [
        torch.__version__,
        torch.cuda.get_device_name(device) if on_gpu else compiler_cache.processor(),
        Path(networks.__file__).read_text(),
        Path(__file__).read_text(),
        type(network).__name__,
        shape,
    ]
    found = hashlib.sha256(json.dumps(content).encode())
    for name, value in network.state_dict().items():
        found.update(f"{name} {value.dtype}".encode())
        found.update(value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()

"""What a GPU's fp32 arithmetic costs, and what each faster one changes: `python benchmarks/encode_kernels.py --full`.

Windows of noise through the encoder in this process, nothing read or written: milliseconds for a second of audio of one
channel, and the share of codes that `exact` has otherwise. It says which of cuDNN's choices (layout, kernels chosen by
timing, TF32) and which batch are worth having, and whether the network's own Snake is one kernel here.
"""

import argparse
import itertools
import tempfile
import time
from pathlib import Path

import torch

from encode import SMALL, write_full_size
from legato.codec import model as codec
from legato.codec.engine import device_of
from legato.codec.network import ExactEncoder, FastEncoder, fused_snake
from legato.tokens import HOP_LENGTH, SAMPLE_RATE

WINDOW_FRAMES = 256
LAYOUTS = ("rows", "channels last")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--full", action="store_true", help="a network of the official size")
    parser.add_argument("--batches", type=int, nargs="+", default=[16, 32, 64, 128])
    parser.add_argument("--frames", type=int, default=WINDOW_FRAMES)
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    device = device_of(chosen.device, "--device")
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.pth" if chosen.full else SMALL
        if chosen.full:
            write_full_size(weights)
        model = codec.load(weights)
    networks = {"rows": ExactEncoder(model).to(device), "channels last": FastEncoder(model).to(device)}
    generator = torch.Generator().manual_seed(0)
    audio_BN = 0.1 * torch.randn(max(chosen.batches), chosen.frames * HOP_LENGTH, generator=generator)
    if device == "cuda":
        print(f"{torch.cuda.get_device_name()}; Snake in one kernel of the same bits: {fused_snake() is not None}")
    on_gpu = [False, True] if device == "cuda" else [False]
    print(f"{'layout':14} {'timed choice':>12} {'TF32':>6} {'batch':>6} {'ms / s':>8} {'codes that differ':>18}")
    expected = None
    for layout, timed, tf32, batch in itertools.product(LAYOUTS, on_gpu, on_gpu, chosen.batches):
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, timed
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
        found, took_s = timed_codes(networks[layout], audio_BN[:batch].to(device), chosen.repeats)
        expected = found if expected is None else expected
        wrong = (found[: len(expected)] != expected[: len(found)]).double().mean()
        ms = 1000 * took_s / (batch * chosen.frames * HOP_LENGTH / SAMPLE_RATE)
        print(f"{layout:14} {timed!s:>12} {tf32!s:>6} {batch:6} {ms:8.3f} {wrong:18.4%}", flush=True)


@torch.inference_mode()
def timed_codes(network: torch.nn.Module, audio_BN: torch.Tensor, repeats: int) -> tuple[torch.Tensor, float]:
    """The codes, and the seconds of the fastest call but the first."""
    found, best_s = network(audio_BN).cpu(), float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        network(audio_BN).cpu()
        best_s = min(best_s, time.perf_counter() - started)
    return found, best_s


if __name__ == "__main__":
    main()

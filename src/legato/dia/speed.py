"""How fast a run is: frames per second, the share of time it waits for batches, and what it uses of the GPU.

These depend on the machine, so they go to the console and to a log that neither Git nor DVC compares.
"""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import torch
from transformers import DiaForConditionalGeneration

from legato.dia.halves import halves

Item = TypeVar("Item")
# Dense bf16 FLOPs a second by a part of the GPU's name, from NVIDIA's data sheets; the first that fits.
PEAKS = {
    "B200": 2250e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "A10G": 70e12,
    "RTX 4090": 165e12,
}


class Stopwatch:
    """Times steps, and the waiting for what they learn from."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin a lap: what came before, measuring and saving say, is not counted."""
        self.steps, self.waited_s, self.start_s = 0, 0.0, time.perf_counter()

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, with the time that each was waited for noted."""
        iterator = iter(items)
        while True:
            asked_s = time.perf_counter()
            item = next(iterator, None)
            self.waited_s += time.perf_counter() - asked_s
            if item is None:
                return
            self.steps += 1
            yield item

    def lap(self, frames_per_step: int, flops_per_step: float, peak: float | None) -> dict[str, float]:
        """Figures of a lap, and the next begins; `mfu` is the share of the GPU's peak, left out where none is known."""
        seconds, steps, waited_s = time.perf_counter() - self.start_s, self.steps, self.waited_s
        self.restart()
        found = {
            "frames_per_second": round(steps * frames_per_step / seconds, 1),
            "ms_per_step": round(1000 * seconds / max(1, steps), 2),
            "wait_share": round(waited_s / seconds, 5),
        }
        return found | ({"mfu": round(steps * flops_per_step / seconds / peak, 4)} if peak else {})


def peak_flops(device: torch.device) -> float | None:
    """What a GPU computes in bf16 at most, FLOPs a second; None for others and for those not in `PEAKS`."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    return next((flops for part, flops in PEAKS.items() if part in name), None)


def flops_per_window(model: DiaForConditionalGeneration, frames: int, text_length: int) -> int:
    """FLOPs of the forward and backward pass over one window: matrix products alone, attention not halved for its mask.

    Two for each weight and row on the way forward, and twice that on the way back.
    """
    forward = 0
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            is_of_text = ".encoder." in name or name.endswith(("cross_attention.k_proj", "cross_attention.v_proj"))
            forward += 2 * module.weight.numel() * (text_length if is_of_text else frames)
    encoder, decoder = halves(model.config)
    for n_layers, n_heads, head_dim, n_pairs in (
        (encoder.num_hidden_layers, encoder.num_attention_heads, encoder.head_dim, text_length * text_length),
        (decoder.num_hidden_layers, decoder.num_attention_heads, decoder.head_dim, frames * frames),
        (decoder.num_hidden_layers, decoder.cross_num_attention_heads, decoder.cross_head_dim, frames * text_length),
    ):
        forward += 4 * n_layers * n_heads * head_dim * n_pairs
    return 3 * forward


def append(path: Path, row: dict[str, float]) -> None:
    """One more line of JSON in a log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="ascii") as file:
        file.write(json.dumps(row, sort_keys=True) + "\n")

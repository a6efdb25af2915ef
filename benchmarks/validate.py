"""How long `legato validate FOLDER` takes over many tracks, against reading alone: `python benchmarks/validate.py`.

The plain way is `torch.load` of each file and nothing else, in one process. Both read the same 10,000 files of 30 s,
with different random codes, in a temporary folder (0.9 GB), and take turns.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from legato.contract.codes import write_codes
from legato.contract.folder import CODES_FOLDER, METADATA
from legato.dataset.folder_check import check_folder
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS, SAMPLE_RATE

N_FRAMES = 2584  # 30 s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_folder(folder, chosen.tracks)
        ways = {"plain": lambda: load_all(folder), "validate": lambda: check_folder(folder)}
        took = {way: [] for way in ways}
        for _ in range(chosen.rounds):
            for way, work in ways.items():
                took[way].append(seconds_of(work))
    for way, seconds in took.items():
        middle = statistics.median(seconds)
        ratio = middle / statistics.median(took["plain"])
        print(f"{way:9} {middle:7.1f} s, {chosen.tracks / middle:8.0f} tracks a second, {ratio:.2f} x plain")


def write_folder(folder: Path, n_tracks: int) -> None:
    """A dataset of random codes."""
    generator = torch.Generator().manual_seed(0)
    entries = {}
    for index in range(n_tracks):
        codes_TK = torch.randint(CODEBOOK_SIZE, (N_FRAMES, N_CHANNELS), generator=generator).to(torch.int16)
        write_codes(folder / CODES_FOLDER / f"t_{index:05d}.pt", codes_TK)
        entry = {"text": f"beat, {index} bpm", "sr": SAMPLE_RATE, "channels": N_CHANNELS, "length": N_FRAMES}
        entries[f"t_{index:05d}.pt"] = entry
    (folder / METADATA).write_text(json.dumps(entries))


def load_all(folder: Path) -> None:
    """The plain way."""
    for path in sorted((folder / CODES_FOLDER).iterdir()):
        torch.load(path, weights_only=True)


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()

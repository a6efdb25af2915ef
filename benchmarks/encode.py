"""How fast a folder of audio becomes a folder of codes, against the plain way: `python benchmarks/encode.py`.

The plain way is that of trainers' own scripts: track by track, channel by channel, the whole track in one call of
`dac.DAC.encode`, with PyTorch's defaults. Every way reads the same files, uses the same weights, writes its codes and
runs in a process of its own, imports and compiling included; the ways take turns, so that what else the machine does
falls on all. CPU seconds are those of all processes of a way: they tell the work where other programs take wall time.
No track is in a cache. What is compiled is made in the first round and kept for the later ones, as in daily use:
`first s` is that round's time; `--cold` makes it in each.
With `--device cuda` the plain way runs twice, with PyTorch's TF32 convolutions and without; `--full` takes a network
of the official size (random weights: they cost the same).
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SMALL = Path("models/codec/small.pth")
WAYS = {"cpu": ("plain", "exact", "fast"), "cuda": ("plain", "plain_fp32", "exact", "fast")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audio", type=Path, default=Path("dataset/raw_audio"), help="a folder of .wav or .flac")
    parser.add_argument("--tracks", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", choices=list(WAYS), default="cpu")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--compile", choices=("auto", "true", "false"), default="auto")
    parser.add_argument("--cold", action="store_true", help="compile in each round")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    every = sorted(path for path in chosen.audio.rglob("*") if path.suffix in (".wav", ".flac"))
    tracks = every[:: max(1, len(every) // chosen.tracks)][: chosen.tracks]
    if not tracks:
        raise SystemExit(f"{chosen.audio}: no audio; run `dvc repro normalize` first, or name a folder with --audio")
    if chosen.way:
        run_way(chosen, tracks)
    else:
        compare(chosen, tracks)


def compare(chosen: argparse.Namespace, tracks: list[Path]) -> None:
    """Print each way's median over the rounds, and how many codes differ from the plain way's."""
    import soundfile

    ways = WAYS[chosen.device]
    audio_s = sum(soundfile.info(path).duration for path in tracks)
    wall: dict[str, list[float]] = {way: [] for way in ways}
    cpu: dict[str, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        if chosen.full:
            write_full_size(Path(folder) / "weights.pth")
        for _ in range(chosen.rounds):
            for way in ways:
                cache = forgotten(Path(folder) / "cache", chosen.cold)
                before, started = _children_s(), time.monotonic()
                command = [sys.executable, *sys.argv, "--way", way, "--folder", folder]
                subprocess.run(command, check=True, env=os.environ | {"LEGATO_CACHE": str(cache)})
                wall[way].append(time.monotonic() - started)
                cpu[way].append(_children_s() - before)
        print(f"{len(tracks)} tracks, {audio_s:.0f} s of stereo, {chosen.rounds} rounds, {os.cpu_count()} cores")
        columns = f"{'first s':>7} {'wall s':>7} {'x real':>7} {'x plain':>8} {'CPU s':>7} {'x plain':>8}"
        print(f"{'way':11} {columns}  codes that differ")
        for way in ways:
            took, worked = statistics.median(wall[way]), statistics.median(cpu[way])
            gains = [statistics.median(a / b for a, b in zip(s["plain"], s[way], strict=True)) for s in (wall, cpu)]
            walls = f"{wall[way][0]:7.1f} {took:7.1f} {audio_s / took:7.1f} {gains[0]:8.2f}"
            print(f"{way:11} {walls} {worked:7.1f} {gains[1]:8.2f}  {differing(Path(folder), way, tracks)}")


def forgotten(cache: Path, with_compiled: bool) -> Path:
    """A cache that holds no track, and nothing that was compiled where that is asked for."""
    for path in cache.glob("*"):
        if with_compiled or path.name != "compiled":
            shutil.rmtree(path)
    return cache


def differing(folder: Path, way: str, tracks: list[Path]) -> str:
    """How many codes are not the plain way's."""
    import torch

    pairs = [[torch.load(folder / name / f"{path.stem}.pt") for name in ("plain", way)] for path in tracks]
    wrong, total = sum(int((a != b).sum()) for a, b in pairs), sum(a.numel() for a, _ in pairs)
    return f"{wrong} of {total} ({wrong / total:.4%})"


def run_way(chosen: argparse.Namespace, tracks: list[Path]) -> None:
    """Encode the tracks in this process, into a folder of the way's name."""
    weights = chosen.folder / "weights.pth" if chosen.full else SMALL
    target = chosen.folder / chosen.way
    target.mkdir(exist_ok=True)
    if chosen.way.startswith("plain"):
        run_plain(tracks, weights, target, chosen.device, tf32=chosen.way == "plain")
        return
    from legato.codec.encode import EncodeParams, encode_tracks

    compiled = chosen.compile if chosen.compile == "auto" else chosen.compile == "true"
    params = EncodeParams(precision=chosen.way, device=chosen.device, compile=compiled)
    encode_tracks(tracks, target, weights, params)


def run_plain(tracks: list[Path], weights: Path, target: Path, device: str, tf32: bool) -> None:
    """Track by track, channel by channel, the whole track in one call."""
    import dac
    import soundfile
    import torch

    torch.backends.cudnn.allow_tf32 = tf32
    model = dac.DAC.load(weights).to(device).eval()
    for path in tracks:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        sides = []
        with torch.no_grad():
            for channel in audio.T:
                signal = model.preprocess(torch.from_numpy(channel.copy())[None, None].to(device), rate)
                sides.append(model.encode(signal)[1][0].T.cpu())
        torch.save(torch.cat(sides, dim=1).to(torch.int16), target / f"{path.stem}.pt")


def write_full_size(path: Path) -> None:
    """Weights of the official 44.1 kHz architecture, not trained."""
    import dac
    import torch

    torch.manual_seed(0)
    shape = {"encoder_dim": 64, "encoder_rates": [2, 4, 8, 8], "decoder_dim": 1536, "decoder_rates": [8, 8, 4, 2]}
    kwargs = shape | {"n_codebooks": 9, "codebook_size": 1024, "codebook_dim": 8, "sample_rate": 44100}
    torch.save({"state_dict": dac.DAC(**kwargs).state_dict(), "metadata": {"kwargs": kwargs}}, path)


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()

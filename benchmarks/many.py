"""Time and memory by the number of tracks: `python benchmarks/many.py [--tracks N ...] [--only NAME ...]`.

Tracks of a second, 86 frames of random codes in archives, in 10 categories, with prompts and facts as the stages leave
them. Each line is a process of its own, in a temporary clone of what is checked out: CPU seconds (user and system, so
that what else the machine does counts little) and its peak of memory. The last columns are what a track costs, and the
exponent between this size and the one before: 1 is linear, 2 quadratic. What a process takes with no tracks, which is
its start, is measured by one of 10 tracks and taken off before.

- collect, audit, stats, report: the stages; the tracks have no audio or MIDI, so the report draws none
- duplicates, vendi: what `diversity` does with features that are there, 800 and 256 numbers a track
- read, batch: training's reader, which looks at each track once; then a step's windows, the mean of 100 steps
- commit: DVC hashes codes and prompts and puts them into its cache
- diff: `legato diff` of two versions, in which 1 % of the prompts differ
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import yaml

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
FEW = 10
WORK = """
import sys, time
import numpy as np
from pathlib import Path
what, n = sys.argv[1], int(sys.argv[2])
if what in ("duplicates", "vendi"):
    from legato.measure import diversity
    from legato.work.spilled import Table
    rng = np.random.default_rng(0)
    n_kinds, n_numbers = (12, 800) if what == "duplicates" else (12, 256)
    mixes = rng.standard_normal((n_kinds, n_numbers)).astype(np.float32) * 4
    rows = Table(n_numbers)
    for start in range(0, n, 1000):  # a few ways in which they differ, and much that each has for itself
        size = min(1000, n - start)
        block = rng.standard_normal((size, n_kinds)) @ mixes + rng.standard_normal((size, n_numbers))
        block[1::100] = block[::100][: len(block[1::100])] + 0.1  # 2 % that are near another
        for row in block:
            rows.append(row)
    if what == "duplicates":
        print(int(diversity.has_near(rows).sum()))
    else:
        print(diversity.vendi_score(rows[np.linspace(0, n - 1, min(n, diversity.MOST)).astype(int)]))
else:
    from legato.dia.config import TrainParams
    from legato.dia.dataset import read_split
    from legato.dia.loader import Steps
    from legato.workspace import params
    from legato.workspace.layout import HELD_OUT, TRAIN
    started = time.process_time()
    split = read_split(TRAIN.path, HELD_OUT.path)
    if what == "batch":
        steps = Steps(params.load("train", TrainParams).model_copy(update={"frames": 80}), split.train)
        started = time.process_time()
        for step in range(1000, 1100):
            steps[step]
        print(f"WITHIN {(time.process_time() - started) / 100}")
"""


class Spent(NamedTuple):
    """What a process took."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    printed: str


def spent(folder: Path, *words: str) -> Spent:
    """Run a command to its end."""
    environment = os.environ | {
        "PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(folder / "src"), "LEGATO_WORKERS": "1",
        "LEGATO_CACHE": str(folder / ".legato/cache"), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        "DVC_NO_ANALYTICS": "1",
    }  # fmt: skip
    with tempfile.TemporaryFile("w+") as said:
        started = time.monotonic()
        command = [shutil.which(words[0], path=environment["PATH"]) or words[0], *words[1:]]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        printed = said.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(words)}\n{printed[-3000:]}")
    kilobyte = 1 if sys.platform == "darwin" else 1000
    return Spent(
        used.ru_utime + used.ru_stime, time.monotonic() - started, used.ru_maxrss * 1.024 * kilobyte / 10**6, printed
    )


def make_version(clone: Path, folder: Path) -> None:
    """A DVC repository of the codes and the prompts alone, with two versions; the second one is not committed."""
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    spent(folder, "dvc", "init", "-q")
    (folder / ".gitignore").write_text("/dataset\n/src\n")
    shutil.copy(clone / "params.yaml", folder)
    (folder / "src").symlink_to(clone / "src")
    outs = {"encode": "dataset/encoded/${key}", "prompt": "dataset/audio_prompts/${key}"}
    stages = {
        name: {"foreach": "${categories}", "do": {"cmd": "true ${key}", "outs": [out]}} for name, out in outs.items()
    }
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    for name in ("encoded", "audio_prompts"):
        subprocess.run(["cp", "-r", clone / "dataset" / name, _made(folder / "dataset")], check=True)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def commit(folder: Path, name: str) -> Spent:
    """Make what lies there a version."""
    found = spent(folder, "dvc", "commit", "-q", "-f")
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    words = ["git", "-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-qm", name]
    subprocess.run(words, cwd=folder, check=True)
    subprocess.run(["git", "tag", name], cwd=folder, check=True)
    return found


def change(folder: Path) -> None:
    """Other prompts of 1 % of the tracks."""
    for path in sorted(folder.glob("dataset/audio_prompts/*/*"))[::100]:
        path.write_text(path.read_text() + ", wet")


STAGES = ("collect", "audit", "stats", "report")
CORES = ("duplicates", "vendi", "read", "batch")
NAMES = (*STAGES, *CORES, "commit", "diff")


def measure(n_tracks: int, only: list[str]) -> dict[str, Spent]:
    """What each step takes."""
    found = {}
    with tempfile.TemporaryDirectory() as temporary:
        clone, versions = Path(temporary) / "clone", Path(temporary) / "versions"
        started = time.monotonic()
        subprocess.run([sys.executable, HERE / "many_tracks.py", clone, str(n_tracks)], check=True)
        print(f"{n_tracks} tracks made in {time.monotonic() - started:.0f} s", flush=True)
        for name in ("collect", *STAGES[1:]):
            if name == "collect" or name in only:
                found[name] = tell(name, n_tracks, spent(clone, "python", f"stages/{name}.py"))
        for name in CORES:
            if name in only:
                found[name] = tell(name, n_tracks, spent(clone, "python", "-c", WORK, name, str(n_tracks)))
        if {"commit", "diff"} & {*only}:
            make_version(clone, versions)
            found["commit"] = tell("commit", n_tracks, commit(versions, "v1"))
            change(versions)
            commit(versions, "v2")
            found["diff"] = tell("diff", n_tracks, spent(versions, "legato", "diff", "v1", "v2", "--json"))
            n_changed = sum(len(one["changed"]) for one in json.loads(found["diff"].printed)["categories"].values())
            print(f"         {n_changed} tracks differ", flush=True)
    return found


def tell(name: str, n_tracks: int, one: Spent) -> Spent:
    last = one.printed.strip().splitlines()[-1:] if name in CORES else []
    said = f"  {last[0]}" if last else ""
    print(f"{name:10} {n_tracks:7} {one.cpu_s:8.1f} s CPU {one.wall_s:8.1f} s {one.peak_mb:8.0f} MB{said}", flush=True)
    return one


def table(found: dict[int, dict[str, Spent]]) -> None:
    """All sizes, what a track costs, and how it grows."""
    sizes = sorted(found)
    print("| step | tracks | CPU s | peak MB | ms a track | kB a track | time grows as n to the |")
    print("|---|---|---|---|---|---|---|")
    for name in found[sizes[-1]]:
        before: tuple[int, float] | None = None
        base = found[FEW][name]
        for n in sizes:
            if n == FEW or name not in found[n]:
                continue
            one = found[n][name]
            cpu_s, memory_mb = one.cpu_s - base.cpu_s, one.peak_mb - base.peak_mb
            power = ""
            if before and min(cpu_s, before[1]) > 0.2:
                power = f"{math.log(cpu_s / before[1]) / math.log(n / before[0]):.2f}"
            before = n, cpu_s
            print(
                f"| {name} | {n} | {one.cpu_s:.1f} | {one.peak_mb:.0f} | {1000 * cpu_s / n:.2f} "
                f"| {1000 * memory_mb / n:.1f} | {power} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--json", type=Path, help="a file for the figures")
    chosen = parser.parse_args()
    found = {n: measure(n, chosen.only) for n in sorted({FEW, *chosen.tracks})}
    if chosen.json:
        values = {n: {name: one[:3] for name, one in each.items()} for n, each in found.items()}
        chosen.json.write_text(json.dumps(values, indent=1) + "\n")
    table(found)


if __name__ == "__main__":
    main()

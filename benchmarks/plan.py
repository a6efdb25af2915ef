"""What some hours of music cost: `python benchmarks/plan.py --hours 10000`, from the rates in benchmarks/plan.json.

`python benchmarks/plan.py --measure FILE` writes these, of this machine: each stage is run in a temporary clone on
the default categories, 4 tracks each, with one process. The first category is not counted: it loads what is needed.
What is by the track and not by the hour is taken from the figures that `benchmarks/many.py --json` wrote.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parent.parent
RATES = Path(__file__).with_suffix(".json")
TRACKS = 4  # of each category
STAGES = ("compose", "render", "prompt", "normalize", "validate", "encode")
PLACES = {"midi": "midi", "rendered": "rendered", "prompts": "audio_prompts", "wav": "raw_audio", "codes": "encoded"}
TIMED = """
import importlib.util, os, sys
stage, *categories = sys.argv[1:]
sys.argv = [f"stages/{stage}.py"]
spec = importlib.util.spec_from_file_location(stage, sys.argv[0])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.main(categories[0])
before = sum(os.times()[:4])
for category in categories[1:]:
    module.main(category)
now = sum(os.times()[:4])
print("CPU", now - before, now)
"""
# Measured on one H100, times real time or frames a second: docs/benchmarks.md. Encoding is of the full DAC, 76.7 M.
GPU_EXACT, GPU_FAST = 165, 1232
GPU_FRAMES_PER_S = 16 * 640 / 0.0367  # training `small`, 146 M
FRAMES_PER_HOUR = 3600 * 44100 / 512
OF_TRACKS = ("collect", "audit", "stats", "report")  # and their rates, of `many`


class Line(NamedTuple):
    """A stage's part."""

    stage: str
    core_hours: float
    gpu_hours: float
    gigabytes: float  # that it leaves


def measure(many: Path) -> None:
    """Write the rates of this machine."""
    by_track = of_tracks(json.loads(many.read_text()))
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary) / "clone"
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        (clone / "dvc.lock").unlink(missing_ok=True)
        values = yaml.safe_load((clone / "params.yaml").read_text())
        for category in values["categories"].values():
            category["tracks"] = TRACKS
        values["encode"]["device"] = "cpu"
        write(clone, values)
        for stage in ("code_versions", "check", "soundfont", "codec"):
            _python(clone, f"stages/{stage}.py")
        names = list(values["categories"])
        seconds = {stage: timed(clone, stage, names) for stage in STAGES}
        n_bytes = {name: size(clone, place, names) for name, place in PLACES.items()}
        facts = [json.loads(line) for name in names[1:] for line in _facts(clone, name, "normalize")]
        hours = sum(row["seconds"] for row in facts) / 3600
        write(clone, values | {"normalize": values["normalize"] | {"format": "flac"}})
        seconds["normalize_flac"] = timed(clone, "normalize", names)
        n_bytes["flac"] = size(clone, "raw_audio", names)
    rates = {
        "machine": f"{_processor()}, one process",
        "commit": subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=ROOT, text=True).strip(),
        "hours": round(hours, 4),
        "tracks": len(facts),
        "cpu_s_per_hour": {stage: round(spent / hours, 1) for stage, spent in seconds.items()},
        "bytes_per_hour": {name: round(found / hours) for name, found in n_bytes.items()},
        "cpu_ms_per_track": by_track,
    }
    RATES.write_text(json.dumps(rates, indent=1, sort_keys=True) + "\n")
    print(RATES.read_text())


def of_tracks(found: dict[str, Any]) -> dict[str, float]:
    """CPU milliseconds a track, of the most tracks that `many` has of each step, over what the fewest take."""
    rates = {}
    for stage in OF_TRACKS:
        sizes = sorted(int(n) for n in found if stage in found[n])
        if len(sizes) > 1:
            fewest, most = (found[str(n)][stage][0] for n in (sizes[0], sizes[-1]))
            rates[stage] = round(1000 * (most - fewest) / sizes[-1], 2)
    return rates


def write(clone: Path, values: dict[str, Any]) -> None:
    (clone / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False))


def timed(clone: Path, stage: str, names: list[str]) -> float:
    """CPU seconds of a stage over all categories but the first."""
    before = sum(os.times()[2:4])
    _, counted, all_there = _python(clone, "-c", TIMED, stage, *names).splitlines()[-1].split()
    whole = sum(os.times()[2:4]) - before
    print(f"{stage}: {float(counted):.2f} s CPU; with its start {whole:.2f} s", flush=True)
    if whole > 1.2 * float(all_there) + 0.5:
        raise SystemExit(f"{stage}: {whole - float(all_there):.1f} s were in processes that it did not wait for")
    return float(counted)


def size(clone: Path, place: str, names: list[str]) -> int:
    """Bytes of what is of all categories but the first."""
    folders = (clone / "dataset" / place / name for name in names[1:])
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


def _facts(clone: Path, name: str, stage: str) -> list[str]:
    return (clone / f"dataset/tracks/{name}/{stage}.jsonl").read_text().splitlines()


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _python(clone: Path, *words: str) -> str:
    variables = {"PYTHONPATH": str(clone / "src"), "LEGATO_WORKERS": "1", "LEGATO_CACHE": str(clone / ".legato/cache")}
    environment = os.environ | variables | {"OMP_NUM_THREADS": "1", "LEGATO_SCHEDULER": ""}
    done = subprocess.run(
        [sys.executable, *words], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout


def plan(rates: dict[str, Any], asked: argparse.Namespace) -> list[Line]:
    """What each stage takes."""
    hours, n_tracks = asked.hours, asked.hours * 3600 / asked.track_seconds
    cpu, n_bytes = rates["cpu_s_per_hour"], rates["bytes_per_hour"]

    def line(stage: str, rate: str | None, place: str | None, gpu_hours: float = 0) -> Line:
        core_hours = cpu[rate] * hours / 3600 if rate else 0.0
        return Line(stage, core_hours, gpu_hours, n_bytes[place] * hours / 1e9 if place else 0.0)

    is_flac = asked.audio == "flac"
    speed = {"exact": GPU_EXACT, "fast": GPU_FAST}.get(asked.encode)
    lines = [
        line("compose", "compose", "midi"),
        line("render", "render", "rendered"),
        line("prompt", "prompt", "prompts"),
        line("normalize", "normalize_flac" if is_flac else "normalize", "flac" if is_flac else "wav"),
        line("validate", "validate", None),
        line("encode", None if speed else "encode", "codes", hours / speed if speed else 0),
    ]
    lines += [
        Line(stage, ms * n_tracks / 3.6e6, 0, n_bytes["codes"] * hours / 1e9 if stage == "collect" else 0)
        for stage, ms in rates["cpu_ms_per_track"].items()
    ]
    lines.append(
        Line(f"train, {asked.epochs:g} epochs", 0, asked.epochs * hours * FRAMES_PER_HOUR / GPU_FRAMES_PER_S / 3600, 0)
    )
    return lines


def show(lines: list[Line], asked: argparse.Namespace) -> None:
    """The table, and what it means for a machine and a purse."""
    print("| stage | core-hours | GPU-hours | GB | cost |")
    print("|---|---|---|---|---|")
    all_of = Line("all", *(sum(line[at] for line in lines) for at in (1, 2, 3)))
    for line in (*lines, all_of):
        cost = line.core_hours * asked.core_hour + line.gpu_hours * asked.gpu_hour
        print(
            f"| {line.stage} | {line.core_hours:,.1f} | {line.gpu_hours:,.1f} | {line.gigabytes:,.0f} | {cost:,.0f} |"
        )
    days = all_of.core_hours / asked.cores / 24
    gpu_days = all_of.gpu_hours / asked.gpus / 24
    print(f"\n{asked.cores} cores: {days:.1f} days; {asked.gpus} GPUs: {gpu_days:.1f} days")
    print(f"keeping all of it for a month: {all_of.gigabytes * asked.gb_month:,.0f}")
    most = max(lines, key=lambda line: line.core_hours)
    print(f"most core-hours: {most.stage}, {most.core_hours / all_of.core_hours:.0%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", type=Path, metavar="JSON", help="measure; JSON is what many.py wrote")
    parser.add_argument("--hours", type=float, default=10_000)
    parser.add_argument("--track-seconds", type=float, default=120)
    parser.add_argument("--audio", choices=["wav", "flac"], default="wav", help="normalize.format")
    parser.add_argument("--encode", choices=["cpu", "exact", "fast"], default="exact", help="on a GPU: exact or fast")
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--cores", type=int, default=64)
    parser.add_argument("--gpus", type=int, default=1)
    parser.add_argument("--core-hour", type=float, default=0.04, help="its price; so the following two")
    parser.add_argument("--gpu-hour", type=float, default=2.5)
    parser.add_argument("--gb-month", type=float, default=0.023)
    asked = parser.parse_args()
    if asked.measure:
        measure(asked.measure)
    else:
        show(plan(json.loads(RATES.read_text()), asked), asked)


if __name__ == "__main__":
    main()

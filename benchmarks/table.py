"""The table of docs/benchmarks.md: `make bench`, or of some rows `make bench ROWS="normalize render"`.

Each row runs itself and its peers in turns on this machine, and keeps what it found in benchmarks/results.json, from
which the page is written; the others keep what they had. `--tiny` sees in a minute or two that a row works, and keeps
nothing.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rounds import Found, Line, NotRunError, Scale
from rows import LINES, MEASURES, PEERS, ROOT, gpu_names

RESULTS, PAGE = ROOT / "benchmarks/results.json", ROOT / "docs/benchmarks.md"
PACKAGES = ("numpy", "soundfile", "soxr", "pyfluidsynth", "pretty_midi", "pyloudnorm", "torch", "dvc")
HEAD = """# Benchmarks

`make bench` runs every row of this table on your machine and writes this page; `make bench ROWS="normalize render"`
runs some of them. It installs what legato is compared with: FluidSynth's and FFmpeg's programs from Debian, and
ffmpeg-normalize from PyPI into an environment of its own. Each figure is made within one run: legato and the other way
take turns, on the same files, and the median of the rounds' ratios counts. Ours are whole stages, with their start, and
begin with an empty cache. No row is left out: one that was not run says why. `python benchmarks/table.py --tiny` sees
that all rows work.

"""

NOTES = """
## Where a row falls short, or nearly

**Render.** Of 10.1 CPU seconds that one process takes for the 16 tracks, 6.5 are FluidSynth's own arithmetic, four
fifths of them its voices (interpolation, filter, mixing; `perf record`, and the same tracks with reverb and chorus
switched off), 1.3 FLAC of 24 bits, 0.6 hashes, and the rest reading MIDI, drawing a production, probes and starting.
`fluidsynth -F` does the same arithmetic on one core, so two cores give 2 × where nothing else is to do: with FluidR3,
whose notes have more voices, the stage took 20.8 s and FluidSynth 40.9 s (1.97 ×, of 39.3 CPU seconds). To reach 3 ×
takes a third core, or less arithmetic a voice than the library does. Tried, for nothing: larger calls, flush-to-zero,
`synth.threadsafe-api=0`. FLAC at level 4 would save 0.2 s for 0.4 % more bytes.

**Pipeline.** Encoding is most of both ways, and both have two cores for it: at the 37 ms of a core that `exact` takes
per second of mono (docs/codec.md) it is about 52 of our seconds, so nothing around it can bring 3 ×. The plain
script's tracks are short; of longer ones `exact` wins 5 × (row `encode`). It has no facts, checks, provenance or
versions. `encode.precision: fast` takes two thirds of `exact`'s time.

**Add** is reached, and near its bound. The eight stages start one after another, and each looks at the bytes of what
it reads (1.3 GB of FLAC and WAV here), whatever changed: so each file is hashed once, by SHA-256, where it was hashed
by MD5 and then by SHA-256. Of what is left DVC's own part is the largest: it removes a stage's outputs, hashes them by
MD5 and writes its lock, 0.3 to 1.5 s a stage. The track itself is 2.6 s in `encode`, of which 1.0 is importing torch
and 1.1 the arithmetic, on both cores.

## Where the time goes

`python benchmarks/stage_times.py --tracks 500 --target collect validate`, the four default categories with tracks of 4
to 5 s, from nothing; before is the same with `--commit 1b8bc3d`. 2 cores; the first of the two runs shared them with
another program, so compare the CPU seconds.

| stage | before, wall s | CPU s | now, wall s | CPU s |
|---|---|---|---|---|
| soundfont, codec | 13.3 | 18.3 | 22.5 | 22.0 |
| compose | 8.3 | 11.5 | 5.2 | 4.1 |
| render | 56.8 | 106.3 | 39.3 | 30.9 |
| prompt | 3.3 | 3.4 | 3.4 | 2.9 |
| normalize | 24.1 | 40.5 | 10.1 | 15.1 |
| validate | 15.8 | 23.4 | 9.3 | 15.2 |
| encode, `exact` | 143.4 | 280.1 | 107.5 | 208.5 |
| collect and the rest | 4.9 | about 5 | 2.8 | 3.4 |
| all | 270 | about 488 | 200 | 302 |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="row", help=f"of {', '.join(MEASURES)}; if not given, all")
    parser.add_argument("--tiny", action="store_true", help="next to nothing, to see that it works; nothing is kept")
    parser.add_argument("--page", action="store_true", help="only write the page")
    chosen = parser.parse_args()
    unknown = set(chosen.rows) - set(MEASURES)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for row in [] if chosen.page else chosen.rows or MEASURES:
        results |= measured(row, Scale(chosen.tiny), results)
        if not chosen.tiny:
            RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
            PAGE.write_text(page(results))
    if chosen.page:
        PAGE.write_text(page(results))


def measured(row: str, scale: Scale, former: dict[str, Any]) -> dict[str, Any]:
    """What a row's lines have found, told as it comes; of one that cannot be run why, beside what it had."""
    print(f"{row} …", flush=True)
    try:
        found = MEASURES[row](scale)
    except NotRunError as error:
        print(f"  not run: {error}", flush=True)
        return {line.key: former.get(line.key, {}) | {"not_run": str(error)} for line in LINES[row]}
    for line in LINES[row]:
        print(f"  {line.work}, against {line.against}: {told(line, found[line.key].value)}", flush=True)
        print(f"    {found[line.key].detail}", flush=True)
    made = made_with()
    return {line.key: kept(found[line.key]) | {"made_with": made} for line in LINES[row]}


def kept(found: Found) -> dict[str, Any]:
    return {"value": round(found.value, 3), "detail": found.detail, "date": datetime.now(UTC).date().isoformat()}


def told(line: Line, value: float) -> str:
    """A value, what it should be, and whether it is."""
    return f"{shown(value, line)}, should be {rule(line)}: {'reached' if line.is_reached(value) else 'not reached'}"


def shown(value: float, line: Line) -> str:
    digits = {"x": 2, "%": 1, "ms": 1, "MB": 0, "s": 1}[line.unit]
    return f"{value:.{digits}f} {'×' if line.unit == 'x' else line.unit}"


def rule(line: Line) -> str:
    return f"{'≥' if line.at_least else '≤'} {line.reach:g} {'×' if line.unit == 'x' else line.unit}"


def page(results: dict[str, Any]) -> str:
    """The page, of all lines that there are."""
    lines = [line for row in MEASURES for line in LINES[row]]
    machines = list(
        dict.fromkeys(result["made_with"] for line in lines if "made_with" in (result := results.get(line.key, {})))
    )
    table = ["| row | work | against | should be | found | reached | figures |", "|---|---|---|---|---|---|---|"]
    for row in MEASURES:
        for line in LINES[row]:
            cells = [
                f"`{row}`",
                line.work,
                line.against,
                rule(line),
                *of_result(line, results.get(line.key, {}), machines),
            ]
            table.append(f"| {' | '.join(cells)} |")
    told_machines = [f"{at}. {machine}" for at, machine in enumerate(machines, 1)]
    return (
        HEAD
        + "\n".join(table)
        + "\n\n## Machines\n\n"
        + "\n".join(told_machines or ["Nothing was run yet."])
        + "\n"
        + NOTES
    )


def of_result(line: Line, result: dict[str, Any], machines: list[str]) -> list[str]:
    """The last three cells of a line."""
    reason = f"not run: {result.get('not_run', 'nobody has yet')}"
    if "value" not in result:
        return [reason, "", ""]
    again = f"; last time {reason}" if "not_run" in result else ""
    where = f"{result['date']}, machine {machines.index(result['made_with']) + 1}"
    reached = "yes" if line.is_reached(result["value"]) else "**no**"
    return [shown(result["value"], line), reached, f"{result['detail']}; {where}{again}"]


def made_with() -> str:
    """The machine and all versions that count."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [f"{cpu_name()}, {cores} cores, {platform.system()} {platform.machine()}", *gpu_names()]
    parts.append(f"Python {platform.python_version()}")
    parts += [f"{name} {version(name)}" for name in PACKAGES]
    parts += [f"{name} {found}" for name, found in peers().items()]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
    return ", ".join([*parts, f"legato {commit.strip()}"])


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    return names[0] if names else platform.processor()


def peers() -> dict[str, str]:
    """The versions of the programs that we are compared with."""
    found = {}
    for name, option in (("fluidsynth", "--version"), ("ffmpeg", "-version"), ("ffmpeg-normalize", "--version")):
        path = shutil.which(name, path=f"{PEERS}:{os.environ['PATH']}")
        if path:
            printed = subprocess.run([path, option], capture_output=True, text=True).stdout
            numbers = [word.lstrip("v") for word in printed.split() if word.lstrip("v")[:1].isdigit()]
            found[name] = numbers[0].split("-")[0] if numbers else "of some version"
    return found


if __name__ == "__main__":
    try:
        version("legato")
    except PackageNotFoundError:
        sys.exit("run this by `make bench`")
    main()

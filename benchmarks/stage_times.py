"""The time of each stage of `dvc repro`, from nothing: `python benchmarks/stage_times.py [--tracks N] [--commit NAME]`.

It runs in a temporary clone of the commit that is checked out, or of another. Wall time is from one stage's start to
the next one's, so DVC's own work (hashing, the lock) is counted with the stage before; CPU time is that of all of its
processes.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import yaml
from incremental import Clone

ANNOUNCEMENT = "Running stage '"
SECONDS = [4, 5]  # that a track lasts, where their number is given


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, help=f"of all categories together, of {SECONDS} s; if not given, theirs")
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("--target", nargs="*", default=[], help="stages to end with; if not given, all is built")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clone = Clone(Path(folder) / "clone")
        subprocess.run(["git", "checkout", "-q", chosen.commit], cwd=clone.folder, check=True)
        (clone.folder / "dvc.lock").unlink(missing_ok=True)
        if chosen.tracks:
            resize(clone.folder / "params.yaml", chosen.tracks)
        show(clone.folder, chosen.target)


def resize(path: Path, n_tracks: int) -> None:
    """Let the categories of a params.yaml have `n_tracks` in all."""
    values = yaml.safe_load(path.read_text())
    for category in values["categories"].values():
        category["tracks"] = n_tracks // len(values["categories"])
        category["music"]["seconds"] = SECONDS
    path.write_text(yaml.safe_dump(values, sort_keys=False))


def show(folder: Path, target: list[str]) -> None:
    """Build it there, and print what each stage took."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": "src"}
    spent: dict[str, list[float]] = {}
    stage, before = "dvc", (time.monotonic(), 0.0)
    command = ["dvc", "repro", *target]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as repro:

        def ended() -> None:
            nonlocal before
            now = time.monotonic(), cpu_s(repro)
            spent[stage] = [a + b - c for a, b, c in zip(spent.get(stage, (0, 0)), now, before, strict=True)]
            before = now

        for line in repro.stdout or ():
            if line.startswith(ANNOUNCEMENT):
                ended()
                stage = line.removeprefix(ANNOUNCEMENT).split("'")[0].split("@")[0]
        repro.wait()
        ended()
    spent["total"] = [sum(column) for column in zip(*spent.values(), strict=True)]
    print(f"{'stage':14} {'wall s':>7} {'CPU s':>7}")
    for name, (wall_s, worked_s) in spent.items():
        print(f"{name:14} {wall_s:7.1f} {worked_s:7.1f}")
    raise SystemExit(repro.returncode)


def cpu_s(process: "subprocess.Popen[str]") -> float:
    """What a process and its children that have ended have used."""
    if process.returncode is None:
        return float(sum(psutil.Process(process.pid).cpu_times()[:4]))
    return children_s() - BEFORE_S


def children_s() -> float:
    """What all children that have ended have used: those of a shell that became this process too."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


BEFORE_S = children_s()

if __name__ == "__main__":
    main()

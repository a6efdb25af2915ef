"""What is saved where little changes: `python benchmarks/incremental.py [--only NAME ...]`.

Everything runs with real DVC in a temporary clone of the commit that is checked out. Each line is a ratio of two times
of the same run. All of it takes three quarters of an hour on 2 cores.

- add: one track more in a category of 200, over building it from nothing (the time of a run that does nothing is
  allowed on top, and so taken off)
- change: one of four categories composed anew, over building all four
- kill: going on behind a kill of everything half-way, over building without it
- workers: one process over two, in render and in normalize
- flat: the time for a track of 5,000 over that for one of 100, the stages' start taken off
- categories: 50 categories, DVC's own time: a run that does nothing, and all locks written, split and not
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
MUSIC = {"bpm": [120, 140], "seconds": [3, 4], "parts": {"pad": ["warm_pad"], "bass": ["synth_bass_1"]}}
PER_TRACK = ("compose", "render", "prompt", "normalize", "encode")
MANY = 50


class Clone:
    """A clone of the project, with a SoundFont and codec weights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
        (folder / "dvc.lock").unlink(missing_ok=True)

    def categories(self, counts: dict[str, int], **music: Any) -> None:
        """Put so many tracks of each category into params.yaml."""
        path = self.folder / "params.yaml"
        values = yaml.safe_load(path.read_text())
        values["render"]["tail_s"] = 1
        values["categories"] = {
            name: {"tracks": count, "prompt": "slow pads", "music": MUSIC | music} for name, count in counts.items()
        }
        path.write_text(yaml.safe_dump(values, sort_keys=False))

    def run(self, *command: str, **environment: str) -> float:
        """Run a command; return its seconds."""
        started = time.monotonic()
        with self._started(*command, **environment) as process:
            printed = process.communicate()[0]
        if process.returncode:
            raise SystemExit(printed)
        return time.monotonic() - started

    def killed(self, after_s: float, *command: str) -> None:
        """Start a command, and kill all its processes."""
        with self._started(*command) as process:
            time.sleep(after_s)
            os.killpg(process.pid, signal.SIGKILL)

    def _started(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=os.environ | {"PATH": path, "PYTHONPATH": "src"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def forget(self) -> None:
        """Be as if nothing had been built but what all categories share."""
        for name in (".legato", ".dvc/cache", ".dvc/tmp", "dataset", "dvc.lock"):
            path = self.folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        for stage in ("soundfont", "codec"):
            self.run("dvc", "repro", stage)


def tell(name: str, part_s: float, whole_s: float, limit: str) -> None:
    print(f"{name:22} {part_s:7.1f} s of {whole_s:7.1f} s  {part_s / whole_s:6.1%}  {limit}", flush=True)


def add(clone: Clone) -> None:
    clone.categories({"pads": 200}, seconds=[20, 24])
    clone.forget()
    whole_s = clone.run("dvc", "repro", "collect")
    nothing_s = clone.run("dvc", "repro", "collect")
    clone.categories({"pads": 201}, seconds=[20, 24])
    more_s = clone.run("dvc", "repro", "collect")
    tell("add 1 track to 200", more_s - nothing_s, whole_s, f"at most 5 %, beside {nothing_s:.1f} s that nothing takes")


def change(clone: Clone) -> None:
    clone.categories(dict.fromkeys(("a", "b", "c", "d"), 40), seconds=[20, 24])
    clone.forget()
    whole_s = clone.run("dvc", "repro", "collect")
    path = clone.folder / "params.yaml"
    values = yaml.safe_load(path.read_text())
    values["categories"]["b"]["music"]["bpm"] = [90, 100]
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    tell("change 1 of 4", clone.run("dvc", "repro", "collect"), whole_s, "at most 30 %")


def kill(clone: Clone) -> None:
    clone.categories({"pads": 200})
    clone.forget()
    whole_s = clone.run("dvc", "repro", "collect")
    clone.forget()
    clone.killed(whole_s / 2, "dvc", "repro", "collect")
    tell("killed at 50 %", clone.run("dvc", "repro", "collect"), whole_s, "at most 55 %")


def workers(clone: Clone) -> None:
    clone.categories({"pads": 240}, seconds=[20, 24])
    clone.forget()
    clone.run("dvc", "repro", "normalize@pads")
    for stage in ("render", "normalize"):
        seconds = [
            clone.run("python", f"stages/{stage}.py", "pads", LEGATO_CACHE=cache, LEGATO_WORKERS=n)
            for n in ("1", "2")
            for cache in [tempfile.mkdtemp(dir=clone.folder)]
        ]
        times = seconds[0] / seconds[1]
        print(
            f"{'2 workers, ' + stage:22} {times:.2f} times as fast as 1 ({seconds[0]:.1f} s), at least 1.8", flush=True
        )


def flat(clone: Clone) -> None:
    total_s_of: dict[int, float] = {}
    for count in (1, 100, 1000, 5000):
        clone.categories({"pads": count}, seconds=[1, 2])
        clone.forget()
        clone.run("dvc", "repro", "check")
        stages = [stage for stage in PER_TRACK if stage != "encode"]
        total_s = sum(clone.run("python", f"stages/{stage}.py", "pads") for stage in stages)
        total_s_of[count] = total_s
    per_track_ms = {
        count: (total_s - total_s_of[1]) / (count - 1) * 1000 for count, total_s in total_s_of.items() if count > 1
    }
    for count in (1000, 5000):
        ratio = per_track_ms[count] / per_track_ms[100]
        print(f"{f'{count} tracks':22} {per_track_ms[count]:.1f} ms each, {ratio:.2f} of that of 100", flush=True)


def categories(clone: Clone) -> None:
    """The commands are replaced by such as take no time."""
    clone.categories({f"category_{at:02}": 1 for at in range(MANY)})
    path = clone.folder / "dvc.yaml"
    content = yaml.safe_load(path.read_text())
    for name, stage in content["stages"].items():
        stage = stage.get("do", stage)
        outs = [out if isinstance(out, str) else next(iter(out)) for kind in ("outs", "metrics", "plots")
                for out in stage.get(kind, [])]  # fmt: skip
        if name not in ("code_versions", "check", "train_codec"):
            made = [f"mkdir -p {out} && echo 1 > {out}/1" if "." not in out else
                    f"mkdir -p $(dirname {out}) && echo 1 > {out}" for out in outs]  # fmt: skip
            stage["cmd"] = " && ".join(made)
    path.write_text(yaml.safe_dump(content, sort_keys=False, width=1000))
    for words in (["true"], ["legato", "split"]):
        for name in (".dvc/cache", ".dvc/tmp", "dataset", "dvc.lock"):
            found = clone.folder / name
            shutil.rmtree(found) if found.is_dir() else found.unlink(missing_ok=True)
        clone.run(*words)
        whole_s = clone.run("dvc", "repro")
        nothing_s = min(clone.run("dvc", "repro") for _ in range(3))
        kind = "split" if len(words) > 1 else "one dvc.yaml"
        print(f"{f'{MANY} categories, {kind}':32} nothing to do {nothing_s:.1f} s, all {whole_s:.0f} s", flush=True)


def main() -> None:
    measures: dict[str, Callable[[Clone], None]] = {
        measure.__name__: measure for measure in (add, change, kill, workers, flat, categories)
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=measures, default=list(measures))
    for name in parser.parse_args().only:
        with tempfile.TemporaryDirectory() as folder:
            measures[name](Clone(Path(folder) / "clone"))


if __name__ == "__main__":
    main()

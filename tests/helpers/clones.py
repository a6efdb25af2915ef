"""Clones of this checkout with a tiny dataset, in which DVC runs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from helpers import warm_programs
from helpers.checkout import DVC_CONFIG, ROOT
from legato.work import item_cache

BIN = Path(sys.executable).parent
TINY = {
    "categories": {
        "pads": {
            "tracks": 3,
            "prompt": "slow pads",
            "music": {"bpm": [120, 140], "seconds": [3, 4], "parts": {"pad": ["warm_pad"], "bass": ["synth_bass_1"]}},
            "renderer": {"pad": {"faust": "supersaw", "cutoff_hz": [500, 3000]}},
            "production": {"mix": [{"effect": "tape", "share": 0.5}]},
        },
        "beats": {
            "tracks": 3,
            "prompt": "beat only drums",
            "music": {"bpm": [120, 140], "seconds": [3, 4], "parts": {"drums": ["tr808_kit"]}, "grooves": ["trap"]},
        },
    },
    "dataset": {"seed": 0, "sample_rate": 44100, "held_out": 0.34, "layout": "auto"},
}
TINY_SECTIONS = {  # what differs from what is shipped
    "render": {"tail_s": 1},
    "train": {"start": None, "steps": 2, "warmup_steps": 1, "batch": 2, "frames": 40, "eval_every": 2},
    "sample": {"prompts": ["slow pads"], "seconds": 0.5},
    "evaluate": {"excerpts": 1},
    "report": {"previews": 1, "preview_seconds": 2},
}


STAGES_OF_A_CATEGORY = ("compose", "prompt", "render", "normalize", "validate", "encode")
BEHIND_COLLECT = {"audit", "stats", "quality", "diversity", "train", "sample", "evaluate", "summary", "report"}
NO_ARCHIVE = "${archives}"  # of which the tiny dataset has none
PULLED_NOTHING = "'dataset/tracks' is empty"  # is said of a clone that has all of it in a remote


def stages_of(category: str) -> set[str]:
    return {f"{stage}@{category}" for stage in STAGES_OF_A_CATEGORY}


class Clone:
    """A Git and DVC repository with the project in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str, check: bool = True, below: str = ".", **environment: str) -> str:
        """Run a command in the clone, or in a folder below, with this interpreter's tools; return what it printed."""
        environment = {"PYTHONPATH": os.path.relpath("src", below)} | environment
        done = subprocess.run(
            command,
            cwd=self.folder / below,
            env=self.variables(environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        else:
            assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    @staticmethod
    def variables(more: dict[str, str]) -> dict[str, str]:
        """This environment with this interpreter's tools, and with the clone's own cache of items.

        Stages work in one process unless `more` says otherwise: to start others takes longer than a tiny dataset.
        """
        kept = {name: value for name, value in os.environ.items() if name != item_cache.VARIABLE}
        tools = {
            "PATH": f"{warm_programs.folder()}:{BIN}:{os.environ['PATH']}",
            "PYTHONPATH": "src",
            "LEGATO_WORKERS": "1",
        }
        return kept | tools | more

    def copy(self, folder: Path) -> "Clone":
        """All of it in another folder: files of DVC's cache and of the items' are one there where they are one here."""
        subprocess.run(["cp", "-a", f"{self.folder}/.", folder], check=True)
        return Clone(folder)

    def take_outcomes(self, source: "Clone", *words: str) -> None:
        """Have in DVC's cache what commands with any of the words made in another clone: it is restored here."""
        cache = Path(".dvc/cache")
        shutil.copytree(source.folder / cache / "files", self.folder / cache / "files")
        for outcome in (source.folder / cache / "runs").glob("*/*/*"):
            if {*yaml.safe_load(outcome.read_text())["cmd"].split()} & {*words}:
                path = self.folder / outcome.relative_to(source.folder)
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(outcome, path)

    def repro(self, *targets: str, **environment: str) -> list[str]:
        """`dvc repro`; return the names of the stages that ran."""
        printed = self.run("dvc", "repro", *targets, **environment)
        warnings = [line for line in printed.splitlines() if "WARNING" in line and PULLED_NOTHING not in line]
        assert warnings == [], printed
        return [line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage '")]

    def failed_repro(self, *targets: str) -> str:
        """`dvc repro` that must fail; return the one line that says why."""
        printed = self.run("dvc", "repro", *targets, check=False)
        assert "Traceback" not in printed, printed
        lines = [line for line in printed.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, printed
        return lines[0].removeprefix("error: ")

    def edit(self, change: Callable[[dict[str, Any]], Any]) -> None:
        """Change params.yaml."""
        path = self.folder / "params.yaml"
        values = yaml.safe_load(path.read_text())
        change(values)
        path.write_text(yaml.safe_dump(values, sort_keys=False))

    def commit(self, message: str) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", message)

    def digests(self, folder: str) -> dict[str, str]:
        """The SHA-256 of every file in a folder."""
        paths = sorted(path for path in (self.folder / folder).rglob("*") if path.is_file())
        printed = self.run("sha256sum", *(str(path.relative_to(self.folder)) for path in paths))
        return dict(reversed(line.split("  ", 1)) for line in printed.splitlines())


def make_clone(folder: Path) -> Clone:
    """A repository of the working tree's files, with tiny parameters, and without its lock and its user's stores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file() and _is_shipped(name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".dvc/config").write_text(DVC_CONFIG)
    clone = Clone(folder)
    clone.edit(lambda values: values.update(categories=TINY["categories"], dataset=TINY["dataset"]))
    clone.edit(lambda values: [values[section].update(some) for section, some in TINY_SECTIONS.items()])
    clone.run("git", "init", "-qb", "main")
    clone.run("git", "config", "user.name", "tester")
    clone.run("git", "config", "user.email", "tester@localhost")
    clone.commit("tiny")
    return clone


def build(folder: Path) -> None:
    """A clone built from nothing, committed."""
    clone = make_clone(folder)
    ran = clone.repro()
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert {name.split("@")[0] for name in ran} == {
        name for name, stage in stages.items() if stage.get("foreach") != NO_ARCHIVE
    }
    clone.commit("built")


def _is_shipped(name: str) -> bool:
    """Whether a file is the project's, neither made by a run nor its user's own music or settings."""
    if name.startswith("sources/"):
        return name == "sources/README.md"
    return name not in ("dvc.lock", ".dvc/config") and not name.startswith("reports/")

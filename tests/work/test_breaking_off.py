"""A run that is broken off, at any moment, goes on and ends with the same bytes: real DVC in a clone."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from helpers.clones import Clone
from helpers.waiting import until


def test_a_full_disk_is_one_line_and_leaves_no_part(edited: Clone, tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: writes fail half-way."""
    limited = f"ulimit -f 200; exec {sys.executable} stages/normalize.py beats"  # 200 blocks of 1024 bytes
    printed = edited.run("bash", "-c", limited, check=False, LEGATO_CACHE=str(tmp_path))
    (line,) = (line for line in printed.splitlines() if line.startswith("error: "))
    assert line.startswith("error: normalize: 3 of 3 tracks failed: beats_00000: ")
    assert "File too large" in line
    assert "Traceback" not in printed
    assert list((edited.folder / "dataset/raw_audio/beats").iterdir()) == []


def test_an_interrupted_run_is_one_line_and_its_rerun_whole(edited: Clone, tmp_path: Path) -> None:
    n_tracks, rendered = 8, edited.folder / "dataset/rendered/pads"
    edited.edit(lambda values: values["categories"]["pads"].update(tracks=n_tracks))
    edited.edit(lambda values: values["categories"]["pads"]["music"].update(seconds=[30, 33]))  # a while to render
    edited.repro("compose@pads")
    with subprocess.Popen(
        ["dvc", "repro", "render@pads"],
        cwd=edited.folder,
        env=edited.variables({"LEGATO_WORKERS": "2"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as repro:
        assert repro.stdout
        next(line for line in repro.stdout if line.startswith("> python stages/render.py"))
        until(lambda: any(rendered.glob("*.flac")))
        os.killpg(repro.pid, signal.SIGINT)
        printed = repro.stdout.read()
    assert repro.returncode != 0
    assert "Traceback" not in printed, printed
    assert 0 < len(list(rendered.glob("*.flac"))) < n_tracks
    assert edited.repro("render@pads") == ["render@pads"]
    after_interruption = edited.digests("dataset/rendered/pads")
    edited.run("dvc", "repro", "--force", "--single-item", "render@pads", LEGATO_CACHE=str(tmp_path))
    assert edited.digests("dataset/rendered/pads") == after_interruption
    assert len(after_interruption) == n_tracks


def test_dvc_killed_at_any_moment_goes_on_and_ends_with_the_same_bytes(edited: Clone, tmp_path: Path) -> None:
    """Everything that `dvc repro` started dies at once, as in a power cut."""
    edited.edit(lambda values: values["categories"]["pads"].update(tracks=6))
    folders = ("midi", "rendered", "raw_audio", "encoded", "tracks")
    draw = random.Random(0)
    for stage in ("render", "encode"):
        with subprocess.Popen(
            ["dvc", "repro", f"{stage}@pads"],
            cwd=edited.folder,
            env=edited.variables({"LEGATO_WORKERS": "2"}),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as repro:
            assert repro.stdout
            next(line for line in repro.stdout if line.startswith(f"> python stages/{stage}.py"))
            time.sleep(draw.uniform(0, 4))
            os.killpg(repro.pid, signal.SIGKILL)
        edited.run("dvc", "repro", f"{stage}@pads")
    after = [edited.digests(f"dataset/{folder}/pads") for folder in folders]
    for stage in ("compose", "render", "normalize", "encode"):
        edited.run("dvc", "repro", "--force", "--single-item", f"{stage}@pads", LEGATO_CACHE=str(tmp_path))
    assert [edited.digests(f"dataset/{folder}/pads") for folder in folders] == after

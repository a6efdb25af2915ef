"""What was made is kept, what changed is made anew, and no history of edits, deaths and damage changes a byte."""

import random
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from helpers.checkout import ROOT
from helpers.signals import SAMPLE_RATE, silence
from helpers.small_workspace import OUTPUTS, PADS, STAGES, Workspace
from legato.audio.samples import write_audio
from legato.errors import LegatoError
from legato.files import read_jsonl
from legato.work import item_cache, items

SONGS = {"music": {"source": "midi", "license": "CC0-1.0"}, "tracks": "all", "prompt": "songs"}
ALL_CATEGORIES = ("pads", "songs")
Make = Callable[[str], Workspace]


@pytest.fixture
def make(tmp_path: Path, font: Path, tiny_weights: Path) -> Make:
    """Makes a workspace with a cache of its own."""

    def made(name: str) -> Workspace:
        (tmp_path / name).mkdir()
        workspace = Workspace(tmp_path / name, font, tiny_weights)
        workspace.write({})
        return workspace

    return made


@pytest.fixture
def kept(capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, str]]:
    """How many of how many tracks each stage has found in the cache since it was asked last."""

    def read() -> dict[str, str]:
        lines = (line.split() for line in capsys.readouterr().out.splitlines() if "were in the cache" in line)
        return {words[0].removesuffix(":"): f"{words[1]}/{words[3]}" for words in lines}

    return read


def all_stages(count: str, category: str = "pads", **others: str) -> dict[str, str]:
    return {f"{stage}@{category}": others.get(stage, count) for stage in STAGES}


def test_only_what_changed_is_made(make: Make, kept: Callable[[], dict[str, str]]) -> None:
    workspace = make("one")
    workspace.run_all()
    assert kept() == all_stages("0/3")
    workspace.params["categories"]["pads"] = PADS | {"tracks": 5}
    workspace.write({})
    workspace.run_all()
    assert kept() == all_stages("3/5")
    workspace.params["normalize"]["target_lufs"] = -20
    workspace.write({})
    workspace.run_all()
    assert kept() == all_stages("5/5", normalize="0/5", encode="0/5")
    workspace.params["categories"]["pads"] = PADS | {"tracks": 2, "prompt": "calm pads"}
    workspace.params["normalize"]["target_lufs"] = -14
    workspace.write({})
    workspace.run_all()
    assert kept() == all_stages("2/2", prompt="0/2")


def test_how_long_a_track_may_play_makes_nothing_anew(make: Make, kept: Callable[[], dict[str, str]]) -> None:
    workspace = make("one")
    workspace.run_all()
    kept()
    workspace.params["dataset"]["max_minutes"] = 1
    workspace.write({})
    workspace.run_all()
    assert kept() == all_stages("3/3")
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    of_all = {name for name, stage in stages.items() if "dataset" in stage.get("do", stage).get("params", [])}
    assert of_all == set(), "who depends on all of `dataset` is run again for every key of it"


def test_a_refused_track_leaves_the_others_with_their_facts(make: Make) -> None:
    workspace = make("one")
    for stage in ("compose", "render"):
        workspace.run(stage)
    rendered = workspace.folder / "dataset/rendered/pads/pads_00001.flac"
    rendered.unlink()
    write_audio(rendered, silence(2), SAMPLE_RATE, "PCM_24")
    with pytest.raises(LegatoError, match="^normalize: 1 of 3 tracks failed: pads_00001: the audio is silent$"):
        workspace.run("normalize")
    finished = ["pads_00000", "pads_00002"]
    assert [row["id"] for row in read_jsonl(workspace.folder / "dataset/tracks/pads/normalize.jsonl")] == finished
    assert sorted(path.stem for path in (workspace.folder / "dataset/raw_audio/pads").iterdir()) == finished


def test_a_changed_file_of_the_user_is_one_track(make: Make, kept: Callable[[], dict[str, str]]) -> None:
    workspace = make("one")
    workspace.params["categories"] = {"songs": SONGS}
    workspace.write({"a.mid": 0, "b.mid": 1, "c.mid": 2})
    workspace.run_all(["songs"])
    assert kept() == all_stages("0/3", "songs")
    workspace.write({"a.mid": 0, "b.mid": 5, "c.mid": 2})
    workspace.run_all(["songs"])
    assert kept() == all_stages("2/3", "songs")
    workspace.write({"c.mid": 2, "d.mid": 0})
    workspace.run_all(["songs"])
    assert kept() == all_stages("1/2", "songs")


EDITS = st.one_of(
    st.tuples(st.just("tracks"), st.integers(1, 3)),
    st.tuples(st.just("bpm"), st.sampled_from([[120, 140], [150, 160]])),
    st.tuples(st.just("prompt"), st.sampled_from(["slow pads", "calm pads"])),
    st.tuples(st.just("seed"), st.integers(0, 1)),
    st.tuples(st.just("gain"), st.sampled_from([0.4, 0.3])),
    st.tuples(st.just("stems"), st.booleans()),
    st.tuples(st.just("layout"), st.sampled_from(["files", "shards"])),
    st.tuples(st.just("target_lufs"), st.sampled_from([-14, -20])),
    st.tuples(st.just("format"), st.sampled_from(["wav", "flac"])),
    st.tuples(st.just("reorder"), st.none()),
    st.tuples(st.sampled_from(["a.mid", "b.mid", "c.mid"]), st.sampled_from([0, 5, None])),
)


def edit(workspace: Workspace, songs: dict[str, int], what: str, value: Any) -> None:
    params = workspace.params
    if what == "reorder":
        params["categories"] = dict(reversed(params["categories"].items()))
    elif what in ("tracks", "prompt"):
        params["categories"]["pads"] |= {what: value}
    elif what == "bpm":
        params["categories"]["pads"]["music"] |= {what: value}
    elif what.endswith(".mid"):
        songs.pop(what, None)
        if value is not None:
            songs[what] = value
    else:
        section = {"seed": "dataset", "layout": "dataset", "gain": "render", "stems": "render"}.get(what, "normalize")
        params[section][what] = value


@settings(
    max_examples=4, phases=(Phase.generate,), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(edits=st.lists(EDITS, min_size=2, max_size=5))
def test_edits_end_as_a_build_from_nothing(edits: list[tuple[str, Any]], make: Make, tmp_path: Path) -> None:
    for name in ("edited", "clean"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    edited, clean = make("edited"), make("clean")
    edited.params["categories"] = {"pads": PADS | {"music": dict(PADS["music"])}, "songs": SONGS}
    songs = {"z.mid": 1}
    for what, value in edits:
        edited.write(songs)
        edited.run_all(ALL_CATEGORIES)
        edit(edited, songs, what, value)
    edited.write(songs)
    edited.run_all(ALL_CATEGORIES)
    clean.params = edited.params
    clean.write(songs)
    clean.run_all(ALL_CATEGORIES)
    assert edited.bytes() == clean.bytes()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "gone": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "truncated": truncated,
    "flipped": flipped,
}


def test_no_damaged_result_is_trusted(make: Make, kept: Callable[[], dict[str, str]]) -> None:
    workspace = make("one")
    workspace.run_all()
    whole = workspace.bytes()
    draw = random.Random(0)
    files = [path for kind in ("records", "objects") for path in sorted((workspace.cache / kind).rglob("*"))]
    files = [path for path in files if path.is_file()]
    for path in files:
        path.chmod(0o644)
        damage = draw.choice(list(DAMAGES))
        DAMAGES[damage](path)
    kept()
    workspace.run_all()
    assert kept() == all_stages("0/3")
    assert workspace.bytes() == whole
    workspace.run_all()
    assert kept() == all_stages("3/3")


def test_a_result_in_the_workspace_is_read_only_and_shares_its_bytes(make: Make) -> None:
    workspace = make("one")
    workspace.run_all()
    paths = [path for name in OUTPUTS[:-1] for path in (workspace.folder / "dataset" / name).rglob("*.*")]
    for path in (path for path in paths if path.name != "index.json"):  # which is of the category
        status = path.stat()
        assert status.st_nlink > 1 or item_cache._reflink(path, workspace.folder / "reflinked"), path
        assert not status.st_mode & 0o222


def records(workspace: Workspace, stage: str) -> list[Path]:
    """The records of a stage that are whole."""
    found = {path: item_cache.read_record(path) for path in (workspace.cache / "records").glob("*/*")}
    return [path for path, record in found.items() if record and record.stage == stage]


KILLS = 30


def test_a_stage_killed_at_any_moment_goes_on_from_what_is_finished(make: Make) -> None:
    """Killed at thirty moments, drawn from the time that each stage takes, each time from nothing."""
    clean, killed = make("clean"), make("killed")
    clean.params["categories"]["pads"] = killed.params["categories"]["pads"] = PADS | {"tracks": 4}
    clean.write({})
    killed.write({})
    draw = random.Random(0)
    for stage in STAGES:
        clean.finish(stage)
        for path in records(clean, stage):
            path.unlink()
        started = time.monotonic()
        clean.finish(stage)
        took_s = time.monotonic() - started
        n_killed = 0
        while n_killed < KILLS / len(STAGES):
            process = killed.start(stage)
            process.join(draw.uniform(0, took_s))
            process.kill()
            process.join()
            n_killed += process.exitcode != 0
            n_finished = len(records(killed, stage))
            killed.finish(stage)
            assert f"{stage}@pads: {n_finished} of 4 tracks were in the cache" in killed.log
            for path in records(killed, stage):
                path.unlink()
        killed.finish(stage)
    assert killed.bytes() == clean.bytes()


@pytest.mark.usefixtures("dask")
def test_a_cluster_computes_the_same_bytes(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = make("here"), make("there")
    there.run_all()
    monkeypatch.setenv(items.SCHEDULER_VARIABLE, "")
    here.run_all()
    assert there.bytes() == here.bytes()


def limit_files(n_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


@pytest.mark.parametrize("stage", ["render", "normalize", "encode"])
def test_where_files_cannot_be_written_nothing_is_half_kept(make: Make, stage: str) -> None:
    clean, full = make("clean"), make("full")
    for workspace in (clean, full):
        for earlier in STAGES[: STAGES.index(stage)]:
            workspace.run(earlier)
    clean.run(stage)
    process = full.start(stage, partial(limit_files, 2_000))
    process.join()
    assert process.exitcode == 1
    assert "3 of 3 tracks failed: pads_00000: " in full.log
    assert "File too large" in full.log
    full.run(stage)
    assert full.bytes() == clean.bytes()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system on which some tracks of seconds can be made, and not three of them."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2500k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_keeps_what_was_finished(make: Make, small_disk: Path, kept: Callable[[], dict[str, str]]) -> None:
    workspace = make("one")
    workspace.run("compose")
    workspace.cache, own = small_disk, workspace.cache
    with pytest.raises(LegatoError, match="render: . of 3 tracks failed: pads_0000.: .*No space left on device"):
        workspace.run("render")
    n_finished = len([path for path in (small_disk / "records").glob("*/*") if path.stat().st_size])
    assert 0 < n_finished < 3
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    kept()
    workspace.run("render")
    assert kept() == {"render@pads": f"{n_finished}/3"}
    on_small_disk = workspace.bytes()
    workspace.cache = own
    workspace.run("render")
    assert workspace.bytes() == on_small_disk
    assert not list((small_disk / "scratch").iterdir())

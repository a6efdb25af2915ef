"""`legato diff`: what differs between two versions is told step by step, and reading them changes nothing."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from legato import cli
from legato.errors import LegatoError
from tiny_versions import BIN, Dataset, Track

BEATS = {"beats_00000": Track(3), "beats_00001": Track(4)}
V0 = {"pads": {"pads_00000": Track(0), "pads_00001": Track(1)}}  # composed and no more
V1 = {"pads": {"pads_00000": Track(0), "pads_00001": Track(1), "pads_00002": Track(2)}, "beats": BEATS}
V2 = {
    "pads": {
        "pads_00000": Track(0),
        "pads_00001": Track(1, prompt="calm pads, 120 bpm"),
        "pads_00002": Track(7),
        "pads_00003": Track(8),
    },
    "beats": {"beats_00000": Track(3, dbfs=-20)},
    "bells": {"bells_00000": Track(9)},
}
MUSIC_AND_AUDIO = ["music", "rendered", "normalized", "codes"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Versions v0, v1 and v2, of which the last lies in the workspace. Tests leave it as they found it."""
    made = Dataset(tmp_path_factory.mktemp("dataset"))
    made.init()
    made.build(V0, stages=("compose",))
    made.commit("v0")
    made.build(V1)
    made.commit("v1")
    made.build(V2, target_lufs=-20)
    made.commit("v2")
    return made


@pytest.fixture
def diff(dataset: Dataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """`legato diff` in a repository, the dataset's own if none is named; what it printed."""

    def call(*words: str, place: Dataset = dataset) -> str:
        monkeypatch.chdir(place.folder)
        cli.main("diff", *words)
        return capsys.readouterr().out

    return call


@pytest.fixture
def values(diff: Any) -> Any:
    return lambda *words, **where: json.loads(diff(*words, "--json", **where))


def test_each_track_is_added_removed_or_changed_at_its_steps(values: Any) -> None:
    found = values("v1", "v2")
    pads, beats, bells = (found["categories"][name] for name in ("pads", "beats", "bells"))
    assert pads["changed"] == {
        "pads_00001": {"first": "prompt", "steps": ["prompt"]},
        "pads_00002": {"first": "music", "steps": MUSIC_AND_AUDIO},
    }
    assert (pads["before"], pads["after"], pads["same"]) == (3, 4, 1)
    assert (pads["added"], pads["removed"]) == (["pads_00003"], [])
    assert beats["changed"] == {"beats_00000": {"first": "normalized", "steps": ["normalized", "codes"]}}
    assert (beats["added"], beats["removed"]) == ([], ["beats_00001"])
    assert (bells["before"], bells["after"], bells["added"]) == (0, 1, ["bells_00000"])
    assert not found["same"]


def test_the_way_back_is_the_mirror_image(values: Any) -> None:
    there, back = values("v1", "v2"), values("v2", "v1")
    for name, category in there["categories"].items():
        mirrored = back["categories"][name]
        assert (category["added"], category["before"]) == (mirrored["removed"], mirrored["after"])
        assert category["changed"] == mirrored["changed"]
        assert category["same"] == mirrored["same"]


def test_parameters_and_metrics_are_shown_before_and_after(diff: Any, values: Any) -> None:
    found = values("v1", "v2")
    assert found["params"]["params.yaml"]["normalize.target_lufs"] == {"old": -14, "new": -20, "diff": -6}
    assert found["metrics"]["reports/dataset.json"]["total.lufs_mean"] == {"old": -14, "new": -20, "diff": -6}
    rows = [line.split() for line in diff("v1", "v2").splitlines()]
    assert ["normalize.target_lufs", "-14", "->", "-20", "-6"] in rows
    assert ["total.lufs_mean", "-14", "->", "-20", "-6"] in rows
    assert ["pads", "3", "4", "1", "2", "1", "-"] in rows


@pytest.mark.parametrize("revisions", [("v1", "v1"), ("v2", "HEAD"), ("v2",)])
def test_the_same_content_is_no_difference(diff: Any, values: Any, revisions: tuple[str, ...]) -> None:
    assert diff(*revisions).splitlines()[1:] == ["no difference"]
    assert values(*revisions)["same"]


def test_the_workspace_is_compared_as_it_lies_there(dataset: Dataset, diff: Any, values: Any) -> None:
    prompt = dataset.folder / "dataset/audio_prompts/pads/pads_00000_prompt.txt"
    before = prompt.read_text()
    prompt.unlink()
    prompt.write_text("loud pads")
    try:
        changed = values("v2")["categories"]["pads"]["changed"]
        printed = diff("v2")
    finally:
        prompt.write_text(before)
    assert changed == {"pads_00000": {"first": "prompt", "steps": ["prompt"]}}
    assert "workspace: not as dvc.lock says: dataset/audio_prompts/pads" in printed


def test_parameters_that_no_stage_has_run_with_are_noted(dataset: Dataset, diff: Any) -> None:
    params = dataset.folder / "params.yaml"
    before = params.read_text()
    params.write_text(before.replace("-20", "-18").replace("steps: 1", "steps: 2"))
    try:
        printed = diff("v2")
    finally:
        params.write_text(before)
    (note,) = (line for line in printed.splitlines() if line.startswith("note: "))
    stages = "normalize@pads, normalize@beats, normalize@bells"  # train_codec is frozen
    assert note == f"note: workspace: made with other parameters or code: {stages}; run `dvc repro`"


def test_a_step_that_a_version_has_not_is_said_and_not_compared(diff: Any, values: Any) -> None:
    pads = values("v0", "v1")["categories"]["pads"]
    assert pads["changed"] == {}
    assert (pads["same"], pads["added"]) == (2, ["pads_00002"])
    assert pads["only_after"] == ["rendered", "normalized", "codes", "prompt"]
    note = "note: v0: has no rendered audio, normalized audio, codes, prompt of pads; not compared"
    assert note in diff("v0", "v1").splitlines()


def test_nothing_in_the_repository_changes(dataset: Dataset, diff: Any) -> None:
    before = dataset.state()
    for words in (("v0",), ("v1", "v2"), ("v1", "--json")):
        diff(*words)
    assert dataset.state() == before


def test_a_version_that_is_only_in_a_remote_is_read_from_there(values: Any, elsewhere: Dataset, store: Path) -> None:
    elsewhere.run("dvc", "remote", "add", "--local", "--default", "store", str(store / "legato/data"))
    before = elsewhere.state()
    assert values("v1", "v2", place=elsewhere) == values("v1", "v2")
    assert elsewhere.state() == before


def test_a_version_that_is_only_on_s3_is_read_from_there(
    values: Any, elsewhere: Dataset, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server(store, monkeypatch) as address:
        elsewhere.run("dvc", "remote", "add", "--local", "--default", "store", "s3://legato/data")
        elsewhere.run("dvc", "remote", "modify", "--local", "store", "endpointurl", f"http://{address}")
        assert values("v1", "v2", place=elsewhere) == values("v1", "v2")
        assert not (elsewhere.folder / "dataset").exists()


@pytest.fixture
def elsewhere(dataset: Dataset, tmp_path: Path) -> Dataset:
    """A clone without any data."""
    return dataset.clone(tmp_path / "elsewhere")


@pytest.fixture(scope="module")
def store(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a remote in it, `legato/data`, that has all versions."""
    folder = tmp_path_factory.mktemp("store")
    dataset.run("dvc", "remote", "add", "--local", "--default", "store", str(folder / "legato/data"))
    dataset.run("dvc", "push", "-q", "--all-tags")
    (dataset.folder / ".dvc/config.local").unlink()
    return folder


@contextmanager
def s3_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real S3 server, whose buckets are the folder's folders; its host and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    for name, value in (("ACCESS_KEY_ID", "user"), ("SECRET_ACCESS_KEY", "password"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    command = [BIN / "rclone", "serve", "s3", folder, "--addr", address, "--auth-key", "user,password", "--quiet"]
    with subprocess.Popen(command) as server:
        try:
            _wait_for(address)
            yield address
        finally:
            server.terminate()


def _wait_for(address: str, seconds: float = 60) -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)


def test_a_version_whose_data_is_nowhere_is_one_line(diff: Any, elsewhere: Dataset) -> None:
    with pytest.raises(LegatoError) as raised:
        diff("v1", "v2", place=elsewhere)
    assert str(raised.value) == (
        "v1: dataset/midi/pads: its data is neither in the cache nor in a remote: "
        "run `dvc push` where v1 was made, or `dvc fetch` from a remote that has it"
    )


def test_a_revision_that_does_not_exist_is_one_line(diff: Any) -> None:
    with pytest.raises(LegatoError, match=r"^v3: no such Git revision$"):
        diff("v3")
    with pytest.raises(LegatoError, match=r"^v4: no such Git revision$"):
        diff("v1", "v4")


def test_outside_of_a_repository_is_one_line(tmp_path: Path, diff: Any) -> None:
    place = Dataset(tmp_path)
    with pytest.raises(LegatoError, match=rf"^{tmp_path}: not in a DVC repository$"):
        diff("v1", place=place)
    place.run("dvc", "init", "-q", "--no-scm")
    with pytest.raises(LegatoError, match=rf"^{tmp_path}: not in a Git repository; versions are its commits$"):
        diff("v1", place=place)

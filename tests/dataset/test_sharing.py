"""Remotes with real DVC: the documented commands set one up; what is pushed, pulled, and built on."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.checkout import ROOT
from helpers.clones import STAGES_OF_A_CATEGORY, TINY, Clone, stages_of
from helpers.contract import read_dataset

BIN = Path(sys.executable).parent
COMMANDS = re.findall(r"^(dvc remote .*?)(?: +#.*)?$", (ROOT / "docs/sharing.md").read_text(), re.MULTILINE)
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "password", "AWS_DEFAULT_REGION": "us-east-1"}
N_FILES = 6


def run(folder: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    words = [str(BIN / command[0]) if command[0] == "dvc" else command[0], *command[1:]]
    environment = os.environ | CREDENTIALS | {"DVC_NO_ANALYTICS": "1"}
    return subprocess.run(words, cwd=folder, check=check, capture_output=True, text=True, env=environment)


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Of a real S3 server, whose buckets are the folders of `store`."""
    (tmp_path / "store/legato").mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = f"127.0.0.1:{probe.getsockname()[1]}"
    words = [
        BIN / "rclone",
        "serve",
        "s3",
        tmp_path / "store",
        "--addr",
        found,
        "--auth-key",
        "user,password",
        "--quiet",
    ]
    with subprocess.Popen(words) as server:
        deadline = time.monotonic() + 60
        host, port = found.split(":")
        while socket.socket().connect_ex((host, int(port))):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield found
        server.terminate()


def test_what_is_damaged_in_the_store_is_not_pulled(tmp_path: Path, address: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "data").mkdir(parents=True)
    for number in range(N_FILES):
        (here / f"data/{number}").write_text(f"track {number}")
    run(here, "git", "init", "-q")
    run(here, "dvc", "init", "-q")
    for command in COMMANDS:
        run(here, *command.replace("127.0.0.1:9000", address).split())
    run(here, "dvc", "add", "-q", "data")
    run(here, "dvc", "push", "-q")
    run(here, "git", "add", "-A")
    run(here, "git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")
    run(tmp_path, "git", "clone", "-q", str(here), str(there))
    rotten = hashlib.md5(b"track 3").hexdigest()
    (stored,) = (tmp_path / "store").rglob(rotten[2:])
    stored.write_text("track 4")
    pulled = run(there, "dvc", "pull", check=False)
    assert pulled.returncode != 0
    found = {path.name: path.read_text() for path in there.glob("data/*")}
    assert all(text == f"track {name}" for name, text in found.items())
    assert "3" not in found
    stored.write_text("track 3")
    run(there, "dvc", "pull")
    assert len(list(there.glob("data/*"))) == N_FILES


def test_every_page_that_adds_a_remote_has_it_verified() -> None:
    pages = [
        page for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")) if "dvc remote add" in page.read_text()
    ]
    assert len(pages) == 2
    for page in pages:
        assert "dvc remote modify store verify true" in page.read_text()


def test_what_dvc_leaves_of_a_full_disk_is_no_part_of_an_output(tmp_path: Path) -> None:
    """DVC's own temporary files, which it leaves in a folder that it links files into."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a").write_text("a")
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "dvc", "init", "-q")
    (tmp_path / ".dvcignore").write_text((ROOT / ".dvcignore").read_text())
    run(tmp_path, "dvc", "add", "-q", "data")
    before = (tmp_path / "data.dvc").read_text()
    (tmp_path / "data/.m0in1234.tmp").touch()
    assert "up to date" in run(tmp_path, "dvc", "status").stdout
    run(tmp_path, "dvc", "add", "-q", "data")
    assert (tmp_path / "data.dvc").read_text() == before


def test_push_and_pull_over_s3_share_the_codes_alone(built: Clone, tmp_path: Path, address: str) -> None:
    there = tmp_path / "there"
    try:
        built.run("dvc", "remote", "add", "--local", "--default", "store", "s3://legato/data")
        built.run("dvc", "remote", "modify", "--local", "store", "endpointurl", f"http://{address}")
        built.run("dvc", "push", **CREDENTIALS)
        built.run("git", "clone", "-q", str(built.folder), str(there))
        clone = Clone(there)
        shutil.copy(built.folder / ".dvc/config.local", there / ".dvc/config.local")
        clone.run("dvc", "pull", "collect", **CREDENTIALS)
        for folder in ("dataset/encoded_dataset", "dataset/heldout_dataset"):
            assert clone.digests(folder) == built.digests(folder)
        assert sorted(path.name for path in (there / "dataset").iterdir() if path.is_dir()) == [
            "encoded_dataset",
            "heldout_dataset",
        ]
        clone.run("dvc", "pull", "normalize@pads", **CREDENTIALS)
        assert clone.digests("dataset/raw_audio/pads") == built.digests("dataset/raw_audio/pads")
        assert clone.run("dvc", "pull", **CREDENTIALS)
        assert clone.repro() == []
    finally:
        (built.folder / ".dvc/config.local").unlink(missing_ok=True)


def test_a_clone_builds_on_what_was_pushed_and_pulls_no_more_than_that(built: Clone, tmp_path: Path) -> None:
    """What CI does: parameters change in a fresh clone that has none of the data."""
    origin, clone = Clone(tmp_path / "origin"), Clone(tmp_path / "clone")
    built.run("git", "clone", "-q", str(built.folder), str(origin.folder))
    origin.run("dvc", "config", "--local", "cache.dir", str(built.folder / ".dvc/cache"))
    origin.run("dvc", "checkout", "-q")
    origin.run("dvc", "remote", "add", "--default", "store", str(tmp_path / "store"))
    origin.edit(lambda values: values["categories"].update(more=TINY["categories"]["beats"] | {"tracks": 1}))
    origin.repro("collect")
    origin.edit(lambda values: values["categories"].pop("pads"))
    assert set(origin.repro("collect")) == {"check", "contents", "collect"}
    origin.run("git", "config", "user.name", "tester")
    origin.run("git", "config", "user.email", "tester@localhost")
    origin.commit("pads are gone, more is there")
    origin.run("dvc", "push", "collect", "check", *STAGES_OF_A_CATEGORY, "soundfont", "codec")
    assert "up to date" in origin.run("dvc", "status", "contents", "collect")
    shutil.rmtree(origin.folder / "dataset/raw_audio/pads")
    assert "up to date" in origin.run("dvc", "status", "contents", "collect")
    origin.run("git", "clone", "-q", str(origin.folder), str(clone.folder))
    build = ("--pull", "--allow-missing", "collect")
    assert clone.repro(*build) == []
    assert not (clone.folder / "dataset").exists()
    clone.edit(lambda values: values["card"].update(name="cloned"))
    assert {"check", "collect"} <= set(clone.repro(*build)) <= {"check", "contents", "collect"}
    clone.edit(lambda values: values["categories"]["more"].update(prompt="other words"))
    clone.edit(lambda values: values["categories"].update(new=values["categories"].pop("beats") | {"tracks": 1}))
    ran = set(clone.repro(*build))
    assert ran == {"check", "prompt@more", "validate@more", "contents", "collect"} | stages_of("new")
    assert not (clone.folder / "dataset/rendered/more").exists()
    assert not (clone.folder / "dataset/raw_audio/beats").exists()
    dataset = read_dataset(clone.folder / "dataset/encoded_dataset")
    assert {name.split("_")[0]: entry["text"].split(",")[0] for name, entry in dataset.items()} == {
        "more": "other words",
        "new": "beat only drums",
    }
    clone.run("dvc", "pull", "check", *STAGES_OF_A_CATEGORY, "soundfont", "codec")
    assert "up to date" in clone.run("dvc", "status", "contents", "collect")

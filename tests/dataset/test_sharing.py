"""Remotes with real DVC: the documented commands set one up; what is pushed, pulled, and built on."""

import hashlib
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from helpers.checkout import ROOT
from helpers.clones import STAGES_OF_A_CATEGORY, TINY, Clone, stages_of
from helpers.contract import read_dataset
from helpers.s3_server import COMMANDS, KEYS, Server
from legato.work.remote import PART
from legato.workspace.layout import MODEL, TRAIN

BIN = Path(sys.executable).parent
N_FILES = 6
REMOTE_OF_ITS_OWN = (".dvc/config.local", ".dvc/s3.ini")  # what the documented commands write with --local


def run(folder: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    words = [str(BIN / command[0]) if command[0] == "dvc" else command[0], *command[1:]]
    environment = os.environ | KEYS | {"DVC_NO_ANALYTICS": "1", "PATH": f"{BIN}:{os.environ['PATH']}"}
    return subprocess.run(words, cwd=folder, check=check, capture_output=True, text=True, env=environment)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Of a real S3 server, whose buckets are the folders of `store`."""
    with Server(tmp_path / "store") as server:
        yield server.address.removeprefix("http://")


def configure(folder: Path, address: str, *, local: bool = False) -> None:
    """Add a remote by the documented commands; `local` is for a clone whose committed files stay as they are."""
    assert len(COMMANDS) == 7
    for command in COMMANDS:
        here = re.sub(r"^dvc remote (add|modify)", r"\g<0> --local", command) if local else command
        run(folder, "sh", "-c", here.replace("127.0.0.1:9000", address))


def test_an_archive_that_is_fetched_in_parts_comes_back(tmp_path: Path, address: str) -> None:
    """With the configuration of the documentation, from a store that gives a part the checksum of the whole."""
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "dvc", "init", "-q")
    configure(tmp_path, address)
    content = random.Random(0).randbytes(PART + 1)
    (tmp_path / "archive.tar").write_bytes(content)
    run(tmp_path, "dvc", "add", "-q", "archive.tar")
    run(tmp_path, "dvc", "push", "-q")
    for made in (".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(tmp_path / made)
    (tmp_path / "archive.tar").unlink()
    (tmp_path / ".dvc/s3.ini").rename(tmp_path / "kept.ini")
    assert "Expected checksum" in run(tmp_path, "dvc", "pull", check=False).stderr
    (tmp_path / "kept.ini").rename(tmp_path / ".dvc/s3.ini")
    run(tmp_path, "dvc", "pull", "-q")
    assert (tmp_path / "archive.tar").read_bytes() == content


def test_a_store_that_is_full_is_tried_twice_and_not_for_long(tmp_path: Path) -> None:
    """With the configuration of the documentation; DVC's own tries each object five times, with pauses."""
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "dvc", "init", "-q")
    (tmp_path / "large").write_bytes(bytes(5000))
    run(tmp_path, "dvc", "add", "-q", "large")
    with Server(tmp_path / "store", full=True) as server:
        configure(tmp_path, server.address.removeprefix("http://"))
        said = run(tmp_path, "dvc", "push", check=False).stderr
    assert "(reached max retries: 1): Internal Error" in said
    assert "failed to push data to the cloud - 1 files failed to upload" in said


def test_what_is_damaged_in_the_store_is_not_pulled(tmp_path: Path, address: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "data").mkdir(parents=True)
    for number in range(N_FILES):
        (here / f"data/{number}").write_text(f"track {number}")
    run(here, "git", "init", "-q")
    run(here, "dvc", "init", "-q")
    configure(here, address)
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
        configure(built.folder, address, local=True)
        built.run("dvc", "push", **KEYS)
        built.run("git", "clone", "-q", str(built.folder), str(there))
        clone = Clone(there)
        for name in REMOTE_OF_ITS_OWN:
            shutil.copy(built.folder / name, there / name)
        clone.run("dvc", "pull", "collect", **KEYS)
        for folder in ("dataset/encoded_dataset", "dataset/heldout_dataset"):
            assert clone.digests(folder) == built.digests(folder)
        assert sorted(path.name for path in (there / "dataset").iterdir() if path.is_dir()) == [
            "encoded_dataset",
            "heldout_dataset",
        ]
        clone.run("dvc", "pull", "normalize@pads", **KEYS)
        assert clone.digests("dataset/raw_audio/pads") == built.digests("dataset/raw_audio/pads")
        assert clone.run("dvc", "pull", **KEYS)
        assert clone.repro() == []
    finally:
        for name in REMOTE_OF_ITS_OWN:
            (built.folder / name).unlink(missing_ok=True)


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


def example(page: str, kind: str, beginning: str) -> str:
    """The code block of a page that begins in some way."""
    blocks = re.findall(rf"```{kind}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    (found,) = (block for block in blocks if block.startswith(beginning))
    return found


def test_another_project_gets_and_imports_by_the_documented_commands(tmp_path: Path) -> None:
    """Of a small repository with a remote; its cache is gone, so that all comes from there."""
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "dataset/encoded_dataset").mkdir(parents=True)
    (here / "dataset/encoded_dataset/metadata.json").write_text('{"a.pt": {"text": "pad"}}')
    for folder in (here, there):
        folder.mkdir(exist_ok=True)
        run(folder, "git", "init", "-q", "-b", "main")
        run(folder, "dvc", "init", "-q")
    run(here, "dvc", "remote", "add", "--default", "store", str(tmp_path / "store"))
    run(here, "dvc", "add", "-q", "dataset/encoded_dataset")
    run(here, "dvc", "push", "-q")
    artifacts = {"dataset": {"path": "dataset/encoded_dataset", "type": "dataset"}}
    (here / "dvc.yaml").write_text(yaml.safe_dump({"artifacts": artifacts}))
    run(here, "git", "add", "-A")
    run(here, "git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")
    shutil.rmtree(here / ".dvc/cache")
    commands = example("docs/sharing.md", "sh", "dvc list").replace("REPOSITORY", str(here)).splitlines()
    assert [line.split()[1] for line in commands] == ["list", "get", "import", "update"]
    said = [run(there, *line.split()).stdout for line in commands]
    assert "metadata.json" in said[0]
    script = example("docs/sharing.md", "python", "import dvc.api").replace("REPOSITORY", str(here))
    assert "pad" in run(there, sys.executable, "-c", script).stdout
    tag, fetch = example("docs/sharing.md", "sh", "git tag --annotate").replace("REPOSITORY", str(here)).splitlines()
    run(here, "sh", "-c", f"git config user.name x; git config user.email x@x; {tag}")
    run(there, *shlex.split(fetch, comments=True))
    for copy in ("music", "data", "copy", "encoded_dataset"):
        assert (there / copy / "metadata.json").read_text() == '{"a.pt": {"text": "pad"}}'


def test_what_is_published_by_the_documented_command_is_kept_out_of_git() -> None:
    """A version is committed by `git add -A`, as README.md has it."""
    (folder,) = re.findall(r"^legato publish (\S+)", (ROOT / "docs/sharing.md").read_text(), re.MULTILINE)
    assert f"/{folder}" in (ROOT / ".gitignore").read_text().splitlines()


def test_dvc_knows_the_dataset_and_the_model_by_name() -> None:
    """As artifacts, each an output of a stage."""
    project = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    found = {name: (one["type"], one["path"]) for name, one in project["artifacts"].items()}
    assert found == {"dataset": ("dataset", str(TRAIN.path)), "model": ("model", str(MODEL.path))}
    assert all(one["desc"] for one in project["artifacts"].values())
    for name, made in (("dataset", TRAIN), ("model", MODEL)):
        assert project["artifacts"][name]["path"] in project["stages"][made.stage]["outs"]


def test_the_policy_allows_what_is_done_and_below_its_folder_alone() -> None:
    policy = json.loads(example("docs/sharing.md", "json", '{\n  "Version"'))
    allowed = {
        action: one["Resource"] for one in policy["Statement"] for action in [one["Action"]] if isinstance(action, str)
    }
    assert allowed == {"s3:ListBucket": "arn:aws:s3:::my-bucket"}
    resources = [path for one in policy["Statement"][1:] for path in [one["Resource"]]]
    assert all("my-bucket/legato/" in str(path) for path in resources)
    assert not any("*" in str(one["Action"]) for one in policy["Statement"])

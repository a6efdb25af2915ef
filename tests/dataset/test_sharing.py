"""The documented commands set up a remote from which nothing wrong is pulled."""

import hashlib
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.checkout import ROOT

BIN = Path(sys.executable).parent
COMMANDS = re.findall(r"^(dvc remote .*?)(?: +#.*)?$", (ROOT / "docs/sharing.md").read_text(), re.MULTILINE)
N_FILES = 6


def run(folder: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    words = [str(BIN / command[0]) if command[0] == "dvc" else command[0], *command[1:]]
    credentials = {"AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "password", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = os.environ | credentials | {"DVC_NO_ANALYTICS": "1"}
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

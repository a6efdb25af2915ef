"""What `legato remote`, `dvc push` and `dvc pull` say of an S3 store that cannot be used, and after how many seconds.

`python benchmarks/store_faults.py [--files N] [--only FAULT ...] [--limit-s S]`: of files of 5 kB, with the
configuration that docs/sharing.md documents, to servers of this machine. A command that lasts longer than the limit is
ended.
"""

import argparse
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from helpers.s3_server import BIN, COMMANDS, KEYS, Server

FAULTS = ("none", "wrong keys", "no keys", "no bucket", "full", "no server", "drops", "stalls", "stalls on writing")
STEPS = {"remote": ("legato", "remote"), "push": ("dvc", "push"), "pull": ("dvc", "pull")}
MOST_SHOWN = 150  # characters


@contextmanager
def at(fault: str, folder: Path) -> Iterator[str]:
    """The address of a server that has a fault."""
    if fault == "no server":
        with socket.socket() as held:  # at which nothing listens
            held.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{held.getsockname()[1]}"
    elif fault in ("stalls", "drops"):
        with socket.create_server(("127.0.0.1", 0), backlog=0 if fault == "drops" else 100) as listening:
            address = listening.getsockname()
            waiting = [socket.socket() for _ in range(3 if fault == "drops" else 0)]  # that leave no room for more
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(address)
            yield f"http://127.0.0.1:{address[1]}"
    else:
        # rclone's gives no answer to a client that asks first whether it may send.
        options = ["--read-only"] if fault == "stalls on writing" else []
        with Server(folder, *options, full=fault == "full") as server:
            yield server.address


def changed(environment: dict[str, str], fault: str) -> dict[str, str]:
    """Keys as the fault has them."""
    if fault == "wrong keys":
        return environment | {"AWS_SECRET_ACCESS_KEY": "wrong"}
    return {name: value for name, value in environment.items() if fault != "no keys" or name not in KEYS}


def timed(folder: Path, environment: dict[str, str], limit_s: float, *words: str) -> tuple[str, int, str]:
    """Seconds, how many lines it said, and the line that names the error."""
    started = time.monotonic()
    process = subprocess.Popen(
        [BIN / words[0], *words[1:]], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        said = process.communicate(timeout=limit_s)[0].decode()
        took = f"{time.monotonic() - started:.1f}"
    except subprocess.TimeoutExpired:
        process.kill()
        said, took = process.communicate()[0].decode(), f"more than {limit_s:.0f}"
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", said).replace("\r", "\n").splitlines()]
    lines = [line for line in lines if line]
    errors = [line for line in lines if re.match("(?i)error", line)]
    return took, len(lines), (errors or lines or [""])[0][:MOST_SHOWN]


def make_project(folder: Path, n_files: int, environment: dict[str, str]) -> None:
    """A repository with a folder that DVC keeps, and the documented remote."""
    (folder / "data").mkdir(parents=True)
    (folder / "params.yaml").write_text("{}\n")
    for number in range(n_files):
        (folder / f"data/{number}").write_bytes(random.Random(number).randbytes(5_000))
    for command in ("git init -q", "dvc init -q", *COMMANDS, "dvc add -q data"):
        subprocess.run(["sh", "-c", command], cwd=folder, env=environment, check=True, capture_output=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=FAULTS)
    parser.add_argument("--limit-s", type=float, default=120)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        own = {"HOME": name, "PATH": f"{BIN}:{os.environ['PATH']}", "AWS_EC2_METADATA_DISABLED": "true"}
        environment = {**os.environ, **KEYS, **own, "DVC_NO_ANALYTICS": "1"}
        make_project(base / "project", chosen.files, environment)
        for fault in chosen.only:
            with at(fault, base / fault) as address:
                for step, words in STEPS.items():
                    here = base / f"{fault} {step}"
                    shutil.copytree(base / "project", here)
                    if step == "pull":
                        shutil.rmtree(here / ".dvc/cache")
                        shutil.rmtree(here / "data")
                    values = {"endpointurl": address} | ({"url": "s3://nothere/data"} if fault == "no bucket" else {})
                    for key, value in values.items():
                        subprocess.run([BIN / "dvc", "remote", "modify", "store", key, value], cwd=here, check=True)
                    took, n_lines, line = timed(here, changed(environment, fault), chosen.limit_s, *words)
                    print(f"{fault}, {' '.join(words)}: {took} s, lines: {n_lines}: {line}", flush=True)


if __name__ == "__main__":
    main()

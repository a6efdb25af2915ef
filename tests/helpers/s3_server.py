"""A real S3 server of this machine, rclone's: its buckets are the folders of a folder."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

from helpers.checkout import ROOT

BIN = Path(sys.executable).parent
KEYS = {"AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "password", "AWS_DEFAULT_REGION": "us-east-1"}
STARTING_S = 60
FULL = ("sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh")  # an error instead of the signal

COMMANDS = re.findall(  # with which docs/sharing.md adds a remote
    r"^((?:dvc remote|printf) .*?)(?: +#.*)?$",
    (ROOT / "docs/sharing.md").read_text().split("## A server to try")[1],
    re.MULTILINE,
)


def free_port() -> int:
    """One that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server with one bucket, `legato`; stopped and started again it has the same address and objects.

    In a `full` one the operating system refuses to write more than 1 kB of an object, as it does where a disk is full.
    """

    def __init__(self, folder: Path, *options: str, full: bool = False) -> None:
        self.bucket = folder / "legato"
        self.bucket.mkdir(parents=True, exist_ok=True)
        self.port, self.options, self.full = free_port(), options, full
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, **changes: str) -> dict[str, str]:
        """What its users have in theirs."""
        return {**os.environ, **KEYS, "AWS_ENDPOINT_URL": self.address, "DVC_NO_ANALYTICS": "1"} | changes

    def start(self) -> None:
        words = ["--addr", f"127.0.0.1:{self.port}", "--auth-key", "user,password", "--quiet", *self.options]
        command = [BIN / "rclone", "serve", "s3", self.bucket.parent, *words]
        limited = [*FULL, *command] if self.full else command
        self.process = subprocess.Popen(limited, stderr=subprocess.DEVNULL if self.full else None)
        deadline = time.monotonic() + STARTING_S
        while socket.socket().connect_ex(("127.0.0.1", self.port)):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

"""A real S3 server of this machine, rclone's: its buckets are the folders of a folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

from helpers.checkout import ROOT
from helpers.waiting import until

BIN = Path(sys.executable).parent
KEYS = {"AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "password", "AWS_DEFAULT_REGION": "us-east-1"}
FULL = ("sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh")  # an error instead of the signal

COMMANDS = re.findall(  # with which docs/sharing.md adds a remote
    r"^((?:dvc remote|printf) .*?)(?: +#.*)?$",
    (ROOT / "docs/sharing.md").read_text().split("## A server to try")[1],
    re.MULTILINE,
)


class Server:
    """A server with one bucket, `legato`; stopped and started again it has the same address and objects.

    In a `full` one the operating system refuses to write more than 1 kB of an object, as it does where a disk is full.
    """

    def __init__(self, folder: Path, *options: str, full: bool = False) -> None:
        self.bucket = folder / "legato"
        self.bucket.mkdir(parents=True, exist_ok=True)
        self.log, self.options, self.full = folder.with_suffix(".log"), options, full
        self.address = "http://127.0.0.1:0"  # a port that the system chooses
        self.start()

    def environment(self, **changes: str) -> dict[str, str]:
        """What its users have in theirs."""
        return {**os.environ, **KEYS, "AWS_ENDPOINT_URL": self.address, "DVC_NO_ANALYTICS": "1"} | changes

    def start(self) -> None:
        words = ["--addr", self.address.removeprefix("http://"), "--auth-key", "user,password", *self.options]
        command = [BIN / "rclone", "serve", "s3", self.bucket.parent, *words]
        with self.log.open("w") as log:
            self.process = subprocess.Popen([*FULL, *command] if self.full else command, stderr=log)
        until(lambda: "server on [" in self.log.read_text() or self.process.poll() is not None)
        (self.address,) = re.findall(r"server on \[(http://127\.0\.0\.1:\d+)/\]\n", self.log.read_text())

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

"""A real S3 server of this machine, rclone's: its buckets are the folders of a folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

from helpers.waiting import until

BIN = Path(sys.executable).parent
KEYS = {"AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "password", "AWS_DEFAULT_REGION": "us-east-1"}


class Server:
    """A server with one bucket, `legato`; stopped and started again it has the same address and objects."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.bucket = folder / "legato"
        self.bucket.mkdir(parents=True, exist_ok=True)
        self.log, self.options = folder.with_suffix(".log"), options
        self.address = "http://127.0.0.1:0"  # a port that the system chooses
        self.start()

    def environment(self, **changes: str) -> dict[str, str]:
        """What its users have in theirs."""
        return {**os.environ, **KEYS, "AWS_ENDPOINT_URL": self.address, "DVC_NO_ANALYTICS": "1"} | changes

    def start(self) -> None:
        words = ["--addr", self.address.removeprefix("http://"), "--auth-key", "user,password", *self.options]
        with self.log.open("w") as log:
            self.process = subprocess.Popen([BIN / "rclone", "serve", "s3", self.bucket.parent, *words], stderr=log)
        until(lambda: "server on [" in self.log.read_text() or self.process.poll() is not None)
        (self.address,) = re.findall(r"server on \[(http://127\.0\.0\.1:\d+)/\]\n", self.log.read_text())

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

"""A real S3 server of this machine, rclone's: its buckets are the folders of a folder."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

BIN = Path(sys.executable).parent
KEYS = {"AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "password", "AWS_DEFAULT_REGION": "us-east-1"}
STARTING_S = 60


def free_port() -> int:
    """One that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server with one bucket, `legato`; stopped and started again it has the same address and objects."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.bucket = folder / "legato"
        self.bucket.mkdir(parents=True, exist_ok=True)
        self.port, self.options = free_port(), options
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, **changes: str) -> dict[str, str]:
        """What its users have in theirs."""
        return {**os.environ, **KEYS, "AWS_ENDPOINT_URL": self.address, "DVC_NO_ANALYTICS": "1"} | changes

    def start(self) -> None:
        words = ["--addr", f"127.0.0.1:{self.port}", "--auth-key", "user,password", "--quiet", *self.options]
        self.process = subprocess.Popen([BIN / "rclone", "serve", "s3", self.bucket.parent, *words])
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

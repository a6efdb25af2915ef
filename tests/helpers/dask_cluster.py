"""A Dask cluster of processes of this machine."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ALLOWED_DEATHS = 1  # of workers, under one item's hands


def until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that is going to happen."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


class Dask:
    """A scheduler and two workers, processes of this machine; the second worker has a GPU, by its own account."""

    def __init__(self, folder: Path, port: str = "0") -> None:
        file = folder / "scheduler.json"
        file.unlink(missing_ok=True)  # of one that is gone
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", port, "--scheduler-file", str(file))
        until(file.exists)
        self.address = json.loads(file.read_text())["address"]
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
        self.workers = [
            self._start("worker", self.address, *options, "--resources", f"GPU={gpu}", "--name", f"w{gpu}")
            for gpu in (0, 1)
        ]
        self.processes = [self.scheduler, *self.workers]

    @staticmethod
    def _start(kind: str, *words: str) -> subprocess.Popen[Any]:
        module = f"from distributed.cli.dask_{kind} import main; main()"
        return subprocess.Popen(
            [sys.executable, "-c", module, *words, "--no-dashboard"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(ALLOWED_DEATHS)},
        )

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

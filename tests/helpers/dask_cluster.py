"""A Dask cluster of processes of this machine."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from helpers.waiting import until

ALLOWED_DEATHS = 1  # of workers, under one item's hands


class Dask:
    """A scheduler and two workers, processes of this machine; the second worker has a GPU, by its own account."""

    def __init__(self, folder: Path, port: str = "0") -> None:
        file = folder / "scheduler.json"
        file.unlink(missing_ok=True)  # of one that is gone
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", port, "--scheduler-file", str(file))
        until(lambda: file.exists() and file.read_text().endswith("}"))  # all of it
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


class InProcess:
    """A scheduler and many workers of one thread each, all in this process."""

    def __init__(self, folder: Path, n_workers: int, port: int = 0) -> None:
        self.folder, self.n_workers = folder, n_workers
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="in process", daemon=True).start()
        self.workers: list[Any] = []
        self._run(self._start(port))
        self.address: str = self.scheduler.address

    async def _start(self, port: int) -> None:
        from distributed import Scheduler, Worker

        self.scheduler = await Scheduler(host="127.0.0.1", port=port, dashboard=False, dashboard_address=None)
        options = {"nthreads": 1, "local_directory": str(self.folder), "dashboard": False, "memory_limit": 0}
        address = self.scheduler.address
        workers = (Worker(address, name=f"w{number}", **options) for number in range(self.n_workers))
        self.workers = list(await asyncio.gather(*workers))

    def lose_scheduler(self) -> None:
        """End the scheduler alone; its workers end when they see it."""
        self._run(self.scheduler.close())

    def stop(self) -> None:
        async def close() -> None:
            await asyncio.gather(*(worker.close(nanny=False) for worker in self.workers), return_exceptions=True)
            await self.scheduler.close()

        self._run(close())
        self.loop.call_soon_threadsafe(self.loop.stop)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(600)

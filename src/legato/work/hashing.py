"""Hashes of many files at the speed of the disk: each read once, whatever it is called and however often it is linked.

Files are read in the order in which they were created, by as many threads as there are cores.
"""

import hashlib
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from joblib import cpu_count
from tqdm import tqdm

BLOCK_BYTES = 1 << 20
Inode = tuple[int, int]  # a device and a number in it


@dataclass
class Digests:
    """What was found of each path."""

    inodes: dict[Path, Inode] = field(default_factory=dict)
    found: dict[Inode, dict[str, str]] = field(default_factory=dict)  # by algorithm
    troubles: dict[Path | Inode, str] = field(default_factory=dict)  # of what cannot be read
    n_files: int = 0  # each link counted
    n_bytes: int = 0  # each file once

    def md5(self, path: Path) -> str | None:
        """A file's MD5; None where it could not be read or is gone."""
        return self._digest(path, "md5")

    def sha256(self, path: Path) -> str | None:
        """A file's SHA-256; None where it could not be read or is gone."""
        return self._digest(path, "sha256")

    def trouble(self, path: Path, otherwise: str) -> str | None:
        """Why a file is not as it should be; None of one that somebody has removed meanwhile."""
        reason = self.troubles.get(path) or self.troubles.get(self.inodes.get(path, (0, 0)))
        return f"cannot be read: {reason}" if reason else otherwise if path in self.inodes else None

    def _digest(self, path: Path, algorithm: str) -> str | None:
        return self.found.get(self.inodes.get(path, (0, 0)), {}).get(algorithm)


def hash_all(*wanted: Mapping[Path, str]) -> Digests:
    """Hash files with progress on a terminal.

    Args:
        wanted: the algorithm for each path, "md5" or "sha256".
    """
    digests, jobs = Digests(), dict[Inode, tuple[Path, int, set[str]]]()
    for path, algorithm in (pair for paths in wanted for pair in paths.items()):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            digests.inodes[path] = (0, 0)
            digests.troubles[path] = error.strerror or str(error)
            continue
        inode = (status.st_dev, status.st_ino)
        digests.inodes[path] = inode
        jobs.setdefault(inode, (path, status.st_size, set()))[2].add(algorithm)
    digests.n_files, digests.n_bytes = len(digests.inodes), sum(size for _, size, _ in jobs.values())
    progress = tqdm(desc="verify", total=digests.n_bytes, unit="B", unit_scale=True, disable=None)
    lock = threading.Lock()

    def read(inode: Inode) -> None:
        path, _, algorithms = jobs[inode]
        hashes = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
        try:
            with path.open("rb", buffering=0) as file:
                if hasattr(os, "posix_fadvise"):
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
                while block := file.read(BLOCK_BYTES):
                    for one in hashes.values():
                        one.update(block)
                    with lock:
                        progress.update(len(block))
        except FileNotFoundError:
            return
        except OSError as error:
            digests.troubles[inode] = error.strerror or str(error)
        else:
            digests.found[inode] = {name: one.hexdigest() for name, one in hashes.items()}

    with progress, ThreadPoolExecutor(cpu_count()) as readers:
        list(readers.map(read, sorted(jobs)))
    return digests

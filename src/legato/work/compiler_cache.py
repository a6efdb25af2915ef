"""Where compilers keep what they make, beside the cache of single tracks: it outlives the process, and is no output.

All of it may be deleted at any time: it is made again.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from legato.work.item_cache import cache_folder

VARIABLE = "TORCHINDUCTOR_CACHE_DIR"
FOLDER = "compiled"  # in the cache of single tracks
C_COMPILERS = ("cc", "gcc", "clang", "g++")
CPU_INFO = Path("/proc/cpuinfo")


def folder() -> Path:
    """The folder; where the environment names none for `torch.compile`, its files are there too."""
    found = cache_folder().resolve() / FOLDER
    os.environ.setdefault(VARIABLE, str(found / "inductor"))
    return found


def can_compile(device: str) -> bool:
    """Whether torch can compile for a kind of device here; where a C++ compiler is missing, a line says so."""
    if device != "cpu":
        return True
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        print("note: nothing is compiled, for there is no C++ compiler: install one, such as Debian's package g++")
        return False
    return True


def c_compiler() -> str | None:
    """A C compiler's path: that of the environment's CC, or a usual one."""
    return next(filter(None, map(shutil.which, (os.environ.get("CC", ""), *C_COMPILERS))), None)


def processor() -> str:
    """What a CPU can do, as far as a compiler asks: code for one is none for another."""
    lines = CPU_INFO.read_text().splitlines() if CPU_INFO.exists() else []
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
    return f"{platform.machine()} {hashlib.sha256(flags.encode()).hexdigest()}"


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """A block in which no other process makes `path`: it waits for the one that does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def prune(cache: Path, older_than_s: float) -> int:
    """Throw away what a cache of single tracks holds of compilers and was not used for this long; return its bytes."""
    freed = 0
    for path in (cache / FOLDER).rglob("*"):
        with suppress(FileNotFoundError):
            found = path.stat()
            if path.is_file() and time.time() - found.st_mtime > older_than_s:
                path.unlink()
                freed += found.st_size
    return freed

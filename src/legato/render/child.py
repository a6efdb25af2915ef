"""A program of others in a process of its own: a folder for it alone, a time limit, a limit of what it writes."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from legato.errors import LegatoError
from legato.tokens import SAMPLE_RATE
from legato.words import printable
from legato.work.code_version import SOURCE

SLOWEST, LEAST_LIMIT_S = 20, 60.0  # times the audio's length, and at least this: longer is a hang
SPARE_BYTES = 64 << 20  # a child may write, beside twice its audio
SAID_BYTES = 1 << 20  # that are read of what a child says
SAID_CHARACTERS = 300  # that are shown of it
FRAME_BYTES = 8
KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # of our environment; what else it says is not for a child


class Ended(NamedTuple):
    """A child that ended by itself."""

    status: int
    said: str  # stdout and stderr together


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one child, its home too; with all that the child has put there, it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="legato.", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


def run(command: Sequence[str], folder: Path, where: str, seconds: float = 0.0) -> Ended:
    """Run a program in a scratch folder until it ends, or until its time is over.

    Nothing of the user's settings, sessions or display reaches it. What it has started is ended with it.

    Args:
        where: the file that an error names.
        seconds: of audio that it makes.

    Raises:
        LegatoError: it cannot be started, is not done in time, or a signal ended it.
    """
    limit_s = time_limit_s(seconds)
    log = folder / "said.txt"
    with log.open("wb") as said:
        try:
            child = subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise LegatoError(f"{where}: {command[0]} cannot be started: {error.strerror}") from None
        try:
            _limit_files(child.pid, 2 * round(seconds * SAMPLE_RATE) * FRAME_BYTES + SPARE_BYTES)
            status: int | None = child.wait(limit_s)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with suppress(ProcessLookupError, PermissionError):  # macOS has the latter of a group that has ended
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    with log.open("rb") as file:
        text = file.read(SAID_BYTES).decode(errors="replace")
    if status is None:
        raise LegatoError(f"{where}: not done in {limit_s:g} s, and so ended{last_line(text)}")
    if status < 0:
        raise LegatoError(f"{where}: crashed ({_signal_name(-status)}){last_line(text)}")
    return Ended(status, text)


def time_limit_s(seconds: float) -> float:
    """How long a child may take for so much audio."""
    return max(LEAST_LIMIT_S, SLOWEST * seconds)


def last_line(said: str) -> str:
    """The last line of what a child said, to be put at the end of an error; empty where it said nothing."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f": {printable(lines[-1], None)[-SAID_CHARACTERS:]}" if lines else ""


def _environment(folder: Path) -> dict[str, str]:
    ours = {name: os.environ[name] for name in KEPT if name in os.environ}
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    paths = [str(SOURCE), *(str(Path(path).absolute()) for path in given if path)]
    places = {name: str(folder) for name in ("HOME", "TMPDIR", "XDG_RUNTIME_DIR")}
    return ours | places | {"PYTHONPATH": os.pathsep.join(paths), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}


def _limit_files(pid: int, n_bytes: int) -> None:
    """Where the system can: a disk is soon full of what a loop writes."""
    if sys.platform == "linux":
        with suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

"""What the renderers share that are programs of others: a child process, in a folder of its own, with a time limit.

A child may crash, hang, write without end or write rubbish: each is an error of one line here, and nothing of it is
left. Conventions: audio is float32 (n_samples, 2), dry; a file of it is raw, little-endian, its channels interleaved.
"""

import hashlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import AfterValidator

from legato.errors import LegatoError
from legato.files import Json, require_file, sha256_of
from legato.instruments.parts import Curve, Part
from legato.tokens import SAMPLE_RATE
from legato.words import printable
from legato.work import items
from legato.work.code_version import SOURCE

Value = Callable[[str, float, float], float]  # of a parameter's name and its range: what a track draws
Sound = Callable[[], np.ndarray]
DIGITS = 6  # significant, of what is drawn: the facts hold what is played
SLOWEST, LEAST_LIMIT_S = 20, 60.0  # times the audio's length, and at least this: longer is a hang
SPARE_BYTES = 64 << 20  # a child may write, beside twice its audio
SAID_BYTES = 1 << 20  # that are read of what a child says
SAID_CHARACTERS = 300  # that are shown of it
FRAME_BYTES = 8
SILENT = 10 ** (-80 / 20)
LATEST_S = 0.1  # before the end, that a note begins which must be heard
RAMP_S = 0.005  # over which a new volume is reached, or it would click
KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # of our environment; what else it says is not for a child
PROBE_S = 2.0
# Start and end in s, pitch, velocity: drums' keys, those of a bass, and a chord.
PROBE = (
    (0, 0.2, 36, 110),
    (0.2, 0.4, 38, 90),
    (0.4, 0.6, 42, 80),
    (0.6, 1.4, 48, 100),
    (0.8, 1.4, 60, 64),
    (0.8, 1.5, 67, 120),
)


class Ended(NamedTuple):
    """A child that ended by itself."""

    status: int
    said: str  # stdout and stderr together


def _check_license(text: str) -> str:
    if not text.strip():
        raise ValueError("must name a licence (SPDX), as in `license: CC0-1.0`")
    return text


License = Annotated[str, AfterValidator(_check_license)]


def drawn_number(value: Value, name: str, low: float, high: float) -> float:
    """A parameter's value, rounded, and within its range even so."""
    return min(max(float(f"{value(name, low, high):.{DIGITS}g}"), low), high)


def middle(_name: str, low: float, high: float) -> float:
    """A value for the probe."""
    return (low + high) / 2


def probe() -> Part:
    """What a sound is tried with, `PROBE_S` long."""
    start_s, end_s, pitch, velocity = (np.array(column) for column in zip(*PROBE, strict=True))
    bend = ((1.0, 0.5), (1.1, 1.0))
    return Part(start_s=start_s, end_s=end_s, pitch=pitch, velocity=velocity, bend=bend, wheel=((1.2, 0.5),))


def require_repeatable(where: str, sound: Sound, content: Json, otherwise: str) -> None:
    """Play the probe in two processes; the verdict is remembered.

    Args:
        sound: plays it, in a process of its own.
        content: all that it depends on.
        otherwise: what a user may do about it.

    Raises:
        LegatoError: it does not give the same bytes twice, or cannot be played.
    """

    def verdict() -> Json:
        return {"repeats": sound().tobytes() == sound().tobytes()}

    if not items.remembered("repeat", verdict, content | {"sample_rate": SAMPLE_RATE})["repeats"]:
        raise LegatoError(f"{where}: does not play the same twice{otherwise}")


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


def read_sound(path: Path, where: str, n_samples: int) -> np.ndarray:
    """The audio that a child has written, (n_samples, 2); what it wrote beyond that is left out.

    Raises:
        LegatoError: there is too little of it, or it is not finite.
    """
    n_bytes = path.stat().st_size if path.is_file() else 0
    if n_bytes < n_samples * FRAME_BYTES or n_bytes % FRAME_BYTES:
        raise LegatoError(f"{where}: wrote {n_bytes} bytes of audio, where {n_samples * FRAME_BYTES} are asked for")
    audio = np.fromfile(path, "<f4", count=2 * n_samples).reshape(-1, 2)
    if not np.isfinite(audio).all():
        raise LegatoError(f"{where}: what it plays is not finite")
    return audio


def heard(audio: np.ndarray, part: Part, sample_rate: int, where: str, hint: str = "") -> np.ndarray:
    """The audio itself, where it is not silent.

    Raises:
        LegatoError: there are notes, and nothing is heard.
    """
    seconds = len(audio) / sample_rate - LATEST_S
    if (np.asarray(part.start_s) < seconds).any() and np.abs(audio).max(initial=0) < SILENT:
        raise LegatoError(f"{where}: is silent{hint}")
    return audio


def at_level(audio: np.ndarray, level: Curve, sample_rate: int) -> np.ndarray:
    """Audio times a part's `level`, which is 1 until it is set; each change is a ramp."""
    if not level:
        return audio
    at_s, gain, now = [0.0], [1.0], 1.0
    times = [s for s, _ in level]
    for (s, value), following in zip(level, [*times[1:], float("inf")], strict=True):
        if s <= 0:
            gain, now = [value], value
        elif following > s:  # of several at one time the last one counts
            at_s += [s, min(s + RAMP_S, following)]
            gain += [now, value]
            now = value
    curve = np.interp(np.arange(len(audio)) / sample_rate, at_s, gain)
    return (audio * curve[:, None]).astype(np.float32)


def sha256_of_tree(path: Path) -> str:
    """A file's SHA-256; of a folder that of its files' names and contents.

    Raises:
        LegatoError: there is nothing, or something that is neither a file nor a folder.
    """
    if not path.is_dir():
        return sha256_of(require_file(path))
    files = {
        each.relative_to(path).as_posix(): sha256_of(require_file(each))
        for each in path.rglob("*")
        if not each.is_dir()
    }
    return hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()


def check_names(names: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    """Refuse a parameter that is not there, or is there twice.

    Raises:
        LegatoError: it names what there is.
    """
    for name in names:
        if known.count(name) != 1:
            rule = "there are several of this name" if name in known else "unknown parameter"
            raise LegatoError(f"{where}: set: {name!r}: {rule}; known are {', '.join(sorted(known)) or 'none'}")


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

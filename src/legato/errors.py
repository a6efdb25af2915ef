"""One kind of failure for everything a user can mend, and the one place that shows it.

A `LegatoError` is raised where the fact is known and names the file, the key, the value and the rule.
`stage` shows it as one line without a traceback; any other exception is a bug and keeps its traceback.
Whatever a user's or a stranger's file has put into the message, the line is one, and moves no cursor.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, NoReturn

from legato.words import make_printable, printable

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
EXIT_CLOSED = 141  # 128 + SIGPIPE: who read what we print has gone, as in `legato diff v1 | head`
STANDARD = 3  # stdin, stdout, stderr


class LegatoError(Exception):
    """Something the user can mend. The message is one line."""


def stage(main: Callable[..., None]) -> NoReturn:
    """Run a stage script's `main` with the command line's arguments and exit.

    A `LegatoError`, an `OSError` (a full disk, a missing file) or too little memory becomes one line on stderr and
    exit status 1; Ctrl-C becomes exit status 130. Where stdout or stderr is closed, the rest is done all the same.
    """
    _open_closed()
    make_printable()
    line, status = "", 0
    try:
        main(*sys.argv[1:])
        sys.stdout.flush()
    except LegatoError as error:
        line, status = f"error: {error}", EXIT_FAILED
    except OSError as error:
        line, status = _of_os_error(error)
    except MemoryError as error:
        line, status = f"error: {memory_error_line(error)}", EXIT_FAILED
    except KeyboardInterrupt:
        line, status = "interrupted: run the same command again", EXIT_INTERRUPTED
    _exit(line, status)


def os_error_line(error: OSError) -> str:
    """An `OSError` as `file: reason`."""
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes | os.PathLike) else ""
    return f"{where}{error.strerror or error}"


def memory_error_line(error: MemoryError) -> str:
    """That there was too little memory, and for what where Python knows it."""
    return "out of memory" + (f": {error}" if str(error) else "")


def _of_os_error(error: OSError) -> tuple[str, int]:
    """The line and the status; an error that names no file may be of stdout, and then meets whoever writes to it."""
    if error.filename is None and (of_stdout := _failure_of(sys.stdout, more="\n")):
        if isinstance(of_stdout, BrokenPipeError):
            return "", EXIT_CLOSED
        return f"error: stdout: {os_error_line(of_stdout)}", EXIT_FAILED
    return f"error: {os_error_line(error)}", EXIT_FAILED


def _exit(line: str, status: int) -> NoReturn:
    """Tell the line, below all bars, and end; what cannot be told is not, and the status is the same."""
    _close_bars()
    if line:
        with suppress(OSError, ValueError):
            print(printable(line), file=sys.stderr, flush=True)
    for stream in (sys.stdout, sys.stderr):
        if _failure_of(stream):  # or Python would try once more, and complain
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(status)


def _failure_of(stream: IO[str], more: str = "") -> OSError | None:
    """Why a stream does not take what was printed, and `more`; None where it does."""
    try:
        stream.write(more)
        stream.flush()
    except OSError as error:
        return error
    except ValueError:  # closed by ourselves
        return None
    return None


def _open_closed() -> None:
    """Open to nothing what the caller has closed: the next file that is opened would be stdout for all that follows."""
    for number in range(STANDARD):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it has the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))


def _close_bars() -> None:
    """End the line of each bar of progress: what is printed next begins on one of its own."""
    loaded: Any = sys.modules.get("tqdm")
    for bar in list(getattr(getattr(loaded, "tqdm", None), "_instances", ())):
        with suppress(Exception):
            bar.close()

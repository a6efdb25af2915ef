"""One kind of failure for everything a user can mend, and the one place that shows it.

A `LegatoError` is raised where the fact is known and names the file, the key, the value and the rule.
`stage` shows it as one line without a traceback; any other exception is a bug and keeps its traceback.
"""

import sys
from collections.abc import Callable
from typing import NoReturn

from legato.words import make_printable

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


class LegatoError(Exception):
    """Something the user can mend. The message is one line."""


def stage(main: Callable[..., None]) -> NoReturn:
    """Run a stage script's `main` with the command line's arguments and exit.

    A `LegatoError` or an `OSError` (a full disk, a missing file) becomes one line on stderr and exit
    status 1; Ctrl-C becomes exit status 130.
    """
    make_printable()
    try:
        main(*sys.argv[1:])
    except LegatoError as error:
        _exit(f"error: {error}", EXIT_FAILED)
    except OSError as error:
        _exit(f"error: {os_error_line(error)}", EXIT_FAILED)
    except KeyboardInterrupt:
        _exit("interrupted: run the same command again", EXIT_INTERRUPTED)
    sys.exit(0)


def os_error_line(error: OSError) -> str:
    """An `OSError` as `file: reason`."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _exit(line: str, status: int) -> NoReturn:
    print(line, file=sys.stderr, flush=True)
    sys.exit(status)

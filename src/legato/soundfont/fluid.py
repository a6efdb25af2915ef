"""libfluidsynth in this process: loaded once, silent, and asked for what it complained of."""

from ctypes import CFUNCTYPE, c_char_p, c_int, c_void_p
from functools import cache
from typing import Any

from legato.errors import LegatoError

FLUID_ERR = 1  # and 0 is a panic; above are warnings and what it reports about itself
N_LEVELS = 5
CONSEQUENCES = ("ipatch_dls_reader", "Failed to load SoundFont")  # of a file that is no SoundFont, nor anything else
MOST_CAUSES = 3
_complaints: list[str] = []


@cache
def library() -> Any:
    """The binding; what the library would print is kept for `complaint`.

    Raises:
        LegatoError: libfluidsynth is absent.
    """
    try:
        import fluidsynth
    except ImportError:
        raise LegatoError(
            "libfluidsynth is not installed: `apt-get install libfluidsynth3`, or `brew install fluid-synth` on macOS"
        ) from None
    prototype = ("level", c_int, 1), ("function", c_void_p, 1), ("data", c_void_p, 1)
    set_log_function = fluidsynth.cfunc("fluid_set_log_function", c_void_p, *prototype)
    for level in range(N_LEVELS):
        set_log_function(level, _hear, None)
    return fluidsynth


@cache
def function(name: str, result: Any, *arguments: Any) -> Any:
    """The library's function `fluid_<name>`, where the binding lacks it."""
    return library().cfunc(f"fluid_{name}", result, *((f"a{at}", kind, 1) for at, kind in enumerate(arguments)))


def complaint() -> str:
    """The errors since it was last asked for, but for what follows from them; empty where there was none."""
    causes = [" ".join(each.split()) for each in _complaints if not any(word in each for word in CONSEQUENCES)]
    _complaints.clear()
    return "; ".join(dict.fromkeys(causes[:MOST_CAUSES]))


@CFUNCTYPE(None, c_int, c_char_p, c_void_p)
def _hear(level: int, message: bytes, _: Any) -> None:
    if level <= FLUID_ERR:
        _complaints.append(message.decode(errors="replace"))

"""What the renderers share that are programs of others: how values are drawn, the probe, and what audio is refused.

Conventions: audio is float32 (n_samples, 2), dry; a file of it is raw, little-endian, its channels interleaved.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from legato.errors import LegatoError
from legato.files import Json, require_file, sha256_of
from legato.instruments.parts import Curve, Part
from legato.render.child import FRAME_BYTES
from legato.tokens import SAMPLE_RATE
from legato.work import items

Value = Callable[[str, float, float], float]  # of a parameter's name and its range: what a track draws
Sound = Callable[[], np.ndarray]
DIGITS = 6  # significant, of what is drawn: the facts hold what is played
SILENT = 10 ** (-80 / 20)
LOUDEST = 100  # times full scale: a gain that is meant for another scale, as the 32768 of old orchestras
LATEST_S = 0.1  # before the end, that a note begins which must be heard
RAMP_S = 0.005  # over which a new volume is reached, or it would click
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


def _check_license(text: str) -> str:
    if not text.strip():
        raise ValueError("must name a licence (SPDX), as in `license: CC0-1.0`")
    return text


Share = Annotated[float, Field(gt=0, le=1)]
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


def tried(sound: Sound, content: Json) -> Json:
    """What playing the probe shows: `repeats`, `silent`, `one_sided` and the audio's `sha256`; remembered.

    Args:
        sound: plays it, in a process of its own.
        content: all that it depends on.

    Raises:
        LegatoError: it cannot be played.
    """

    def facts() -> Json:
        audio = sound()
        return {
            "repeats": audio.tobytes() == sound().tobytes(),
            "silent": bool(np.abs(audio).max(initial=0) < SILENT),
            "one_sided": bool(audio.any(axis=0).sum() == 1),
            "sha256": hashlib.sha256(audio.tobytes()).hexdigest(),
        }

    return items.remembered("probe", facts, content | {"sample_rate": SAMPLE_RATE})


def require_sound(found: Json, where: str, *, hint: str = "") -> None:
    """Refuse what was silent when it was `tried`.

    Raises:
        LegatoError: it was.
    """
    if found["silent"]:
        raise LegatoError(f"{where}: is silent{hint}")


def read_sound(path: Path, where: str, n_samples: int) -> np.ndarray:
    """The audio that a child has written, (n_samples, 2); what it wrote beyond that is left out.

    Raises:
        LegatoError: there is too little of it, it is not finite, or absurdly loud.
    """
    n_bytes = path.stat().st_size if path.is_file() else 0
    if n_bytes < n_samples * FRAME_BYTES or n_bytes % FRAME_BYTES:
        raise LegatoError(f"{where}: wrote {n_bytes} bytes of audio, where {n_samples * FRAME_BYTES} are asked for")
    audio = np.fromfile(path, "<f4", count=2 * n_samples).reshape(-1, 2)
    if not np.isfinite(audio).all():
        raise LegatoError(f"{where}: what it plays is not finite")
    if (peak := np.abs(audio).max(initial=0)) > LOUDEST:
        raise LegatoError(f"{where}: plays {peak:.0f} times as loud as full scale, which is 1")
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

"""Parts played by a Csound orchestra: the user's own program, which Csound's runs in a process of its own.

An orchestra has one `instr 1`, which is started for each note: p4 is its pitch (a MIDI key), p5 its velocity (1 to
127), p3 how long it is held, by a pedal too. It reads channels by name: each name under `set`, and `bend` (semitones)
and `wheel` (0 to 1), which move while it plays. Volume and expression are applied to what comes out.

An orchestra is one file: it runs in an empty folder, because what it would read beside it has no part in its hash.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator

from legato.errors import LegatoError
from legato.files import require_file, sha256_of
from legato.instruments.parts import Curve, Part, held_ends_s
from legato.render import child, outside
from legato.render.outside import License, Share, Value
from legato.tokens import SAMPLE_RATE
from legato.words import printable
from legato.workspace.params import FilePath, FloatRange, Strict

PROGRAM = "csound"
SEED, MOST_SEEDS = "seed", 2**15
CURVES = ("bend", "wheel")
SETTER = 9999  # the number of the instrument that sets a channel
BLOCK = 32  # samples: Csound's control period; notes begin with one
SPARE_S = 0.1  # Csound ends with the last whole period before a score's end
NAME = re.compile(r"[A-Za-z_]\w*")
COMMENT = re.compile(r"/\*.*?\*/|(?:;|//)[^\n]*", re.DOTALL)
READS = re.compile(r'\bchnget(?::\w+)?\s*\(?\s*"([^"]*)"')
COLOUR = re.compile(r"\x1b\[\d*(?:;\d+)*m")
VERSION = re.compile(r"Csound version (\S+)")
N_ERRORS = re.compile(r"(\d+) errors in performance")
WRONG = re.compile(
    r"(?i:INIT ERROR|PERF ERROR|error:|note deleted\.)\s*(.*\S)|(cannot open (?:#include'd file )?\S+)", re.I
)
LINE = re.compile(r"\bline:? (\d+)", re.IGNORECASE)


def _check_names(ranges: dict[str, list[float]]) -> dict[str, list[float]]:
    for name in ranges:
        if not NAME.fullmatch(name) or name in (SEED, *CURVES):
            raise ValueError(
                f"{name!r}: must be a name of letters, digits and _, and none of {', '.join((SEED, *CURVES))}"
            )
    return ranges


class CsoundParams(Strict):
    """A role that an orchestra plays."""

    csound: FilePath  # the orchestra
    share: Share = 1.0  # of the tracks in which it plays
    license: License
    set: Annotated[dict[str, FloatRange], AfterValidator(_check_names)] = {}  # channels, in the orchestra's units


def draw(params: CsoundParams, value: Value) -> dict[str, Any]:
    """What a track draws: each channel's value, and a seed for the orchestra's noise, which is never 0."""
    drawn: dict[str, Any] = {
        name: outside.drawn_number(value, name, low, high) for name, (low, high) in params.set.items()
    }
    return drawn | {SEED: min(1 + int(value(SEED, 0, MOST_SEEDS)), MOST_SEEDS)}


def identity(params: CsoundParams) -> dict[str, Any]:
    """What decides the sound beside what is drawn.

    Raises:
        LegatoError: there is no such file, or no Csound.
    """
    return {"engine": f"Csound {_version()}", "sha256": sha256_of(require_file(Path(params.csound)))}


def check(params: CsoundParams) -> None:
    """Compile the orchestra, and play the probe twice.

    Raises:
        LegatoError: there is no such file, or no Csound; the orchestra does not compile, does not read a channel, is
            silent, or on one side alone, or does not play the same twice.
    """
    text = _orchestra(params)
    _version()
    with child.scratch() as folder:
        _write(folder, text, {SEED: 1}, "")
        command = [PROGRAM, "--syntax-check-only", "-m0", "mine.orc", "mine.sco"]
        _refuse_faults(child.run(command, folder, params.csound), params.csound)
    outside.check_names(params.set, channels_read(text), params.csound)
    _require_repeatable(params)


def play(params: CsoundParams, drawn: Mapping[str, Any], part: Part, seconds: float, sample_rate: int) -> np.ndarray:
    """A part from its start on, (n_samples, 2); what rings on after `seconds` is cut.

    Raises:
        LegatoError: as `identity`; or Csound reports an error, crashes or hangs, the orchestra does not play the same
            twice, or what it plays is silent or not finite.
    """
    _require_repeatable(params)
    audio = _played(params, drawn, part, seconds, sample_rate)
    return outside.at_level(outside.heard(audio, part, sample_rate, params.csound), part.level, sample_rate)


def channels_read(text: str) -> list[str]:
    """The channels that an orchestra reads by their names.

    >>> channels_read('k1 chnget "cutoff" ; chnget "old"' + chr(10) + 'k2 = chnget:k("bend")')
    ['bend', 'cutoff']
    """
    return sorted(set(READS.findall(COMMENT.sub("", text))))


def _require_repeatable(params: CsoundParams) -> None:
    drawn = draw(params, outside.middle)

    def sound() -> np.ndarray:
        return _played(params, drawn, outside.probe(), outside.PROBE_S, SAMPLE_RATE)

    found = outside.tried(sound, identity(params) | {"drawn": drawn})
    outside.require_sound(found, params.csound)
    if found["one_sided"]:  # as `out` is, where there are two channels
        raise LegatoError(f"{params.csound}: is heard on one side alone: `outs left, right` is for both")
    if not found["repeats"]:
        hint = "an opcode whose seed is 0, or that has none, takes the time of day"
        raise LegatoError(f"{params.csound}: does not play the same twice: {hint}")


def _played(params: CsoundParams, drawn: Mapping[str, Any], part: Part, seconds: float, sample_rate: int) -> np.ndarray:
    text = _orchestra(params)
    _version()
    with child.scratch() as folder:
        _write(folder, text, drawn, "\n".join(_score(part, seconds, sample_rate)))
        command = [
            *(PROGRAM, "-d", "-m0", "-r", str(sample_rate), f"--ksmps={BLOCK}", "--nchnls=2", "--0dbfs=1"),
            *("-h", "--format=float", "-o", str(folder / "audio.f32"), "mine.orc", "mine.sco"),
        ]
        _refuse_faults(child.run(command, folder, params.csound, seconds), params.csound)
        return outside.read_sound(folder / "audio.f32", params.csound, round(seconds * sample_rate))


def _orchestra(params: CsoundParams) -> str:
    path = require_file(Path(params.csound))
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise LegatoError(f"{path}: no orchestra: not UTF-8: byte {error.start}") from None


def _write(folder: Path, text: str, drawn: Mapping[str, Any], score: str) -> None:
    """The orchestra with what sets its channels after it, so that the lines of its errors are those of the file."""
    values = dict.fromkeys(CURVES, 0.0) | {name: value for name, value in drawn.items() if name != SEED}
    lines = [
        f"seed {drawn[SEED]}",
        *(f'chnset {value!r}, "{name}"' for name, value in values.items()),
        *(f"instr {SETTER}", "Sname strget p4", "chnset p5, Sname", "endin"),
    ]
    (folder / "mine.orc").write_text(text + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (folder / "mine.sco").write_text(score + "\n", encoding="ascii")


def _score(part: Part, seconds: float, sample_rate: int) -> Iterator[str]:
    """A part's notes and curves at whole control periods; a curve is one period early, so that a note begins with it.

    No note is longer than the audio: an orchestra would play it to its end.
    """
    last = int(seconds * sample_rate / BLOCK)

    def at(s: float) -> int:
        return max(0, round(s * sample_rate / BLOCK))

    def written(period: int) -> str:
        return f"{period * BLOCK / sample_rate:.9f}"

    for start_s, end_s, pitch, velocity in zip(part.start_s, held_ends_s(part), part.pitch, part.velocity, strict=True):
        start = at(start_s)
        if start < last:
            end = min(last, at(min(float(end_s), seconds)))
            yield f"i 1 {written(start)} {written(max(1, end - start))} {int(pitch)} {int(velocity)}"
    curves: dict[str, Curve] = {"bend": part.bend, "wheel": part.wheel, **part.parameters}
    for name, curve in curves.items():
        for s, value in curve:
            if at(s) < last:
                yield f'i {SETTER} {written(max(0, at(s) - 1))} 0 "{name}" {float(value)!r}'
    yield f"e {seconds + SPARE_S:.6f}"


def _refuse_faults(ended: child.Ended, where: str) -> None:
    """Csound's first complaint as one line; it also counts errors after which it carries on without a note.

    Raises:
        LegatoError: there was one.
    """
    said = COLOUR.sub("", ended.said)
    counts = N_ERRORS.findall(said)
    if not ended.status and counts and int(counts[-1]) == 0:
        return
    if found := WRONG.search(said):
        line = LINE.search(said, found.end())
        place = f"line {line[1]}: " if line else ""
        raise LegatoError(
            f"{where}: {place}{printable(' '.join((found[1] or found[2]).split()), None)[: child.SAID_CHARACTERS]}"
        )
    raise LegatoError(f"{where}: Csound ended with status {ended.status}{child.last_line(said)}")


@cache
def _version() -> str:
    """Csound's.

    Raises:
        LegatoError: it is not there.
    """
    if not shutil.which(PROGRAM):
        raise LegatoError("csound is not installed: apt-get install csound, or brew install csound")
    with child.scratch() as folder:
        found = VERSION.search(child.run([PROGRAM, "--version"], folder, PROGRAM).said)
    if not found:
        raise LegatoError("csound: this program does not say which version it is: another of the name?")
    return found[1]

"""Which instruments and effects there are, and what may be asked of them: the .json, .wasm and .dsp files in assets.

An instrument is taken only where its files belong together: the .json has the SHA-256 of the .wasm, of the .dsp that it
was made from and of the sources that all share.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from legato.errors import LegatoError
from legato.files import read_json, require_file

ASSETS = Path(__file__).parent / "assets"
HOST_CONTROLS = frozenset({"freq", "velocity", "gate", "strike", "legato", "seed", "wheel"})  # synth.lib's
MELODIC, DRUMS, EFFECT = "melodic", "drums", "effect"


class Parameter(NamedTuple):
    """What of a sound can be set."""

    name: str
    unit: str  # "" for a share, mostly 0 to 1
    low: float
    high: float
    default: float
    step: float  # a finer value makes no difference worth keeping
    note: str = ""  # what it does, where its name does not say it


@dataclass(frozen=True, kw_only=True, eq=False)
class Instrument:
    """An instrument or an effect, ready to run."""

    name: str
    about: str  # in a sentence
    kind: str  # MELODIC, DRUMS or EFFECT
    license: str
    gain: float  # brings it, at its defaults, to the level of the others
    roles: tuple[str, ...]  # that it suits
    sounds: tuple[str, ...]  # of drums, which a note strikes by its number here
    polyphony: int  # notes at once; of drums, of each sound
    parameters: Mapping[str, Parameter]
    libraries: Mapping[str, str]  # licences of the Faust library functions in it
    sha256: str  # of the .wasm
    wasm: bytes


def names(*kinds: str) -> tuple[str, ...]:
    """The names of all instruments of these kinds, sorted; of every kind where none is given."""
    return tuple(name for name in _names() if not kinds or load(name).kind in kinds)


@cache
def load(name: str, folder: Path = ASSETS) -> Instrument:
    """An instrument or effect by its name.

    Raises:
        LegatoError: there is none of this name, or its files do not belong together.
    """
    if name not in _names(folder):
        raise LegatoError(f"instrument {name!r}: unknown; there are {', '.join(_names(folder))}")
    facts = read_json(folder / f"{name}.json")
    contents = {file: require_file(folder / file).read_bytes() for file in facts["sha256"]}
    for file, sha256 in facts["sha256"].items():
        if hashlib.sha256(contents[file]).hexdigest() != sha256:
            raise LegatoError(
                f"instrument {name!r}: {folder / file} is not what {name}.json was made with: `make instruments`"
            )
    return _instrument(facts, contents[f"{name}.wasm"])


def settings(instrument: Instrument, given: Mapping[str, float]) -> dict[str, float]:
    """Every parameter's value: what is given, and defaults.

    Raises:
        LegatoError: a name that the instrument does not have, or a value outside its range.
    """
    for name, value in given.items():
        check_range(instrument, name, value, value)
    return {name: float(given.get(name, parameter.default)) for name, parameter in instrument.parameters.items()}


def check_range(instrument: Instrument, name: str, low: float, high: float) -> None:
    """Refuse a range that an instrument's parameter cannot be drawn from.

    Raises:
        LegatoError: the instrument has no such parameter, or the range is not within its own.
    """
    parameter = instrument.parameters.get(name)
    where = f"instrument {instrument.name!r}: {name!r}"
    if parameter is None:
        raise LegatoError(f"{where}: unknown parameter; there are {', '.join(instrument.parameters) or 'none'}")
    if not parameter.low <= low <= high <= parameter.high:  # NaN is within nothing
        shown = f"{low:g}" if f"{low:g}" == f"{high:g}" else f"[{low:g}, {high:g}]"
        unit = f" {parameter.unit}" if parameter.unit else ""
        raise LegatoError(f"{where}: {shown} must lie within {parameter.low:g} and {parameter.high:g}{unit}")


@cache
def _names(folder: Path = ASSETS) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.json")))


def _instrument(facts: dict[str, Any], wasm: bytes) -> Instrument:
    return Instrument(
        name=facts["name"],
        about=facts["about"],
        kind=facts["kind"],
        license=facts["license"],
        gain=facts["gain"],
        roles=tuple(facts["roles"]),
        sounds=tuple(facts["sounds"]),
        polyphony=facts["polyphony"],
        parameters={row["name"]: Parameter(**row) for row in facts["parameters"]},
        libraries=facts["libraries"],
        sha256=facts["sha256"][f"{facts['name']}.wasm"],
        wasm=wasm,
    )

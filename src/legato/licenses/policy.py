"""`policy` in params.yaml, and the one rule that says whether an input may be used."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from legato.licenses.known import is_same, known_file, reason
from legato.workspace.params import Strict


def _check_license(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError("must be an SPDX licence or an address, without spaces around it")
    return text


Allowed = Annotated[list[Annotated[str, AfterValidator(_check_license)]], Field(min_length=1)]


class PolicyParams(Strict):
    """The licences that each kind of input may have: SPDX ids in any case, or addresses letter by letter."""

    music: Allowed  # composed here, of MIDI files, of recordings
    soundfont: Allowed
    codec: Allowed  # of its weights
    instrument: Allowed = ["CC0-1.0"]  # of synthesizers that play parts, and of effects
    start: Allowed = ["CC0-1.0"]  # of a model that training begins with


RECORDING, COMPOSITION = "recording", "composition"
LAYERS = (RECORDING, COMPOSITION)  # of rights in music: a recording or a score, and the work that is heard in it
KINDS = tuple(PolicyParams.model_fields)
OF_TRACKS = tuple(kind for kind in KINDS if kind != "start")


@dataclass(frozen=True, kw_only=True)
class Input:
    """Something a track is made of, or the model that learns from the tracks."""

    kind: str  # one of `KINDS`
    name: str  # human-readable; a SoundFont's is its path
    license: Any  # as it was stated; None where it was not
    sha256: str | None = None


def refusal(given: Input, policy: PolicyParams) -> str | None:
    """Why an input may not be used, or None where it may.

    A licence is matched whole, never in part; an expression of several (`MIT OR GPL-2.0-only`) is one of its own. A
    SoundFont that is known has the licence that it is known to have.
    """
    stated = given.license
    if not isinstance(stated, str) or not stated.strip():
        return "no licence is stated"
    known = known_file(given.name, given.sha256) if given.kind == "soundfont" else None
    if known and not is_same(stated, known.license):
        return f"this file is known to be {known.license}"
    if any(is_same(stated, allowed) for allowed in getattr(policy, given.kind)):
        return None
    why = reason(stated)
    return f"not one of policy.{given.kind}" + (f": {why}" if why else "")

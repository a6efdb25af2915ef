"""One face for all that plays a part beside FluidSynth: our instruments, Csound orchestras and plugins.

Of each kind: who draws its parameters, what decides its sound beside them, and who plays.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Discriminator, Tag

from legato.files import Json
from legato.instruments import catalogue
from legato.instruments.catalogue import DRUMS
from legato.instruments.parts import Part
from legato.instruments.playing import play as play_faust
from legato.instruments.playing import player
from legato.render import csound, plugin
from legato.render.csound import CsoundParams
from legato.render.plugin import PluginParams
from legato.render.renderers import FaustParams, Stream, drawn

AnyParams = FaustParams | CsoundParams | PluginParams
Read = Callable[[int], np.ndarray]  # the next samples of a part, (n_samples, 2)


class Player(NamedTuple):
    """What is drawn for a part, ready to play it."""

    params: AnyParams
    drawn: Json

    @property
    def name(self) -> str:
        """What it is called: an instrument of ours by its name, what is the user's by its path."""
        return getattr(self.params, kind_of(self.params))

    def facts(self) -> Json:
        """What it is, and what was drawn, as facts of a track."""
        shared = {"instrument": self.name, "parameters": self.drawn}
        if isinstance(self.params, FaustParams):
            known = catalogue.load(self.name)
            return shared | {
                "engine": "faust",
                "parameters": catalogue.settings(known, self.drawn),  # the defaults of the others too
                "instrument_sha256": known.sha256,
                "instrument_license": known.license,
            }
        found = identity(self.params)
        return shared | {
            "instrument_sha256": found.pop("sha256"),
            "instrument_license": self.params.license,
            **found,
        }

    def play(self, part: Part, seconds: float, sample_rate: int) -> np.ndarray:
        """A part from its start on, (n_samples, 2), dry; what rings on after `seconds` is cut."""
        if isinstance(self.params, FaustParams):
            return play_faust(self.name, self.drawn, part, seconds, sample_rate)
        module: Any = csound if isinstance(self.params, CsoundParams) else plugin
        return module.play(self.params, self.drawn, part, seconds, sample_rate)

    def start(self, part: Part, seconds: float, sample_rate: int) -> tuple[Read, int]:
        """A part about to be played, and how many samples may be read at once.

        Args:
            seconds: how much of it is wanted; of what plays in a process of its own all of that is held in memory.
        """
        if isinstance(self.params, FaustParams):
            machine = player(self.name, self.drawn, part, sample_rate)
            return machine.render, machine.chunk
        return _Whole(self.play(part, seconds, sample_rate)).read, MOST_SAMPLES


class _Whole:
    """Audio that is there as a whole, read piece by piece; silence after its end."""

    def __init__(self, audio: np.ndarray) -> None:
        self._audio, self._done = audio, 0

    def read(self, n_samples: int) -> np.ndarray:
        piece = self._audio[self._done : self._done + n_samples]
        self._done += n_samples
        return np.concatenate([piece, np.zeros((n_samples - len(piece), 2), np.float32)])


MOST_SAMPLES = 2**14


def draw(params: AnyParams, stream: Stream, where: str, attempt: int = 0) -> Player:
    """Draw a part's parameters.

    Args:
        where: what the streams' names begin with.
        attempt: how many draws have been refused.
    """
    if isinstance(params, FaustParams):
        return Player(params, dict(drawn(params, params.faust, stream, where, attempt)))

    def value(name: str, low: float, high: float) -> float:
        return low + (high - low) * float(stream(f"{where}/{name}").random(attempt + 1)[attempt])

    if isinstance(params, CsoundParams):
        return Player(params, csound.draw(params, value))
    return Player(params, plugin.draw(params, value))


def identity(params: AnyParams) -> Json:
    """What decides a renderer's sound beside what is drawn: hashes and versions."""
    if isinstance(params, FaustParams):
        return {"engine": "faust", "sha256": catalogue.load(params.faust).sha256}
    return dict(csound.identity(params) if isinstance(params, CsoundParams) else plugin.identity(params))


def check(params: AnyParams) -> None:
    """See that it can play: of our instruments that is known, the others are asked.

    Raises:
        LegatoError: it cannot, or what plays it is not installed.
    """
    if isinstance(params, CsoundParams):
        csound.check(params)
    elif isinstance(params, PluginParams):
        plugin.check(params)


def files_of(params: AnyParams) -> list[str]:
    """The paths of the user's files that it needs."""
    if isinstance(params, FaustParams):
        return []
    return [params.csound] if isinstance(params, CsoundParams) else [params.plugin, *params.state]


def named_license(params: AnyParams) -> tuple[str, str]:
    """What a renderer is called, and the licence of what is heard of it."""
    if isinstance(params, FaustParams):
        return params.faust, catalogue.load(params.faust).license
    return getattr(params, kind_of(params)), params.license


def is_drum_machine(params: AnyParams) -> bool | None:
    """Whether it plays drums and nothing else; None where that is its owner's to know."""
    return catalogue.load(params.faust).kind == DRUMS if isinstance(params, FaustParams) else None


def kind_of(value: Any) -> str:
    """The key by which a renderer's kind is known."""
    given = value if isinstance(value, Mapping) else getattr(type(value), "model_fields", {})
    return next((kind for kind in ("csound", "plugin") if kind in given), "faust")


Kinds = (
    Annotated[FaustParams, Tag("<faust>")]
    | Annotated[CsoundParams, Tag("<csound>")]
    | Annotated[PluginParams, Tag("<plugin>")]
)
Renderers = dict[str, Annotated[Kinds, Discriminator(lambda value: f"<{kind_of(value)}>")]]  # by role

"""`categories.<name>.music` in params.yaml: what a category's songs may be."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from legato.compose.grooves import GROOVES, drums_of
from legato.compose.modes import COLORS
from legato.compose.roles import DENSITIES, ROLES
from legato.midi.gm import DRUMS, KITS, PROGRAMS
from legato.midi.song import bar_seconds
from legato.midi.theory import SCALES
from legato.workspace.params import FloatRange, IntRange, Strict

LICENSE = "CC0-1.0"  # of what the composer writes
DRUMS_ROLE = "drums"  # the one role that is played by kits
SLOWEST_BPM, FASTEST_BPM = 40, 240
SHORTEST_S, LONGEST_S = 2, 600


def _known(name: str, table: dict[str, object], what: str) -> str:
    if name not in table:
        raise ValueError(f"not {what}; known are {', '.join(table)}")
    return name


Role = Annotated[str, AfterValidator(lambda name: _known(name, ROLES, "a role"))]
Scale = Annotated[str, AfterValidator(lambda name: _known(name, SCALES, "a scale"))]
Groove = Annotated[str, AfterValidator(lambda name: _known(name, GROOVES, "a groove"))]
Color = Annotated[str, AfterValidator(lambda name: _known(name, COLORS, "a colour of chords"))]
Density = Annotated[str, AfterValidator(lambda name: _known(name, dict.fromkeys(DENSITIES), "a density"))]


class Humanize(Strict):
    """How far players stray from the score: standard deviations, cut off at twice their size."""

    timing_ms: Annotated[float, Field(ge=0, le=15)] = 6.0
    velocity: Annotated[float, Field(ge=0, le=20)] = 5.0


class MusicParams(Strict):
    """What the composer may draw from; each track draws once from every list and range."""

    bpm: IntRange
    seconds: FloatRange  # from the first note to the last one's end
    parts: Annotated[dict[Role, Annotated[list[str], Field(min_length=1)]], Field(min_length=1)]
    scales: Annotated[list[Scale], Field(min_length=1)] = ["major", "minor"]
    grooves: list[Groove] = []
    swing: FloatRange = [0.5, 0.5]  # where the second of two 16ths falls: 0.5 straight, 0.67 triplets
    humanize: Humanize = Humanize()
    colors: Annotated[list[Color], Field(min_length=1)] = ["triads", "sevenths"]
    density: Annotated[list[Density], Field(min_length=1)] = ["calm", "flowing", "busy"]  # of melodies
    playing: dict[Role, Annotated[list[str], Field(min_length=1)]] = {}  # styles that roles may draw; all where unsaid

    @model_validator(mode="after")
    def _check_ranges(self) -> Self:
        if not (self.bpm[0] >= SLOWEST_BPM and self.bpm[1] <= FASTEST_BPM):
            raise ValueError(f"bpm: {self.bpm}: must lie within {SLOWEST_BPM} and {FASTEST_BPM}")
        if not (self.seconds[0] >= SHORTEST_S and self.seconds[1] <= LONGEST_S):
            raise ValueError(f"seconds: {self.seconds}: must lie within {SHORTEST_S} and {LONGEST_S}")
        if not (self.swing[0] >= 0.5 and self.swing[1] <= 0.75):
            raise ValueError(f"swing: {self.swing}: must lie within 0.5 and 0.75")
        if not self.lengths():
            raise ValueError(f"seconds: {self.seconds}: no whole number of bars fits at bpm {self.bpm}")
        return self

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        for role, names in self.parts.items():
            table, what = (KITS, "a drum kit") if role == DRUMS_ROLE else (PROGRAMS, "a General MIDI program")
            for name in names:
                if name not in table:
                    raise ValueError(f"parts.{role}: {name!r}: not {what}; legato.midi.gm lists them")
        if (DRUMS_ROLE in self.parts) != bool(self.grooves):
            raise ValueError(
                f"grooves: {self.grooves}: must name a groove when parts has drums, and none when it has not"
            )
        return self

    @model_validator(mode="after")
    def _check_playing(self) -> Self:
        for role, styles in self.playing.items():
            if role not in self.parts:
                raise ValueError(f"playing.{role}: {styles}: parts has no {role}")
            for style in styles:
                if style not in ROLES[role].styles:
                    known = ", ".join(ROLES[role].styles) or "none"
                    raise ValueError(f"playing.{role}: {style!r}: not a style of {role}; known are {known}")
        return self

    def lengths(self) -> dict[int, list[int]]:
        """For each bpm, the numbers of bars that last within `seconds`; a bpm without any is left out."""
        fitting = {
            bpm: [
                n_bars
                for n_bars in range(
                    max(int(self.seconds[0] / bar_seconds(bpm)), 1), int(self.seconds[1] / bar_seconds(bpm)) + 1
                )
                if self.seconds[0] <= n_bars * bar_seconds(bpm)
            ]
            for bpm in range(self.bpm[0], self.bpm[1] + 1)
        }
        return {bpm: bars for bpm, bars in fitting.items() if bars}


def needed_drums(params: MusicParams) -> set[int]:
    """Every drum pitch that a category's grooves, fills and endings may play; a kit must hold them all."""
    return {DRUMS[drum] for groove in params.grooves for drum in drums_of(GROOVES[groove])}

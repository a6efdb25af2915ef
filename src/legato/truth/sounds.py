"""Whether our instruments sound as a prompt says: what is recorded of a part is played again, and listened to.

Of a part that one of our instruments plays, the record has all parameters. The instrument is given them and the part's
own keys, and plays the same bytes as in the mix; what a check measures is sound, and may be otherwise than the
parameters promise. Timbre is heard on one note alone, the part's middle one: in chords, partials hide one another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from legato.audio.features import width_db
from legato.instruments.parts import Part
from legato.instruments.playing import play
from legato.midi.contents import Instrument
from legato.midi.gm import DRUMS
from legato.truth import thresholds as at
from legato.truth.timbre import Note

HELD_S, HEARD_S = 2.5, 3.0  # how long the key is held, and all that is heard
A4_HZ, A4 = 440.0, 69
KICKS = (DRUMS["kick"], DRUMS["kick_2"])


@dataclass(frozen=True, kw_only=True)
class Solo:
    """A part's sound, alone."""

    instrument: str
    parameters: Mapping[str, float]
    part: Instrument
    sample_rate: int

    @cached_property
    def held(self) -> Note:
        """The part's middle key at its middle velocity, held so long that all of it is heard."""
        return self._note(_middle(self.part.pitch), HELD_S)

    @cached_property
    def own(self) -> Note:
        """The same, held as long as the part's longest note."""
        longest_s = float((self.part.end_s - self.part.start_s).max())
        return self._note(_middle(self.part.pitch), min(longest_s, HELD_S))

    @cached_property
    def kick(self) -> Note | None:
        """The part's bass drum; None where it plays none."""
        keys = [key for key in KICKS if key in self.part.pitch]
        return self._note(keys[0], HELD_S) if keys else None

    def _note(self, key: int, held_s: float) -> Note:
        velocity = _middle(self.part.velocity[self.part.pitch == key])
        alone = Part(
            start_s=np.array([0.0]), end_s=np.array([held_s]), pitch=np.array([key]), velocity=np.array([velocity])
        )
        audio = play(self.instrument, self.parameters, alone, HEARD_S, self.sample_rate)
        return Note(audio=audio, sample_rate=self.sample_rate, hz=A4_HZ * 2 ** ((key - A4) / 12))


def solo_of(row: Mapping[str, Any], part: Instrument, sample_rate: int) -> Solo:
    """The sound of a part by what `renderers` in its track's facts has of it."""
    return Solo(instrument=row["instrument"], parameters=row["parameters"], part=part, sample_rate=sample_rate)


def _middle(values: np.ndarray) -> int:
    """The median, as one of them."""
    return int(np.sort(values)[len(values) // 2])


def _is_supersaw(solo: Solo) -> bool:
    """Each partial is a handful of lines apart, and even partials are there as of a saw."""
    n, cents = solo.held.lines
    few, many = at.SUPERSAW_LINES
    return few <= n <= many and cents >= at.SUPERSAW_CENTS and solo.held.odd_over_even_db <= at.SAW_ODD_DB


def _is_808_bass(solo: Solo) -> bool:
    """A sine, or one that was bent evenly, that dies away while its key is held."""
    note = solo.held
    return (
        note.fundamental_share >= at.SINE_SHARE
        and note.odd_over_even_db >= at.EVENLY_BENT_DB
        and note.seconds_to(at.DYING_DB) < HELD_S
    )


def _is_acid(solo: Solo) -> bool:
    """A filter closes on it: it is no sine, and darkens by most of an octave."""
    return solo.held.darkening >= at.ACID_OCTAVES and solo.held.fundamental_share <= at.ACID_FUNDAMENTAL


def _is_reese(solo: Solo) -> bool:
    n, cents = solo.held.lines
    return n >= at.REESE_LINES and cents >= at.REESE_CENTS


def _is_string_machine(solo: Solo) -> bool:
    """What an ensemble does: many sidebands of each partial, and two sides that differ."""
    n, cents = solo.held.lines
    is_wide = width_db(solo.held.audio) >= at.ENSEMBLE_WIDTH_DB
    return is_wide and n >= at.ENSEMBLE_LINES and cents >= at.ENSEMBLE_CENTS


def _is_pluck(solo: Solo) -> bool:
    """It is bright when it begins, and darkens as it dies away."""
    note = solo.held
    return (
        note.loudest_s <= at.PLUCK_LOUDEST_S
        and note.seconds_to(at.DECAYED_DB) <= at.PLUCK_S
        and note.darkening >= at.PLUCK_OCTAVES
        and note.brightening <= at.PLUCK_RISE_OCTAVES
        and note.overtones_db >= at.PLUCK_OVERTONES_DB
    )


def _is_fm_piano(solo: Solo) -> bool:
    over, of_all = solo.held.tine_db
    return over >= at.TINE_OVER_DB and of_all >= at.TINE_DB


def _is_fm_bell(solo: Solo) -> bool:
    """Partials at no whole ratios over a fundamental that rings on."""
    note = solo.held
    is_bell = note.inharmonic_db >= at.BELL_INHARMONIC_DB and note.fundamental_share >= at.BELL_FUNDAMENTAL
    return is_bell and note.seconds_to(at.DECAYED_DB) >= at.BELL_S


def _is_square(solo: Solo) -> bool:
    """Odd partials alone, and strong ones: no sine has them."""
    return solo.held.odd_over_even_db >= at.SQUARE_ODD_DB and solo.held.overtones_db >= at.SQUARE_OVERTONES_DB


def _kick_falls(solo: Solo) -> float:
    """By how many times the bass drum's pitch is higher at its onset; 0 where the part has none."""
    if solo.kick is None:
        return 0.0
    return solo.kick.power_hz(0, 0.04) / max(solo.kick.power_hz(0.12, 0.25), 1e-3)


def _is_808_kit(solo: Solo) -> bool:
    """The bass drum hums, and hardly falls."""
    rings = solo.kick is not None and solo.kick.seconds_to(at.DECAYED_DB) >= at.KICK_808_S
    return rings and 0 < _kick_falls(solo) <= at.KICK_808_FALL


CHECKS: dict[str, Callable[[Solo], bool]] = {
    "supersaw": _is_supersaw,
    "bright_supersaw": lambda solo: _is_supersaw(solo) and solo.held.centroid_hz >= at.BRIGHT_HZ,
    "mellow_synth": lambda solo: solo.held.centroid_hz <= at.MELLOW_HZ,
    "distorted_808": lambda solo: solo.held.overtones_db >= at.DISTORTED_DB,
    "clean_808": lambda solo: solo.held.overtones_db <= at.CLEAN_DB,
    "long_808": lambda solo: solo.own.seconds_to(at.DECAYED_DB) >= at.LONG_S,
    "short_808": lambda solo: solo.own.seconds_to(at.DECAYED_DB) <= at.SHORT_S,
    "acid_bass": _is_acid,
    "reese": _is_reese,
    "fm_bell": _is_fm_bell,
    "pluck": _is_pluck,
    "synth_bass_2": _is_808_bass,
    "square_lead": _is_square,
    "electric_piano_2": _is_fm_piano,
    "synth_strings_1": _is_string_machine,
    "synth_brass_1": lambda solo: solo.held.brightening >= at.BRASS_OCTAVES,
    "tr808_kit": _is_808_kit,
    "tr909_kit": lambda solo: _kick_falls(solo) >= at.KICK_909_FALL,
}

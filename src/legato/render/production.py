"""`render` in params.yaml, and what one track draws from it: effects, and each part's variant and place in the mix.

Conventions: `pan` runs from -1 (left) to 1 and is added to where the MIDI file and the font put a part; `gain_db` is
added to its level, `detune_cents` to its tuning. Variants of a program are in banks 1, 2 … without gaps, where the
SoundFont says that they are the same instrument (`legato.soundfont.variants`).
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from legato.midi.contents import Contents, Instrument
from legato.midi.gm import MELODIC_BANK
from legato.workspace.params import FloatRange, IntRange, Strict

DIGITS = 3  # what is drawn is rounded, so that the facts hold what is played
LOW_PITCH = 48  # C3: parts under it stay in the middle, and out of the chorus


def _within(low: float, high: float) -> AfterValidator:
    def check(pair: Sequence[float]) -> Sequence[float]:
        if not low <= pair[0] <= pair[1] <= high:
            raise ValueError(f"must lie within {low} and {high}")
        return pair

    return AfterValidator(check)


class ReverbParams(Strict):
    """FluidSynth's reverb; each value is a range."""

    room: Annotated[FloatRange, _within(0, 1)]
    damping: Annotated[FloatRange, _within(0, 1)]
    width: Annotated[FloatRange, _within(0, 100)]
    level: Annotated[FloatRange, _within(0, 1)]


class ChorusParams(Strict):
    """FluidSynth's chorus; each value is a range."""

    voices: Annotated[IntRange, _within(0, 99)]
    level: Annotated[FloatRange, _within(0, 10)]
    speed_hz: Annotated[FloatRange, _within(0.1, 5)]
    depth_ms: Annotated[FloatRange, _within(0, 256)]
    send: Annotated[FloatRange, _within(0, 1)]  # of the melodic parts' signal, beside what the font itself sends


class RenderParams(Strict):
    """`render` in params.yaml. Each track draws once from every range."""

    gain: Annotated[float, Field(gt=0, le=10)]  # linear, before the mix is written
    polyphony: Annotated[int, Field(ge=16, le=4096)]  # voices
    tail_s: Annotated[float, Field(ge=0, le=60)]  # the longest time that notes may ring on
    stems: bool  # write each instrument's audio too
    variants: bool  # play any of a program's variants that the font says are the same instrument, else the first
    dry: Annotated[float, Field(ge=0, le=1)]  # the share of tracks without reverb and chorus
    reverb: ReverbParams
    chorus: ChorusParams
    pan: Annotated[FloatRange, _within(-1, 1)]
    gain_db: Annotated[FloatRange, _within(-24, 0)]
    detune_cents: Annotated[FloatRange, _within(-50, 50)]


@dataclass(frozen=True, kw_only=True)
class Reverb:
    room: float
    damping: float
    width: float
    level: float


@dataclass(frozen=True, kw_only=True)
class Chorus:
    voices: int
    level: float
    speed_hz: float
    depth_ms: float
    send: float


@dataclass(frozen=True, kw_only=True)
class PartProduction:
    """One instrument's sound and place."""

    bank: int
    pan: float
    gain_db: float
    detune_cents: float
    chorus_send: float


@dataclass(frozen=True, kw_only=True)
class Production:
    """How one track is played. An effect that is off is None."""

    reverb: Reverb | None
    chorus: Chorus | None
    parts: tuple[PartProduction, ...]  # in the order of the file's instruments

    @property
    def dry(self) -> bool:
        """Whether there is neither reverb nor chorus."""
        return self.reverb is None and self.chorus is None


def produce(
    params: RenderParams, contents: Contents, presets: AbstractSet[tuple[int, int]], rng: np.random.Generator
) -> Production:
    """Draw a track's production.

    As many numbers are drawn for each track and each part, whatever they are used for, so that to change one range
    changes nothing else.

    Args:
        presets: the (bank, program) pairs of the SoundFont, of banks above 0 those that are variants of bank 0's.
    """
    is_dry = rng.random() < params.dry
    reverb = Reverb(**{name: _draw(rng, pair) for name, pair in params.reverb.model_dump().items()})
    values = {name: _draw(rng, pair) for name, pair in params.chorus.model_dump().items() if name != "voices"}
    chorus = Chorus(voices=int(rng.integers(params.chorus.voices[0], params.chorus.voices[1] + 1)), **values)
    chorus_on = not is_dry and chorus.voices > 0 and chorus.level > 0
    send = chorus.send if chorus_on else 0.0
    parts = tuple(_part(params, instrument, presets, send, rng) for instrument in contents.instruments)
    return Production(
        reverb=reverb if not is_dry and reverb.level > 0 else None, chorus=chorus if chorus_on else None, parts=parts
    )


def production_facts(production: Production, roles: Sequence[str]) -> dict[str, Any]:
    """What was drawn, as facts; an effect that is off has zeros."""
    reverb = production.reverb or Reverb(room=0.0, damping=0.0, width=0.0, level=0.0)
    chorus = production.chorus or Chorus(voices=0, level=0.0, speed_hz=0.0, depth_ms=0.0, send=0.0)
    by_role = dict(zip(roles, production.parts, strict=True))
    return {
        "dry": production.dry,
        **{f"reverb_{name}": value for name, value in asdict(reverb).items()},
        **{f"chorus_{name}": value for name, value in asdict(chorus).items()},
        "variant": {role: part.bank for role, part in by_role.items()},
        "part_pan": {role: part.pan for role, part in by_role.items()},
        "part_gain_db": {role: part.gain_db for role, part in by_role.items()},
        "part_detune_cents": {role: part.detune_cents for role, part in by_role.items()},
    }


def variant_banks(presets: AbstractSet[tuple[int, int]], program: int) -> list[int]:
    """Bank 0 and the banks of a program's variants, up to the first gap.

    >>> variant_banks({(0, 38), (1, 38), (2, 38), (8, 38), (0, 39)}, 38)
    [0, 1, 2]
    """
    banks = [MELODIC_BANK]
    while (banks[-1] + 1, program) in presets:
        banks.append(banks[-1] + 1)
    return banks


def _part(
    params: RenderParams,
    instrument: Instrument,
    presets: AbstractSet[tuple[int, int]],
    send: float,
    rng: np.random.Generator,
) -> PartProduction:
    banks = variant_banks(presets, instrument.program)
    variant = banks[int(rng.random() * len(banks))]
    pan, gain_db, cents = (_draw(rng, pair) for pair in (params.pan, params.gain_db, params.detune_cents))
    if instrument.is_drum:
        return PartProduction(bank=instrument.preset[0], pan=0.0, gain_db=gain_db, detune_cents=0.0, chorus_send=0.0)
    is_low = float(np.median(instrument.pitch)) < LOW_PITCH
    return PartProduction(
        bank=variant if params.variants else MELODIC_BANK,
        pan=0.0 if is_low else pan,
        gain_db=gain_db,
        detune_cents=cents,
        chorus_send=0.0 if is_low else send,
    )


def _draw(rng: np.random.Generator, pair: Sequence[float]) -> float:
    low, high = pair
    return round(float(rng.uniform(low, high)), DIGITS)

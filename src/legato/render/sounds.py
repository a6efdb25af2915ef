"""The parts of a track that our own instruments play: what each is drawn as, heard on one note before it is used.

A drawn sound that is silent, out of tune or does not end is drawn again. What is drawn depends on seed, track, role and
the parameters' names alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from legato.audio.features import ATTACK_WINDOW_S, HALF, attack_s
from legato.errors import LegatoError
from legato.instruments.catalogue import DRUMS
from legato.instruments.parts import Part, part_of
from legato.midi import smf
from legato.midi.contents import Instrument
from legato.midi.gm import DRUMS as DRUM_KEYS
from legato.render.chains import Effect, Processing, processed
from legato.render.players import AnyParams, Player, Renderers, draw
from legato.render.production import PartProduction
from legato.render.renderers import Stream, plays

MOST_DRAWS = 8
PROBE_VELOCITY, PROBE_S = 100, ATTACK_WINDOW_S
SILENT = 10 ** (-60 / 20)  # of full scale: a quieter note is none
CENTS = 25.0  # the most that a note may be out of tune; octaves are let pass, for YIN hears some timbres an octave away
RAMP_S = 0.01  # in which a part's place moves: a step would click
CC_PAN, MIDDLE = 10, 64
STRUCK = tuple(DRUM_KEYS[name] for name in ("kick", "snare", "closed_hat"))


@dataclass(frozen=True, kw_only=True)
class Sound:
    """What plays a part: an instrument, its parameters, and the part's place in the mix."""

    role: str
    player: Player
    n_refused: int  # draws that were heard and not used
    attack_s: Mapping[str, float | None]
    part: Part
    pan: Sequence[tuple[float, float]]  # (s, -1 to 1)
    gain: np.float32

    def facts(self) -> dict[str, Any]:
        """What `renderers` in a track's facts says of it."""
        return self.player.facts() | {"redrawn": self.n_refused}


def draw_sounds(
    renderers: Renderers,
    instruments: Mapping[str, Instrument],
    production: Mapping[str, PartProduction],
    stream: Stream,
    sample_rate: int,
    *,
    gain: float,
    tail_s: float,
) -> dict[str, Sound]:
    """A sound for each role that a renderer of ours plays in this track.

    Args:
        instruments: what the MIDI file has for each role.
        production: each role's place in the mix.
        gain: of all parts, linear.
        tail_s: in which a note that is let go must have ended.

    Raises:
        LegatoError: no draw could be used, or an instrument fails.
    """
    found = {}
    for role, params in renderers.items():
        if role in instruments and plays(params, stream, f"renderer/{role}"):
            part = part_of(instruments[role])
            place = production[role]
            found[role] = _sound(
                role,
                params,
                replace(part, bend=_detuned(part.bend, place.detune_cents)),
                stream,
                sample_rate,
                tail_s=tail_s,
                pan=_pan(instruments[role], place.pan),
                gain=np.float32(gain * 10 ** (place.gain_db / 20)),
            )
    return found


def _sound(
    role: str, params: AnyParams, part: Part, stream: Stream, sample_rate: int, *, tail_s: float, **place: Any
) -> Sound:
    is_drums, why = role.startswith(DRUMS), ""
    for attempt in range(MOST_DRAWS):
        player = draw(params, stream, f"renderer/{role}", attempt)
        note = probe(player, part, sample_rate, tail_s, is_drums=is_drums)
        why = trouble(note, part, sample_rate, is_drums=is_drums)
        if not why:
            times = {} if is_drums else attack_times(note, sample_rate)
            return Sound(role=role, player=player, n_refused=attempt, attack_s=times, part=part, **place)
    name = draw(params, stream, "", 0).name
    raise LegatoError(f"renderer.{role}: {name}: {MOST_DRAWS} draws could not be used, the last one {why}")


def probe(player: Player, part: Part, sample_rate: int, tail_s: float, *, is_drums: bool) -> np.ndarray:
    """One note of `PROBE_S` in the middle of a part, or three drums, until `tail_s` after it, (n_samples, 2)."""
    keys = STRUCK if is_drums else (int(np.median(part.pitch)),)
    starts = PROBE_S / len(keys) * np.arange(len(keys))
    heard = Part(
        start_s=starts,
        end_s=np.full(len(keys), PROBE_S),
        pitch=np.array(keys),
        velocity=np.full(len(keys), PROBE_VELOCITY),
    )
    return player.play(heard, PROBE_S + tail_s + ATTACK_WINDOW_S, sample_rate)


def trouble(note: np.ndarray, part: Part, sample_rate: int, *, is_drums: bool) -> str:
    """Why a probe's sound cannot be used; empty where it can."""
    sounding = note[: round(PROBE_S * sample_rate)]
    if np.abs(sounding).max() < SILENT:
        return "is silent"
    if np.abs(note[-round(ATTACK_WINDOW_S * sample_rate) :]).max() >= SILENT:
        return "does not end"
    if not is_drums:
        cents = cents_off(sounding, float(np.median(part.pitch).astype(int)), sample_rate)
        if abs(cents) > CENTS:
            return f"is {cents:+.0f} cents out of tune"
    return ""


def cents_off(note: np.ndarray, key: float, sample_rate: int) -> float:
    """How far a note's median fundamental is from a key or an octave of it, -600 to 600 cents."""
    from legato.audio.estimators import fundamentals, mono  # SciPy, which takes a while: most tracks do not need it

    heard = fundamentals(mono(note, sample_rate))
    if not len(heard):
        return 600.0
    semitones = 69 + 12 * np.log2(float(np.median(heard)) / 440) - key
    return float(100 * ((semitones + 6) % 12 - 6))


def attack_times(note: np.ndarray, sample_rate: int) -> dict[str, float | None]:
    """How fast a probe's note begins, as `attacks` has it of presets."""
    sounding = note[: round(PROBE_S * sample_rate)]
    return {"attack_s": attack_s(sounding, sample_rate), "attack_half_s": attack_s(sounding, sample_rate, to=HALF)}


class Playing:
    """A part as it is heard in the mix, from its first sample on."""

    def __init__(self, sound: Sound, sample_rate: int, seconds: float, chain: Sequence[Effect] = ()) -> None:
        self._effects = [Processing(effect, sample_rate) for effect in chain]
        self._read, self._chunk = sound.player.start(sound.part, seconds, sample_rate)
        self._sound, self._sample_rate, self._done = sound, sample_rate, 0

    def read(self, n_samples: int) -> np.ndarray:
        """The next samples, (n_samples, 2), in whole blocks."""
        pieces = []
        for at in range(0, n_samples, self._chunk):
            audio = self._read(min(self._chunk, n_samples - at))
            audio = processed(audio, self._effects)
            pieces.append(audio * self._sides(len(audio)) * self._sound.gain)
            self._done += len(audio)
        return np.concatenate(pieces)

    def _sides(self, n_samples: int) -> np.ndarray:
        """The gains of left and right: equal power, 1 in the middle. Square roots are the same on every processor."""
        times = (self._done + np.arange(n_samples)) / self._sample_rate
        points = np.array(self._sound.pan)
        pan = np.interp(times, points[:, 0], points[:, 1])[:, None] * (-1, 1)
        return np.sqrt(np.maximum(0.0, 1.0 + pan)).astype(np.float32)


def _pan(instrument: Instrument, offset: float) -> list[tuple[float, float]]:
    """Where a part is and when it moves, by its file's pan controller and the production."""
    moves = [(one.s, one.data[1]) for one in instrument.controls if one.status == smf.CONTROL and one.data[0] == CC_PAN]
    points = [(0.0, _place(next((value for s, value in moves if s <= 0), MIDDLE), offset))]
    for s, value in moves:
        if s > 0:
            last_s, before = points[-1]
            points += [(max(s, last_s), before), (max(s, last_s) + RAMP_S, _place(value, offset))]
    return points


def _place(value: int, offset: float) -> float:
    return float(np.clip((value - MIDDLE) / (127 - MIDDLE) + offset, -1.0, 1.0))


def _detuned(bend: Sequence[tuple[float, float]], cents: float) -> tuple[tuple[float, float], ...]:
    start = () if bend and bend[0][0] <= 0 else ((0.0, 0.0),)
    return tuple((s, semitones + cents / 100) for s, semitones in (*start, *bend))

"""What a track's MIDI file and its audio say for themselves, measured without asking who made them.

Conventions: a step is a 16th note, 16 a bar, counted from the file's start; bars are in 4/4 at the main bpm.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from legato.midi.contents import Contents, Instrument
from legato.midi.gm import DRUMS
from legato.midi.key import estimate_key, pitch_class_seconds
from legato.midi.roles import named_roles
from legato.prompts.claims import Traits, notes_per_s
from legato.prompts.sounds import Rule, may_be_called, renderers, roles_by
from legato.truth.by_ear import Sound
from legato.truth.sounds import Solo
from legato.truth.thresholds import OFF_BEAT, OFF_BEATS

STEPS_PER_BAR = 16
SECOND_PROFILES = "krumhansl_kessler"
SNARES = tuple(DRUMS[name] for name in ("side_stick", "snare", "clap", "snare_2"))
KICKS = (DRUMS["kick"], DRUMS["kick_2"])
HATS = tuple(DRUMS[name] for name in ("closed_hat", "pedal_hat", "open_hat"))


@dataclass(frozen=True, kw_only=True)
class Evidence(Sound):
    """A track as it can be checked; its audio is as it is encoded."""

    midi: Contents
    facts: dict[str, Any] = field(default_factory=dict)  # of composer and renderer, for what leaves no other trace

    @cached_property
    def melodic(self) -> list[Instrument]:
        """The pitched instruments that play."""
        return [part for part in self.midi.instruments if not part.is_drum and len(part.pitch)]

    @cached_property
    def drums(self) -> list[Instrument]:
        """The drum kits that play."""
        return [part for part in self.midi.instruments if part.is_drum and len(part.pitch)]

    @cached_property
    def roles(self) -> dict[str, Instrument]:
        """All instruments, by role."""
        return dict(zip(named_roles(self.midi), self.midi.instruments, strict=True))

    @cached_property
    def by_font(self) -> list[Instrument]:
        """The instruments, drum kits too, that a SoundFont plays: those that sound as their program says."""
        others = renderers(self.facts)
        return [part for role, part in self.roles.items() if role not in others and len(part.pitch)]

    def plays(self, *instruments: str) -> bool:
        """Whether one of these instruments of ours plays a part."""
        return any(role in self.roles for name in instruments for role in roles_by(self.facts, name))

    def solos(self, rule: Rule) -> list[Solo]:
        """The sounds of the parts that by the renderer's record are within a rule."""
        rows = ((role, renderers(self.facts)[role]) for role in roles_by(self.facts, rule.name) if role in self.roles)
        return [
            self._solo(role, row["instrument"], row["parameters"])
            for role, row in rows
            if may_be_called(rule, row["instrument"], row["parameters"])
        ]

    def _solo(self, role: str, instrument: str, parameters: dict[str, float]) -> Solo:
        """One for each role, so that what is asked of it twice is played once."""
        if role not in self._heard_alone:
            self._heard_alone[role] = Solo(
                instrument=instrument, parameters=parameters, part=self.roles[role], sample_rate=self.sample_rate
            )
        return self._heard_alone[role]

    @cached_property
    def _heard_alone(self) -> dict[str, Solo]:
        return {}

    @property
    def is_own_file(self) -> bool:
        """Whether the music is the user's own MIDI file, whose facts were found in its notes."""
        return "source" in self.facts

    @cached_property
    def key(self) -> tuple[int, str] | None:
        """Tonic and third that the notes suggest, or None without pitched notes."""
        return estimate_key(self._pitch_class_seconds)[:2] if self.melodic else None

    @cached_property
    def second_key(self) -> tuple[int, str] | None:
        """The same by profiles of other people and another kind: what listeners said, not what scores hold.

        The key of a user's own file was found by the profiles of `key`, which would say the same again.
        """
        return estimate_key(self._pitch_class_seconds, SECOND_PROFILES)[:2] if self.melodic else None

    @cached_property
    def pitch_class_shares(self) -> np.ndarray:
        """How much of the pitched notes' time each pitch class has, (12,)."""
        return self._pitch_class_seconds / max(self._pitch_class_seconds.sum(), 1e-9)

    @cached_property
    def _pitch_class_seconds(self) -> np.ndarray:
        seconds = [pitch_class_seconds(part.pitch, part.end_s - part.start_s) for part in self.melodic]
        return np.sum([np.zeros(12), *seconds], axis=0)

    @cached_property
    def n_slides(self) -> int:
        """How often a pitch is bent away from its key, each time from rest."""
        return sum(int((np.diff([0, *(bend != 0 for _, bend in part.bends)]) > 0).sum()) for part in self.melodic)

    @cached_property
    def traits(self) -> Traits:
        """What moods are derived from, measured; a slow attack, which notes do not show, is taken for granted."""
        return Traits(
            bpm=self.midi.bpm if self.midi.states_bpm else math.nan,
            third=self.key[1] if self.key else None,
            notes_per_s=notes_per_s(self.midi.n_notes, self.midi.seconds),
            has_drums=bool(self.drums),
            has_slow_attack=True,
        )

    def hits(self, keys: tuple[int, ...]) -> np.ndarray:
        """Onsets of drums in steps from the start, unrounded and sorted, (n_hits,)."""
        found = [part.start_s[np.isin(part.pitch, keys)] for part in self.drums]
        return np.sort(np.concatenate([*found, np.zeros(0)])) * self.midi.bpm / 60 * 4

    @cached_property
    def n_bars(self) -> int:
        """Bars in which drums play."""
        steps = np.concatenate([part.start_s for part in self.drums]) * self.midi.bpm / 60 * 4
        return len(np.unique(np.round(steps).astype(int) // STEPS_PER_BAR))

    def share_of_bars(self, keys: tuple[int, ...], step: int) -> float:
        """The share of bars with a hit of these drums on a step, where they play at all."""
        steps = np.unique(np.round(self.hits(keys)).astype(int))
        bars = len(np.unique(steps // STEPS_PER_BAR))
        return float((steps % STEPS_PER_BAR == step).sum() / bars) if bars else 0.0

    def velocities(self, keys: tuple[int, ...]) -> np.ndarray:
        """The velocities of drums, (n_hits,)."""
        return np.concatenate([*(part.velocity[np.isin(part.pitch, keys)] for part in self.drums), np.zeros(0)])

    def swing(self) -> float | None:
        """Where off-beat 16ths fall within their eighth, 0.5 if straight; None where there are too few."""
        every = np.concatenate([part.start_s for part in self.midi.instruments]) * self.midi.bpm / 60 * 2
        places = every % 1
        first, last = OFF_BEAT
        late = places[(places > first) & (places < last)]
        return float(np.median(late)) if len(late) >= OFF_BEATS else None

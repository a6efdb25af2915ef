"""Whether clips are what their prompts ask for, by the checks of `legato.truth.clips`.

Of a clip that cannot be heard, silent or shorter than a second, nothing is measured and no check holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from legato.measure.evaluation.clips import Clip
from legato.truth.by_ear import BPM_HEARD, KEY_HEARD, Asked, asked_by, bpm_error
from legato.truth.clips import Measured, denied, heard_key, in_octave_of, judge_clip, told


class Heard(NamedTuple):
    """What is measured of a clip; None where nothing can be said."""

    percussive_share: float | None = None  # of the energy
    hiss_share: float | None = None  # of the energy: percussive and above 4 kHz
    low_share: float | None = None  # of audible moments: those whose fundamental is within C1 to C3
    bpm_error: float | None = None  # a fraction, up to a factor of two, where a bpm is asked for and a pulse is heard


@dataclass(frozen=True)
class Judged:
    """A clip, what is heard of it, and whether each kind of what was asked for is."""

    clip: Clip
    asked: Asked
    heard: Heard
    verdicts: dict[str, bool]

    @property
    def is_as_asked(self) -> bool | None:
        """Whether all that was asked for is heard; None where nothing that can be heard was."""
        return all(self.verdicts.values()) if self.verdicts else None

    @property
    def bpms(self) -> tuple[float, float | None] | None:
        """The bpm that was asked for, and the one that is heard, in the octave of the first; None of none."""
        if self.asked.bpm is None:
            return None
        heard = self.clip.measured.pulse_bpm if self.clip.measured else None
        return self.asked.bpm, None if heard is None else round(in_octave_of(self.asked.bpm, heard), 1)

    @property
    def keys(self) -> tuple[str, str | None] | None:
        """The key that was asked for, and the likeliest one; None of none."""
        if self.asked.key is None:
            return None
        return self.asked.key, heard_key(self.clip.measured) if self.clip.measured else None


def judge(clip: Clip, prompt_tags: Sequence[str]) -> Judged:
    """Judge a clip by the prompt that it was made for."""
    return _judged(clip, told(asked_by(prompt_tags)))


def judge_own(clip: Clip, prompt_tags: Sequence[str]) -> Judged:
    """Judge an excerpt of real music by a prompt of its phrase: of bpm and key it must have its own, where it says so.

    >>> judge_own(Clip(tags=("beat", "90 bpm"), codes_TK=None, audio=()), ["beat", "120 bpm", "C major"]).asked
    Asked(kinds=('bpm_heard', 'drums_heard'), bpm=90.0, key=None)
    """
    asked, own = told(asked_by(prompt_tags)), asked_by(clip.tags)
    kinds = [kind for kind in asked.kinds if (kind != BPM_HEARD or own.bpm) and (kind != KEY_HEARD or own.key)]
    return _judged(clip, Asked(tuple(kinds), asked.bpm and own.bpm, asked.key and own.key))


def judge_other(clip: Clip, prompt_tags: Sequence[str]) -> Judged:
    """Judge an excerpt of other music by a prompt, in what its own tags say that it is not."""
    asked = told(asked_by(prompt_tags))
    kinds = [kind for kind in asked.kinds if denied(kind, asked, asked_by(clip.tags))]
    return _judged(clip, asked._replace(kinds=tuple(kinds)))


def _judged(clip: Clip, asked: Asked) -> Judged:
    if clip.measured is None:
        return Judged(clip, asked, Heard(), dict.fromkeys(asked.kinds, False))
    return Judged(clip, asked, heard_of(clip.measured, asked.bpm), judge_clip(asked, clip.measured))


def heard_of(measured: Measured, bpm: float | None) -> Heard:
    """What is shown of a clip's measures, and how far its pulse is from a bpm."""
    return Heard(
        percussive_share=measured.percussive_share,
        hiss_share=measured.hiss_share,
        low_share=measured.low_share,
        bpm_error=None if bpm is None or measured.pulse_bpm is None else bpm_error(measured.pulse_bpm, bpm),
    )

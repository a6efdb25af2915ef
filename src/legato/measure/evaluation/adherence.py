"""Whether clips are what their prompts ask for, measured with the checks by ear of `legato validate`.

Of a clip that cannot be heard, silent or shorter than a second, nothing is measured and no check holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from legato.measure.evaluation.clips import Clip
from legato.truth.by_ear import BPM_HEARD, Asked, Sound, asked_by, bpm_error, judge_by_ear


class Heard(NamedTuple):
    """What is measured of a clip; None where nothing can be said."""

    percussive_share: float | None = None  # of the energy
    hiss_share: float | None = None  # of the energy: percussive and above 4 kHz
    low_share: float | None = None  # of audible moments: those whose fundamental is within C1 to C3
    bpm_error: float | None = None  # a fraction, where a bpm is asked for and a beat is heard


@dataclass(frozen=True)
class Judged:
    """A clip, what is heard of it, and whether each kind of what was asked for is."""

    clip: Clip
    heard: Heard
    verdicts: dict[str, bool]


def judge(clip: Clip, prompt_tags: Sequence[str]) -> Judged:
    """Judge a clip by a prompt; what a held-out excerpt is asked for has its own track's bpm."""
    asked = asked_of(clip, prompt_tags)
    if clip.sound is None:
        return Judged(clip, Heard(), dict.fromkeys(asked.kinds, False))
    return Judged(clip, measure(clip.sound, asked.bpm), judge_by_ear(asked, clip.sound))


def asked_of(clip: Clip, prompt_tags: Sequence[str]) -> Asked:
    """What a prompt asks of a clip. A clip of another prompt must have the bpm that its own states, if it does.

    >>> asked_of(Clip(tags=("beat", "90 bpm"), codes_TK=None, audio=None), ["beat", "120 bpm"]).bpm
    90.0
    """
    kinds, bpm = asked_by(prompt_tags)
    own_bpm = None if bpm is None else asked_by(clip.tags).bpm
    return Asked(tuple(kind for kind in kinds if kind != BPM_HEARD or own_bpm is not None), own_bpm)


def measure(sound: Sound, bpm: float | None) -> Heard:
    """What is heard of a sound, and how far its beat is from a bpm."""
    heard_bpm = None if bpm is None else sound.heard_bpm
    return Heard(
        percussive_share=sound.percussion.share,
        hiss_share=sound.percussion.hiss,
        low_share=sound.low_share,
        bpm_error=None if bpm is None or heard_bpm is None else bpm_error(heard_bpm, bpm),
    )

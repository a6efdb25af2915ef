"""What a prompt says that can be judged by ear alone, with no MIDI file beside it.

Conventions: a kind is a check's name as in the verdicts of `legato validate`; those that end in `_heard` need nothing
but audio. Thresholds here are for whole tracks as they were rendered; `clips` has those for a few seconds decoded from
codes.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from legato.audio import estimators
from legato.audio.features import width_db
from legato.prompts.claims import BPM, KEY, NARROW_DB, WIDE_DB, Claim, read_tag
from legato.prompts.sounds import SOUND, SOUNDS

DRUMS_HISS = 5e-4  # over it, there may be drums
SYNTH_HISS = 2e-3  # synthesisers' own: our plucks begin as sharply as drums do, up to 1.5e-3
ONLY_DRUMS_SHARE, ONLY_DRUMS_HISS = 0.22, 1.5e-4  # over them, there is hardly anything else, and it is no bass
GRAIN, GRAIN_DB = 0.1, -50.0  # over them, the highs are rough
BPM_TOLERANCE = 0.02
ROOM_DB = 2.0  # for what the limiter does to the middle
LOWEST_808, HIGHEST_808 = 24, 48  # C1 to C3
LOW_SHARE = 0.95  # of an 808 bass's moments

# Words of base phrases.
NO_DRUMS = r"\b(no|without) drums\b|\bdrumless\b"
ONLY_DRUMS = r"\b(only|just) drums\b|\bdrums only\b"
DRUMS = r"\bbeats?\b|(?<!no )(?<!without )\bdrums\b"
BASS_808 = r"\b808 bass\b"
GUITARS = r"\bguitars?\b"
SYNTHS = r"\bsynths?\b|\bpads?\b|\bchiptune\b"
PIANO = r"\bpiano\b"
STRINGS = r"\bstring quartet\b|\bstrings\b"

NO_DRUMS_HEARD, ONLY_DRUMS_HEARD, DRUMS_HEARD = "no_drums_heard", "only_drums_heard", "drums_heard"
BASS_808_HEARD, BPM_HEARD, KEY_HEARD = "bass_808_heard", "bpm_heard", "key_heard"
LOFI_HEARD, WIDE_HEARD, NARROW_HEARD = "lofi_heard", "wide_heard", "narrow_heard"
OF_PHRASES = {NO_DRUMS: NO_DRUMS_HEARD, ONLY_DRUMS: ONLY_DRUMS_HEARD, DRUMS: DRUMS_HEARD, BASS_808: BASS_808_HEARD}
OF_CLAIMS = {
    Claim("drums", "none"): NO_DRUMS_HEARD,
    Claim("drums", "only"): ONLY_DRUMS_HEARD,
    Claim("instrument", "synth_bass_2"): BASS_808_HEARD,
    Claim("effect", "lofi"): LOFI_HEARD,
    Claim("width", "wide"): WIDE_HEARD,
    Claim("width", "narrow"): NARROW_HEARD,
}
OF_VALUES = {BPM: BPM_HEARD, KEY: KEY_HEARD}


@dataclass(frozen=True, kw_only=True)
class Sound:
    """Audio as it can be judged."""

    audio: np.ndarray  # (n_samples, 2)
    sample_rate: int

    @cached_property
    def wave(self) -> np.ndarray:
        """The audio as estimators take it."""
        return estimators.mono(self.audio, self.sample_rate)

    @cached_property
    def heard_bpm(self) -> float | None:
        return estimators.heard_bpm(self.wave)

    @cached_property
    def percussion(self) -> estimators.Percussion:
        return estimators.percussion(self.wave)

    @cached_property
    def fundamentals(self) -> np.ndarray:
        return estimators.fundamentals(self.wave)

    @cached_property
    def low_share(self) -> float | None:
        """The share of audible moments whose fundamental is an 808 bass's, C1 to C3; None where there are none."""
        keys = 69 + 12 * np.log2(self.fundamentals / 440)
        is_low = (keys > LOWEST_808 - 0.5) & (keys < HIGHEST_808 + 0.5)
        return float(np.mean(is_low)) if len(keys) else None

    @cached_property
    def is_grainy(self) -> bool:
        """Whether the highs are the noise of few bits or of a low rate, and are heard."""
        flatness, level_db = estimators.grain(self.audio, self.sample_rate)
        return flatness >= GRAIN and level_db >= GRAIN_DB

    @cached_property
    def width_db(self) -> float:
        return width_db(self.audio)


# What is judged by nothing but the audio.
HEARD: dict[str, Callable[[Sound], bool]] = {
    NO_DRUMS_HEARD: lambda sound: sound.percussion.hiss <= DRUMS_HISS,
    DRUMS_HEARD: lambda sound: sound.percussion.hiss > DRUMS_HISS,
    ONLY_DRUMS_HEARD: lambda sound: (
        sound.percussion.over_bass > ONLY_DRUMS_SHARE and sound.percussion.hiss > ONLY_DRUMS_HISS
    ),
    BASS_808_HEARD: lambda sound: sound.low_share is not None and sound.low_share >= LOW_SHARE,
    LOFI_HEARD: lambda sound: sound.is_grainy,
    WIDE_HEARD: lambda sound: sound.width_db >= WIDE_DB - ROOM_DB,
    NARROW_HEARD: lambda sound: sound.width_db <= NARROW_DB + ROOM_DB,
}


class Asked(NamedTuple):
    """What a prompt asks for that can be heard."""

    kinds: tuple[str, ...]  # sorted
    bpm: float | None = None  # where it is stated
    key: str | None = None  # with its scale, where it is stated


def asked_by(prompt_tags: Sequence[str]) -> Asked:
    """The checks that a prompt's tags call for.

    A fundamental can be heard of a lone voice only: an 808 bass with drums or another instrument is not checked.

    >>> asked_by(["hip hop beat only drums", "96 bpm"])
    Asked(kinds=('bpm_heard', 'drums_heard', 'only_drums_heard'), bpm=96.0, key=None)
    >>> asked_by(["808 bass melody"]).kinds, asked_by(["808 bass melody", "drum kit"]).kinds
    (('bass_808_heard',), ())
    """
    claims = [claim for claim in map(read_tag, prompt_tags) if claim]
    phrases = [tag.lower() for tag in prompt_tags if not read_tag(tag)]
    kinds = {OF_CLAIMS[claim] for claim in claims if claim in OF_CLAIMS}
    kinds |= {kind for words, kind in OF_PHRASES.items() if any(re.search(words, phrase) for phrase in phrases)}
    if DRUMS_HEARD in kinds or any(map(_names_another, claims)) or any(map(_says_another, phrases)):
        kinds -= {BASS_808_HEARD}
    stated = {claim.kind: claim.value for claim in claims if claim.kind in OF_VALUES}
    kinds |= {OF_VALUES[kind] for kind in stated}
    return Asked(tuple(sorted(kinds)), float(stated[BPM]) if BPM in stated else None, stated.get(KEY))


def bpm_error(heard: float, bpm: float) -> float:
    """How far a heard bpm is from the stated one, its half or its double, as a fraction.

    >>> round(bpm_error(161.0, 80), 5), round(bpm_error(104.0, 100), 5)
    (0.00625, 0.04)
    """
    return min(abs(heard / (bpm * ratio) - 1) for ratio in (0.5, 1, 2))


def agrees(heard: float | None, bpm: float) -> bool:
    """Whether a heard bpm is the stated one, its half or its double, within 2 %.

    >>> agrees(161.0, 80), agrees(104.0, 100), agrees(None, 100)
    (True, False, False)
    """
    return heard is not None and bpm_error(heard, bpm) <= BPM_TOLERANCE


def _names_another(claim: Claim) -> bool:
    is_another = claim.kind == SOUND and SOUNDS[claim.value].name != "bass_808"
    return is_another or claim.kind == "groove" or (claim.kind == "instrument" and claim.value != "synth_bass_2")


def _says_another(phrase: str) -> bool:
    return any(re.search(words, phrase) for words in (GUITARS, SYNTHS, PIANO, STRINGS))

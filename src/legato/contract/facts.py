"""The facts of a track: what each stage records of it, as `tracks.jsonl` has them and whoever reads it checks them.

Conventions: a role is the name of an instrument's part, such as `pad`, `bass` or `drums`.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypedDict, cast

from legato.errors import LegatoError
from legato.files import Json, rows_of

Rule = tuple[Callable[[Any], bool], str]
MOST = 1e12  # of any number


class Facts(TypedDict, total=False):
    """What is known of a track; each stage adds its own."""

    # collect
    id: str
    category: str
    index: int  # in its category
    held_out: bool
    prompt: str
    soundfont: str | None
    soundfont_license: str | None
    codec: str | None
    codec_license: str | None
    # compose
    seed: int
    license: str  # of the music
    source: dict[str, Any]  # of a user's own file: its name, SHA-256, and what was mended
    # of an archive
    archive: dict[str, Any]  # its record: id, source, SHA-256, title, creator, address, attribution, review
    rights: dict[str, dict[str, Any]]  # by layer, recording and composition: licence, rule and evidence
    groups: list[str]  # of which all tracks are on one side: artists, albums, uploaders, packs, scores
    is_audio: bool  # of a recording, which has no notes: `music_sha256` is in place of `midi_sha256`
    music_sha256: str
    claims: list[list[Any]]  # what was heard in it
    cut: dict[str, Any]  # where in the recording it begins, and how many times it is repeated
    original_format: str
    original_sample_rate: int  # Hz
    original_channels: int
    original_seconds: float
    is_lossy: bool
    fidelity: list[str]
    # of all
    midi_sha256: str
    bpm: float | None
    bpm_changes: bool
    n_bars: int
    n_notes: int
    seconds_composed: float
    key: str | None
    scale: str | None
    form: str
    sections: list[list[Any]]  # [name, first bar, bars]
    chords: list[list[Any]]  # [bar, beat, root, quality, bass]
    instruments: dict[str, str]  # by role
    groove: str | None
    swing: float  # where the second of two 16ths falls, 0.5 is straight
    playing: dict[str, str]  # by role
    arp_notes_per_beat: int
    slides: int
    hat_rolls: int
    ghost_notes: int
    # render
    synth: str
    soundfont_sha256: str
    rendered_sha256: str
    render_gain_db: float
    dry: bool
    reverb_room: float
    reverb_damping: float
    reverb_width: float
    reverb_level: float
    chorus_voices: int
    chorus_level: float
    chorus_speed_hz: float
    chorus_depth_ms: float
    chorus_send: float
    variant: dict[str, int]  # bank, by role
    part_pan: dict[str, float]
    part_gain_db: dict[str, float]
    part_detune_cents: dict[str, float]
    attack_s: dict[str, float]  # to 90 % of a note's highest level, by role
    attack_half_s: dict[str, float]
    wet_db: dict[str, float]  # the whole reverb over a note of its preset, by FluidSynth's roles
    width_db: float  # of the sides over the middle
    renderers: dict[str, dict[str, Any]]  # by role, of those that FluidSynth does not play: instrument, parameters
    effects: dict[str, list[dict[str, Any]]]  # by role, or of the mix
    # normalize
    audio_sha256: str
    seconds: float
    trimmed_s: float
    padded_s: float
    lufs: float
    dbtp: float
    gain_db: float
    limiter_db: float
    at_target: bool
    silence: float  # a share
    # validate
    verdicts: list[list[Any]]  # [tag, kind, whether it is true, basis]
    # encode
    frames: int
    codes_sha256: str
    codec_sha256: str
    codec_precision: str


def is_text(value: Any) -> bool:
    """Whether a value of JSON is a string that can be written: one without half of a surrogate pair.

    >>> is_text("a"), is_text("\\ud800"), is_text(1)
    (True, False, False)
    """
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < MOST


def _is_verdict(value: Any) -> bool:
    if not (isinstance(value, list) and len(value) == 4):
        return False
    tag, kind, is_true, basis = value
    return all(map(is_text, (tag, kind, basis))) and isinstance(is_true, bool)


TEXT: Rule = (is_text, "must be text")
TEXT_OR_NONE: Rule = (lambda value: value is None or is_text(value), "must be text or null")
NUMBER_OR_NONE: Rule = (lambda value: value is None or _is_number(value), f"must be a number, within {MOST:g}, or null")
NUMBER: Rule = (_is_number, f"must be a number, within {MOST:g}")
BOOLEAN: Rule = (lambda value: isinstance(value, bool), "must be true or false")
VERDICTS: Rule = (
    lambda value: isinstance(value, list) and all(map(_is_verdict, value)),
    "must be a list of [tag, kind, true or false, basis]",
)
RULES = {
    **dict.fromkeys(("id", "category", "prompt"), TEXT),
    **dict.fromkeys(("key", "scale", "soundfont", "codec", "codec_sha256"), TEXT_OR_NONE),
    **dict.fromkeys(("seconds", "lufs", "dbtp", "limiter_db", "silence"), NUMBER),
    "bpm": NUMBER_OR_NONE,
    **dict.fromkeys(("held_out", "at_target"), BOOLEAN),
    "verdicts": VERDICTS,
}


def known_values(rows: Iterable[Facts], name: str) -> list[Any]:
    """A fact of all tracks where it is known.

    >>> known_values([{"bpm": 96.0}, {"bpm": None}, {}], "bpm")
    [96.0]
    """
    return [value for row in rows if (value := cast(Json, row).get(name)) is not None]


def read_facts(
    path: Path, needed: Iterable[str], allowed: Iterable[str] = (), *, also: Iterable[str] = (), only: bool = False
) -> list[Facts]:
    """All rows of `facts_in`."""
    return list(facts_in(path, needed, allowed, also=also, only=only))


def facts_in(
    path: Path, needed: Iterable[str], allowed: Iterable[str] = (), *, also: Iterable[str] = (), only: bool = False
) -> Iterator[Facts]:
    """Read JSON Lines of tracks' facts, one after another. Those that are asked for are checked, not the others.

    Args:
        needed: keys of `RULES` that every track must have.
        allowed: keys of `RULES` that it may have.
        also: keys that `only` keeps too.
        only: keep what is asked for alone.

    Raises:
        LegatoError: as `read_jsonl`; or a fact that is asked for is missing, or of another kind.
    """
    needed = set(needed)
    asked = sorted({*needed, *allowed})
    kept = sorted({*asked, *also})
    for number, row in enumerate(rows_of(path), start=1):
        for key in asked:
            if key in row and not RULES[key][0](row[key]):
                raise LegatoError(f"{path}: line {number}: {key}: {RULES[key][1]}")
            if key in needed - row.keys():
                raise LegatoError(f"{path}: line {number}: {key}: this key is missing")
        yield cast(Facts, {key: row[key] for key in kept if key in row} if only else row)

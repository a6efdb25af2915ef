"""The parameters of music that tests compose with."""

import re

import numpy as np
import yaml
from hypothesis import strategies as st

from helpers.checkout import ROOT, SHIPPED_PARAMS
from legato.compose.config import MusicParams
from legato.compose.grooves import GROOVES
from legato.compose.modes import COLORS
from legato.compose.roles import ROLES
from legato.compose.song import Score, compose, draft
from legato.midi.song import Song
from legato.midi.theory import SCALES
from legato.workspace import params

SHIPPED = SHIPPED_PARAMS
CATEGORIES = {
    name: params.load(f"categories.{name}.music", MusicParams, SHIPPED) for name in params.read(SHIPPED)["categories"]
}
OFFERED = {
    name: row
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/categories.md").read_text(encoding="utf-8"), re.DOTALL)
    for name, row in yaml.safe_load(block).items()
    if name != "categories"
}
EXAMPLES = {name: MusicParams.model_validate(row["music"]) for name, row in OFFERED.items()}
EVERY = {**CATEGORIES, **EXAMPLES}
ALL_ROLES = MusicParams(
    bpm=[60, 180],
    seconds=[8.0, 60.0],
    scales=sorted(SCALES),
    grooves=sorted(GROOVES),
    swing=[0.5, 0.66],
    colors=sorted(COLORS),
    parts={role: ["tr808_kit"] if role == "drums" else ["warm_pad"] for role in ROLES},
)
TONAL = {name: music for name, music in EVERY.items() if set(music.parts) != {"drums"}}
musics = st.sampled_from([*EVERY.values(), ALL_ROLES])
seeds = st.integers(0, 2**32)
FREE = {"timing_ms": 0.0, "velocity": 0.0}  # of `humanize`: as written


def song_of(music: MusicParams, seed: int) -> tuple[Song, dict]:
    return compose(music, np.random.default_rng(seed))


def score_of(music: MusicParams, seed: int) -> Score:
    """The first draft of a song, as written."""
    return draft(music, np.random.default_rng(seed))


def with_(music: MusicParams, **changes: object) -> MusicParams:
    return MusicParams.model_validate({**music.model_dump(), **changes})

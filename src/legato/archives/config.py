"""`archives` in params.yaml, what is asked of an archive, and `music` of a category that is made of what it gave.

What `archives.<category>` says decides what is fetched and is locked with it; `categories.<category>.music` says what
is made of that, and may change at any time.
"""

import re
from datetime import date
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from legato.workspace import params
from legato.workspace.params import FilePath, FloatRange, IntRange, Strict

ARCHIVES = "archives"
AUDIO_SOURCES = ("freesound", "fma", "loc")
SCORE_SOURCES = ("pdmx", "openscore")
MOST_SECONDS = 86_400
LEAST_RECORD = 15571083  # of PDMX at Zenodo: older ones have no column of conflicts, or a wrong one
OFFENSIVE = ("Ethnic characterizations",)  # a subject heading of the Library of Congress: songs that mock peoples


def _check_date(text: str) -> str:
    try:
        is_plain = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_plain = False
    if not is_plain:
        raise ValueError('must be a date in quotes, as in "2026-12-31"')
    return text


def _check_words(words: list[str]) -> list[str]:
    if any(not word.strip() or word != word.strip() for word in words):
        raise ValueError("words must not be empty nor begin or end with a space")
    return words


def _within_a_day(pair: list[float]) -> list[float]:
    if not 0 < pair[0] <= pair[1] <= MOST_SECONDS:
        raise ValueError(f"must be within 0 and {MOST_SECONDS} seconds")
    return pair


def _check_variable(text: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]*", text):
        raise ValueError("must be the name of a variable of the environment, as in FREESOUND_TOKEN, and never a token")
    return text


Remix = Annotated[Literal["no", "unknown"], BeforeValidator(lambda value: "no" if value is False else value)]  # YAML
Words = Annotated[list[str], AfterValidator(_check_words)]
Seconds = Annotated[FloatRange, AfterValidator(_within_a_day)]
AsOf = Annotated[str, AfterValidator(_check_date)]
Variable = Annotated[str, AfterValidator(_check_variable)]


class _AskedParams(Strict):
    """What is asked of any archive."""

    path: FilePath | None = None  # a folder, or one zip: as it was downloaded
    records: Annotated[int, Field(ge=1, lt=10**6)] | None = None  # at most; the first ones that are admitted
    seconds: Seconds = [1.0, 3600.0]  # by the archive's own account; audio is measured again


class ApiParams(Strict):
    """Freesound's APIv2."""

    query: str = ""
    filter: str = ""  # in Solr's syntax; the licence is added to it, and every result is judged all the same
    accept_terms: Literal["non-commercial"]  # that its terms, which bind the fetching and not the sounds, are accepted
    token_env: Variable = "FREESOUND_TOKEN"
    oauth_env: Variable = "FREESOUND_OAUTH"
    per_minute: Annotated[int, Field(ge=1, le=300)] = 60
    per_day: Annotated[int, Field(ge=1, le=15000)] = 2000


class FreesoundParams(_AskedParams):
    """Freesound: a data pack, or the API."""

    source: Literal["freesound"]
    api: ApiParams | None = None
    categories: Words = []  # of the Broad Sound Taxonomy, as in m-sp; empty: any
    tags: Words = []  # all of them
    without_tags: Words = []
    gen_ai: Annotated[list[Literal["no-additional-preferences", "open-source-models"]], Field(min_length=1)]
    remix: Annotated[list[Remix], Field(min_length=1)] = ["no"]  # a data pack says nothing of it


class FmaParams(_AskedParams):
    """Free Music Archive: fma_metadata.zip and zips of audio."""

    source: Literal["fma"]
    genres: Words = []  # any of them; empty: all
    instrumental: bool = False  # marked so by its uploader


class LocParams(_AskedParams):
    """Library of Congress: the data package of the National Jukebox."""

    source: Literal["loc"]
    as_of: AsOf  # the day by which ages are counted
    release_years: Annotated[int, Field(ge=0, le=20)]  # after its recording a disc was published at the latest
    subjects: Words = []  # any of them; empty: all
    without_subjects: Words = [*OFFENSIVE]


class PdmxParams(_AskedParams):
    """PDMX: PDMX.csv and its MIDI files."""

    source: Literal["pdmx"]
    record: Annotated[int, Field(ge=LEAST_RECORD)]  # at Zenodo
    as_of: AsOf
    subsets: Words = []  # columns that must say yes, as in subset:all_valid
    notes: IntRange = [50, 100_000]


class OpenScoreParams(_AskedParams):
    """OpenScore: its folders, with a MIDI file of each score."""

    source: Literal["openscore"]
    as_of: AsOf
    notes: IntRange = [50, 100_000]


Asked = FreesoundParams | FmaParams | LocParams | PdmxParams | OpenScoreParams
AnyAsked = Annotated[Asked, Field(discriminator="source")]


class ArchiveMusicParams(Strict):
    """`categories.<name>.music` of a category whose tracks come from `archives.<name>`."""

    source: Literal["archive"]
    seconds: Seconds = [30.0, 60.0]  # of a track: what is longer is cut at quiet points
    short: Literal["repeat", "skip"] = "skip"  # of audio: whole, until it is 10 s or more, or not taken


def read_asked(category: str) -> Asked:
    """`archives.<category>` in params.yaml.

    Raises:
        LegatoError: it is missing, or breaks a rule.
    """
    return cast(Asked, params.load(f"{ARCHIVES}.{category}", cast(Any, AnyAsked)))


def asked_values(asked: Asked) -> dict[str, Any]:
    """What was asked, in full, as JSON."""
    return asked.model_dump(mode="json")

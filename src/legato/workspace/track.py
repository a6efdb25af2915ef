"""A track's name, its random stream and which side of the held-out line it is on."""

import hashlib
import math
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, Field

from legato.errors import LegatoError
from legato.shards import Layout
from legato.workspace.params import PARAMS, Seed, Strict

INDEX_DIGITS = 5


ALL = "all"


def _check_count(count: Any) -> Any:
    is_number = isinstance(count, int) and not isinstance(count, bool)
    if count != ALL and not (is_number and 1 <= count < 10**INDEX_DIGITS):
        raise ValueError(f"must be a whole number from 1 to {10**INDEX_DIGITS - 1}, or {ALL}")
    return count


TrackCount = Annotated[int, Field(ge=1, lt=10**INDEX_DIGITS)]  # of a composed category
SourceCount = Annotated[Any, AfterValidator(_check_count)]  # of a category of the user's own files: int or "all"


class DatasetParams(Strict):
    """`dataset` in params.yaml."""

    seed: Seed
    sample_rate: Literal[44100]  # Hz, the codec's
    held_out: Annotated[float, Field(ge=0, lt=1)]  # fraction of each category's tracks
    max_minutes: Annotated[float, Field(gt=0, le=1440)] = 20.0  # that a track may play; a longer one is refused
    layout: Layout = "auto"  # of a category's music, stems, prompts and codes, and of the dataset


def track_id(category: str, index: int) -> str:
    """The id of a category's track, unique over the whole dataset.

    >>> track_id("bass_808", 7)
    'bass_808_00007'
    """
    return f"{category}_{index:0{INDEX_DIGITS}d}"


def check_length(midi: Path, seconds: float, max_minutes: float) -> None:
    """Refuse a file that plays for too long.

    Raises:
        LegatoError: it does.
    """
    if seconds > max_minutes * 60:
        raise LegatoError(
            f"{midi}: plays for {seconds / 60:.1f} minutes: dataset.max_minutes in {PARAMS} allows {max_minutes:g}"
        )


def track_rng(seed: int, category: str, index: int | str, purpose: str) -> np.random.Generator:
    """A random stream that depends on nothing but its four arguments; `index` may be a track's id instead.

    So adding tracks, reordering categories or changing the number of workers disturbs no other track,
    and a draw more for one purpose disturbs no other purpose.
    """
    name = f"{seed}/{category}/{index}/{purpose}".encode()
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name).digest()))


def is_held_out(index: int, fraction: float) -> bool:
    """Whether a track is kept from training: of the first n tracks exactly round(n * fraction) are.

    It depends on the index alone, so that a growing category never moves a track over the line.

    >>> [index for index in range(20) if is_held_out(index, 0.1)]
    [4, 14]
    """
    return math.floor((index + 1) * fraction + 0.5) > math.floor(index * fraction + 0.5)


def is_held_out_by_id(name: str, fraction: float) -> bool:
    """Whether a track without a lasting index is kept from training: each one with the chance `fraction`.

    It depends on the id alone, so that files that come and go move no other track over the line.
    """
    return int.from_bytes(hashlib.sha256(name.encode()).digest()) < fraction * 2**256

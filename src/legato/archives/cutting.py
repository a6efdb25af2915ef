"""Where a recording becomes tracks: cut at quiet points, or repeated whole where it is a short loop."""

from typing import NamedTuple

import numpy as np

from legato.archives.sounds import BLOCK
from legato.tokens import SAMPLE_RATE

LEAST_S = 10.0  # of a track
FADE_S = 0.01  # at a cut, so that it does not click
REPEAT = "repeat"


class Piece(NamedTuple):
    """A track's samples of a recording, and how often they are played."""

    start: int
    stop: int
    times: int = 1
    is_cut_before: bool = False
    is_cut_after: bool = False


def pieces(peaks: np.ndarray, n_samples: int, seconds: tuple[float, float], short: str) -> list[Piece]:
    """The tracks that a recording becomes, in order; none where it is too short.

    What is longer than `seconds` allows is cut where it is quietest, so that each track is within them; what is left at
    the end is a track from 10 s on.

    Args:
        peaks: of each 50 ms, (n_blocks,).
        short: "repeat" plays what is under 10 s whole until it is 10 s or more; "skip" takes none of it.
    """
    least = round(LEAST_S * SAMPLE_RATE)
    if n_samples < least:
        return [Piece(0, n_samples, -(-least // n_samples))] if short == REPEAT else []
    low, high = (round(each * SAMPLE_RATE / BLOCK) for each in seconds)
    cuts = [0]
    n_blocks = -(-n_samples // BLOCK)
    while n_blocks - cuts[-1] > high:
        first = cuts[-1] + low
        last = max(first, min(cuts[-1] + high, n_samples // BLOCK - low))  # what is left is a track too
        cuts.append(first + int(np.argmin(peaks[first : last + 1])))
    ends = [cut * BLOCK for cut in cuts[1:]] + [n_samples]
    found = [
        Piece(start * BLOCK, stop, 1, is_cut_before=start > 0, is_cut_after=stop < n_samples)
        for start, stop in zip(cuts, ends, strict=True)
    ]
    return [piece for piece in found if piece.stop - piece.start >= least]


def audio_of(audio: np.ndarray, piece: Piece) -> np.ndarray:
    """A piece's samples, (n_samples, 2), faded over 10 ms where it was cut."""
    found = np.array(audio[piece.start : piece.stop])
    ramp = np.linspace(0, 1, round(FADE_S * SAMPLE_RATE), dtype=np.float32)[:, None]
    if piece.is_cut_before:
        found[: len(ramp)] *= ramp
    if piece.is_cut_after:
        found[-len(ramp) :] *= ramp[::-1]
    return np.tile(found, (piece.times, 1)) if piece.times > 1 else found

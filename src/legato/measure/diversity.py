"""How different a dataset's tracks are, by what is heard, without a trained model.

Conventions: levels are dB of mel bands (`legato.audio.mel`), both channels' mean. A track's timbre is the mean and the
standard deviation of each band over time; its opening is its first 20 s in blocks of half a second and 20 bands. The
distance of two tracks is the root mean square of their difference, in dB.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from scipy.spatial import KDTree

from legato.audio.mel import N_MELS, log_mel_db
from legato.audio.samples import read_audio
from legato.files import Json, sha256_of
from legato.measure.metrics import TOTAL
from legato.tokens import SAMPLE_RATE
from legato.work import items, recorded
from legato.work.spilled import DIGEST, Lines, Table, digests
from legato.workspace.contents import facts_of
from legato.workspace.layout import AUDIO, facts_path

OPENING_S, BLOCKS, BANDS = 20, 40, 20
QUIET_DB = -60.0  # under it nothing is distinguished
ALIKE_DB = 3.0  # tracks whose timbres are this far apart count as alike to a degree of exp(-1/2)
SAME_DB = 1.0  # openings that are nearer are near-duplicates; songs drawn apart were never nearer than 1.9
MOST = 2000  # tracks of a group that the Vendi score looks at: its time grows with their cube
DIRECTIONS, SAMPLED = 8, 512  # of openings, in which they differ most; and openings by which these are chosen
AT_A_TIME = 256  # rows


class Features(NamedTuple):
    """What is measured of tracks, a row each: their timbres and their openings."""

    timbres_NF: Table
    openings_NF: Table

    @classmethod
    def empty(cls) -> Self:
        """Of no track yet."""
        return cls(Table(2 * N_MELS), Table(BLOCKS * BANDS))

    def add(self, rows: Iterable[Json]) -> Self:
        """Append what `track_features` gave of tracks; it is on the disk."""
        for row in rows:
            for table, key in zip(self, ("timbre", "opening"), strict=True):
                table.append(row[key])
        return self

    def part(self, start: int, stop: int) -> "Features":
        """Those of some tracks."""
        return Features(*(table.part(start, stop) for table in self))


def diversity_of(categories: Sequence[str]) -> dict[str, Json]:
    """`figures` of the workspace's tracks, in total and per category.

    Raises:
        LegatoError: what is recorded of the tracks is not here, or audio cannot be read.
    """
    recorded.verify([*facts_of(categories, ["compose"]), *map(AUDIO.folder, categories)])
    all_of, music, ends = Features.empty(), [], [0]
    for category in categories:
        tracks = AUDIO.files(category)
        all_of.add(features(category, tracks))
        music.append(digests(_music_of(category, tracks)))
        ends.append(ends[-1] + len(tracks))
    midis = np.concatenate(music)
    parts = {TOTAL: (0, ends[-1])} | dict(zip(categories, pairwise(ends), strict=True))
    return {name: figures(all_of.part(*part), midis[slice(*part)]) for name, part in parts.items()}


def _music_of(category: str, tracks: Iterable[Path]) -> Iterator[str]:
    """The hash of each track's MIDI file, of a recording that of its audio."""
    facts = Lines(facts_path(category, "compose"))
    for track in tracks:
        row = facts.line(track.stem).read()
        yield row.get("midi_sha256") or row["music_sha256"]


def features(category: str, tracks: Sequence[Path]) -> Collection[Json]:
    """The timbre and the opening of each track of a category, kept as results of single tracks are.

    Raises:
        LegatoError: audio cannot be read.
    """
    step = items.Step(
        stage="diversity",
        category=category,
        work=track_features,
        name=lambda audio: audio.stem,
        reads=sha256_of,
        settings=None,
    )
    return items.build(step, tracks)


def track_features(audio: Path) -> Json:
    """A track's features, rounded to what matters."""
    samples = read_audio(audio, SAMPLE_RATE)
    levels_FB = np.maximum(log_mel_db(samples), QUIET_DB).mean(axis=0)
    opening_FB = levels_FB[: OPENING_S * len(levels_FB) * SAMPLE_RATE // max(len(samples), 1)]
    opening_FB = np.pad(opening_FB, ((0, -len(opening_FB) % BLOCKS), (0, 0)), constant_values=QUIET_DB)
    opening = opening_FB.reshape(BLOCKS, -1, BANDS, N_MELS // BANDS).mean(axis=(1, 3))
    timbre = np.concatenate([levels_FB.mean(axis=0), levels_FB.std(axis=0)])
    return {"timbre": timbre.round(2).tolist(), "opening": opening.round(1).ravel().tolist()}


def figures(found: Features, midis: Sequence[str] | np.ndarray) -> Json:
    """How varied a group of tracks is.

    Args:
        found: features of tracks.
        midis: the hash of each one's MIDI file, in any form.

    Returns:
        `vendi`, how many different timbres there are, 1 to the number of tracks, and `near_duplicates`, how many tracks
        have the MIDI file or the opening of another.
    """
    timbres_NF, openings_NF = found
    chosen = np.linspace(0, len(timbres_NF) - 1, min(len(timbres_NF), MOST)).astype(int)
    is_copied = _repeated(np.asarray(midis)) | has_near(openings_NF)
    return {"vendi": round(vendi_score(timbres_NF[chosen]), 2), "near_duplicates": int(is_copied.sum())}


# Key idea: the similarity matrix of N tracks, divided by N, has eigenvalues that are at least 0 and add up to 1: they
# are shares, and exp(entropy) is the number of equal shares that would be as varied. N tracks that are all alike have
# one eigenvalue of 1: the score is 1. N tracks that have nothing in common have N of 1 / N: the score is N. `ALIKE_DB`
# sets what is alike, and so the scale of the score: it is chosen, and scores compare only at the same value. Shares up
# to 1e-12 are 0 but for rounding, and 0 log 0 is 0.
def vendi_score(features_NF: np.ndarray) -> float:
    """The exponential of the entropy of the eigenvalues of a similarity matrix (Friedman and Dieng, 2023).

    Similarity is exp(-d^2 / (2 `ALIKE_DB`^2)) of the distance d.

    >>> far_apart = 100.0 * np.arange(3)[:, None]
    >>> round(vendi_score(far_apart), 3), round(vendi_score(0 * far_apart), 3)
    (3.0, 1.0)
    """
    squares = _squared_distances(features_NF, features_NF)
    shares = np.linalg.eigvalsh(np.exp(-squares / (2 * ALIKE_DB**2)) / len(features_NF))
    shares = shares[shares > 1e-12]
    return float(np.exp(-(shares * np.log(shares)).sum()))


# Key idea: two rows are at least as far apart as they are in any few orthonormal directions. In those in which rows
# differ most, few are near another, and a k-d tree finds them without comparing all; they alone are compared in full.
# So nothing is missed, and the time grows little faster than the number of rows.
def has_near(features_NF: Table | np.ndarray, limit_db: float = SAME_DB) -> np.ndarray:
    """Whether another row is nearer than a distance, (N,)."""
    known = bytearray()
    for start in range(0, len(features_NF), AT_A_TIME):
        for row in features_NF[start : start + AT_A_TIME]:
            known += hashlib.blake2b(row.tobytes(), digest_size=16).digest()
    contents = np.frombuffer(known, DIGEST)
    found = _repeated(contents)
    kept = np.sort(np.unique(contents, return_index=True)[1])  # of the same rows, one
    places = _seen_from(features_NF, kept)
    reach = limit_db * np.sqrt(features_NF.shape[1]) * (1 + 1e-5)
    tree = KDTree(places)
    for start in range(0, len(kept), AT_A_TIME):
        near_of = tree.query_ball_point(places[start : start + AT_A_TIME], reach, return_sorted=False)
        for at, near in enumerate(near_of, start):
            one, others = kept[at], kept[[other for other in near if other != at]]
            for first in range(0, 0 if found[one] else len(others), AT_A_TIME):
                some = others[first : first + AT_A_TIME]
                is_near = _mean_squares(features_NF[one], features_NF[some]) < limit_db**2
                found[some[is_near]] = True
                found[one] |= is_near.any()
    return found


def _repeated(values: np.ndarray) -> np.ndarray:
    """Whether a value is there more than once, (N,)."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return counts[places] > 1


def _seen_from(features_NF: Table | np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Rows in the directions in which they differ most, (N, `DIRECTIONS`) at most."""
    sample = features_NF[kept[np.linspace(0, len(kept) - 1, min(len(kept), SAMPLED)).astype(int)]].astype(float)
    middle = sample.mean(axis=0)
    directions = np.linalg.svd(sample - middle, full_matrices=False)[2][:DIRECTIONS]
    blocks = range(0, len(kept), AT_A_TIME)
    return np.concatenate([(features_NF[kept[at : at + AT_A_TIME]] - middle) @ directions.T for at in blocks])


def _mean_squares(one_F: np.ndarray, others_NF: np.ndarray) -> np.ndarray:
    return ((others_NF.astype(float) - one_F) ** 2).mean(axis=1)


def nearest_db(features_NF: np.ndarray, at_a_time: int = AT_A_TIME) -> np.ndarray:
    """The distance of each row to the one that is nearest to it, (N,); infinite where there is no other."""
    found = np.full(len(features_NF), np.inf)
    for start in range(0, len(features_NF), at_a_time):
        squares = _squared_distances(features_NF[start : start + at_a_time], features_NF)
        squares[np.arange(len(squares)), start + np.arange(len(squares))] = np.inf
        found[start : start + at_a_time] = np.sqrt(squares.min(axis=1))
    return found


def _squared_distances(left_NF: np.ndarray, right_MF: np.ndarray) -> np.ndarray:
    """Mean squares of differences, (N, M)."""
    left_NF, right_MF = left_NF.astype(float), right_MF.astype(float)
    squares = (left_NF**2).sum(1)[:, None] + (right_MF**2).sum(1) - 2 * left_NF @ right_MF.T
    return np.maximum(squares, 0) / left_NF.shape[1]

"""How alike the tracks of a category are: `python benchmarks/variety.py [tracks] [category …]`.

Compares scores (before swing and humanising) on a grid of a twelfth of a beat. A track is the sequence of its notes by
(onset, pitch); an n-gram is eight notes in a row: seven intervals and the seven times between. Reported: tracks whose
sequence another track has too, and tracks that share more than half of their distinct n-grams with one other track.
Exact, by an inverted index.
"""

import hashlib
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from examples import categories

from legato.compose.score import BEAT
from legato.compose.song import write_score
from legato.workspace.track import track_rng

GRID, N = 12, 8
CHUNK = 50


def grams(onsets: np.ndarray, pitches: np.ndarray) -> np.ndarray:
    """The distinct hashes of N-note runs of (interval, time since) pairs, uint64."""
    pairs = (np.diff(onsets) * 256 + np.diff(pitches) + 128).astype(np.uint64)
    if len(pairs) < N - 1:
        return np.zeros(0, np.uint64)
    hashes = np.zeros(len(pairs) - N + 2, np.uint64)
    for at in range(N - 1):
        mixed = (pairs[at : at + len(hashes)] + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
        hashes = (hashes * np.uint64(0x100000001B3)) ^ (mixed ^ (mixed >> np.uint64(29)))
    return np.unique(hashes)


def sequence(name: str, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Onsets in grid steps and pitches of a track's notes, by (onset, pitch)."""
    score = write_score(categories_of[name], track_rng(0, name, index, "compose"))
    notes = np.array([(tone.tick, tone.pitch) for tones in score.parts.values() for tone in tones])
    onsets = np.rint(notes[:, 0] * GRID / BEAT).astype(np.int64)
    order = np.lexsort((notes[:, 1], onsets))
    return onsets[order], notes[order, 1]


def one(job: tuple[str, int]) -> tuple[str, np.ndarray]:
    """A track's hash of all and its n-grams."""
    onsets, pitches = sequence(*job)
    return hashlib.sha256(np.stack([onsets, pitches]).tobytes()).hexdigest(), grams(onsets, pitches)


def nearest_shares(tracks: list[np.ndarray]) -> np.ndarray:
    """For each track the largest share of its n-grams that one other track has."""
    owners = np.repeat(np.arange(len(tracks)), [len(track) for track in tracks])
    _, places, counts = np.unique(np.concatenate(tracks), return_inverse=True, return_counts=True)
    postings = owners[np.argsort(places, kind="stable")]
    starts = np.concatenate([[0], np.cumsum(counts)])
    shares, at = np.zeros(len(tracks)), 0
    for number, track in enumerate(tracks):
        mine = places[at : at + len(track)]
        at += len(track)
        shared = [postings[starts[place] : starts[place + 1]] for place in mine if counts[place] > 1]
        if shared:
            common = np.bincount(np.concatenate(shared), minlength=len(tracks))
            common[number] = 0
            shares[number] = common.max() / len(track)
    return shares


def main(n_tracks: int, names: list[str]) -> None:
    for name in names:
        started = time.perf_counter()
        with ProcessPoolExecutor(2) as pool:
            found = list(pool.map(one, [(name, index) for index in range(n_tracks)], chunksize=CHUNK))
        identical = n_tracks - len({whole for whole, _ in found})
        shares = nearest_shares([track for _, track in found])
        quantiles = " ".join(f"{q:.2f}" for q in np.quantile(shares, (0.5, 0.9, 0.99)))
        print(
            f"{name:16} {n_tracks} tracks: {identical} identical, {(shares > 0.5).mean():.2%} near-duplicates "
            f"(share with the nearest: {quantiles} at 50, 90, 99 %), {time.perf_counter() - started:.0f} s",
            flush=True,
        )


categories_of = categories()

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, sys.argv[2:] or list(categories_of))

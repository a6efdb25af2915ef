"""Tracks a second, composed and written as .mid: `python benchmarks/compose.py [tracks] [seconds]`.

Every category of params.yaml and of docs/categories.md, with tracks of a minute, on one process and on two.
"""

import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from examples import categories

from legato.compose.config import MusicParams
from legato.compose.song import compose
from legato.midi.song import write_midi
from legato.workspace.track import track_rng


def write_some(name: str, music: MusicParams, indices: range, folder: str) -> int:
    """Compose and write tracks; return how many notes they have."""
    n_notes = 0
    for index in indices:
        song, facts = compose(music, track_rng(0, name, index, "compose"))
        write_midi(Path(folder) / f"{name}_{index}.mid", song)
        n_notes += facts["n_notes"]
    return n_notes


def main(n_tracks: int = 200, seconds: float = 60.0) -> None:
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2) as pool:
        list(pool.map(int, range(2)))
        for name, shipped in categories().items():
            music = shipped.model_copy(update={"seconds": [seconds - 3, seconds]})
            started = time.perf_counter()
            n_notes = write_some(name, music, range(n_tracks), folder)
            one = n_tracks / (time.perf_counter() - started)
            started = time.perf_counter()
            halves = [range(half, 2 * n_tracks, 2) for half in range(2)]
            list(pool.map(write_some, [name] * 2, [music] * 2, halves, [folder] * 2))
            two = 2 * n_tracks / (time.perf_counter() - started)
            print(
                f"{name:16} {one:6.0f} /s on one process {two:6.0f} /s on two {n_notes / n_tracks:7.0f} notes",
                flush=True,
            )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))

"""Audio for the small codec to learn from: composed, rendered and normalized here, as a dataset's tracks are.

A track that exists is not made again, so that a corpus is continued where it was interrupted.
"""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import soundfile

from legato.audio.normalize import NormalizeParams, normalize_file
from legato.compose.category import compose_track
from legato.compose.config import MusicParams
from legato.errors import LegatoError
from legato.render import rendering
from legato.render.production import RenderParams
from legato.tokens import SAMPLE_RATE
from legato.work import items
from legato.workspace import params
from legato.workspace.track import track_id, track_rng


class Studio(NamedTuple):
    """How a corpus sounds."""

    font: Path
    render: RenderParams
    normalize: NormalizeParams


class Corpus(NamedTuple):
    """Paths of 44.1 kHz audio files, stereo, by category."""

    trained_on: dict[str, list[Path]]
    held_out: dict[str, list[Path]]


def read_music(corpus: Path, categories: dict[str, MusicParams]) -> dict[str, MusicParams]:
    """The music of `categories`, and of those that the file `corpus` adds.

    Raises:
        LegatoError: the file is missing, breaks a rule, or names a category again.
    """
    music = dict(categories)
    for name in params.read(corpus):
        if name in categories:
            raise LegatoError(f"{corpus}: {name}: params.yaml has a category of this name")
        music[name] = params.load(name, MusicParams, corpus)
    return music


def make_corpus(
    folder: Path, music: dict[str, MusicParams], studio: Studio, *, seed: int, tracks: int, held_out: int
) -> Corpus:
    """Make `tracks` + `held_out` tracks of each category in `folder`; the last ones are held out.

    Raises:
        LegatoError: tracks failed: each is named, the others are made.
    """
    wanted = [(name, index) for name in music for index in range(tracks + held_out)]

    def path_of(category: str, index: int) -> Path:
        return folder / category / f"{track_id(category, index)}.wav"

    def make(one: tuple[str, int]) -> dict[str, object]:
        category, index = one
        path = path_of(category, index)
        if not path.exists():
            make_track(path, music[category], studio, seed, category, index)
        return {}

    items.run(make, wanted, stage="corpus", name=lambda one: track_id(*one))
    paths = {name: [path_of(name, index) for index in range(tracks + held_out)] for name in music}
    return Corpus(
        {name: found[:tracks] for name, found in paths.items()},
        {name: found[tracks:] for name, found in paths.items()},
    )


def make_track(path: Path, music: MusicParams, studio: Studio, seed: int, category: str, index: int) -> None:
    """Compose, render and normalize one track; it depends on its seed, category and index alone."""
    compose_track(path.parent, music, seed, category, index)
    midi = path.with_suffix(".mid")
    with TemporaryDirectory(dir=path.parent) as folder:
        rendered = Path(folder) / "rendered.flac"
        stage = rendering.Studio(font=studio.font, params=studio.render, sample_rate=SAMPLE_RATE)
        stream = partial(track_rng, seed, category, index)
        rendering.render(midi, rendered, Path(folder) / "stems", stage, stream)
        normalize_file(rendered, path, SAMPLE_RATE, studio.normalize)


def segments(
    paths: list[Path], rng: np.random.Generator, *, batch: int, n_samples: int, gain_db: tuple[float, float]
) -> np.ndarray:
    """Random places of random tracks and channels, each at a random gain, float32 (B, n_samples)."""
    found_BN = np.zeros((batch, n_samples), np.float32)
    for row_N, at in zip(found_BN, rng.integers(len(paths), size=batch), strict=True):
        with soundfile.SoundFile(paths[at]) as file:
            file.seek(int(rng.integers(max(1, file.frames - n_samples + 1))))
            read = file.read(n_samples, dtype="float32", always_2d=True)[:, rng.integers(file.channels)]
        row_N[: len(read)] = read * 10 ** (rng.uniform(*gain_db) / 20)
    return found_BN

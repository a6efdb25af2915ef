"""Memory does not grow with the dataset: what a stage holds of one more track is less than a tenth of its facts."""

import gc
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from helpers.made_tracks import ids, make_tracks
from legato import shards
from legato.contract.facts import Facts
from legato.dataset.card.summary import summarize
from legato.dataset.collect import collect
from legato.dia.dataset import read_split
from legato.files import Json, rows_of, write_jsonl
from legato.licenses import audit
from legato.licenses.policy import PolicyParams
from legato.measure import diversity as diversity_of
from legato.measure import metrics
from legato.measure.diversity import Features, has_near
from legato.report.distributions import Distributions
from legato.report.track_list import Listing
from legato.report.tracks import find_tracks
from legato.work import items
from legato.workspace.layout import HELD_OUT, TRAIN

FACTS_BYTES, MOST_BYTES = 10_000, 1000
FOLDERS = (TRAIN.path, HELD_OUT.path)
RIGHTS = {"license": "CC0-1.0", "soundfont_license": "CC0-1.0", "codec_license": "MIT"}
MADE_WITH: Facts = {"soundfont": "a.sf2", "codec": "w.pth", **RIGHTS}  # type: ignore[typeddict-item]
BLOCKS = (
    (shards, "AT_ONCE", 4096),
    (diversity_of, "AT_A_TIME", 8),
    (diversity_of, "SAMPLED", 8),
    (items, "READ_AHEAD", 4),
)
POLICY = PolicyParams(music=["CC0-1.0"], soundfont=["CC0-1.0"], codec=["MIT"])


def make(n_tracks: int) -> None:
    names = ids(a=n_tracks)["a"]
    make_tracks("a", names, notes=FACTS_BYTES * "x")
    write_jsonl(Path("features.jsonl"), ({"timbre": noise(160), "opening": noise(800)} for _ in names))
    collect({"a": names}, 0.2, MADE_WITH, "shards")


RNG = np.random.default_rng(0)


def noise(n: int) -> list[float]:
    return RNG.standard_normal(n).round(2).tolist()


def build(n_tracks: int) -> None:
    step = items.Step[int](
        stage="square", category="a", work=facts_of, name=str, reads=lambda number: number, settings=None
    )
    rows = items.build(step, range(n_tracks))
    assert sum(1 for _ in items.record(Path("rows.jsonl"), lambda: rows)) == n_tracks


def facts_of(number: int) -> Json:
    return {"id": number, "notes": FACTS_BYTES * "x"}


def diversity(n_tracks: int) -> None:
    found = Features.empty().add(rows_of(Path("features.jsonl")))
    assert len(has_near(found.openings_NF)) == n_tracks


def audited(n_tracks: int) -> None:
    refused: dict[str, list[str]] = {}
    assert audit.report(audit.judged(audit.read_tracks(FOLDERS), POLICY, refused), refused)["tracks"] == n_tracks


def reported(n_tracks: int) -> None:
    seen = Listing(), Distributions()
    for track in find_tracks(0):
        for one in seen:
            one.add(track.facts.read())
    assert seen[0].n_tracks == n_tracks


def described(n_tracks: int) -> None:
    assert summarize((row for folder in FOLDERS for row in rows_of(folder / "tracks.jsonl")), 0).n_tracks == n_tracks  # type: ignore[misc]


def counted(n_tracks: int) -> None:
    assert metrics.dataset_metrics(metrics.read_datasets(FOLDERS))["total"]["tracks"] == n_tracks


def read(n_tracks: int) -> None:
    split = read_split(*FOLDERS)
    assert len(split.train) + len(split.held_out) == n_tracks
    assert split.categories() == ["a"]


STEPS: dict[str, Callable[[int], None]] = {
    "collect": lambda n_tracks: collect(ids(a=n_tracks), 0.2, MADE_WITH, "shards"),
    "card": described,
    "audit": audited,
    "stats": counted,
    "diversity": diversity,
    "report": reported,
    "training's reader": read,
    "a stage by track": build,
    "collect into files": lambda n_tracks: collect(ids(a=n_tracks), 0.2, MADE_WITH, "files"),
}


@pytest.fixture(autouse=True)
def eager_collector() -> Iterator[None]:
    """What refers to itself, as torch leaves some, is not held by a stage: it is collected sooner than by default."""
    before = gc.get_threshold()
    gc.set_threshold(100, 1, 1)
    yield
    gc.set_threshold(*before)


def test_memory_does_not_grow_with_the_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, size in BLOCKS:
        monkeypatch.setattr(module, name, size)
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    sizes, peaks = (10, 30, 90), {name: [] for name in STEPS}  # the first one loads modules
    for n_tracks in sizes:
        folder = tmp_path / str(n_tracks)
        folder.mkdir()
        monkeypatch.chdir(folder)
        make(n_tracks)
        for name, step in STEPS.items():
            gc.collect()
            tracemalloc.start()
            step(n_tracks)
            peaks[name].append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    growth = {name: (found[2] - found[1]) / (sizes[2] - sizes[1]) for name, found in peaks.items()}
    assert max(growth.values()) < MOST_BYTES, json.dumps(growth)
    assert min(found[2] for found in peaks.values()) > FACTS_BYTES, "nothing was measured"

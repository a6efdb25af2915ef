"""The collected dataset is the trainer's contract, complete or refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.contract import read_dataset
from helpers.made_tracks import ids, make_category, make_tracks
from legato.dataset.collect import collect
from legato.errors import LegatoError
from legato.files import read_jsonl
from legato.measure.metrics import (
    codebook_metrics,
    dataset_metrics,
    grouped,
    histogram,
    perplexity,
    read_datasets,
    usage,
)
from legato.workspace.layout import HELD_OUT, TRAIN
from legato.workspace.track import track_id

MADE_WITH = {"soundfont_license": "CC0-1.0"}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two categories of five tracks, as the per-track stages leave them."""
    monkeypatch.chdir(tmp_path)
    for category in ("a", "b"):
        make_category(category, 5)
    return tmp_path


@pytest.mark.usefixtures("workspace")
def test_the_dataset_is_what_a_trainer_reads() -> None:
    collect(ids(a=5, b=5), held_out=0.2, made_with=MADE_WITH)
    train, held_out = read_dataset(TRAIN.path), read_dataset(HELD_OUT.path)
    assert len(train) == 8
    assert sorted(held_out) == ["a_00002.pt", "b_00002.pt"]
    assert not set(train) & set(held_out)
    rows = read_jsonl(TRAIN.path / "tracks.jsonl")
    assert [f"{row['id']}.pt" for row in rows] == list(train)
    assert not any(row["held_out"] for row in rows)
    assert all(row["soundfont_license"] == "CC0-1.0" for row in rows)


@pytest.mark.usefixtures("workspace")
def test_only_the_categories_asked_for_are_read() -> None:
    collect(ids(a=4), held_out=0, made_with=MADE_WITH)
    assert list(read_dataset(TRAIN.path)) == [f"{track_id('a', index)}.pt" for index in range(4)]
    assert read_dataset(HELD_OUT.path) == {}


@pytest.mark.parametrize(
    ("removed", "line"),
    [
        ("dataset/encoded/b/b_00003.pt", "dataset/encoded/b/b_00003.pt: no such file; run `dvc repro`"),
        ("dataset/audio_prompts/b/b_00003_prompt.txt", "b_00003_prompt.txt: no such file; run `dvc repro`"),
        ("dataset/tracks/b/normalize.jsonl", "dataset/tracks/b/normalize.jsonl: no such file"),
    ],
)
def test_an_incomplete_category_is_refused_and_the_old_dataset_stays(workspace: Path, removed: str, line: str) -> None:
    collect(ids(a=5), held_out=0, made_with=MADE_WITH)
    before = (TRAIN.path / "metadata.json").read_bytes()
    (workspace / removed).unlink()
    with pytest.raises(LegatoError, match=line):
        collect(ids(a=5, b=5), held_out=0, made_with=MADE_WITH)
    assert (TRAIN.path / "metadata.json").read_bytes() == before
    assert len(read_dataset(TRAIN.path)) == 5


@pytest.mark.usefixtures("workspace")
def test_too_few_tracks_or_changed_codes_are_refused() -> None:
    with pytest.raises(LegatoError, match=r"compose\.jsonl: b_00005: this track is missing"):
        collect(ids(a=5, b=6), held_out=0, made_with=MADE_WITH)
    torch.save(torch.zeros(40, 18, dtype=torch.int16), "dataset/encoded/a/a_00001.pt")
    with pytest.raises(LegatoError, match=r"a_00001\.pt: its sha256 is not the indexed"):
        collect(ids(a=5), held_out=0, made_with=MADE_WITH)


@pytest.mark.usefixtures("workspace")
def test_a_file_that_is_added_moves_no_other_track_over_the_line() -> None:
    names = [f"mine_{letter}" for letter in "bdfhjlnprtvx"]
    sides = []
    for some in (names, ["mine_a", *names], names[1:]):
        make_tracks("mine", some, source="a file")
        collect(ids(a=5) | {"mine": some}, held_out=0.4, made_with=MADE_WITH)
        sides.append({name for name in read_dataset(HELD_OUT.path) if name.startswith("mine")})
    assert 0 < len(sides[0]) < len(names)
    assert sides[1] - {"mine_a.pt"} == sides[0]
    assert sides[2] == sides[0] - {"mine_b.pt"}
    with pytest.raises(LegatoError, match=r"compose\.jsonl: mine_new: this track is missing"):
        collect({"mine": [*names[1:], "mine_new"]}, held_out=0, made_with=MADE_WITH)


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("text", ["", " \n", "x" * 513, "b\u00e4ss"])
def test_an_unreadable_prompt_is_refused(text: str) -> None:
    Path("dataset/audio_prompts/a/a_00001_prompt.txt").write_text(text, encoding="utf-8")
    with pytest.raises(LegatoError, match=r"a_00001_prompt\.txt: .*: a prompt is 1 to 512 ASCII characters"):
        collect(ids(a=5), held_out=0, made_with=MADE_WITH)


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(("n_tracks", "n_apart"), [(1, 0), (2, 1), (3, 2)])
def test_one_track_is_trained_on_though_all_would_be_held_out(n_tracks: int, n_apart: int) -> None:
    collect(ids(a=n_tracks), held_out=0.999, made_with=MADE_WITH)
    metadata = {folder: json.loads((folder / "metadata.json").read_text()) for folder in (TRAIN.path, HELD_OUT.path)}
    assert list(metadata[TRAIN.path]) == ["a_00000.pt"]
    assert len(metadata[HELD_OUT.path]) == n_apart


def test_perplexity_of_a_uniform_book_is_its_size_and_of_a_constant_one() -> None:
    assert perplexity(np.full((3, 1024), 7)) == pytest.approx([1024] * 3)
    codes = np.zeros((50, 18), np.int16)
    assert perplexity(usage(codes)) == pytest.approx([1] * 18)


@pytest.mark.usefixtures("workspace")
def test_metrics_are_per_category_and_in_total() -> None:
    collect(ids(a=5, b=5), held_out=0.2, made_with=MADE_WITH)
    groups = read_datasets([TRAIN.path, HELD_OUT.path])
    found = dataset_metrics(groups)
    assert {name: (group["tracks"], group["held_out"]) for name, group in found.items()} == {
        "total": (10, 2),
        "a": (5, 1),
        "b": (5, 1),
    }
    assert found["total"]["seconds"] == 5.0
    assert found["a"]["tags_distinct"] == 2
    assert found["total"]["tags_distinct"] == 3
    rows = [row for folder in (TRAIN.path, HELD_OUT.path) for row in read_jsonl(folder / "tracks.jsonl")]
    told = [row | {"bpm": None if row["category"] == "a" else 90} for row in rows]
    of_told = grouped((row, np.ones((18, 1024), int)) for row in told)
    assert {name: group["bpm_mean"] for name, group in dataset_metrics(of_told).items()} == {
        "total": 90,
        "a": None,
        "b": 90,
    }
    assert histogram(of_told, "bpm") == [{"category": "b", "bpm": 90, "tracks": 5}]
    books = codebook_metrics(groups)
    assert list(books["a"]) == [f"{side}{number}" for side in "LR" for number in range(9)]
    assert all(1 <= value <= 200 for value in books["a"].values())  # 5 tracks of 40 frames

"""A step has the same windows of files, of archives and of archives in a store, and no wrong byte is trained on."""

import shutil
from pathlib import Path

import pytest
import torch

from helpers.contract import read_dataset as read_as_trainers_do
from helpers.made_tracks import ids, make_category
from helpers.micro_dia import places, train_params
from helpers.s3_server import Server
from legato import shards
from legato.contract.folder import CODES_FOLDER
from legato.dataset.collect import collect
from legato.dia import packed
from legato.dia.batches import random_windows
from legato.dia.dataset import Split, digest, read_held_out, read_split
from legato.dia.loader import Steps, load_steps, step_rng
from legato.dia.packed import Store, split_in
from legato.dia.training import train
from legato.errors import LegatoError
from legato.workspace.layout import HELD_OUT, TRAIN

MADE_WITH = {"soundfont_license": "CC0-1.0"}
pytestmark = pytest.mark.usefixtures("micro_size")
INDEX = TRAIN.path / CODES_FOLDER / shards.INDEX


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two categories of tracks, in archives of a few tracks each."""
    monkeypatch.chdir(tmp_path)
    for category in ("a", "b"):
        make_category(category, 7)
    monkeypatch.setattr(shards.pack, "__defaults__", (shards.Limits(least=5_000, more=2_000, most=12_000),))
    return tmp_path


def gathered(layout: shards.Layout) -> Split:
    collect(ids(a=7, b=7), held_out=0.2, made_with=MADE_WITH, layout=layout)
    return read_split(TRAIN.path, HELD_OUT.path)


def stored(server: Server) -> None:
    """The archives go to the store, and nothing of them stays here."""
    for folder in (TRAIN.path, HELD_OUT.path):
        shutil.copytree(folder, server.bucket / "v1" / folder.name)
        shutil.rmtree(folder)


def batches_of(split: Split, first: int = 1, last: int = 6, n_workers: int = 0) -> list[list[torch.Tensor]]:
    """All tensors of each step's batches."""
    steps = Steps(train_params(batch=6, accumulate=2, frames=16), split.train)
    return [
        [tensor for part in parts for tensor in vars(part.batch).values()]
        for parts in load_steps(steps, first, last, n_workers)
    ]


def assert_same(found: list[list[torch.Tensor]], expected: list[list[torch.Tensor]]) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


@pytest.mark.usefixtures("workspace")
def test_files_archives_and_a_store_give_the_same_windows(s3: Server) -> None:
    of_files = gathered("files")
    expected, known = batches_of(of_files), digest(of_files.train)
    assert len(read_as_trainers_do(TRAIN.path)) == len(of_files.train)
    of_archives = gathered("shards")
    assert len(list(INDEX.parent.glob("*.tar"))) > 3
    assert not list(INDEX.parent.glob("*.pt"))
    assert_same(batches_of(of_archives), expected)
    stored(s3)
    of_store = read_split(*split_in("s3://legato/v1"))
    assert_same(batches_of(of_store), expected)
    for split in (of_archives, of_store):
        assert digest(split.train) == known
        assert digest(split.held_out) == digest(of_files.held_out)
        assert split.categories() == of_files.categories() == ["a", "b"]
    s3.kill()  # what has come is here, and a run that continues asks for nothing else
    assert_same(batches_of(of_store, 4), expected[3:])


@pytest.mark.usefixtures("workspace", "one_thread")
def test_the_model_is_the_same_from_files_and_from_a_store(s3: Server, tmp_path: Path) -> None:
    params, weights = train_params(steps=4, checkpoint_every=2), []
    for name in ("files", "store"):
        split = gathered("files" if name == "files" else "shards")
        if name == "store":
            stored(s3)
            split = read_split(*split_in("s3://legato/v1"))
        train(params, split, places(tmp_path / name))
        weights.append((tmp_path / name / "models/dia/model.safetensors").read_bytes())
    assert weights[0] == weights[1]


@pytest.mark.usefixtures("workspace")
def test_other_processes_make_the_same_batches_from_a_store(s3: Server) -> None:
    expected = batches_of(gathered("shards"))
    stored(s3)
    assert_same(batches_of(read_split(*split_in("s3://legato/v1")), n_workers=2), expected)


@pytest.mark.usefixtures("workspace")
def test_of_a_store_only_the_tracks_of_a_step_are_fetched(s3: Server) -> None:
    gathered("shards")
    stored(s3)
    split = read_split(*split_in("s3://legato/v1"))
    batches_of(split, 1, 1)
    windows = random_windows(
        split.train, step_rng(0, 1), batch=6, frames=16, text_dropout=0.1, tag_dropout=0.1
    )  # fmt: skip
    fetched = {path.name for path in packed.STREAMED.glob("??/*")}
    assert fetched == {window.track.sha256 for window in windows}
    assert 0 < len(fetched) < len(split.train)


@pytest.mark.usefixtures("workspace")
def test_any_window_is_that_of_the_whole_track() -> None:
    for track in gathered("shards").train:
        whole_TK = track.codes_TK
        for start, n_frames in ((0, 1), (3, 9), (30, 40), (39, 5), (40, 3)):
            assert torch.equal(track.window(start, n_frames), whole_TK[start : start + n_frames])


@pytest.mark.usefixtures("workspace")
def test_a_damaged_archive_is_refused_before_the_first_step() -> None:
    split = gathered("shards")
    track = split.train[3]
    archive = INDEX.with_name(track.entry["archive"])
    content = bytearray(archive.read_bytes())
    content[track.entry["offset"] + track.entry["codes"] + 5] ^= 1
    archive.write_bytes(content)
    with pytest.raises(LegatoError, match=rf"{track.id}\.pt: its codes are not those that the index describes"):
        read_split(TRAIN.path, HELD_OUT.path)
    archive.write_bytes(content[:2000])
    with pytest.raises(LegatoError, match="its codes are not those"):
        read_split(TRAIN.path, HELD_OUT.path)
    archive.unlink()
    with pytest.raises(LegatoError, match=rf"{archive}: no such file"):
        read_split(TRAIN.path, HELD_OUT.path)


@pytest.mark.usefixtures("workspace")
def test_what_a_store_damages_is_not_trained_on(s3: Server) -> None:
    gathered("shards")
    stored(s3)
    for archive in (s3.bucket / "v1" / TRAIN.path.name).rglob("*.tar"):
        archive.write_bytes(archive.read_bytes().replace(b"\x01", b"\x02"))
    split = read_split(*split_in("s3://legato/v1"))
    with pytest.raises(LegatoError, match=r"s3://legato/v1/encoded_dataset/.*: its codes are not those"):
        batches_of(split)
    assert not list(packed.STREAMED.glob("??/*"))


@pytest.mark.usefixtures("workspace")
def test_a_held_out_track_is_not_trained_on() -> None:
    gathered("shards")
    with pytest.raises(LegatoError, match=r"a_00002\.pt: held out, and in .* too"):
        read_split(HELD_OUT.path, HELD_OUT.path)


@pytest.mark.usefixtures("workspace")
def test_a_dataset_of_files_is_not_read_from_a_store(s3: Server) -> None:
    gathered("files")
    stored(s3)
    with pytest.raises(LegatoError, match="no such object .*dataset.layout: shards"):
        read_held_out(split_in("s3://legato/v1")[1])


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("layout", ["files", "shards"])
def test_nothing_may_be_held_out(layout: shards.Layout, s3: Server) -> None:
    collect(ids(a=3), held_out=0, made_with=MADE_WITH, layout=layout)
    assert len(read_split(TRAIN.path, HELD_OUT.path).held_out) == 0
    if layout == "shards":
        stored(s3)
        split = read_split(*split_in("s3://legato/v1"))
        assert (len(split.train), len(split.held_out)) == (3, 0)


@pytest.mark.parametrize("address", ["", "s3://", "legato/v1", "http://legato/v1", "s3:///v1"])
def test_an_address_that_is_none_is_one_line(address: str) -> None:
    with pytest.raises(LegatoError, match="must be s3://, a bucket, and a folder in it"):
        split_in(address)


def test_a_store_is_named_as_it_was_given() -> None:
    assert str(split_in("s3://legato/a/v1/")[0]) == "s3://legato/a/v1/encoded_dataset"
    assert isinstance(split_in("s3://legato")[1], Store)

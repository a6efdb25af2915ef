"""Codes become audio again, by id, by file or by folder."""

from pathlib import Path

import numpy as np
import pytest
import torch

from helpers.checkout import SHIPPED_PARAMS, SMALL_CODEC
from legato.audio.samples import read_audio
from legato.codec.decode import decode, find_codes
from legato.contract.codes import write_codes
from legato.errors import LegatoError
from legato.tokens import HOP_LENGTH, SAMPLE_RATE
from legato.work import items


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two categories of codes, one track each."""
    (tmp_path / "params.yaml").write_text((SHIPPED_PARAMS).read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    for seed, name in enumerate(("a", "b")):
        codes = np.random.default_rng(seed).integers(0, 1024, (20, 18)).astype(np.int16)
        write_codes(tmp_path / f"dataset/encoded/{name}/{name}_00000.pt", torch.from_numpy(codes))
    return tmp_path


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("a_00000", ["a_00000"]),
        ("dataset/encoded/b/b_00000.pt", ["b_00000"]),
        ("dataset/encoded", ["a_00000", "b_00000"]),
    ],
)
def test_an_id_a_file_or_a_folder_is_written_as_audio(workspace: Path, what: str, names: list[str]) -> None:
    paths = decode(what, workspace / "ears", SMALL_CODEC)
    assert [path.stem for path in paths] == names
    for path in paths:
        assert read_audio(path, SAMPLE_RATE).shape == (20 * HOP_LENGTH, 2)
    assert len(list((workspace / "ears").iterdir())) == len(names)


def test_an_id_in_a_collected_dataset_is_found_without_the_rest(workspace: Path) -> None:
    shared = workspace / "dataset/heldout_dataset/encoded_audio"
    shared.mkdir(parents=True)
    (workspace / "dataset/encoded/a/a_00000.pt").rename(shared / "a_00000.pt")
    assert find_codes("a_00000") == [Path("dataset/heldout_dataset/encoded_audio/a_00000.pt")]


def test_what_cannot_be_decoded_is_one_line(workspace: Path) -> None:
    with pytest.raises(LegatoError, match=r"^c_00000: no track of this id in dataset/encoded or a dataset"):
        decode("c_00000", weights=SMALL_CODEC)
    with pytest.raises(LegatoError, match=r"w\.pth: no such codec weights; run `dvc repro codec`"):
        decode("a_00000", weights=workspace / "w.pth")
    (workspace / "dataset/encoded/a/a_00000.pt").write_bytes(b"not codes")
    with pytest.raises(LegatoError, match=r"^decode: 1 of 2 tracks failed: a_00000: .*not a tensor"):
        decode("dataset/encoded", workspace / "ears", SMALL_CODEC)
    assert [path.name for path in (workspace / "ears").iterdir()] == ["b_00000.wav"]

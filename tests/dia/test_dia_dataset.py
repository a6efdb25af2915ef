"""A dataset folder in the trainer's format: read, refused, and the two sides apart."""

import json

import pytest
import torch

from helpers.micro_dia import a_track, random_codes, write_dataset
from legato.dia.config import EOS
from legato.dia.dataset import digest, read_dataset, read_split
from legato.errors import LegatoError


def test_a_dataset_reads_back_as_it_was_written(tmp_path):
    tracks = [a_track(30, seed) for seed in range(3)]
    found = read_dataset(write_dataset(tmp_path / "d", tracks))
    assert [track.id for track in found] == ["t_0", "t_1", "t_2"]
    assert found[0].tags == ("808 bass melody", "140 BPM", "A minor")
    assert all(torch.equal(a.codes_TK, b.codes_TK) for a, b in zip(found, tracks, strict=True))


def _out_of_range() -> torch.Tensor:
    codes_TK = random_codes(30)
    codes_TK[3, 4] = EOS
    return codes_TK


BAD_CODES = {
    "dict": ({"codes": random_codes(30)}, "must be a bare tensor"),
    "int64": (random_codes(30).long(), "must be int16"),
    "9 codebooks": (random_codes(30)[:, :9].clone(), r"must be of shape \(T, 18\)"),
    "3 axes": (random_codes(30)[None].clone(), r"must be of shape \(T, 18\)"),
    "no frames": (random_codes(0), "must have at least one frame"),
    "special token": (_out_of_range(), "codes must be 0 to 1023"),
    "length": (random_codes(29), "has 29 frames, but .*metadata.json says 30"),
}


@pytest.mark.parametrize(("value", "rule"), BAD_CODES.values(), ids=BAD_CODES)
def test_codes_that_break_a_rule_are_named_with_it(tmp_path, value, rule):
    folder = write_dataset(tmp_path / "d", [a_track(30)])
    torch.save(value, folder / "encoded_audio" / "t_0.pt")
    with pytest.raises(LegatoError, match=rf"t_0\.pt: {rule}"):
        read_dataset(folder)


@pytest.mark.parametrize("content", [b"", b"not a tensor", b"PK\x03\x04half"])
def test_an_unreadable_file_is_named(tmp_path, content):
    folder = write_dataset(tmp_path / "d", [a_track(30)])
    (folder / "encoded_audio" / "t_0.pt").write_bytes(content)
    with pytest.raises(LegatoError, match=r"t_0\.pt: truncated, or not a tensor"):
        read_dataset(folder)


BAD_ENTRIES = {
    "text missing": ({"text": None}, "text: must not be empty"),
    "text of commas": ({"text": " , "}, "text: must not be empty"),
    "long text": ({"text": "é" * 257}, "text: must be at most 512 bytes"),
    "rate": ({"sr": 48000}, "sr: must be 44100"),
    "mono": ({"channels": 9}, "channels: must be 18"),
}


@pytest.mark.parametrize(("change", "rule"), BAD_ENTRIES.values(), ids=BAD_ENTRIES)
def test_metadata_that_breaks_a_rule_is_named_with_it(tmp_path, change, rule):
    folder = write_dataset(tmp_path / "d", [a_track(30)])
    metadata = json.loads((folder / "metadata.json").read_text())
    metadata["t_0.pt"] |= change
    (folder / "metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(LegatoError, match=rf"metadata\.json: t_0\.pt: {rule}"):
        read_dataset(folder)


def test_a_file_without_metadata_and_metadata_without_a_file_are_named(tmp_path):
    folder = write_dataset(tmp_path / "d", [a_track(30)])
    (folder / "encoded_audio" / "t_0.pt").rename(folder / "encoded_audio" / "stray.pt")
    with pytest.raises(LegatoError, match=r"stray\.pt: not in .*metadata\.json"):
        read_dataset(folder)
    (folder / "encoded_audio" / "stray.pt").unlink()
    with pytest.raises(LegatoError, match=r"t_0\.pt: no such file"):
        read_dataset(folder)


@pytest.mark.parametrize(("text", "rule"), [("{}", "at least one track"), ("[", "not JSON"), (None, "no such file")])
def test_an_empty_or_missing_dataset_is_named(tmp_path, text, rule):
    if text is not None:
        (tmp_path / "metadata.json").write_text(text)
    with pytest.raises(LegatoError, match=rf"metadata\.json: .*{rule}"):
        read_dataset(tmp_path)


def test_a_track_s_codes_are_read_when_they_are_asked_for(tmp_path):
    (track,) = read_dataset(write_dataset(tmp_path / "d", [a_track(30)]))
    torch.save(random_codes(30, seed=1), track.path)
    assert torch.equal(track.codes_TK, random_codes(30, seed=1))
    torch.save(random_codes(30, seed=2), track.path, _use_new_zipfile_serialization=False)
    assert torch.equal(track.codes_TK, random_codes(30, seed=2))


def test_categories_are_those_of_the_facts_beside_the_metadata(tmp_path):
    folder = write_dataset(tmp_path / "d", [a_track(30, 0, "pads"), a_track(30, 1)])
    assert [track.category for track in read_dataset(folder)] == ["pads", None]
    (folder / "tracks.jsonl").unlink()
    assert [track.category for track in read_dataset(folder)] == [None, None]


def test_tracks_have_another_digest_when_anything_that_is_learnt_changes(tmp_path):
    found = [a_track(30), a_track(30, seed=1), a_track(30, category="a")]
    digests = [digest(read_dataset(write_dataset(tmp_path / str(n), [track]))) for n, track in enumerate(found)]
    again = digest(read_dataset(write_dataset(tmp_path / "again", [a_track(30)])))
    assert again == digests[0]
    assert len(set(digests)) == 3


def test_nothing_need_be_held_out(tmp_path):
    train, held_out = write_dataset(tmp_path / "d", [a_track(30)]), write_dataset(tmp_path / "h", [])
    split = read_split(train, held_out)
    assert len(split.train) == 1
    assert split.held_out == []


def test_a_held_out_track_that_is_learnt_from_is_named(tmp_path):
    train = write_dataset(tmp_path / "d", [a_track(30), a_track(30, seed=1)])
    by_id = write_dataset(tmp_path / "i", [a_track(29)])
    with pytest.raises(LegatoError, match=r"i/encoded_audio/t_0\.pt: held out, and in .*/d too"):
        read_split(train, by_id)
    by_content = write_dataset(tmp_path / "c", [a_track(30)])
    (by_content / "encoded_audio/t_0.pt").rename(by_content / "encoded_audio/new.pt")
    metadata = (by_content / "metadata.json").read_text()
    (by_content / "metadata.json").write_text(metadata.replace("t_0", "new"))
    with pytest.raises(LegatoError, match=r"new\.pt: held out, and the codes of .*t_0\.pt are the same"):
        read_split(train, by_content)

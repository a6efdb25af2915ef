"""Bytes of the dataset that change behind DVC's back are named, and made again: real DVC in a clone."""

import os
from pathlib import Path

from helpers.clones import Clone
from legato.files import sha256_of
from legato.work import item_cache
from legato.workspace import dvc_files

CARDS = ("LICENSE", "README.md", "croissant.json")  # of a dataset; they have its name


def test_both_caches_hold_one_copy_and_nothing_writes_through_to_it(edited: Clone) -> None:
    """By reflinks, where the file system has them, the workspace too."""
    edited.edit(lambda values: values["categories"]["pads"]["music"].update(bpm=[122, 138]))  # none that DVC has
    edited.repro("normalize@pads")
    tracks = list((edited.folder / "dataset/raw_audio/pads").iterdir())
    assert len(tracks) == 3
    for path in tracks:
        kept = item_cache.object_path(edited.folder / ".legato/cache", sha256_of(path))
        stored = dvc_files.object_path(edited.folder / ".dvc/cache/files/md5", dvc_files.md5_of(path))
        assert kept.samefile(stored)
        assert not path.samefile(stored)


COUNTS_OPENS = """
import atexit, collections, os, sys
opens = collections.Counter()
sys.addaudithook(lambda event, found: event == "open" and opens.update([str(found[0])]))
atexit.register(lambda: [print(path, n) for path, n in opens.items() if sys.argv[0].startswith("stages/")])
"""


def test_where_all_tracks_are_kept_each_file_is_read_once(edited: Clone, tmp_path: Path) -> None:
    """By whether it is as recorded one knows what comes of it: it is hashed no second time."""
    (tmp_path / "sitecustomize.py").write_text(COUNTS_OPENS)
    cold = {"PYTHONPATH": f"{tmp_path}:src", "LEGATO_WORKERS": "2"}  # each program starts, and reads that file
    for stage, folder in (("normalize", "rendered"), ("validate", "raw_audio"), ("encode", "raw_audio")):
        said = edited.run("dvc", "repro", "-f", "-s", f"{stage}@pads", **cold)
        assert f"{stage}@pads: 3 of 3 tracks were in the cache" in said
        opens = dict(line.rsplit(" ", 1) for line in said.splitlines() if line.startswith(f"dataset/{folder}/"))
        assert list(opens.values()) == ["1"] * 3, opens


def test_a_file_that_is_edited_in_place_comes_back(edited: Clone) -> None:
    before = edited.digests("dataset")
    for kind, at in (("audio_prompts", 0), ("raw_audio", 1), ("encoded", 2), ("midi", 0), ("tracks", 3)):
        path = sorted((edited.folder / "dataset" / kind / "pads").iterdir())[at]
        mode = path.stat().st_mode
        path.chmod(0o644)
        with path.open("ab") as file:
            file.write(b", MY EDIT")
        path.chmod(mode)
    assert edited.repro("collect") == []  # what is damaged is restored, and nothing else changes
    edited.edit(lambda values: values["card"].update(name="edited"))
    assert set(edited.repro("collect")) == {"check", "collect"}
    after = edited.digests("dataset")
    cards = {f"dataset/{side}_dataset/{card}" for side in ("encoded", "held_out") for card in CARDS}
    assert {name for name in before if before[name] != after[name]} <= cards


def test_damage_everywhere_is_one_line_and_then_made_again(edited: Clone) -> None:
    """A file of each kind is damaged in the workspace and in both caches, with its times and length as before."""
    before = edited.digests("dataset")
    names = []
    for name in ("audio_prompts/pads", "encoded/beats", "tracks/pads", "tracks/beats"):
        path = sorted((edited.folder / "dataset" / name).iterdir())[1]
        stored = dvc_files.object_path(edited.folder / ".dvc/cache/files/md5", dvc_files.md5_of(path))
        kept = item_cache.object_path(edited.folder / ".legato/cache", sha256_of(path))
        for place in {file.stat().st_ino: file for file in (path, stored, kept) if file.exists()}.values():
            flip_a_byte(place)
        names.append(str(path.relative_to(edited.folder)))
    # No other test builds this name: DVC must have no outcome of `collect` to restore.
    edited.edit(lambda values: values["card"].update(name="damaged"))
    line = edited.failed_repro("collect")
    assert any(line.startswith(f"{name} and 3 more: not what dvc.lock records: ") for name in names), line
    assert {"collect", "prompt@pads", "encode@beats"} <= set(edited.repro("collect"))
    after = edited.digests("dataset")
    cards = {f"dataset/{side}_dataset/{card}" for side in ("encoded", "held_out") for card in CARDS}
    assert {name for name in before if before[name] != after[name]} <= cards


KINDS = (
    "dataset/midi/pads", "dataset/rendered/pads", "dataset/stems/beats", "dataset/raw_audio/beats",
    "dataset/audio_prompts/pads", "dataset/tracks/beats", "dataset/encoded/pads", "dataset/codec",
    "dataset/encoded_dataset/metadata.json", "models/dia/model.safetensors", "reports/samples",
)  # fmt: skip


def test_verify_names_damage_of_each_kind_and_with_repair_all_is_made_again(edited: Clone) -> None:
    """In the workspace and in both caches, so that nothing is there to be linked back."""
    folder = edited.folder
    before, lock = edited.digests("dataset"), (folder / "dvc.lock").read_bytes()
    model, reports = edited.digests("models/dia"), edited.digests("reports")
    assert edited.run("legato", "verify").endswith(": every byte is the one recorded\n")
    flipped = set()
    for kind in KINDS:
        path = next(path for path in [folder / kind, *sorted((folder / kind).rglob("*"))] if path.is_file())
        stored = dvc_files.object_path(folder / ".dvc/cache/files/md5", dvc_files.md5_of(path))
        kept = item_cache.object_path(folder / ".legato/cache", sha256_of(path))
        places = [place for place in (path, stored, kept) if place.exists()]
        assert len(places) > 1
        for place in {place.stat().st_ino: place for place in places}.values():
            flip_a_byte(place)
        flipped |= {str(place.relative_to(folder)) for place in places}
    printed = edited.run("legato", "verify", "--all", check=False)
    lines = [line for line in printed.splitlines() if not line.startswith("verify: ")]
    assert {line.split(": ")[0] for line in lines[:-1]} == flipped
    assert lines[-1].startswith(f"error: verify: {len(flipped)} of ")
    edited.run("legato", "verify", "--repair")
    ran = {name.split("@")[0] for name in edited.repro()}
    assert {
        "compose",
        "render",
        "normalize",
        "prompt",
        "codec",
        "train",
        "sample",
    } <= ran  # codes lie twice in the workspace
    assert (folder / "dvc.lock").read_bytes() == lock
    assert (edited.digests("dataset"), edited.digests("models/dia"), edited.digests("reports")) == (
        before,
        model,
        reports,
    )
    assert edited.run("legato", "verify").endswith(": every byte is the one recorded\n")


def flip_a_byte(path: Path) -> None:
    status, content = path.stat(), path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    path.chmod(status.st_mode)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

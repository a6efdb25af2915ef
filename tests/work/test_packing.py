"""A category's music, stems, prompts and codes in archives: the layout is how results are kept, and changes none."""

import re
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from helpers.small_workspace import PADS, Workspace
from legato import shards
from legato.contract.facts import Facts
from legato.dataset import tracing
from legato.dataset.collect import CategoryFacts
from legato.errors import LegatoError
from legato.files import read_json, read_jsonl, sha256_of
from legato.shards import INDEX, Limits
from legato.workspace.layout import CODES, MIDI, PACKED, PACKING, PROMPT, STEMS, facts_path

IDS = [f"pads_{index:05d}" for index in range(PADS["tracks"])]
TWO_PARTS = PADS["music"] | {"parts": {"pad": ["warm_pad"], "bass": ["synth_bass_1"]}}


def track_rows() -> list[Facts]:
    facts = CategoryFacts("pads", IDS, np.zeros(len(IDS), bool), {})
    return [facts.row(name) for name in IDS]


@pytest.fixture
def workspace(tmp_path: Path, font: Path, tiny_weights: Path) -> Workspace:
    made = Workspace(tmp_path, font, tiny_weights)
    made.params["categories"]["pads"] = PADS | {"music": TWO_PARTS}
    made.params["render"]["stems"] = True
    return made


@pytest.fixture
def lay_out(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Callable[[str], set[str]]:
    """Run all stages with a layout; how many of how many tracks they found in the cache."""

    def run(layout: str) -> set[str]:
        workspace.params["dataset"]["layout"] = layout
        workspace.write({})
        workspace.run_all()
        workspace.run("validate")
        return set(re.findall(r": (\d+ of \d+) tracks were in the cache", capsys.readouterr().out))

    return run


def test_both_layouts_hold_the_same_and_make_no_track_again(
    workspace: Workspace, lay_out: Callable[[str], set[str]]
) -> None:
    assert lay_out("files") == {"0 of 3"}
    files = workspace.bytes()
    with chdir(workspace.folder):
        rows = track_rows()
        stems = {f"{path.parent.name}.{path.name}": path.read_bytes() for path in STEMS.path.rglob("*.flac")}
        single = {path: path.read_bytes() for made in (MIDI, PROMPT, CODES) for path in made.files("pads")}
        single |= {STEMS.folder("pads") / name: content for name, content in stems.items()}
    assert len(single) == 3 * 3 + 3 * 2
    assert lay_out("shards") == {"3 of 3"}
    packed = workspace.bytes()
    with chdir(workspace.folder):
        assert track_rows() == rows
        for made in PACKED:
            names = {path.name for path in made.folder("pads").iterdir()}
            assert names - {"index.json"} == {INDEX, "pads-000000.tar"}
        assert {path: shards.read(path) for path in single} == single
        index = {name: ["bass.flac", "pad.flac"] for name in IDS}
        assert read_json(STEMS.folder("pads") / "index.json") == index
        assert not list(PACKING.rglob("*.*"))
        made = {"entity": str(MIDI.file("pads", IDS[1])), "sha256": rows[1]["midi_sha256"]}
        wrong = made | {"sha256": rows[0]["midi_sha256"]}
        for generated, expected in ((made, []), (wrong, ["music"])):
            record = {"chain": [{"activity": "compose", "generated": generated}]}
            assert list(tracing._differences(Path(), record)) == expected
    same = {name for name in files if name.startswith(("rendered", "raw_audio", "tracks"))}
    assert {name: packed.get(name) for name in same} == {name: files[name] for name in same}
    assert lay_out("files") == {"3 of 3"}
    assert workspace.bytes() == files


def test_few_tracks_are_files_by_themselves(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert workspace.params["dataset"]["layout"] == "auto"
    workspace.write({})
    workspace.run("compose")
    with chdir(workspace.folder):
        assert [path.name for path in sorted(MIDI.folder("pads").iterdir())] == [f"{name}.mid" for name in IDS]
        monkeypatch.setattr(shards, "MANY", 3)
    workspace.run("compose")
    assert {path.suffix for path in (workspace.folder / MIDI.folder("pads")).iterdir()} == {".tar", ".jsonl"}


def test_tracks_that_are_added_rewrite_the_last_archives(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards.pack, "__defaults__", (Limits(least=4_000, more=1_000, most=20_000),))
    workspace.params["dataset"]["layout"] = "shards"
    digests = []
    for n_tracks in (30, 33):
        workspace.params["categories"]["pads"] = PADS | {"tracks": n_tracks}
        workspace.write({})
        workspace.run("compose")
        archives = sorted((workspace.folder / MIDI.folder("pads")).glob("*.tar"))
        digests.append([sha256_of(path) for path in archives])
    before, after = digests
    assert len(before) > 4
    assert after[: len(before) - 1] == before[:-1]


def test_of_tracks_that_fail_the_others_are_packed(workspace: Workspace) -> None:
    workspace.write({})
    workspace.run("compose")
    with chdir(workspace.folder):
        broken = MIDI.file("pads", IDS[1])
        broken.unlink()
        broken.write_bytes(b"no music")
    workspace.params["dataset"]["layout"] = "shards"
    workspace.write({})
    with pytest.raises(LegatoError, match=rf"^render: 1 of 3 tracks failed: {IDS[1]}: "):
        workspace.run("render")
    with chdir(workspace.folder):
        tracks = [IDS[0], IDS[2]]
        assert [row["id"] for row in read_jsonl(facts_path("pads", "render"))] == tracks
        assert sorted({name.partition(".")[0] for name in shards.names(STEMS.folder("pads"))}) == tracks


def test_a_damaged_archive_is_one_line_that_names_it(workspace: Workspace) -> None:
    workspace.params["dataset"]["layout"] = "shards"
    workspace.write({})
    workspace.run("compose")
    with chdir(workspace.folder):
        archive = MIDI.folder("pads") / "pads-000000.tar"
        content = archive.read_bytes()
        archive.write_bytes(content[:700] + bytes([content[700] ^ 1]) + content[701:])
    reason = f"{archive}: {IDS[0]}.mid: not the member that {INDEX} describes"
    with pytest.raises(LegatoError) as error:
        workspace.run("render")
    assert str(error.value) == f"render: 1 of 3 tracks failed: {IDS[0]}: {reason}"

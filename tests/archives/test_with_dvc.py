"""Archives under real DVC: each source by `dvc repro`, the list as a lock, and what a change of it reruns."""

import json
from pathlib import Path

import pytest

from helpers.archive_sources import SOURCES
from helpers.clones import Clone
from legato.files import read_jsonl
from legato.licenses.known import PD_COMPOSITION, US_PD_RECORDING

OF_A_CATEGORY = ("fetch", "compose", "render", "prompt", "normalize", "validate", "encode")


@pytest.fixture(scope="module")
def built(built_once: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone with a category of each source beside one that is composed, up to the audit, committed."""
    clone = built_once.copy(tmp_path_factory.mktemp("built"))
    packs = tmp_path_factory.mktemp("packs")
    asked = {name: one.asked | {"path": str(one.build(packs / name))} for name, one in SOURCES.items()}
    music = {"source": "archive", "short": "repeat", "seconds": [10.0, 60.0]}
    prompts = {"freesound": "beat only drums"}  # as a composed category has it: one prompt, two origins
    taken = {name: {"tracks": "all", "prompt": prompts.get(name, f"from {name}"), "music": music} for name in SOURCES}
    clone.edit(lambda values: (values.update(archives=asked), values["categories"].update(taken)))
    clone.edit(lambda values: values["categories"].pop("pads"))
    clone.edit(lambda values: values["policy"]["music"].extend([PD_COMPOSITION, US_PD_RECORDING]))
    ran = clone.repro("normalize@fma", "compose@pdmx", LEGATO_WORKERS="2")  # recordings and scores, in other processes
    ran += clone.repro("audit")
    assert {f"{stage}@{name}" for stage in OF_A_CATEGORY for name in SOURCES} <= set(ran)
    clone.commit("built")
    return clone


def test_all_sources_pass_the_audit_by_layer_and_source(built: Clone) -> None:
    audit = json.loads((built.folder / "reports/audit.json").read_text())
    assert audit["passed"]
    assert audit["tracks"] == 3 + sum(one.n_tracks for one in SOURCES.values())
    assert set(audit["sources"]) == {"composed", *SOURCES}
    assert {PD_COMPOSITION, "CC0-1.0"} == set(audit["layers"]["composition"])
    assert {US_PD_RECORDING, "CC0-1.0"} == set(audit["layers"]["recording"])


def test_the_lists_are_in_git_and_the_originals_are_not(built: Clone) -> None:
    listed = built.run("git", "ls-files").splitlines()
    assert {f"sources/{name}.fetched.jsonl" for name in SOURCES} <= set(listed)
    assert not [name for name in listed if name.startswith("dataset/")]
    assert built.repro("audit") == []
    assert built.run("git", "status", "--porcelain") == ""


def test_a_track_is_traced_to_its_record(built: Clone) -> None:
    (row, *_) = read_jsonl(built.folder / "dataset/tracks/fma/compose.jsonl")
    printed = built.run("legato", "trace", row["id"])
    assert row["archive"]["record"] in printed
    assert f"record {row['archive']['id']} of fma" in printed
    assert "recording: CC0-1.0 by a licence's address" in printed
    assert "composition: CC0-1.0" in printed


def test_a_recording_can_be_built_again_from_nothing(built: Clone) -> None:
    (row, *_) = read_jsonl(built.folder / "dataset/tracks/freesound/compose.jsonl")
    printed = built.run("legato", "trace", "--verify", row["id"])
    assert "1 track built again, with the same MIDI, prompt, audio and codes" in printed


def test_fetching_stays_in_the_projects_file_when_categories_are_split(edited: Clone) -> None:
    edited.run("legato", "split")
    assert "fetch" not in (edited.folder / "categories/fma/dvc.yaml").read_text()
    assert edited.repro("fetch@fma", "check") == []
    edited.run("legato", "split", "--undo")
    assert edited.repro("audit") == []


def test_what_is_asked_for_is_locked_until_the_list_is_removed(edited: Clone) -> None:
    path = edited.folder / "sources/pdmx.fetched.jsonl"
    before = read_jsonl(path)
    edited.edit(lambda values: values["archives"]["pdmx"].update(records=1))
    line = edited.failed_repro("fetch@pdmx")
    assert "sources/pdmx.fetched.jsonl: is frozen" in line
    assert "another records" in line
    assert "`rm sources/pdmx.fetched.jsonl` and `dvc repro`" in line
    assert read_jsonl(path) == before
    path.unlink()
    others = [f"compose@{name}" for name in SOURCES]
    assert set(edited.repro(*others)) == {"fetch@pdmx", "check", "compose@pdmx"}
    assert [row["id"] for row in read_jsonl(path)[1:]] == ["Qma"]


def test_originals_that_are_gone_come_back_as_the_list_has_them(edited: Clone) -> None:
    before = edited.digests("dataset/fetched/fma/originals")
    list_before = (edited.folder / "sources/fma.fetched.jsonl").read_bytes()
    for path in (edited.folder / "dataset/fetched/fma/originals").iterdir():
        path.unlink()
    assert edited.repro("fetch@fma") == ["fetch@fma"]
    assert edited.digests("dataset/fetched/fma/originals") == before
    assert (edited.folder / "sources/fma.fetched.jsonl").read_bytes() == list_before


def test_another_prompt_or_cut_fetches_nothing(edited: Clone) -> None:
    edited.edit(lambda values: values["categories"]["fma"]["music"].update(seconds=[20.0, 40.0]))
    ran = set(edited.repro("compose@fma"))
    assert "fetch@fma" not in ran
    assert {"check", "compose@fma"} <= ran
    assert len(read_jsonl(Path(edited.folder / "dataset/tracks/fma/compose.jsonl"))) > SOURCES["fma"].n_tracks - 1

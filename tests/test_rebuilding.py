"""What a change of parameters has built again, and what not: real DVC in a clone."""

import json
import shutil
from itertools import product
from pathlib import Path

import pytest
import yaml

from helpers.clones import BEHIND_COLLECT, TINY, Clone, stages_of
from helpers.contract import read_dataset
from helpers.outside import AMSYNTH, needs_csound, needs_plugin
from legato.files import read_jsonl, sha256_of
from legato.workspace import layout

DOWNSTREAM = {"contents", "collect"} | BEHIND_COLLECT


def test_the_shipped_codec_is_not_trained_anew(edited: Clone) -> None:
    edited.edit(lambda values: values["train_codec"].update(steps=1))
    assert set(edited.repro("check", "codec")) == {"check"}


def test_a_category_is_rebuilt_alone_and_restored_from_the_run_cache(edited: Clone) -> None:
    before = edited.digests("dataset/encoded_dataset")
    edited.edit(lambda values: values["categories"]["pads"]["music"].update(bpm=[150, 170]))
    assert set(edited.repro()) == stages_of("pads") | DOWNSTREAM | {"check"}
    after = edited.digests("dataset/encoded_dataset")
    assert {name for name in before if "beats" in name and before[name] != after[name]} == set()
    assert {name for name in before if "pads" in name and before[name] == after[name]} == set()
    rows = [line.split("|") for line in edited.run("dvc", "metrics", "diff", "HEAD", "--md").splitlines()[2:] if line]
    assert {row[1].strip() for row in rows} <= {"reports/summary.json", "reports/audit.json"}
    assert not any("beats." in row[2] for row in rows if "loss" not in row[2])
    assert any("pads." in row[2] for row in rows)
    edited.run("git", "checkout", "-q", "params.yaml")
    assert edited.repro() == ["contents"]  # DVC restores no stage whose outputs are in Git; this one takes a second
    assert edited.digests("dataset/encoded_dataset") == before


def test_loudness_touches_no_music_and_wording_no_audio(edited: Clone) -> None:
    report = edited.folder / "reports/dataset.json"
    before = json.loads(report.read_text())
    edited.edit(lambda values: values["normalize"].update(target_lufs=-20))
    ran = {name.split("@")[0] for name in edited.repro("stats")}
    assert ran == {"check", "normalize", "validate", "encode", "contents", "collect", "stats"}
    levels = [found["total"]["lufs_mean"] for found in (before, json.loads(report.read_text()))]
    assert levels == pytest.approx([-14, -20], abs=0.1)
    rows = [line.split() for line in edited.run("dvc", "params", "diff", "HEAD").splitlines()]
    assert ["params.yaml", "normalize.target_lufs", "-14", "-20"] in rows
    edited.edit(lambda values: values["categories"]["pads"].update(prompt="calm pads"))
    assert set(edited.repro("stats")) == {"check", "prompt@pads", "validate@pads", "contents", "collect", "stats"}
    texts = [entry["text"] for entry in read_dataset(edited.folder / "dataset/encoded_dataset").values()]
    assert sum(text.startswith("calm pads, ") for text in texts) == 2


def test_another_range_of_a_renderer_is_rendered_and_composes_nothing(edited: Clone) -> None:
    edited.edit(lambda values: values["categories"]["pads"]["renderer"]["pad"].update(cutoff_hz=[800, 900]))
    ran = set(edited.repro("collect"))
    assert ran == (stages_of("pads") - {"compose@pads"}) | {"check", "contents", "collect"}
    rows = read_jsonl(edited.folder / layout.facts_path("pads", "render"))
    assert all(800 <= row["renderers"]["pad"]["parameters"]["cutoff_hz"] <= 900 for row in rows)


@needs_csound
def test_a_part_by_an_orchestra_is_rendered_again_for_another_orchestra(edited: Clone) -> None:
    orchestra = edited.folder / "synths/soft_saws.orc"
    played = {"csound": "synths/soft_saws.orc", "license": "CC0-1.0", "set": {"cutoff_hz": [300, 3000]}}
    edited.edit(lambda values: values["categories"]["pads"].update(renderer={"pad": played}))
    assert set(edited.repro("render@pads")) == {"check", "render@pads"}
    rows = read_jsonl(edited.folder / layout.facts_path("pads", "render"))
    assert {row["renderers"]["pad"]["instrument_sha256"] for row in rows} == {sha256_of(orchestra)}
    assert all(row["renderers"]["pad"]["engine"].startswith("Csound") for row in rows)
    orchestra.write_text(orchestra.read_text() + "; another\n")
    assert set(edited.repro("render@pads")) == {"check", "render@pads"}


@needs_plugin(AMSYNTH)
def test_a_part_by_a_plugin_is_rendered(edited: Clone) -> None:
    shutil.copy(AMSYNTH, edited.folder / "synths/amsynth.so")
    played = {"plugin": "synths/amsynth.so", "license": "CC0-1.0"}
    edited.edit(lambda values: values["categories"]["pads"].update(renderer={"pad": played}))
    assert set(edited.repro("render@pads")) == {"check", "render@pads"}
    rows = read_jsonl(edited.folder / layout.facts_path("pads", "render"))
    assert all(row["renderers"]["pad"]["format"] == "VST2" for row in rows)


def test_adding_and_removing_a_category(edited: Clone) -> None:
    more = TINY["categories"]["beats"] | {"tracks": 1, "prompt": "more beats"}
    edited.edit(lambda values: values.update(categories={"first": more} | values["categories"]))
    assert set(edited.repro("stats")) == stages_of("first") | {"check", "contents", "collect", "stats"}
    dataset = edited.folder / "dataset/encoded_dataset"
    assert {name.split("_")[0] for name in read_dataset(dataset)} == {"first", "pads", "beats"}
    edited.edit(lambda values: values["categories"].pop("pads"))
    assert "dataset/encoded/pads: params.yaml has no such category" in edited.run("dvc", "repro", "check")
    assert set(edited.repro("stats")) == {"contents", "collect", "stats"}
    assert {name.split("_")[0] for name in read_dataset(dataset)} == {"first", "beats"}


def test_adding_tracks_changes_no_other_track(edited: Clone) -> None:
    before = edited.digests("dataset/midi/beats") | edited.digests("dataset/rendered/beats")
    edited.edit(lambda values: values["categories"]["beats"].update(tracks=4))
    edited.repro("render@beats")
    after = edited.digests("dataset/midi/beats") | edited.digests("dataset/rendered/beats")
    assert len(after) == len(before) + 2
    assert before.items() <= after.items()


def test_a_track_more_is_one_track_to_make(edited: Clone) -> None:
    edited.edit(lambda values: values["categories"]["beats"].update(tracks=5))
    printed = edited.run("dvc", "repro", "encode@beats")
    words = [line.split() for line in printed.splitlines() if line.endswith("were in the cache")]
    assert [word[0] for word in words] == [f"{stage}@beats:" for stage in ("compose", "render", "normalize", "encode")]
    assert all(3 <= int(word[1]) < 5 for word in words), printed


def test_a_split_project_keeps_all_that_was_built(edited: Clone) -> None:
    lock = edited.folder / "dvc.lock"
    before = yaml.safe_load(lock.read_text()), (edited.folder / "dvc.yaml").read_text()
    edited.run("legato", "split")
    assert edited.repro() == []
    edited.edit(lambda values: values["categories"]["pads"].update(prompt="pads that are split"))
    assert {"categories/pads/dvc.yaml:prompt", "collect"} <= set(edited.repro("collect"))
    edited.edit(lambda values: values["categories"].update(more=values["categories"]["pads"]))
    message = edited.failed_repro()
    assert message.startswith("categories/more/dvc.yaml: not what params.yaml and dvc.yaml make: run `legato split`")
    edited.run("git", "checkout", "-q", "params.yaml")
    edited.repro("collect")
    edited.run("legato", "split", "--undo")
    assert edited.repro() == []
    assert (yaml.safe_load(lock.read_text()), (edited.folder / "dvc.yaml").read_text()) == before


def test_archives_are_the_same_dataset(edited: Clone) -> None:
    def contents(folder: str) -> dict[str, str]:
        return {str(Path(path).relative_to(folder)): sha256 for path, sha256 in edited.digests(folder).items()}

    before = [contents(folder) for folder in ("dataset/encoded_dataset", "dataset/heldout_dataset")]
    edited.edit(lambda values: values["dataset"].update(layout="shards"))
    printed = edited.run("dvc", "repro", "audit", "stats")
    ran = {line.split("'")[1].partition("@")[0] for line in printed.splitlines() if line.startswith("Running stage '")}
    packed = ("compose", "prompt", "render", "encode")
    assert ran == {"check", *packed, "validate", "collect", "audit", "stats"}
    kept = [line.split() for line in printed.splitlines() if line.endswith("were in the cache")]
    assert {(words[1], words[3]) for words in kept} == {("3", "3")}
    assert len(kept) == 2 * (len(packed) + 1)
    for category, folder in product(("pads", "beats"), ("midi", "audio_prompts", "encoded")):
        names = {path.name for path in (edited.folder / "dataset" / folder / category).iterdir()}
        assert names == {f"{category}-000000.tar", "index.jsonl"}
    found = json.loads(edited.run("legato", "diff", "HEAD", "--json"))
    assert all(not category["changed"] for category in found["categories"].values())
    edited.run("legato", "export", "flat")
    edited.run("legato", "export", "apart", "--held-out")
    assert [contents(folder) for folder in ("flat", "apart")] == before
    assert edited.run("git", "status", "--short", "reports") == ""
    edited.run("legato", "decode", "pads_00000")
    shutil.rmtree(edited.folder / "decoded")
    _damage_one(edited, "dataset/midi/pads/pads-000000.tar")


def _damage_one(clone: Clone, name: str) -> None:
    """A damaged archive is named, and `verify --repair` with `dvc repro` has it as it was."""
    before, path = clone.digests("dataset/midi"), clone.folder / name
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[:700] + bytes([content[700] ^ 1]) + content[701:])
    assert f"{name}: not what dvc.lock records" in clone.run("legato", "verify", check=False)
    clone.run("legato", "verify", "--repair")
    clone.repro("compose@pads")
    assert clone.digests("dataset/midi") == before
    assert clone.run("legato", "verify").endswith(": every byte is the one recorded\n")

"""The daily uses, with real DVC in temporary clones: what reruns, what is shared, what a diff says.

The clones hold the working tree's files, so that what is tested is what is about to be committed.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import soundfile
import torch
import yaml
from pydantic import TypeAdapter

from helpers.checkout import ROOT
from helpers.clones import BIN, TINY, Clone, make_clone
from helpers.contract import read_dataset
from helpers.outside import AMSYNTH, needs_csound, needs_plugin
from helpers.signals import si_sdr_db
from legato.contract.facts import Facts
from legato.contract.folder import FACTS
from legato.files import read_jsonl, sha256_of
from legato.work import item_cache, recorded
from legato.work.code_version import stage_version
from legato.workspace import dvc_files, layout
from legato.workspace.layout import HELD_OUT, TRAIN

MEND = "run `legato verify --repair`, then `dvc repro`"
NO_ARCHIVE = "${archives}"  # of which the tiny dataset has none
CARDS = ("LICENSE", "README.md", "croissant.json")  # of a dataset; they have its name


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone built from nothing with two workers, committed. Tests leave it as they found it."""
    clone = make_clone(tmp_path_factory.mktemp("built"))
    ran = clone.repro(LEGATO_WORKERS="2")
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert {name.split("@")[0] for name in ran} == {
        name for name, stage in stages.items() if stage.get("foreach") != NO_ARCHIVE
    }
    clone.commit("built")
    return clone


@pytest.fixture
def edited(built: Clone) -> Iterator[Clone]:
    """The built clone, put back to its commit behind the test."""
    yield built
    built.run("git", "checkout", "-q", ".")
    built.run("git", "clean", "-fdq")
    built.run("dvc", "checkout", "-q", "-f")


STAGES_OF_A_CATEGORY = ("compose", "prompt", "render", "normalize", "validate", "encode")


def stages_of(category: str) -> set[str]:
    return {f"{stage}@{category}" for stage in STAGES_OF_A_CATEGORY}


BEHIND_COLLECT = {"audit", "stats", "quality", "diversity", "train", "sample", "evaluate", "summary", "report"}
DOWNSTREAM = {"contents", "collect"} | BEHIND_COLLECT


def test_every_stage_depends_on_the_version_of_its_code() -> None:
    for name, stage in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].items():
        stage = stage.get("do", stage)
        script = next(word for word in stage["cmd"].split() if word.startswith("stages/"))
        if name != "code_versions":
            (named,) = (param["reports/code.json"] for param in stage["params"] if isinstance(param, dict))
            assert Path(script).stem in named, name


def test_the_committed_lock_is_of_this_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it fails: `make repro`, look at what changed, and commit dvc.lock and reports/ with the code."""
    monkeypatch.chdir(ROOT)
    versions = json.loads(Path("reports/code.json").read_text())
    assert versions == {script.stem: stage_version(script) for script in Path("stages").glob("*.py")}
    stages = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
    for name, locked in yaml.safe_load(Path("dvc.lock").read_text())["stages"].items():
        if name != "code_versions" and not stages[name.split("@")[0]].get("frozen"):
            found = locked["params"]["reports/code.json"]
            assert found == {script: versions[script] for script in found}, name


def test_package_files_are_empty_and_so_no_code() -> None:
    assert {path.read_text() for path in (ROOT / "src/legato").rglob("__init__.py")} == {""}


def test_the_dataset_keeps_the_contract(built: Clone) -> None:
    train = read_dataset(built.folder / "dataset/encoded_dataset")
    held_out = read_dataset(built.folder / "dataset/heldout_dataset")
    assert len(train) == 4
    assert len(held_out) == 2
    assert not set(train) & set(held_out)


def test_every_fact_is_one_that_is_declared(built: Clone) -> None:
    kinds = {name: TypeAdapter(kind) for name, kind in get_type_hints(Facts).items()}
    rows = [row for side in (TRAIN, HELD_OUT) for row in read_jsonl(built.folder / side.path / FACTS)]
    assert rows
    for name, value in ((name, value) for row in rows for name, value in row.items()):
        kinds[name].validate_python(value, strict=True)


def test_codes_decode_to_the_normalized_audio(built: Clone, codec_model: Any) -> None:
    from legato.codec import model as codec

    for category in TINY["categories"]:
        for path in sorted((built.folder / "dataset/encoded" / category).iterdir()):
            audio, _ = soundfile.read(built.folder / f"dataset/raw_audio/{category}/{path.stem}.wav", dtype="float32")
            decoded = codec.decode(codec_model, torch.load(path, weights_only=True))
            assert si_sdr_db(decoded[: len(audio)], audio) > 3, path.stem


def test_a_second_run_does_nothing(built: Clone) -> None:
    assert built.repro() == []
    assert built.run("git", "status", "--porcelain") == ""


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
    ran = set(edited.repro("stats"))
    assert ran == (stages_of("pads") - {"compose@pads"}) | {"check", "contents", "collect", "stats"}
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


def test_a_false_tag_in_a_prompt_is_named(edited: Clone) -> None:
    path = edited.folder / "dataset/audio_prompts/pads/pads_00001_prompt.txt"
    path.unlink()  # a link into DVC's cache
    path.write_text("slow pads, no drums, 808 drum kit, 31 bpm")
    printed = edited.run("legato", "validate", "pads", check=False)
    assert "not true: pads_00001: '808 drum kit' (instrument)" in printed
    assert "not true: pads_00001: '31 bpm' (bpm)" in printed
    assert [line.split()[1:5] for line in printed.splitlines() if line.startswith("no_drums ")] == [
        ["3", "of", "3", "true"]
    ]
    (error,) = (line for line in printed.splitlines() if line.startswith("error: "))
    assert "bpm" in error
    assert "instrument" in error
    printed = edited.run("legato", "validate", "padz", check=False)
    assert "error: params.yaml: categories: 'padz': no such category; known are pads, beats" in printed


def test_one_worker_and_two_make_the_same_bytes(built: Clone, tmp_path: Path) -> None:
    other = make_clone(tmp_path)
    other.repro("collect", LEGATO_WORKERS="1")
    locks = [yaml.safe_load((clone.folder / "dvc.lock").read_text())["stages"] for clone in (built, other)]
    assert {name: stage for name, stage in locks[0].items() if name not in BEHIND_COLLECT} == locks[1]


def test_push_and_pull_over_s3_share_the_codes_alone(built: Clone, tmp_path: Path) -> None:
    store, there = tmp_path / "store", tmp_path / "there"
    (store / "legato").mkdir(parents=True)
    address, key, secret = "127.0.0.1:18080", "user", "password"
    server = subprocess.Popen(
        [BIN / "rclone", "serve", "s3", store, "--addr", address, "--auth-key", f"{key},{secret}", "--quiet"]
    )
    credentials = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "us-east-1"}
    try:
        wait_until(lambda: answers(address))
        built.run("dvc", "remote", "add", "--local", "--default", "store", "s3://legato/data")
        built.run("dvc", "remote", "modify", "--local", "store", "endpointurl", f"http://{address}")
        built.run("dvc", "push", **credentials)
        built.run("git", "clone", "-q", str(built.folder), str(there))
        clone = Clone(there)
        shutil.copy(built.folder / ".dvc/config.local", there / ".dvc/config.local")
        clone.run("dvc", "pull", "collect", **credentials)
        for folder in ("dataset/encoded_dataset", "dataset/heldout_dataset"):
            assert clone.digests(folder) == built.digests(folder)
        assert sorted(path.name for path in (there / "dataset").iterdir() if path.is_dir()) == [
            "encoded_dataset",
            "heldout_dataset",
        ]
        clone.run("dvc", "pull", "normalize@pads", **credentials)
        assert clone.digests("dataset/raw_audio/pads") == built.digests("dataset/raw_audio/pads")
        assert clone.run("dvc", "pull", **credentials)
        assert clone.repro() == []
    finally:
        server.terminate()
        server.wait()
        (built.folder / ".dvc/config.local").unlink(missing_ok=True)


def test_codes_in_archives_are_the_same_dataset(edited: Clone) -> None:
    def contents(folder: str) -> dict[str, str]:
        return {str(Path(path).relative_to(folder)): sha256 for path, sha256 in edited.digests(folder).items()}

    before = [contents(folder) for folder in ("dataset/encoded_dataset", "dataset/heldout_dataset")]
    edited.edit(lambda values: values["encode"].update(layout="shards"))
    ran = {"check", "encode@pads", "encode@beats", "collect", "audit", "stats"}
    assert set(edited.repro("audit", "stats")) == ran
    for category in ("pads", "beats"):
        names = sorted(path.name for path in (edited.folder / "dataset/encoded" / category).iterdir())
        assert names == [f"{category}-000000.tar", "index.jsonl"]
    found = json.loads(edited.run("legato", "diff", "HEAD", "--json"))
    assert all(not category["changed"] for category in found["categories"].values())
    edited.run("legato", "export", "flat")
    edited.run("legato", "export", "apart", "--held-out")
    assert [contents(folder) for folder in ("flat", "apart")] == before
    assert edited.run("git", "status", "--short", "reports") == ""
    edited.run("legato", "decode", "pads_00000")
    shutil.rmtree(edited.folder / "decoded")


def answers(address: str) -> bool:
    """Whether a server listens at `host:port`."""
    host, port = address.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Until something holds.

    Raises:
        TimeoutError: it still does not.
    """
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)


WRONG: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a dot in a name": (
        lambda values: values["categories"].update({"a.b": values["categories"]["pads"]}),
        "params.yaml: categories: 'a.b': a category's name is made of a-z, 0-9 and _",
    ),
    "a space in a name": (
        lambda values: values["categories"].update({"a b": values["categories"]["pads"]}),
        "params.yaml: categories: 'a b': a category's name is made of a-z, 0-9 and _",
    ),
    "an unknown key": (
        lambda values: values["train"].update(stepz=1),
        "params.yaml: train.stepz: unknown key",
    ),
    "no tracks": (
        lambda values: values["categories"]["beats"].update(tracks=0),
        "params.yaml: categories.beats.tracks: 0: Input should be greater than or equal to 1",
    ),
    "bpm reversed": (
        lambda values: values["categories"]["pads"]["music"].update(bpm=[140, 120]),
        "params.yaml: categories.pads.music.bpm: [140, 120]: the low end of a range comes first",
    ),
}


def test_nothing_is_trained_on_tracks_that_the_audit_refuses(edited: Clone) -> None:
    edited.edit(lambda values: values["policy"].update(music=["PDDL-1.0"]))
    assert edited.failed_repro("train").startswith("params.yaml: policy.music: ['PDDL-1.0']: lacks CC0-1.0")
    alone = edited.failed_repro("--single-item", "audit")  # as where the facts are not what params.yaml says
    assert alone.startswith("audit: 6 of 6 tracks refused: music beats: 'CC0-1.0': not one of policy.music")
    assert edited.failed_repro("--single-item", "train").startswith("reports/audit.json: passed: false: ")


@pytest.mark.parametrize("case", WRONG)
def test_wrong_parameters_stop_the_run_before_anything_is_built(edited: Clone, case: str) -> None:
    change, line = WRONG[case]
    before = edited.digests("dataset")
    edited.edit(change)
    assert edited.failed_repro() == line
    edited.run("git", "checkout", "-q", "params.yaml")
    assert edited.repro() == []  # DVC took away what `check` writes when it began
    assert edited.digests("dataset") == before


def test_a_full_disk_is_one_line_and_leaves_no_part(edited: Clone, tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: writes fail half-way."""
    limited = "ulimit -f 200; exec python stages/normalize.py beats"  # 200 blocks of 1024 bytes
    printed = edited.run("bash", "-c", limited, check=False, LEGATO_CACHE=str(tmp_path))
    (line,) = (line for line in printed.splitlines() if line.startswith("error: "))
    assert line.startswith("error: normalize: 3 of 3 tracks failed: beats_00000: ")
    assert "File too large" in line
    assert "Traceback" not in printed
    assert list((edited.folder / "dataset/raw_audio/beats").iterdir()) == []


def test_an_interrupted_run_is_one_line_and_its_rerun_whole(edited: Clone, tmp_path: Path) -> None:
    n_tracks, rendered = 20, edited.folder / "dataset/rendered/pads"
    edited.edit(lambda values: values["categories"]["pads"].update(tracks=n_tracks))
    edited.edit(lambda values: values["categories"]["pads"]["music"].update(seconds=[40, 44]))  # a while to render
    edited.repro("compose@pads")
    with subprocess.Popen(
        ["dvc", "repro", "render@pads"],
        cwd=edited.folder,
        env=edited.variables({}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as repro:
        assert repro.stdout
        next(line for line in repro.stdout if line.startswith("> python stages/render.py"))
        wait_until(lambda: any(rendered.glob("*.flac")))
        os.killpg(repro.pid, signal.SIGINT)
        printed = repro.stdout.read()
    assert repro.returncode != 0
    assert "Traceback" not in printed, printed
    assert 0 < len(list(rendered.glob("*.flac"))) < n_tracks
    assert edited.repro("render@pads") == ["render@pads"]
    after_interruption = edited.digests("dataset/rendered/pads")
    edited.run("dvc", "repro", "--force", "--single-item", "render@pads", LEGATO_CACHE=str(tmp_path))
    assert edited.digests("dataset/rendered/pads") == after_interruption
    assert len(after_interruption) == n_tracks


def test_dvc_killed_at_any_moment_goes_on_and_ends_with_the_same_bytes(edited: Clone, tmp_path: Path) -> None:
    """Everything that `dvc repro` started dies at once, as in a power cut."""
    edited.edit(lambda values: values["categories"]["pads"].update(tracks=8))
    folders = ("midi", "rendered", "raw_audio", "encoded", "tracks")
    draw = random.Random(0)
    for stage in ("render", "encode"):
        with subprocess.Popen(
            ["dvc", "repro", f"{stage}@pads"],
            cwd=edited.folder,
            env=edited.variables({"LEGATO_WORKERS": "2"}),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as repro:
            assert repro.stdout
            next(line for line in repro.stdout if line.startswith(f"> python stages/{stage}.py"))
            time.sleep(draw.uniform(0, 4))
            os.killpg(repro.pid, signal.SIGKILL)
        edited.run("dvc", "repro", f"{stage}@pads")
    after = [edited.digests(f"dataset/{folder}/pads") for folder in folders]
    for stage in ("compose", "render", "normalize", "encode"):
        edited.run("dvc", "repro", "--force", "--single-item", f"{stage}@pads", LEGATO_CACHE=str(tmp_path))
    assert [edited.digests(f"dataset/{folder}/pads") for folder in folders] == after


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


def test_a_clone_builds_on_what_was_pushed_and_pulls_no_more_than_that(built: Clone, tmp_path: Path) -> None:
    """What CI does: parameters change in a fresh clone that has none of the data."""
    origin, clone = Clone(tmp_path / "origin"), Clone(tmp_path / "clone")
    built.run("git", "clone", "-q", str(built.folder), str(origin.folder))
    origin.run("dvc", "config", "--local", "cache.dir", str(built.folder / ".dvc/cache"))
    origin.run("dvc", "checkout", "-q")
    origin.run("dvc", "remote", "add", "--default", "store", str(tmp_path / "store"))
    origin.edit(lambda values: values["categories"].update(more=TINY["categories"]["beats"] | {"tracks": 1}))
    origin.repro("collect")
    origin.edit(lambda values: values["categories"].pop("pads"))
    assert set(origin.repro("collect")) == {"check", "contents", "collect"}
    origin.run("git", "config", "user.name", "tester")
    origin.run("git", "config", "user.email", "tester@localhost")
    origin.commit("pads are gone, more is there")
    origin.run("dvc", "push", "collect", "check", *STAGES_OF_A_CATEGORY, "soundfont", "codec")
    assert "up to date" in origin.run("dvc", "status", "contents", "collect")
    shutil.rmtree(origin.folder / "dataset/raw_audio/pads")
    assert "up to date" in origin.run("dvc", "status", "contents", "collect")
    origin.run("git", "clone", "-q", str(origin.folder), str(clone.folder))
    build = ("--pull", "--allow-missing", "collect")
    assert clone.repro(*build) == []
    assert not (clone.folder / "dataset").exists()
    clone.edit(lambda values: values["card"].update(name="cloned"))
    assert {"check", "collect"} <= set(clone.repro(*build)) <= {"check", "contents", "collect"}
    clone.edit(lambda values: values["categories"]["more"].update(prompt="other words"))
    clone.edit(lambda values: values["categories"].update(new=values["categories"].pop("beats")))
    ran = set(clone.repro(*build))
    assert ran == {"check", "prompt@more", "validate@more", "contents", "collect"} | stages_of("new")
    assert not (clone.folder / "dataset/rendered/more").exists()
    assert not (clone.folder / "dataset/raw_audio/beats").exists()
    dataset = read_dataset(clone.folder / "dataset/encoded_dataset")
    assert {name.split("_")[0]: entry["text"].split(",")[0] for name, entry in dataset.items()} == {
        "more": "other words",
        "new": "beat only drums",
    }
    clone.run("dvc", "pull", "check", *STAGES_OF_A_CATEGORY, "soundfont", "codec")
    assert "up to date" in clone.run("dvc", "status", "contents", "collect")


def test_a_track_is_traced_and_built_again(edited: Clone) -> None:
    printed = edited.run("legato", "trace", "pads_00002")
    record = json.loads(edited.run("legato", "trace", "--json", "pads_00002"))
    assert [step["activity"] for step in record["chain"]] == ["compose", "render", "prompt", "normalize", "encode"]
    for step in record["chain"]:
        made = step["generated"]
        assert sha256_of(edited.folder / made["entity"]) == made["sha256"]
        assert made["sha256"] in printed
    (head,) = edited.run("git", "rev-parse", "HEAD").split()
    assert f"compose  by commit {head}" in printed
    path = edited.folder / "dataset/encoded_dataset/provenance.jsonl"
    text = path.read_text()
    path.unlink()  # a hard link into DVC's cache
    path.write_text(text.replace(record["chain"][3]["generated"]["sha256"], 64 * "0"))
    assert "pads_00000: all is the same" in edited.run("legato", "trace", "--verify", "pads_00000")
    wrong = edited.run("legato", "trace", "--verify", "pads_00002", check=False)
    again = "".join(
        f"{stage}@pads: 1 track again\n" for stage in ("compose", "render", "prompt", "normalize", "encode")
    )
    end = "error: trace: 1 of 1 track came out otherwise than the provenance says\n"
    assert wrong == f"pads_00002: normalized audio differ\n{again}{end}"
    edited.edit(lambda values: values["normalize"].update(target_lufs=-16))
    wrong = edited.run("legato", "trace", "--verify", "pads_00000", check=False)
    assert wrong == (
        "error: pads_00000: normalize: its parameters are others now: check out its version, or `dvc repro`\n"
    )
    assert "trace: 'nobody': no such track in" in edited.run("legato", "trace", "nobody", "--verify", check=False)
    line = edited.run("legato", "trace", "pads_00000", check=False)
    assert line == f"error: {path.relative_to(edited.folder)}: {recorded.NOT_RECORDED}; {MEND}\n"


COMMANDS = [
    "legato cache",
    "legato trace pads_00002",
    "legato trace --json --all",
    "legato validate pads",
    "legato decode pads_00000",
    "legato diff HEAD~1",
    "legato split --undo",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_the_same_from_a_folder_below(built: Clone, command: str) -> None:
    printed = built.run(*command.split())
    assert printed
    assert built.run(*command.split(), below="docs/images") == printed
    assert not (built.folder / "docs/images/decoded").exists()


def test_the_item_cache_is_never_in_git_nor_seen_by_dvc(built: Clone) -> None:
    assert (built.folder / ".legato/cache/records").is_dir()
    assert built.run("git", "check-ignore", ".legato")
    assert built.run("dvc", "check-ignore", ".legato")


def test_a_track_more_is_one_track_to_make(edited: Clone) -> None:
    edited.edit(lambda values: values["categories"]["beats"].update(tracks=6))
    printed = edited.run("dvc", "repro", "encode@beats")
    words = [line.split() for line in printed.splitlines() if line.endswith("were in the cache")]
    assert [word[0] for word in words] == [f"{stage}@beats:" for stage in ("compose", "render", "normalize", "encode")]
    assert all(3 <= int(word[1]) < 6 for word in words), printed


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

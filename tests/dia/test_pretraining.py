"""Making the start model anew: its workspace, its stages, and what is put in place."""

import shutil
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from helpers.checkout import ROOT, SHIPPED_PARAMS
from helpers.micro_dia import MICRO
from helpers.warm_stage import main_of
from legato.check import CategoryParams
from legato.dia import pretraining, record
from legato.dia.config import SIZES, PretrainParams
from legato.dia.widen import read_start
from legato.errors import LegatoError
from legato.files import read_json, sha256_of
from legato.workspace import params
from legato.workspace.layout import PRETRAINING, SOUNDFONT, START

WANTED = params.load("pretrain", PretrainParams, SHIPPED_PARAMS)
PADS = {
    "prompt": "slow pads",
    "music": {"bpm": [120, 140], "seconds": [3, 4], "parts": {"pad": ["warm_pad"]}},
}
pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_corpus_is_of_categories_as_params_yaml_has_them_and_of_another_seed() -> None:
    corpus = params.read(ROOT / START / "corpus.yaml")
    project = params.read(SHIPPED_PARAMS)
    values = pretraining.values_of(WANTED, project, corpus)
    for one in values["categories"].values():
        CategoryParams.model_validate(one)
    assert len(values["categories"]) == 10
    assert values["dataset"]["seed"] != project["dataset"]["seed"]
    assert values["train"]["size"] in SIZES
    assert set(values) == set(project)


def test_the_recipe_is_what_the_shipped_weights_say_they_were_made_by() -> None:
    made_by = read_json(ROOT / START / record.FILE)["train"]
    wanted = WANTED.train.model_dump()
    assert {name: wanted[name] for name in made_by} == made_by


def test_the_stages_are_those_of_dvc_yaml_in_its_order() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    made: set[str] = set()
    for stage, category in pretraining.stages_of(["a"]):
        body = stages[stage].get("do", stages[stage])
        assert bool(category) == ("foreach" in stages[stage])
        needed = {
            other
            for other, one in stages.items()
            for out in one.get("do", one).get("outs", []) if isinstance(out, str)
            for dep in body.get("deps", [])
            if dep == out or dep.startswith(f"{out}/")
        }  # fmt: skip
        assert needed - made <= {"contents"}, stage  # which hashes for DVC alone
        made.add(stage)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, font: Path, tiny_weights: Path) -> Path:
    """A project whose start learns from seconds of music, and a model of a few numbers."""
    shutil.copytree(ROOT / "stages", tmp_path / "stages")
    (tmp_path / "models/codec").mkdir(parents=True)
    shutil.copy(tiny_weights, tmp_path / "models/codec/small.pth")
    shutil.copy(ROOT / "constraints.txt", tmp_path)
    (tmp_path / START).mkdir()
    (tmp_path / START / "README.md").write_text("the card")
    (tmp_path / START / "corpus.yaml").write_text(yaml.safe_dump({"pads": PADS}))
    values = yaml.safe_load(SHIPPED_PARAMS.read_text())
    values["pretrain"] |= {"tracks": 3, "held_out": 0.34, "clips": 1, "seconds": 1.0}
    values["pretrain"]["train"] |= {
        "size": "micro", "device": "cpu", "steps": 2, "batch": 2, "frames": 40, "eval_every": 2, "warmup_steps": 1,
    }  # fmt: skip
    values["render"]["tail_s"] = 1
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values))
    monkeypatch.setitem(SIZES, "micro", MICRO)
    monkeypatch.setenv("LEGATO_WORKERS", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / PRETRAINING / SOUNDFONT.path).parent.mkdir(parents=True)
    (tmp_path / PRETRAINING / SOUNDFONT.path).symlink_to(font)
    return tmp_path


def here(stage: str, category: str) -> None:
    """Run a stage in this process; the SoundFont is there."""
    if stage != "soundfont":
        main_of(stage)(*filter(None, [category]))


def test_a_start_is_made_measured_and_put_in_place(project: Path) -> None:
    pretraining.pretrain(here)
    assert Path.cwd() == project
    start = project / START
    said, figures = read_json(start / record.FILE), read_json(start / "figures.json")
    assert said["codes"] == record.speaks(sha256_of(project / "models/codec/small.pth"))
    assert said["license"] == "CC0-1.0"
    assert figures["training"]["held_out"]["loss"] > 0
    assert figures["evaluation"]["total"]["clips"] == 1
    assert (start / "README.md").read_text() == "the card"
    kept = load_file(start / "model.safetensors")
    trained = load_file(project / PRETRAINING / "models/dia/model.safetensors")
    assert {value.dtype for value in kept.values()} == {torch.bfloat16}
    assert all(torch.equal(value.to(torch.bfloat16), kept[name]) for name, value in trained.items())
    read_start(start, said["codes"]["codec_sha256"])


def test_a_stage_that_fails_ends_it_and_leaves_the_start_that_is_there(project: Path) -> None:
    def fails(stage: str, _: str) -> None:
        if stage == "train":
            raise LegatoError("pretrain: train: has failed")

    with pytest.raises(LegatoError, match="pretrain: train"):
        pretraining.pretrain(fails)
    assert sorted(path.name for path in (project / START).iterdir()) == ["README.md", "corpus.yaml"]
    assert Path.cwd() == project


def test_a_stage_runs_in_a_process_of_its_own(project: Path) -> None:
    (project / "stages/hello.py").write_text("import sys; raise SystemExit(sys.argv[1:] != ['pads'])")
    pretraining.run_stage("hello", "pads")
    with pytest.raises(LegatoError, match=r"^pretrain: hello: has failed, as it says above"):
        pretraining.run_stage("hello", "")

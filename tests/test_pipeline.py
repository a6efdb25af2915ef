"""What a whole run makes, and what stops it: real DVC in clones.

The clones hold the working tree's files, so that what is tested is what is about to be committed.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import soundfile
import torch
import yaml
from pydantic import TypeAdapter

from helpers.checkout import ROOT
from helpers.clones import BEHIND_COLLECT, TINY, Clone, make_clone, stages_of
from helpers.contract import read_dataset
from helpers.signals import si_sdr_db
from legato.contract.facts import Facts
from legato.contract.folder import FACTS
from legato.files import read_jsonl, sha256_of
from legato.work import recorded
from legato.work.code_version import stage_version
from legato.workspace.layout import HELD_OUT, TRAIN

MEND = "run `legato verify --repair`, then `dvc repro`"


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
    other.take_outcomes(built, "stages/soundfont.py", "beats")  # the font is made by no workers; pads are enough
    assert set(other.repro("collect", LEGATO_WORKERS="2")) >= stages_of("pads")
    locks = [yaml.safe_load((clone.folder / "dvc.lock").read_text())["stages"] for clone in (built, other)]
    assert {name: stage for name, stage in locks[0].items() if name not in BEHIND_COLLECT} == locks[1]


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


def test_wrong_parameters_stop_the_run_before_anything_is_built(edited: Clone) -> None:
    before = edited.digests("dataset")
    for change, line in WRONG.values():
        edited.edit(change)
        assert edited.failed_repro() == line
        edited.run("git", "checkout", "-q", "params.yaml")
    assert edited.repro() == []  # DVC took away what `check` writes when it began
    assert edited.digests("dataset") == before


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
    wrong = edited.run("legato", "trace", "--verify", "pads_00000", "pads_00002", check=False)
    again = "".join(
        f"{stage}@pads: 2 tracks again\n" for stage in ("compose", "render", "prompt", "normalize", "encode")
    )
    end = "error: trace: 1 of 2 tracks came out otherwise than the provenance says\n"
    assert wrong == f"pads_00000: all is the same\npads_00002: normalized audio differ\n{again}{end}"
    edited.edit(lambda values: values["normalize"].update(target_lufs=-16))
    wrong = edited.run("legato", "trace", "--verify", "pads_00000", check=False)
    assert wrong == (
        "error: pads_00000: normalize: its parameters are others now: check out its version, or `dvc repro`\n"
    )
    assert "trace: 'nobody': no such track in" in edited.run("legato", "trace", "nobody", "--verify", check=False)
    line = edited.run("legato", "trace", "pads_00000", check=False)
    assert line == f"error: {path.relative_to(edited.folder)}: {recorded.NOT_RECORDED}; {MEND}\n"


SAY_ALL = str(ROOT / "tests/helpers/say_all.py")
COMMANDS = [
    "legato cache",
    "legato trace pads_00002",
    "legato trace --json --all",
    "legato validate pads",
    "legato decode pads_00000",
    "legato diff HEAD~1",
    "legato split --undo",
]


def test_commands_are_the_same_from_a_folder_below(built: Clone) -> None:
    printed = built.run("python", SAY_ALL, *COMMANDS)
    assert printed.splitlines().count("$") == len(COMMANDS)
    assert "nothing" not in printed.splitlines()
    assert built.run("python", SAY_ALL, *COMMANDS, below="docs/images") == printed
    assert built.run("legato", "cache", below="docs/images") in printed
    assert not (built.folder / "docs/images/decoded").exists()


def test_the_item_cache_is_never_in_git_nor_seen_by_dvc(built: Clone) -> None:
    assert (built.folder / ".legato/cache/records").is_dir()
    assert built.run("git", "check-ignore", ".legato")
    assert built.run("dvc", "check-ignore", ".legato")

"""One table says what is made, where it is and what decides it: dvc.yaml agrees, and no other module has a path."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.checkout import ROOT, SHIPPED_PARAMS
from legato.dataset import provenance
from legato.work.code_version import SOURCE
from legato.workspace import dvc_files, layout, params

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
VALUES = yaml.safe_load(SHIPPED_PARAMS.read_text())
FAST = VALUES | {"encode": VALUES["encode"] | {"precision": "fast"}}
MADE = re.compile(r"(\./)?(dataset|reports|models)/")
PATH = re.compile(r"Path\('(dataset|reports|models)'")


def stage_of(name: str) -> dict[str, Any]:
    return STAGES[name].get("do", STAGES[name])


def outs_of(name: str) -> set[str]:
    listed = [out for kind in ("outs", "metrics", "plots") for out in stage_of(name).get(kind, [])]
    return {next(iter(one)) if isinstance(one, dict) else one for one in listed}


def keys(stage: str) -> set[str]:
    """The keys of params.yaml on which a stage depends in dvc.yaml."""
    return {key for key in stage_of(stage)["params"] if isinstance(key, str)}


def covers(listed: str, key: str) -> bool:
    return key == listed or key.startswith(f"{listed}.")


def paths_in(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
        if is_text and MADE.match(str(node.value)):
            yield f"{file}:{node.lineno}: {node.value}"
        elif isinstance(node, ast.Call) and PATH.match(ast.unparse(node)):
            yield f"{file}:{node.lineno}: {ast.unparse(node)}"


def test_no_other_module_has_a_path_of_what_is_made() -> None:
    files = [*(SOURCE / "legato").rglob("*.py"), *(ROOT / "stages").glob("*.py")]
    assert [found for file in files if file.name != "layout.py" for found in paths_in(file)] == []


@pytest.mark.parametrize("text", ["x = 'dataset/midi'", "y = f'reports/{x}.json'", "Path('models', 'dia')"])
def test_such_a_path_would_be_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "module.py").write_text(text)
    assert list(paths_in(tmp_path / "module.py"))


def test_dvc_and_the_table_name_the_same_outputs() -> None:
    table = {(one.stage, one.path.as_posix()) for one in layout.OF_ALL}
    table |= {(one.stage, f"{one.path.as_posix()}/${{key}}") for one in layout.OF_TRACKS}
    table |= {("fetch", layout.fetched_list("${key}").as_posix())}
    table |= {(stage, layout.facts_path("${key}", stage).as_posix()) for stage in layout.STAGES_WITH_FACTS}
    assert table == {(name, out) for name in STAGES for out in outs_of(name)}


@pytest.mark.parametrize("stage", layout.CHAIN_STAGES)
@pytest.mark.parametrize("values", [VALUES, FAST], ids=["exact", "fast"])
def test_dvc_knows_all_that_decides_a_result(stage: str, values: dict[str, Any]) -> None:
    deciding = layout.keys_of(stage, values, "${key}")
    assert all(any(covers(listed, key) for listed in keys(stage)) for key in deciding)


@pytest.mark.parametrize("stage", layout.CHAIN_STAGES)
def test_dvc_knows_nothing_that_decides_nothing(stage: str) -> None:
    """A parameter that reruns a stage decides its results, or which there are."""
    selecting = (key.replace("*", "categories.${key}") for key in layout.SELECTS.get(stage, ()))
    known = {*layout.keys_of(stage, VALUES, "${key}"), *layout.keys_of(stage, FAST, "${key}"), *selecting}
    assert all(any(covers(listed, key) for key in known) for listed in keys(stage))


@pytest.mark.parametrize("name", ["batch", "compile", "device", "window_frames"])
def test_what_decides_fast_codes_is_in_a_tracks_provenance(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`trace --verify` compares what provenance recorded: another window is another parameter."""
    monkeypatch.chdir(tmp_path)
    layout.CODE.path.parent.mkdir()
    layout.CODE.path.write_text(str(dict.fromkeys(layout.CHAIN_STAGES, "hash")).replace("'", '"'))
    made = []
    for value in (1, 2):
        params.PARAMS.write_text(yaml.safe_dump(FAST | {"encode": FAST["encode"] | {name: value}}))
        made.append(provenance.made_by(next(iter(VALUES["categories"])))["encode"]["parameters"])
    assert made[0] != made[1]
    assert made[0][name] == 1


def test_a_file_that_is_not_there_has_the_usual_suffix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert layout.AUDIO.file("pads", "pads_00000").as_posix() == "dataset/raw_audio/pads/pads_00000.wav"
    layout.AUDIO.folder("pads").mkdir(parents=True)
    (layout.AUDIO.folder("pads") / "pads_00000.flac").touch()
    assert layout.AUDIO.file("pads", "pads_00000").suffix == ".flac"
    assert layout.AUDIO.files("pads") == [layout.AUDIO.file("pads", "pads_00000")]


def test_a_lock_is_read_as_dvc_writes_it(tmp_path: Path) -> None:
    """To YAML 1.2 `no` is a word: `legato split` must not turn a parameter of that name into another."""
    (tmp_path / "dvc.lock").write_text("stages:\n  a: {params: {x: [no, on, yes, true, false, 1, 0.5, null]}}\n")
    assert dvc_files.read_stages(tmp_path / "dvc.lock")["a"]["params"]["x"] == [
        *("no", "on", "yes"), True, False, 1, 0.5, None
    ]  # fmt: skip

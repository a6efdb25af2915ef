"""The `legato` command: the same from every folder of the project, and what it says where nothing is built."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from helpers.checkout import ROOT
from legato import cli
from legato.errors import LegatoError
from legato.files import write_json
from legato.work import item_cache

NEEDS_A_BUILD = [
    "validate",
    "validate bass_808",
    "validate dataset/encoded_dataset",
    "decode bass_808_00000",
    "trace bass_808_00000",
    "trace --all",
    "trace --all --json",
    "trace --all --verify",
]


@pytest.fixture
def unbuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which no stage has run."""
    root = tmp_path / "checkout"
    for name in ("stages", "docs"):
        shutil.copytree(ROOT / name, root / name)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, root / name)
    monkeypatch.delenv(item_cache.VARIABLE)
    monkeypatch.chdir(root)
    return root


def told(words: str, capsys: Any) -> str:
    """What a command prints, its error last."""
    try:
        cli.main(*shlex.split(words))
    except LegatoError as error:
        return capsys.readouterr().out + f"error: {error}"
    return capsys.readouterr().out


@pytest.mark.parametrize("words", NEEDS_A_BUILD)
def test_before_the_build_one_line_says_to_run_dvc_repro(unbuilt: Path, capsys: Any, words: str) -> None:
    line = told(words, capsys)
    assert line.startswith("error: ")
    assert "dvc repro" in line
    assert len(line.splitlines()) == 1
    os.chdir(unbuilt / "docs")
    assert told(words.replace("dataset/", "../dataset/"), capsys) == line
    assert Path.cwd() == unbuilt / "docs"


def test_an_empty_cache_says_what_fills_it(unbuilt: Path, capsys: Any) -> None:
    assert told("cache", capsys) == ".legato/cache: 0 results of single tracks, 0 B; `dvc repro` fills it\n"
    os.chdir(unbuilt / "docs/images")
    assert told("cache", capsys) == ".legato/cache: 0 results of single tracks, 0 B; `dvc repro` fills it\n"
    assert told("cache prune --unused", capsys) == ".legato/cache: 0 results thrown away, 0 B\n"


def test_the_cache_is_the_same_from_a_folder_below(unbuilt: Path, capsys: Any) -> None:
    with item_cache.open_scratch(Path(".legato/cache"), 1) as scratch:
        (scratch.outs[0] / "a.mid").write_bytes(bytes(2000))
        item_cache.keep(Path(".legato/cache"), "ab" * 32, "compose", {"id": "a"}, scratch)
    line = told("cache", capsys)
    assert line.splitlines()[0].split() == ["compose", "1", "track", "2", "kB"]
    os.chdir(unbuilt / "docs")
    assert told("cache", capsys) == line
    assert told("cache prune --larger-than 0B", capsys) == ".legato/cache: 1 result thrown away, 2 kB\n"


@pytest.mark.parametrize("words", ["cache", "cache prune --unused", "split", "trace --all", "validate"])
def test_outside_of_a_project_one_line_says_so(tmp_path: Path, monkeypatch: Any, capsys: Any, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    line = told(words, capsys)
    assert line == "error: params.yaml: no such file here, nor in a folder above: run it inside a legato project"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_named_as_from_where_the_user_is(unbuilt: Path, capsys: Any) -> None:
    write_json(unbuilt / "docs/theirs/metadata.json", {})
    os.chdir(unbuilt / "docs")
    assert told("validate theirs", capsys).endswith("error: docs/theirs: 1 error")
    assert told("validate ./theirs", capsys).endswith("error: docs/theirs: 1 error")


def test_git_ignores_what_dvc_plots_diff_writes() -> None:
    for name in ("dvc_plots/index.html", ".legato/logs/render_bass_808.txt"):
        assert subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False).returncode == 0

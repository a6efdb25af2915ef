"""Whatever bytes change behind DVC's back, who reads them says so in one line, and `dvc repro` brings them back."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path

import pytest
import yaml
from dvc.cli import main as dvc

from legato.errors import LegatoError
from legato.files import sha256_of
from legato.work import recorded
from legato.workspace.dvc_files import md5_of, object_path, object_store

MAKE = """import pathlib, sys
for name in ("one.txt", "deep/two.txt", "deep/Für Elise.txt"):
    path = pathlib.Path("dataset/made", sys.argv[1], name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sys.argv[1] + name)
pathlib.Path("dataset/facts").mkdir(parents=True, exist_ok=True)
pathlib.Path("dataset/facts", sys.argv[1] + ".json").write_text(sys.argv[1])
pathlib.Path(sys.argv[1] + ".json").write_text("Git's")
"""
OUTS = ["dataset/made/${key}", "dataset/facts/${key}.json", {"${key}.json": {"cache": False}}]
STAGES = {
    "make": {"foreach": "${categories}", "do": {"cmd": "python make.py ${key}", "deps": ["make.py"], "outs": OUTS}},
    "use": {"cmd": "true", "deps": ["make.py", "dataset/made/a", "${font.path}"]},
}
READ = [Path("dataset/made/a"), Path("dataset/facts/a.json"), Path("make.py"), Path("a.json")]


@pytest.fixture(params=["copy", "hardlink,copy"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A built DVC project of two categories; its outputs are copies of DVC's objects, or links to them."""
    with chdir(tmp_path):
        run("init", "--no-scm")
        run("config", "cache.type", request.param)
        Path("make.py").write_text(MAKE)
        params = {"categories": {"a": None, "b": None}, "font": {"path": "dataset/facts/b.json"}}
        Path("params.yaml").write_text(yaml.safe_dump(params))
        Path("dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES}))
        run("repro")
        yield tmp_path


def run(*words: str) -> None:
    assert dvc([words[0], "--quiet", *words[1:]]) == 0


def digests() -> dict[str, str]:
    return {str(path): sha256_of(path) for path in sorted(Path("dataset").rglob("*")) if path.is_file()}


def edited(path: Path) -> None:
    """As by an editor that writes into a read-only file and puts the mode back."""
    mode = path.stat().st_mode
    path.chmod(0o644)
    with path.open("a") as file:
        file.write(", MY EDIT")
    path.chmod(mode)


def flipped(path: Path) -> None:
    """As by a bad disk: no time changes, and no length."""
    status = path.stat()
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    path.chmod(status.st_mode)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def of_the_cache(path: Path) -> None:
    """The object of DVC's cache is damaged, and then the file comes from there."""
    flipped(stored(md5_of(path)))
    path.unlink()
    run("checkout")


def stored(md5: str) -> Path:
    store = object_store()
    assert store
    return object_path(store, md5)


FILES = ["dataset/made/a/one.txt", "dataset/made/a/deep/Für Elise.txt", "dataset/facts/a.json"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("damage", [edited, flipped, of_the_cache])
def test_damage_is_named_and_the_next_run_mends_it(damage: Callable[[Path], None]) -> None:
    before = digests()
    recorded.verify(READ)
    for name in FILES:
        damage(Path(name))
        assert digests() != before
        with pytest.raises(LegatoError, match=f"^{name}: not what dvc.lock records: .*`dvc repro` brings it back$"):
            recorded.verify(READ)
        run("repro")
        assert digests() == before
        recorded.verify(READ)


@pytest.mark.usefixtures("project")
def test_damage_is_found_where_the_list_of_the_files_is_damaged_too() -> None:
    before = digests()
    flipped(Path(FILES[0]))
    flipped(stored(recorded.recorded()[Path("dataset/made/a")]))
    with pytest.raises(LegatoError, match="^dataset/made/a: not what dvc.lock records"):
        recorded.verify(READ)
    run("repro")
    assert digests() == before


@pytest.mark.usefixtures("project")
def test_files_too_many_too_few_or_of_another_kind_are_damage() -> None:
    Path("dataset/made/a/more.txt").write_text("more")
    Path("dataset/made/a/one.txt").unlink()
    with pytest.raises(LegatoError, match="^dataset/made/a/more.txt and 1 more: not what"):
        recorded.verify([Path("dataset/made/a/deep")])  # in an output
    shutil.rmtree("dataset/made/a")
    Path("dataset/made/a").write_text("no folder")
    with pytest.raises(LegatoError, match="^dataset/made/a: not what"):
        recorded.verify(READ)


@pytest.mark.usefixtures("project")
def test_what_dvc_does_not_keep_is_left_alone() -> None:
    for name in ("make.py", "a.json", "params.yaml"):
        edited(Path(name))
    edited(Path("dataset/made/b/one.txt"))
    recorded.verify(READ)
    assert recorded.recorded().keys() == {
        Path(f"dataset/{name}") for name in ("made/a", "made/b", "facts/a.json", "facts/b.json")
    }


@pytest.mark.usefixtures("project")
def test_a_stage_verifies_what_dvc_yaml_says_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["stages/use.py"])
    assert recorded.dependencies("use") == [Path("make.py"), Path("dataset/made/a"), Path("dataset/facts/b.json")]
    called = []
    main = recorded.verified(called.append)
    main("now")
    flipped(Path("dataset/facts/b.json"))
    with pytest.raises(LegatoError, match="^dataset/facts/b.json: not what"):
        main("no more")
    assert called == ["now"]


@pytest.mark.usefixtures("project")
def test_what_is_not_here_is_pulled_under_dvc_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = digests()
    run("remote", "add", "--default", "store", str(tmp_path / "store"))
    run("push")
    shutil.rmtree("dataset")
    shutil.rmtree(".dvc/cache")
    recorded.verify(READ)
    assert not Path("dataset").exists()
    monkeypatch.setenv(recorded.RUN_BY_DVC, "use")
    recorded.verify(READ)
    assert digests() == {name: digest for name, digest in before.items() if "b" not in Path(name).parts[2]}
    shutil.rmtree(tmp_path / "store")
    shutil.rmtree(".dvc/cache")
    with pytest.raises(LegatoError, match="^dataset/made/b: not here, and `dvc pull` does not bring it: ") as error:
        recorded.verify([Path("dataset/made/b")])
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("project")
def test_what_a_user_has_added_is_pulled_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    song = Path("sources/mine/song.mid")
    song.parent.mkdir(parents=True)
    song.write_text("notes")
    run("add", "sources/mine")
    run("remote", "add", "--default", "store", str(tmp_path / "store"))
    run("push")
    shutil.rmtree(song.parent)
    recorded.pull_added(Path("sources"))
    assert not song.exists()
    monkeypatch.setenv(recorded.RUN_BY_DVC, "check")
    recorded.pull_added(Path("sources"))
    assert song.read_text() == "notes"


def test_outside_a_dvc_project_there_is_nothing_to_verify(tmp_path: Path) -> None:
    with chdir(tmp_path):
        assert recorded.dependencies("encode", "pads") == []
        recorded.verify(READ)

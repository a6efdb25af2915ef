"""A folder is what DVC recorded if its files have the SHA-256 of whoever made them, and else nobody says so."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legato.work import item_cache, listings

NAMES = st.text("abcé -_", min_size=1, max_size=6).map(lambda text: f"x{text}.txt")
FOLDERS = st.dictionaries(st.tuples(st.sampled_from(["", "deep/", "deep/er/"]), NAMES).map("".join), st.binary())


def write(folder: Path, files: dict[str, bytes]) -> str:
    """Write files and keep their hashes as a stage does that made them; return DVC's MD5 of the folder."""
    made = {}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        made[name] = (hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest())
    listings.keep(item_cache.cache_folder(), made)
    return listings.md5_of_listing({Path(name): md5 for name, (_, md5) in made.items()})


@given(files=FOLDERS.filter(bool))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_made_is_known_again_and_is_read_once(tmp_path_factory: pytest.TempPathFactory, files: dict) -> None:
    folder = tmp_path_factory.mktemp("made")
    md5 = write(folder, files)
    assert listings.is_as_recorded(folder, md5)
    path, content = next((folder / name, content) for name, content in files.items())
    path.write_bytes(content + b", and more")
    assert listings.sha256_of(path) == hashlib.sha256(content).hexdigest(), "from memory"
    listings.forget()
    assert listings.sha256_of(path) == hashlib.sha256(content + b", and more").hexdigest()
    assert not listings.is_as_recorded(folder, md5)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte": lambda folder: (folder / "one").write_bytes(b"One"),
    "a file more": lambda folder: (folder / "more").touch(),
    "a file less": lambda folder: (folder / "deep/two").unlink(),
    "another name": lambda folder: (folder / "one").rename(folder / "One"),
    "another folder": lambda folder: (folder / "deep/two").rename(folder / "two"),
    "exchanged": lambda folder: [(folder / "one").write_bytes(b"two"), (folder / "deep/two").write_bytes(b"one")],
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_is_overlooked(tmp_path: Path, change: str) -> None:
    md5 = write(tmp_path / "made", {"one": b"one", "deep/two": b"two"})
    CHANGES[change](tmp_path / "made")
    assert not listings.is_as_recorded(tmp_path / "made", md5)


def test_what_dvc_leaves_of_a_full_disk_is_no_file_of_the_folder(tmp_path: Path) -> None:
    md5 = write(tmp_path / "made", {"one": b"one"})
    (tmp_path / "made/.m0in1234.tmp").touch()
    assert listings.is_as_recorded(tmp_path / "made", md5)


def test_a_folder_that_nobody_made_here_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    assert not listings.is_as_recorded(tmp_path / "made", listings.md5_of_listing({}))


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b"{}"), lambda path: path.unlink()])
def test_hashes_that_are_damaged_are_as_none(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    md5 = write(tmp_path / "made", {"one": b"one"})
    (record,) = (item_cache.cache_folder() / "records").glob("*/*")
    spoil(record)
    assert not listings.is_as_recorded(tmp_path / "made", md5)

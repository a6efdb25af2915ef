"""Archives: the same members are the same bytes, a change rewrites few of them, and what is read is what was packed."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legato import shards
from legato.errors import LegatoError

SMALL = shards.Limits(least=8_000, more=4_000, most=20_000)
NAMES = st.sets(st.text("abcdefgh_-.0123456789", min_size=1, max_size=12).map("t{}".format), max_size=60)


def members(names: list[str], size: int = 900) -> list[shards.Member]:
    """Each of a size and content of its own."""
    return [shards.Member(name, hashlib.sha256(name.encode()).digest() * (size // 32)) for name in sorted(names)]


def packed(folder: Path, found: list[shards.Member], limits: shards.Limits = SMALL) -> dict[str, bytes]:
    """The archives of members, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = list(shards.pack(folder, "x", ([member] for member in found), limits))
    shards.write_index(folder, sorted(entries, key=lambda entry: entry["name"]))
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.tar"))}


def written(before: dict[str, bytes], after: dict[str, bytes]) -> int:
    """Bytes of archives that a store does not have yet, which knows them by their content."""
    return sum(len(content) for content in after.values() if content not in before.values())


@given(names=NAMES, size=st.integers(0, 3000))
def test_what_is_packed_is_read_by_us_and_by_tar(
    tmp_path_factory: pytest.TempPathFactory, names: set, size: int
) -> None:
    folder = tmp_path_factory.mktemp("packed")
    found = members(list(names), size)
    packed(folder, found)
    assert shards.names(folder) == sorted(names)
    assert all(shards.read(folder / member.name) == member.content for member in found)
    for member in found:
        assert shards.sha256_of(folder / member.name) == hashlib.sha256(member.content).hexdigest()
    inside = {}
    for path in folder.glob("*.tar"):
        with tarfile.open(path) as archive:
            for info in archive:
                assert (info.mtime, info.uid, info.gid, info.uname, info.gname, info.mode) == (0, 0, 0, "", "", 0o644)
                inside[info.name] = archive.extractfile(info).read()
    assert inside == {member.name: member.content for member in found}


def test_members_of_long_or_foreign_names_are_read(tmp_path: Path) -> None:
    found = members(["ä" * 90, "n" * 240])
    packed(tmp_path, found)
    assert [shards.read(tmp_path / member.name) for member in found] == [member.content for member in found]


def test_archives_are_within_the_limits_but_for_the_last(tmp_path: Path) -> None:
    sizes = [len(content) for content in packed(tmp_path, members([f"t{at:05d}" for at in range(400)])).values()]
    assert len(sizes) > 20
    assert all(SMALL.least <= size <= SMALL.most + len(shards.ENDING) for size in sizes[:-1])


def test_the_members_of_an_item_stay_together(tmp_path: Path) -> None:
    items = [[shards.Member(f"t{at:03d}.{suffix}", bytes(700)) for suffix in ("a", "b", "c")] for at in range(100)]
    entries = list(shards.pack(tmp_path, "x", items, SMALL))
    archives = {entry["name"].split(".")[0]: set() for entry in entries}
    for entry in entries:
        archives[entry["name"].split(".")[0]].add(entry["archive"])
    assert len(entries) == 300
    assert all(len(found) == 1 for found in archives.values())
    assert len(set.union(*archives.values())) > 5


def test_one_member_may_be_larger_than_an_archive_should_be(tmp_path: Path) -> None:
    sizes = [len(content) for content in packed(tmp_path, members(["a", "b"], 30_000)).values()]
    assert len(sizes) == 2


def test_adding_at_the_end_leaves_all_archives_but_the_last(tmp_path: Path) -> None:
    names = [f"t{at:05d}" for at in range(300)]
    before = packed(tmp_path / "a", members(names[:297]))
    after = packed(tmp_path / "b", members(names))
    changed = [name for name in before if before[name] != after[name]]
    assert changed in ([], [max(before)])


@given(at=st.integers(0, 299), is_added=st.booleans())
def test_a_change_anywhere_rewrites_the_archives_around_it(
    tmp_path_factory: pytest.TempPathFactory, at: int, is_added: bool
) -> None:
    """Of a name more or less: those that follow end where they ended before."""
    folder, names = tmp_path_factory.mktemp("packed"), [f"t{number:05d}" for number in range(300)]
    before = packed(folder / "a", members(names))
    others = sorted([*names, f"t{at:05d}_new"]) if is_added else names[:at] + names[at + 1 :]
    after = packed(folder / "b", members(others))
    assert 0 < written(before, after) <= 5 * SMALL.most
    assert written(before, after) < 0.5 * sum(map(len, after.values()))


def test_the_same_members_are_the_same_bytes_wherever_they_lie(tmp_path: Path) -> None:
    found = members([f"t{at}" for at in range(50)])
    assert packed(tmp_path / "a", found) == packed(tmp_path / "b/c", found)
    assert (tmp_path / "a" / shards.INDEX).read_bytes() == (tmp_path / "b/c" / shards.INDEX).read_bytes()


def test_a_folder_of_files_is_packed_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    for member in members(["a.pt", "a-b.pt", "a_1.pt"]):
        (tmp_path / "files" / member.name).write_bytes(member.content)
    shards.pack_folder(tmp_path / "files", tmp_path / "bass")
    assert [path.name for path in sorted((tmp_path / "bass").iterdir())] == ["bass-000000.tar", shards.INDEX]
    assert shards.names(tmp_path / "bass") == ["a-b.pt", "a.pt", "a_1.pt"]
    assert shards.read(tmp_path / "bass/a.pt") == (tmp_path / "files/a.pt").read_bytes()


def test_a_file_comes_before_a_member_and_neither_is_one_line(tmp_path: Path) -> None:
    packed(tmp_path, members(["a", "b"]))
    (tmp_path / "a").write_bytes(b"own")
    assert shards.read(tmp_path / "a") == b"own"
    assert shards.exists(tmp_path / "b")
    assert not shards.exists(tmp_path / "c")
    with pytest.raises(LegatoError, match=r"c: no such file$"):
        shards.read(tmp_path / "c")
    assert shards.files_of(tmp_path / "b") == [tmp_path / shards.INDEX, tmp_path / "x-000000.tar"]


def refused_or_read(path: Path) -> bytes | None:
    """A member's content, or None where it is refused, in a line."""
    try:
        return shards.read(path)
    except LegatoError as error:
        if "\n" in str(error):
            raise
        return None


@given(at=st.floats(0, 1, exclude_max=True), new=st.binary(max_size=3))
def test_a_damaged_archive_or_index_is_one_line(
    tmp_path_factory: pytest.TempPathFactory, at: float, new: bytes
) -> None:
    folder = tmp_path_factory.mktemp("packed")
    found = members(["a", "b", "c"])
    packed(folder, found)
    for path in (folder / "x-000000.tar", folder / shards.INDEX):
        before = path.read_bytes()
        place = int(at * len(before))
        path.write_bytes(before[:place] + new + before[place + 1 :])
        for member in found:
            found_there = refused_or_read(folder / member.name)
            assert found_there in (None, member.content)
        path.write_bytes(before)


def test_an_index_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    packed(tmp_path, members(["a", "b"]))
    index = tmp_path / shards.INDEX
    index.write_bytes(index.read_bytes()[:-5])
    with pytest.raises(LegatoError, match=r"index\.jsonl: is cut off"):
        shards.read(tmp_path / "a")


def test_an_index_reads_lines_where_they_are_asked_for(tmp_path: Path) -> None:
    packed(tmp_path, members([f"t{at:03d}" for at in range(100)]))
    index = shards.Index(tmp_path / shards.INDEX)
    lines = [json.loads(line) for line in (tmp_path / shards.INDEX).read_text().splitlines()]
    assert list(index) == index[:] == lines
    assert index[-1] == lines[-1]
    assert [index.find(line["name"]) for line in lines] == lines
    assert [index.find(name) for name in ("", "t0", "t0500", "z")] == [None] * 4
    with pytest.raises(IndexError):
        index[100]

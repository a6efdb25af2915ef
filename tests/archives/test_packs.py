"""Nothing that a pack holds leads out of it, fills the disk or stops the others; what is refused has its reason."""

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from helpers import archive_packs as packs
from legato.archives import fma
from legato.archives import packs as module
from legato.archives.config import AnyAsked
from legato.archives.packs import Pack, UnusableError
from legato.archives.tables import BROKEN, read_rows
from legato.errors import LegatoError

BAD_NAMES = ["../out", "/etc/passwd", "a/../../out", "a//b", "a\\..\\b", "a\nb", "./../x", "a/./b"]


def reason(pack: Pack, name: str, target: Path) -> str | None:
    ((got, why),) = pack.extract({name: target})
    assert got == name
    assert target.exists() == (why is None)
    assert not list(target.parent.glob(".*"))
    return why


def inside(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_elsewhere(tmp_path: Path, name: str, kind: str) -> None:
    files = {name: b"x", "good/one.txt": b"fine"}
    path = (
        packs.write_zip(tmp_path / "p.zip", files) if kind == "zip" else packs.write_tar(tmp_path / "p.tar.gz", files)
    )
    pack = Pack(path)
    (bad,) = [each for each in pack.names() if each != "good/one.txt"]
    assert reason(pack, bad, tmp_path / "out/x") == "has a name that leads elsewhere"
    assert reason(pack, "good/one.txt", tmp_path / "out/y") is None
    assert (tmp_path / "out/y").read_bytes() == b"fine"
    assert inside(tmp_path) == {path, tmp_path / "out/y"}


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip(tmp_path: Path, mode: int) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        one = zipfile.ZipInfo("a/link.mp3")
        one.external_attr = (mode | 0o777) << 16
        archive.writestr(one, "/etc/passwd")
    pack = Pack(tmp_path / "p.zip")
    assert reason(pack, "a/link.mp3", tmp_path / "out") == "is a link or a device"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "p.tar.gz", "w:gz") as archive:
        one = tarfile.TarInfo("a/link.mid")
        one.type, one.linkname = kind, "/etc/passwd"
        archive.addfile(one)
    assert reason(Pack(tmp_path / "p.tar.gz"), "a/link.mid", tmp_path / "out") == "is a link or a device"


def test_links_and_pipes_in_a_folder(tmp_path: Path) -> None:
    folder = packs.write_files(tmp_path / "pack", {"a/one.mp3": b"x"})
    (folder / "a/link.mp3").symlink_to("/etc/passwd")
    (folder / "elsewhere").symlink_to("/etc")
    os.mkfifo(folder / "a/pipe.mp3")
    pack = Pack(folder)
    assert pack.names() == ["a/link.mp3", "a/one.mp3", "a/pipe.mp3", "elsewhere"]
    for name in ("a/link.mp3", "a/pipe.mp3", "elsewhere"):
        assert reason(pack, name, tmp_path / "out") == "is a link or a device"


def test_a_bomb_is_never_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a/zeros.wav", bytes(2**24))
    assert reason(Pack(tmp_path / "p.zip"), "a/zeros.wav", tmp_path / "out") == "is a bomb: it unpacks to too much"


def test_a_size_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packs.write_zip(tmp_path / "p.zip", {"a/big.wav": os.urandom(3000)})
    monkeypatch.setattr(module, "MOST_BYTES", 2000)
    assert "is larger than" in str(reason(Pack(tmp_path / "p.zip"), "a/big.wav", tmp_path / "out"))


def test_a_tar_that_says_ten_gigabytes_is_refused_at_its_head(tmp_path: Path) -> None:
    one = tarfile.TarInfo("a/big.mid")
    one.size = 10 * 2**30
    (tmp_path / "p.tar").write_bytes(one.tobuf() + bytes(1024))
    with pytest.raises(LegatoError, match="p.tar: 'a/big.mid' is larger than 4 GiB"):
        Pack(tmp_path / "p.tar")


def test_a_zip_whose_directory_lies_of_sizes(tmp_path: Path) -> None:
    path = packs.write_zip(tmp_path / "p.zip", {"a/one.wav": b"0123456789"}, zipfile.ZIP_STORED)
    content = path.read_bytes()
    central = content.rindex(b"PK\x01\x02")
    for size in (4, 10_000):
        lying = bytearray(content)
        lying[central + 24 : central + 28] = size.to_bytes(4, "little")
        path.write_bytes(lying)
        assert reason(Pack(path), "a/one.wav", tmp_path / "out") is not None


def test_damage_is_of_one_member(tmp_path: Path) -> None:
    path = packs.write_zip(tmp_path / "p.zip", {"a/1.wav": b"11111", "a/2.wav": b"22222"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"11111", b"11112", 1))
    assert "is damaged" in str(reason(Pack(path), "a/1.wav", tmp_path / "1"))
    assert reason(Pack(path), "a/2.wav", tmp_path / "2") is None


def test_a_zip_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(LegatoError, match="p.zip: is damaged"):
        Pack(tmp_path / "p.zip")


def test_a_tar_that_is_cut(tmp_path: Path) -> None:
    path = packs.write_tar(tmp_path / "p.tar.gz", {"a/1.mid": os.urandom(50_000)})
    path.write_bytes(path.read_bytes()[:30_000])
    with pytest.raises(LegatoError, match="p.tar.gz: is damaged|unexpected end"):
        Pack(path)


def test_an_encrypted_member(tmp_path: Path) -> None:
    path = packs.write_zip(tmp_path / "p.zip", {"a/1.wav": b"11111"}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert reason(Pack(path), "a/1.wav", tmp_path / "out") == "is encrypted"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_nobodys(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("a/1.wav", b"one")
        archive.writestr("a/1.wav", b"two")
    assert reason(Pack(tmp_path / "p.zip"), "a/1.wav", tmp_path / "out") == "is there twice"


def test_files_of_one_name_in_two_zips_are_ambiguous(tmp_path: Path) -> None:
    for name in ("x", "y"):
        packs.write_zip(tmp_path / f"{name}.zip", {f"{name}/000/000002.mp3": b"x"})
    pack = Pack(tmp_path)
    assert pack.find("000/000003.mp3") is None
    with pytest.raises(UnusableError, match="2 files"):
        pack.find("000/000002.mp3")


def test_the_pickle_of_fma_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = Pack(packs.write_fma(tmp_path, [packs.fma_row(2)], {2: b"x"}))
    opened: list[str] = []
    real = zipfile.ZipFile.open

    def watched(archive: zipfile.ZipFile, name: str, *rest: Any, **more: Any) -> Any:
        opened.append(name)
        return real(archive, name, *rest, **more)

    monkeypatch.setattr(zipfile.ZipFile, "open", watched)
    assert [one.id for one in fma.packed(TypeAdapter(AnyAsked).validate_python({"source": "fma"}), pack)] == ["2"]
    assert opened == ["fma_metadata/raw_tracks.csv"]


def rows_of(content: bytes, *needed: str) -> list[dict[str, str]]:
    return list(read_rows(io.BytesIO(content), "t.csv", needed))


def test_csv_of_strangers() -> None:
    text = '\ufeffid,name\r\n1,"two\nlines, and a comma"\r\n\r\n2,x,y\r\n3\r\n4,a\0b\r\n'
    rows = rows_of(text.encode() + b"5,\xff\n6,ok\n", "id", "name")
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert rows[0]["name"] == "two\nlines, and a comma"
    broken = {row["id"]: row[BROKEN] for row in rows if BROKEN in row}
    assert broken == {
        "2": "3 cells in place of 2",
        "3": "1 cells in place of 2",
        "4": "a null byte",
        "5": "not UTF-8",
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no column id"),
        (b",album,album\n,comments,id\ntrack_id,,\n", "no column id"),  # three rows of header
        (b"id,id\n1,2\n", "a column is there twice"),
        (b"id\n" + b"x" * 2**21, "line .: not CSV"),
    ],
)
def test_a_csv_that_is_none(content: bytes, words: str) -> None:
    with pytest.raises(LegatoError, match=words):
        rows_of(content, "id")

"""What DVC's own files say."""

from pathlib import Path

import pytest

from legato.workspace import dvc_files

KINDS = {
    "": True,
    "copy": True,
    "reflink,copy": True,
    "hardlink": False,
    "reflink,hardlink,copy": False,
    "symlink,copy": False,
}


@pytest.mark.parametrize("kinds", KINDS)
def test_whether_dvc_wants_copies_is_read_from_its_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kinds: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert dvc_files.find_store() is None
    Path(".dvc").mkdir()
    kind = f"    type = {kinds}\n" if kinds else ""
    Path(".dvc/config").write_text(f"[cache]\n{kind}    dir = ../elsewhere\n")
    found = dvc_files.find_store()
    assert found is not None
    assert found.has_copies == KINDS[kinds]
    assert found.objects.resolve() == (tmp_path / "elsewhere/files/md5").resolve()

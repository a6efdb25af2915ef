"""`legato verify` names each byte that is not the recorded one; with --repair and `dvc repro` all is as it was."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from test_recorded import digests, edited, flipped, project, run, stored  # noqa: F401  a fixture among them

from legato import cli
from legato.errors import LegatoError
from legato.files import sha256_of
from legato.work import item_cache, recorded, repairing, verifying
from legato.workspace.dvc_files import LOCK, md5_of

ONE, TWO, FACTS = Path("dataset/made/a/one.txt"), Path("dataset/made/a/deep/two.txt"), Path("dataset/facts/a.json")
pytestmark = pytest.mark.usefixtures("project")


def found() -> dict[str, str]:
    """What is damaged, and its kind."""
    return {str(one.path): one.kind for one in verifying.verify().damages}


def repaired() -> list[str]:
    return list(repairing.repair(verifying.verify()))


def kept_item(content: bytes = b"sound") -> Path:
    """A result in the cache of single tracks; its object."""
    cache = item_cache.usable_folder()
    with item_cache.open_scratch(cache, 1) as scratch:
        (scratch.outs[0] / "x.wav").write_bytes(content)
        item_cache.keep(cache, item_cache.key_of(str(content)), "normalize", {}, scratch)
    return next(path for path in (cache / "objects").glob("*/*") if path.read_bytes() == content)


def test_what_is_sound_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    kept_item()
    cli.main("verify")
    assert capsys.readouterr().out.endswith(": every byte is the one recorded\n")
    before = digests()
    cli.main("verify", "--repair")
    assert digests() == before


@pytest.mark.parametrize("damage", [edited, flipped])
def test_each_place_is_named_thrown_out_and_made_again(damage: Callable[[Path], None]) -> None:
    before, lock = digests(), Path(LOCK).read_bytes()
    listing = stored(recorded.recorded()[Path("dataset/made/a")])
    for path in (ONE, FACTS, stored(md5_of(TWO)), stored(md5_of(FACTS)), listing):
        is_output = path in (ONE, FACTS)
        names = {str(path): "output" if is_output else "object"}
        if path.is_file() and path.stat().st_nlink > 1 and path != listing:  # DVC's object is the workspace's file
            twins = {stored(md5_of(place)) for place in (ONE, FACTS)} if is_output else set()
            twin = next((place for place in [*twins, TWO, FACTS] if place.exists() and place.samefile(path)), None)
            names |= {str(twin): "object" if is_output else "output"} if twin else {}
        damage(path)
        assert found().keys() == names.keys()
        assert found() == names
        repaired()
        run("repro")
        assert found() == {}
        assert digests() == before
        assert Path(LOCK).read_bytes() == lock
        recorded.verify([Path("dataset/made/a"), FACTS])


def test_a_damaged_object_is_made_good_from_the_workspace() -> None:
    """Else DVC would not notice that its cache lacks it, until somebody pushes or checks out."""
    lists = [stored(md5) for md5 in recorded.recorded().values()]
    for path in (*lists, stored(md5_of(ONE))):
        content = path.read_bytes()
        path.chmod(0o644)
        shutil.copyfile(path, path.with_suffix(".new"))  # so that the workspace's own file is another one
        path.with_suffix(".new").replace(path)
        flipped(path)
        (line,) = repaired()
        assert line.startswith(f"made good from the workspace: {path}: ")
        assert path.read_bytes() == content
        assert path.stat().st_mode & 0o777 == 0o444
    run("gc", "--workspace", "--force")
    shutil.rmtree("dataset")
    run("checkout")
    assert found() == {}


def test_damage_of_the_cache_of_single_tracks_is_found() -> None:
    sound, rotten = kept_item(b"sound"), kept_item(b"rotten")
    record = item_cache.record_path(item_cache.cache_folder(), item_cache.key_of(str(b"sound")))
    flipped(rotten)
    assert found() == {str(rotten): "item"}
    flipped(record)
    assert found() == {str(rotten): "item", str(record): "record"}
    repaired()
    assert not rotten.exists()
    assert not record.exists()
    assert sound.exists()
    assert found() == {}


def test_what_a_user_has_edited_is_set_aside_not_lost(capsys: pytest.CaptureFixture[str]) -> None:
    edited(ONE)
    text = ONE.read_text()
    (ONE.parent / "notes.txt").write_text("my notes")
    TWO.unlink()
    cli.main("verify", "--repair", "--all")
    assert (repairing.ASIDE / ONE).read_text() == text
    assert (repairing.ASIDE / ONE.parent / "notes.txt").read_text() == "my notes"
    assert f"to be made: {TWO}" in capsys.readouterr().out
    run("repro")
    edited(ONE)
    cli.main("verify", "--repair")
    assert (repairing.ASIDE / f"{ONE}.1").read_text() == text


def test_what_is_the_users_own_is_left_and_told() -> None:
    """Sources of `dvc add`, and outputs that Git keeps; what Git or nobody keeps beside them is no output."""
    song = Path("sources/mine/song.mid")
    song.parent.mkdir(parents=True)
    song.write_text("notes")
    run("add", "sources/mine")
    Path("make.py").write_text(Path("make.py").read_text() + "# mine\n")
    assert found() == {}
    edited(song)
    edited(Path("a.json"))
    mine = song.read_text()
    told = found()
    assert told["a.json"] == told[str(song)] == "own"
    with pytest.raises(LegatoError, match="^verify: 2 of .* not as recorded: what is yours is left to you$"):
        cli.main("verify", "--repair")
    assert song.read_text() == mine
    assert Path("a.json").read_text() == "Git's, MY EDIT"
    if "stray" in told.values():  # DVC's was the same file: nobody but the user can bring the old one back
        (aside,) = (path for path in repairing.ASIDE.rglob("*") if path.is_file())
        assert aside.read_text() == mine


def test_only_the_first_are_named_unless_all_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    objects = [kept_item(b"%d" % number) for number in range(12)]
    for path in objects:
        flipped(path)
    for words, n_lines in ((["verify"], 11), (["verify", "--all"], 12)):
        with pytest.raises(LegatoError, match="^verify: 12 of [0-9]+ files not as recorded: `legato verify --repair`"):
            cli.main(*words)
        assert len(capsys.readouterr().out.splitlines()) == n_lines


def test_nothing_is_judged_while_dvc_is_at_work() -> None:
    user = {"pid": os.getpid(), "cmd": "dvc repro"}
    for busy in ({"write": {"/x": user}, "read": {}}, {"write": {}, "read": {"/x": [user]}}):
        verifying.RUNNING.write_text(json.dumps(busy))
        with pytest.raises(LegatoError, match="^verify: DVC is at work here"):
            verifying.verify()
    for stale in (json.dumps({"write": {"/x": user | {"pid": 2**22 + 1}}}), "{", "[]"):
        verifying.RUNNING.write_text(stale)
        verifying.verify()


def test_what_dvc_leaves_of_a_full_disk_is_no_damage() -> None:
    (ONE.parent / ".m0in1234.tmp").touch()
    assert found() == {}
    recorded.verify([ONE])


def test_a_file_is_hashed_once_however_often_it_is_linked(tmp_path: Path) -> None:
    from legato.work.hashing import hash_all

    paths = [tmp_path / name for name in ("a", "b", "c")]
    paths[0].write_bytes(b"x" * 1000)
    paths[1].hardlink_to(paths[0])
    paths[2].symlink_to(paths[0])
    got = hash_all(dict.fromkeys(paths, "md5"), {paths[1]: "sha256", tmp_path / "gone": "sha256"})
    assert got.n_bytes == 1000
    assert {got.md5(path) for path in paths} == {md5_of(paths[0])}
    assert got.sha256(paths[2]) == sha256_of(paths[0])
    assert got.md5(tmp_path / "gone") is None


def test_codes_are_not_decoded_of_other_bytes_than_were_recorded() -> None:
    """Whoever changed them; of others in the same folder nothing is asked."""
    words = ["decode", str(ONE)]
    edited(TWO)
    with pytest.raises(LegatoError, match="no such codec weights"):
        cli.main(*words)
    edited(ONE)
    with pytest.raises(LegatoError, match=f"^{ONE}: {recorded.NOT_RECORDED}; run `legato verify --repair`, then"):
        cli.main(*words)
    stored(recorded.recorded()[Path("dataset/made/a")]).unlink()
    with pytest.raises(LegatoError, match=f"^dataset/made/a: {recorded.NOT_RECORDED}"):
        cli.main(*words)


def test_a_record_may_not_put_other_bytes_under_a_name_of_dvcs(tmp_path: Path) -> None:
    """DVC would hand them out wherever it wants those that the name says."""
    sound = kept_item(b"sound")
    cache, key = item_cache.cache_folder(), item_cache.key_of(str(b"sound"))
    content = json.dumps({"stage": "s", "facts": {}, "files": [[0, "x.wav", sound.name, "0" * 32]]}).encode()
    item_cache.record_path(cache, key).write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    assert item_cache.restore(cache, key, [tmp_path / "out"], [tmp_path / "store"])
    assert (tmp_path / "out/x.wav").read_bytes() == b"sound"
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("as_copies", [False, True])
def test_files_that_are_to_be_copies_are_no_links_to_either_cache(tmp_path: Path, as_copies: bool) -> None:
    """So DVC, which would make copies of links, has nothing to do; what it does not keep is linked all the same."""
    kept = kept_item(b"sound")
    cache, key = item_cache.cache_folder(), item_cache.key_of(str(b"sound"))
    (tmp_path / "probe").write_bytes(b"")
    has_reflinks = item_cache._reflink(tmp_path / "probe", tmp_path / "clone")
    for store, is_copy in ((tmp_path / "store", as_copies), (None, False)):
        out = tmp_path / f"out {store}".replace("/", " ")
        assert item_cache.restore(cache, key, [out], [store], as_copies=as_copies)
        (path,) = out.iterdir()
        assert path.read_bytes() == b"sound"
        assert path.samefile(kept) == (not is_copy and not has_reflinks)
    assert next((tmp_path / "store").rglob("*/*")).samefile(kept)

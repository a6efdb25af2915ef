"""A packed dataset is the same dataset: exported it is the trainer's folder to the bit."""

import json
import re
from pathlib import Path

import pytest
import torch

from helpers.checkout import SHIPPED_PARAMS
from helpers.contract import read_dataset
from helpers.made_tracks import ids, make_category, make_tracks
from helpers.packed import pack
from legato import cli, shards
from legato.codec.decode import find_codes
from legato.contract.codes import read_codes
from legato.contract.folder import CODES_FOLDER
from legato.dataset import provenance
from legato.dataset.card.config import CardParams
from legato.dataset.card.folder import write_card
from legato.dataset.collect import collect
from legato.dataset.export import export
from legato.dataset.folder_check import check_folder
from legato.errors import LegatoError
from legato.files import parts_of, read_jsonl, sha256_of, write_jsonl
from legato.licenses.audit import read_tracks
from legato.measure.metrics import codebook_metrics, read_datasets
from legato.workspace import params
from legato.workspace.layout import CODES, HELD_OUT, PROMPT, TRAIN
from legato.workspace.track import DatasetParams

MADE_WITH = {
    **dict.fromkeys(("soundfont_license", "codec_license"), "CC0-1.0"),
    **dict.fromkeys(("soundfont", "codec"), "x"),
    **dict.fromkeys(("soundfont_sha256", "codec_sha256", "midi_sha256"), "0" * 64),
    "license": "CC0-1.0",
}
NAMES = ids(bass=9, bass_808=6) | {"mine": ["mine_a", "mine_a_1", "mine_b"]}
CARD = params.load("card", CardParams, SHIPPED_PARAMS)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three categories of tracks, one of them a user's own files; archives are of a few tracks."""
    monkeypatch.chdir(tmp_path)
    make_category("bass", 9)
    make_category("bass_808", 6)
    make_tracks("mine", NAMES["mine"], source="a file")
    monkeypatch.setattr(shards.pack, "__defaults__", (shards.Limits(least=5_000, more=2_000, most=12_000),))
    return tmp_path


def gather(layout: shards.Layout) -> None:
    """Collect and describe, as the stage does."""
    collect(NAMES, held_out=0.3, made_with=MADE_WITH, layout=layout)
    for folder in (TRAIN.path, HELD_OUT.path):
        for part in parts_of(folder / "tracks.jsonl"):
            chains = ({"id": row["id"], "chain": [row["category"]]} for row in read_jsonl(part))
            place = folder / provenance.FILE
            write_jsonl(place / part.name if part.parent != folder else place, chains)
    write_card(CARD, TRAIN.path, HELD_OUT.path)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("folder", [TRAIN.path, HELD_OUT.path])
def test_what_is_exported_is_the_dataset_of_files_to_the_bit(folder: Path) -> None:
    gather("files")
    expected = contents(folder)
    export(folder, Path("copy"), CARD, HELD_OUT.path)
    assert contents(Path("copy")) == expected
    pack(CODES, PROMPT)
    gather("shards")
    assert contents(folder) != expected
    assert len(list((folder / CODES_FOLDER).glob("*.tar"))) > 2
    assert export(folder, Path("out/flat"), CARD, HELD_OUT.path) == len(read_dataset(Path("out/flat")))
    assert contents(Path("out/flat")) == expected


@pytest.mark.usefixtures("workspace")
def test_all_figures_are_those_of_files() -> None:
    figures = []
    for layout in ("files", "shards"):
        gather(layout)
        groups = read_datasets([TRAIN.path, HELD_OUT.path])
        report = check_folder(TRAIN.path)
        figures.append((codebook_metrics(groups), report, len(list(read_tracks([TRAIN.path])))))
    assert figures[0] == figures[1]


@pytest.mark.usefixtures("workspace")
def test_facts_and_provenance_are_by_archive() -> None:
    gather("shards")
    packed = shards.index_of(TRAIN.path / CODES_FOLDER)
    by_archive: dict[str, list[str]] = {}
    for entry in packed:
        by_archive.setdefault(Path(entry["archive"]).stem, []).append(Path(entry["name"]).stem)
    for name in ("tracks.jsonl", provenance.FILE):
        parts = {path.stem: [row["id"] for row in read_jsonl(path)] for path in parts_of(TRAIN.path / name)}
        assert parts == by_archive


@pytest.mark.usefixtures("workspace")
def test_a_track_of_one_category_leaves_the_others_archives_as_they_are() -> None:
    gather("shards")
    before = contents(TRAIN.path)
    codes = Path("dataset/encoded/mine/mine_b.pt")
    facts = Path("dataset/tracks/mine/encode.jsonl")
    torch.save(torch.zeros(40, 18, dtype=torch.int16), codes)
    rows = [row | ({"codes_sha256": sha256_of(codes)} if row["id"] == "mine_b" else {}) for row in read_jsonl(facts)]
    write_jsonl(facts, rows)
    gather("shards")
    after = contents(TRAIN.path)
    changed = {name for name in before if before[name] != after[name]}
    assert changed - {"croissant.json", "encoded_audio/index.jsonl"} <= {
        name for name in before if Path(name).name.startswith("mine-")
    }


@pytest.mark.usefixtures("workspace")
def test_packed_codes_are_found_and_read_as_files_are() -> None:
    before = {path.name: read_codes(path) for path in CODES.files("bass")}
    pack(CODES, PROMPT)
    after = {path.name: read_codes(path) for path in CODES.files("bass")}
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert [path.name for path in find_codes("bass_00003")] == ["bass_00003.pt"]
    assert len(find_codes("dataset/encoded")) == sum(map(len, NAMES.values()))
    with pytest.raises(LegatoError, match=r"bass_00099: no track of this id"):
        find_codes("bass_00099")


@pytest.mark.usefixtures("workspace")
def test_a_wrong_member_is_refused_and_named() -> None:
    gather("shards")
    (archive, *_) = sorted((TRAIN.path / CODES_FOLDER).glob("*.tar"))
    content = archive.read_bytes()
    archive.write_bytes(content[:1500] + bytes([content[1500] ^ 1]) + content[1501:])
    with pytest.raises(LegatoError, match=rf"{archive}: bass_\d+\.pt: not the member that index.jsonl describes"):
        export(TRAIN.path, Path("flat"), CARD, HELD_OUT.path)
    assert not list(Path().glob("*flat*"))
    assert [finding.level for finding in check_folder(TRAIN.path).findings] == ["error"]


@pytest.mark.usefixtures("workspace")
def test_nothing_is_written_over() -> None:
    gather("files")
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine")
    Path("dangling").symlink_to("nowhere")
    Path("link").symlink_to("dataset")
    for target in (Path("full"), Path("full/mine.txt"), Path("dangling"), Path("link")):
        with pytest.raises(LegatoError, match=f"^{target}: is there already: name a folder that is new or empty"):
            export(TRAIN.path, target, CARD, HELD_OUT.path)
    with pytest.raises(LegatoError, match=r"^full/mine\.txt: is no folder"):
        export(TRAIN.path, Path("full/mine.txt/deep/er"), CARD, HELD_OUT.path)
    assert contents(Path("full")) == {"mine.txt": b"mine"}
    Path("empty").mkdir()
    export(TRAIN.path, Path("empty"), CARD, HELD_OUT.path)
    assert read_dataset(Path("empty"))


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("command", ["export", "publish"])
def test_without_a_dataset_nothing_is_written(workspace: Path, command: str) -> None:
    (workspace / "params.yaml").write_text(SHIPPED_PARAMS.read_text())
    with pytest.raises(LegatoError, match="^dataset/encoded_dataset: has no dataset: `dvc repro collect` makes it"):
        cli.main(command, "new")
    assert not list(Path().glob("*new*"))


@pytest.mark.usefixtures("workspace")
def test_the_command_exports_either_side(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "params.yaml").write_text(SHIPPED_PARAMS.read_text())
    gather("shards")
    for words in (["export", "flat"], ["export", "apart", "--held-out"]):
        cli.main(*words)
    n_train, n_apart = (int(number) for number in re.findall(r": (\d+) tracks, a file each", capsys.readouterr().out))
    assert (n_train, n_apart) == (len(read_dataset(Path("flat"))), len(read_dataset(Path("apart"))))
    assert (
        json.loads(Path("flat/metadata.json").read_text())
        .keys()
        .isdisjoint(json.loads(Path("apart/metadata.json").read_text()))
    )


def test_the_layout_is_one_of_three() -> None:
    assert params.load("dataset", DatasetParams, SHIPPED_PARAMS).layout == "auto"
    assert [shards.is_packed(layout, 5) for layout in ("auto", "files", "shards")] == [False, False, True]
    assert [shards.is_packed(layout, 10**6) for layout in ("auto", "files", "shards")] == [True, False, True]

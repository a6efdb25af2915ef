"""What is published is read by the libraries that people read it with: all of its prompts, codes and facts."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import mlcroissant
import numpy as np
import pytest
import webdataset
from huggingface_hub import DatasetCard

from helpers.carded import CARD, MADE_WITH, add_facts
from helpers.checkout import SHIPPED_PARAMS
from helpers.made_tracks import ids, make_category, make_tracks
from legato import cli, shards
from legato.contract.codes import read_codes
from legato.contract.folder import CODES_FOLDER
from legato.dataset import provenance
from legato.dataset.card.croissant import FIELDS
from legato.dataset.card.folder import write_card
from legato.dataset.collect import collect
from legato.dataset.publish import publish
from legato.errors import LegatoError
from legato.files import parts_of, read_jsonl, write_jsonl
from legato.workspace.layout import HELD_OUT, TRAIN

TARGET = Path("published")
LOAD = """
import json, sys
from datasets import load_dataset
found = {split: [row for row in rows] for split, rows in load_dataset(sys.argv[1]).items()}
print(json.dumps(found))
for script in sys.argv[2:]:
    exec(script)
"""


@pytest.fixture(params=["files", "shards"])
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """Tracks of two categories, one of which has no key, published from either layout."""
    monkeypatch.chdir(tmp_path)
    make_category("composed", 12)
    add_facts("composed", license="CC0-1.0", chords=[[0, 0, "C", "maj", None]])
    make_tracks("mine", ["mine_a", "mine_b"])
    add_facts("mine", license="LicenseRef-own-work", source={"file": "a.mid", "sha256": "c" * 64}, key=None)
    monkeypatch.setattr(shards.pack, "__defaults__", (shards.Limits(least=8_000, more=2_000, most=12_000),))
    names = ids(composed=12) | {"mine": ["mine_a", "mine_b"]}
    collect(names, held_out=0.3, made_with=MADE_WITH, layout=request.param)
    assert publish(TARGET, CARD, TRAIN.path, HELD_OUT.path) == {
        split: len(read_jsonl(folder / "tracks.jsonl"))
        for split, folder in (("train", TRAIN.path), ("test", HELD_OUT.path))
    }
    return TARGET


def expected(folder: Path) -> dict[str, tuple[str, list[list[int]], dict[str, Any]]]:
    """Prompt, codes and facts of each track of a dataset, by id."""
    return {
        row["id"]: (
            row["prompt"],
            read_codes(folder / CODES_FOLDER / f"{row['id']}.pt").tolist(),
            {name: row.get(name) for name, *_ in FIELDS},
        )
        for row in read_jsonl(folder / "tracks.jsonl")
    }


def test_datasets_loads_it_by_its_card(dataset: Path, tmp_path: Path) -> None:
    """In a process of its own: the library reads the environment when it is imported."""
    environment = os.environ | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"}
    scripts = re.findall(r"```python\n(.*?)```", (dataset / "README.md").read_text(), re.DOTALL)
    assert len(scripts) == 2
    words = [sys.executable, "-c", LOAD, str(dataset), *(one.replace("PATH", str(dataset)) for one in scripts)]
    done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
    first, *others = done.stdout.splitlines()
    loaded = json.loads(first)
    # And the card's own scripts run as they are.
    printed = [line for _ in scripts for line in sorted(prompt for prompt, *_ in expected(TRAIN.path).values())]
    assert len(others) == len(printed)
    half = len(others) // 2
    for lines in (others[:half], others[half:]):
        assert all(line.startswith(prompt) for line, prompt in zip(sorted(lines), printed, strict=False))
    assert loaded.keys() == {"train", "test"}
    for split, folder in (("train", TRAIN.path), ("test", HELD_OUT.path)):
        found = {row["__key__"]: (row["prompt.txt"], row["codes.npy"], row["facts.json"]) for row in loaded[split]}
        assert found == expected(folder)


def test_webdataset_reads_it(dataset: Path) -> None:
    archives = sorted(map(str, (dataset / "train").glob("*.tar")))
    assert len(archives) > 3
    found = {
        sample["__key__"]: (sample["prompt.txt"], sample["codes.npy"].tolist(), sample["facts.json"])
        for sample in webdataset.WebDataset(archives, shardshuffle=False).decode()
    }
    assert found == expected(TRAIN.path)


def test_mlcroissant_reads_it(dataset: Path) -> None:
    described = mlcroissant.Dataset(dataset / "croissant.json")
    assert not described.metadata.ctx.issues.errors
    assert not described.metadata.ctx.issues.warnings
    found = {record["tracks/id"].decode(): record["tracks/prompt"].decode() for record in described.records("tracks")}
    assert found == {name: prompt for name, (prompt, *_) in expected(TRAIN.path).items()}


def test_the_hub_reads_its_card_and_it_has_a_license(dataset: Path) -> None:
    card = DatasetCard.load(dataset / "README.md").data.to_dict()
    assert {file["split"] for file in card["configs"][0]["data_files"]} == {"train", "test"}
    assert card["license"] == ["cc0-1.0", "mit", "other"]
    assert "LicenseRef-own-work" in (dataset / "LICENSE").read_text()
    assert "they are the split `test`" in (dataset / "README.md").read_text()


def test_codes_are_plain_numpy(dataset: Path) -> None:
    (first, *_) = sorted((dataset / "train").glob("*.tar"))
    with tarfile.open(first) as archive:
        member = next(info for info in archive if info.name.endswith(".codes.npy"))
        codes_TK = np.load(io.BytesIO(archive.extractfile(member).read()), allow_pickle=False)
    assert (codes_TK.dtype, codes_TK.shape) == (np.int16, (40, 18))


def test_it_is_the_same_from_either_layout(dataset: Path, tmp_path: Path) -> None:
    for layout in ("files", "shards"):
        names = ids(composed=12) | {"mine": ["mine_a", "mine_b"]}
        collect(names, held_out=0.3, made_with=MADE_WITH, layout=layout)
        publish(tmp_path / layout, CARD, TRAIN.path, HELD_OUT.path)
    for path in (path for path in dataset.rglob("*") if path.is_file()):
        name = path.relative_to(dataset)
        assert (tmp_path / "files" / name).read_bytes() == (tmp_path / "shards" / name).read_bytes()


def test_the_collected_packed_dataset_is_described_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_category("composed", 4)
    add_facts("composed", license="CC0-1.0")
    collect(ids(composed=4), held_out=0.3, made_with=MADE_WITH, layout="shards")
    for part in parts_of(TRAIN.path / "tracks.jsonl"):
        write_jsonl(TRAIN.path / provenance.FILE / part.name, ({"id": row["id"]} for row in read_jsonl(part)))
    write_card(CARD, TRAIN.path, HELD_OUT.path)
    described = mlcroissant.Dataset(TRAIN.path / "croissant.json")
    assert not described.metadata.ctx.issues.errors
    assert len(list(described.records("tracks"))) == len(read_jsonl(TRAIN.path / "tracks.jsonl")) == 3


def test_nothing_held_out_is_no_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_category("composed", 3)
    add_facts("composed", license="CC0-1.0")
    collect(ids(composed=3), held_out=0, made_with=MADE_WITH)
    (tmp_path / "params.yaml").write_text(SHIPPED_PARAMS.read_text())
    cli.main("publish", str(TARGET))
    card = DatasetCard.load(TARGET / "README.md").data.to_dict()
    assert [file["split"] for file in card["configs"][0]["data_files"]] == ["train"]
    assert not (TARGET / "test").exists()
    text = (TARGET / "README.md").read_text()
    assert "Nothing is held out." in text
    assert "`test" not in text
    with pytest.raises(LegatoError, match="is there already"):
        cli.main("publish", str(TARGET))


def test_the_command_that_is_printed_works_where_the_user_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a folder of the project, and with a name that a shell would split; what the card leaves open is said."""
    monkeypatch.chdir(tmp_path)
    make_category("composed", 3)
    add_facts("composed", license="CC0-1.0")
    collect(ids(composed=3), held_out=0, made_with=MADE_WITH)
    (tmp_path / "params.yaml").write_text(SHIPPED_PARAMS.read_text())
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    cli.main("publish", "my hub")
    _, unstated, last = capsys.readouterr().out.splitlines()
    assert unstated == "params.yaml: card: states no creator, url, published; a dataset that others use should"
    words = shlex.split(last.partition("then: ")[2])
    assert words[:3] == ["hf", "upload", "OWNER/NAME"]
    assert Path(words[3], "README.md").is_file()


def test_recordings_are_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has others' recordings in it claims nowhere that all was synthesised, or that there is no voice."""
    monkeypatch.chdir(tmp_path)
    make_category("composed", 2)
    add_facts("composed", license="CC0-1.0")
    make_tracks("taken", ["taken_a"])
    archive = {"name": "fma", "attribution": "", "creator": "Jane"}
    add_facts("taken", license="CC0-1.0", is_audio=True, archive=archive)
    collect(ids(composed=2) | {"taken": ["taken_a"]}, held_out=0, made_with=MADE_WITH)
    publish(TARGET, CARD, TRAIN.path, HELD_OUT.path)
    texts = [(TARGET / name).read_text() for name in ("README.md", "LICENSE", "croissant.json")]
    for text in texts:
        assert "by others" in text
        assert not re.search("synthesised|synthetic|no recording|no voice|[Nn]othing was", text)

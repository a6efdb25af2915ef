"""A dataset's card, LICENSE and Croissant description: made of facts, and read by the libraries that read them."""

import json
from pathlib import Path
from typing import Any

import mlcroissant
import pytest
import rdflib
import yaml
from huggingface_hub import DatasetCard

from helpers.carded import CARD, MADE_WITH, add_facts
from helpers.checkout import SHIPPED_PARAMS
from helpers.contract import read_dataset
from helpers.made_tracks import ids, make_category, make_tracks
from legato.dataset import provenance
from legato.dataset.card.config import CardParams
from legato.dataset.card.croissant import FIELDS
from legato.dataset.card.folder import write_card
from legato.dataset.collect import collect
from legato.dataset.folder_check import check_folder
from legato.errors import LegatoError
from legato.files import read_jsonl, sha256_of, write_jsonl, write_text
from legato.workspace import params
from legato.workspace.layout import HELD_OUT, PROMPT, TRAIN, facts_path

REQUIRED = {"@context", "@type", "conformsTo", "description", "license", "name", "url", "creator", "datePublished"}
PROV = rdflib.Namespace("http://www.w3.org/ns/prov#")
SCHEMA = rdflib.Namespace("https://schema.org/")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A composed category and one of the user's files, as the per-track stages leave them."""
    monkeypatch.chdir(tmp_path)
    make_category("composed", 4)
    add_facts("composed", license="CC0-1.0")
    make_tracks("mine", ["mine_a", "mine_b"])
    add_facts("mine", license="LicenseRef-own-work", source={"file": "a.mid", "sha256": "c" * 64}, key=None)
    return tmp_path


def gather(*, mine: bool = True, **facts: Any) -> list[dict[str, Any]]:
    """Collect, describe, and return the facts of the tracks that the card is of."""
    names = ids(composed=4) | ({"mine": ["mine_a", "mine_b"]} if mine else {})
    collect(names, held_out=0.3, made_with=MADE_WITH | facts)
    rows = read_jsonl(TRAIN.path / "tracks.jsonl")
    write_jsonl(TRAIN.path / provenance.FILE, ({"id": row["id"], "chain": []} for row in rows))
    write_card(CARD, TRAIN.path, HELD_OUT.path)
    return rows


def readme() -> str:
    return (TRAIN.path / "README.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("workspace")
def test_the_hub_reads_the_card() -> None:
    rows = gather()
    found = DatasetCard.load(TRAIN.path / "README.md").data.to_dict()
    assert found["pretty_name"] == "tiny"
    assert found["license"] == ["cc0-1.0", "mit", "other"]
    assert found["license_link"] == "LICENSE"
    assert (found["size_categories"], found["task_categories"]) == (["n<1K"], ["text-to-audio"])
    assert f"{len(rows)} tracks of music" in readme()
    gather(mine=False, soundfont_license="CC0-1.0")
    assert DatasetCard.load(TRAIN.path / "README.md").data.to_dict()["license"] == "cc0-1.0"


@pytest.mark.usefixtures("workspace")
def test_the_card_says_what_the_facts_say() -> None:
    rows = gather()
    text = readme()
    for category in ("composed", "mine"):
        own = [row for row in rows if row["category"] == category]
        assert f"| {category} | {len(own)} | {sum(row['seconds'] for row in own) / 60:.1f} minutes |" in text
    assert f"Another {6 - len(rows)} are held out" in text
    assert all([kind for _, kind, *_ in row["verdicts"]] == ["bpm", "space"] for row in rows)
    assert f"{len(rows)} of {len(rows)} verdicts are true. Another {len(rows)} only repeat the record" in text
    for fact in ("FluidSynth 2.3.1", "`my font.sf2`", "a" * 64, "b" * 64, "Seed 0."):
        assert fact in text
    assert "/home" not in text + (TRAIN.path / "LICENSE").read_text() + (TRAIN.path / "croissant.json").read_text()


@pytest.mark.usefixtures("workspace")
def test_a_false_verdict_is_counted() -> None:
    rows = read_jsonl(facts_path("composed", "validate"))
    false = {"verdicts": [["dark", "mood", False, "notes"]]}
    write_jsonl(facts_path("composed", "validate"), [row | false for row in rows])
    rows = gather(mine=False)
    assert f"0 of {len(rows)} verdicts are true" in readme()


@pytest.mark.usefixtures("workspace")
def test_the_license_file_has_each_license_and_what_stands_under_it() -> None:
    gather()
    text = (TRAIN.path / "LICENSE").read_text()
    blocks = {block.split()[0]: block for block in text.split("\n\n") if block[:1].isalpha()}
    assert "music of: composed" in blocks["CC0-1.0"]
    assert "music of: mine" in blocks["LicenseRef-own-work"]
    assert "ask them" in blocks["LicenseRef-own-work"]
    assert "SoundFont: my font.sf2" in blocks["MIT"]
    assert "CC0 1.0 Universal" in text
    assert text.rstrip().endswith("CC0 or use of the Work.")
    add_facts("composed", license="PDDL-1.0")
    gather()
    text = (TRAIN.path / "LICENSE").read_text()
    assert "CC0" not in text
    assert "https://opendatacommons.org/licenses/pddl/1-0/" in text


@pytest.mark.usefixtures("workspace")
def test_croissant_is_valid_and_its_records_are_the_facts() -> None:
    rows = gather()
    dataset = mlcroissant.Dataset(TRAIN.path / "croissant.json")
    assert dataset.metadata.ctx.is_v1_1()
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    assert dataset.metadata.personal_sensitive_information  # of the vocabulary of Responsible AI
    found = list(dataset.records("tracks"))
    assert len(found) == len(rows)
    for record, row in zip(found, rows, strict=True):
        for name, kind, _, _ in FIELDS:
            value = record[f"tracks/{name}"]
            assert (value.decode() if kind == "sc:Text" and value is not None else value) == row[name], name
    assert json.loads((TRAIN.path / "croissant.json").read_text()).keys() >= REQUIRED


@pytest.mark.usefixtures("workspace")
def test_croissant_notices_a_file_that_was_changed() -> None:
    gather()
    facts = TRAIN.path / "tracks.jsonl"
    facts.write_text(facts.read_text().replace('"bpm": 120', '"bpm": 121'))
    with pytest.raises(mlcroissant.GenerationError, match=r"Download\(tracks\.jsonl\)") as error:
        list(mlcroissant.Dataset(TRAIN.path / "croissant.json").records("tracks"))
    assert "not identical" in str(error.value.__cause__)


@pytest.mark.usefixtures("workspace")
def test_provenance_leads_to_each_input_and_its_hash() -> None:
    gather()
    graph = rdflib.Graph().parse(TRAIN.path / "croissant.json", format="json-ld", publicID="https://example.org/")
    (dataset,) = graph.subjects(rdflib.RDF.type, SCHEMA.Dataset)
    hashes = {str(graph.value(one, SCHEMA.sha256)) for one in graph.objects(dataset, PROV.wasDerivedFrom)}
    assert hashes == {"a" * 64, "b" * 64, "None"}  # the MIDI files' are in tracks.jsonl
    activity = graph.value(dataset, PROV.wasGeneratedBy)
    assert set(graph.objects(activity, PROV.used)) == set(graph.objects(dataset, PROV.wasDerivedFrom))
    agents = {str(graph.value(one, PROV.label)) for one in graph.objects(activity, PROV.wasAssociatedWith)}
    assert agents == {"legato", "FluidSynth 2.3.1"}


@pytest.mark.usefixtures("workspace")
def test_what_is_not_stated_is_left_out() -> None:
    gather()
    write_card(CARD.model_copy(update={"url": None, "creator": None, "published": None}), TRAIN.path, HELD_OUT.path)
    described = json.loads((TRAIN.path / "croissant.json").read_text())
    assert REQUIRED - described.keys() == {"url", "creator", "datePublished"}
    assert None not in described.values()
    assert not mlcroissant.Dataset(TRAIN.path / "croissant.json").metadata.ctx.issues.errors


@pytest.mark.usefixtures("workspace")
def test_the_folder_stays_what_a_trainer_reads_and_its_card_a_function_of_it() -> None:
    rows = gather()
    assert len(read_dataset(TRAIN.path)) == len(rows)
    assert check_folder(TRAIN.path).findings == []
    before = {path.name: path.read_bytes() for path in TRAIN.path.iterdir() if path.is_file()}
    assert before.keys() == {
        "README.md",
        "LICENSE",
        "croissant.json",
        "metadata.json",
        "tracks.jsonl",
        "provenance.jsonl",
    }
    gather()
    assert {name: (TRAIN.path / name).read_bytes() for name in before} == before


@pytest.mark.usefixtures("workspace")
def test_no_text_of_anyones_breaks_the_card() -> None:
    prompt, facts = PROMPT.file("composed", "composed_00000"), facts_path("composed", "prompt")
    write_text(prompt, "a | `b`, <script>alert(1)</script>, \\, $x$ *y*")
    first, *others = read_jsonl(facts)
    write_jsonl(facts, [first | {"prompt_sha256": sha256_of(prompt)}, *others])
    gather(mine=False, soundfont='we "quote" | <b>\n.sf2', soundfont_license="X | <i>`no`</i>\n# no")
    text = readme()
    tables = [line for line in text.splitlines() if line.startswith("| composed") or line.startswith("| soundfont")]
    assert len(tables) == 2
    for line in tables:
        cells = line.replace(r"\|", "").strip("| ").split(" | ")
        assert len(cells) == 5
        assert all("<" not in cell or (cell.startswith("`") and cell.endswith("`")) for cell in cells)
        assert all(cell.count("`") in (0, 2) for cell in cells)
    assert "\n# no" not in text
    assert not mlcroissant.Dataset(TRAIN.path / "croissant.json").metadata.ctx.issues.errors


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"name": "a b"}, "card.name: 'a b': must be letters, digits, dot, dash and underscore"),
        ({"version": 1.0}, "card.version: 1.0: "),
        ({"version": "1.0"}, "card.version: '1.0': must be three numbers, as in 1.0.0"),
        ({"published": "soon"}, "card.published: 'soon': must be a date in quotes"),
        (
            {"published": yaml.safe_load("2026-12-31")},
            "card.published: datetime.date(2026, 12, 31): must be a date in ",
        ),
        ({"url": "example.org"}, "card.url: 'example.org': must be an address that begins with http"),
        ({"creator": "a\nb"}, "card.creator: 'a\\nb': must be one line of text"),
        ({"licence": "MIT"}, "card.licence: unknown key"),
    ],
)
def test_wrong_parameters_are_one_line(tmp_path: Path, change: dict[str, Any], line: str) -> None:
    values = yaml.safe_load((SHIPPED_PARAMS).read_text())
    params.load("card", CardParams, SHIPPED_PARAMS)
    values["card"] |= change
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(LegatoError) as error:
        params.load("card", CardParams, tmp_path / "params.yaml")
    assert line in str(error.value)
    assert "\n" not in str(error.value)

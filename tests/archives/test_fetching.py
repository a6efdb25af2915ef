"""The list is a lock, reviews are signed, groups stay together, and the audit asks for both layers."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import archive_packs as packs
from helpers.archive_packs import audio_bytes, beat, song_bytes, tone
from helpers.archive_sources import AS_OF, ArchiveWorkspace
from helpers.checkout import ROOT
from helpers.waiting import until
from legato import cli, shards
from legato.archives.review import review_path
from legato.contract.facts import read_facts
from legato.dataset.collect import Groups
from legato.errors import LegatoError
from legato.files import read_jsonl, write_jsonl
from legato.licenses import audit
from legato.licenses.known import PD_COMPOSITION
from legato.licenses.policy import PolicyParams

FMA = {"source": "fma"}
POLICY = PolicyParams(music=["CC0-1.0"], soundfont=["CC0-1.0"], codec=["MIT"])


def fma_pack(taken: ArchiveWorkspace, rows: list[dict[str, str]], seconds: float = 11) -> None:
    sounds = {int(row["track_id"]): audio_bytes(tone(seconds, seed=int(row["track_id"])), "MP3") for row in rows}
    taken.ask(FMA, packs.write_fma(taken.folder / "packs", rows, sounds))


def review(taken: ArchiveWorkspace, rows: list[dict[str, Any]], **changes: Any) -> Path:
    path = taken.folder / review_path("taken")
    signed = {"verdict": "admit", "reason": "the same person", "who": "Jane Doe", "when": "2026-11-26"} | changes
    entries = [
        {"id": row["id"], "record": row["record"], "doubts": [code for code, _ in row["doubts"]], **signed}
        for row in rows
    ]
    path.write_text(yaml.safe_dump({"reviewed": entries}))
    return path


def test_what_a_person_signed_is_admitted_and_traced(
    taken: ArchiveWorkspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fma_pack(taken, [packs.fma_row(2), packs.fma_row(3, artist_id="9", track_composer="Another")])
    assert [row["id"] for row in taken.fetch()[1]] == ["2"]
    monkeypatch.chdir(taken.folder)
    cli.main("review")
    shown = capsys.readouterr().out
    assert "# taken: 1 record waiting" in shown
    assert '- id: "3"' in shown
    assert "track_composer: 'Another'" in shown
    filled = shown[shown.index("- id") :].replace("verdict:", "verdict: admit").replace("reason:", "reason: one person")
    filled = filled.replace("who:", "who: Jane Doe").replace("when:", 'when: "2026-11-26"')
    review_path("taken").write_text(f"reviewed:\n{filled}")
    cli.main("review", "taken")
    assert "taken: nothing waits" in capsys.readouterr().out
    Path("sources/taken.fetched.jsonl").unlink()
    _, rows = taken.fetch()
    assert [row["id"] for row in rows] == ["2", "3"]
    assert rows[1]["review"] == {"who": "Jane Doe", "when": "2026-11-26", "reason": "one person"}
    taken.run_stage("check")
    review_path("taken").unlink()
    with pytest.raises(LegatoError, match=r"taken\.fetched\.jsonl: 3: was admitted by a decision that .* has no more"):
        taken.run_stage("check")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"who": ""}, "who"),
        ({"who": " "}, "who"),
        ({"when": "yesterday"}, "when"),
        ({"verdict": "maybe"}, "verdict"),
        ({"record": "abc"}, "record"),
        ({"doubts": []}, "doubts"),
        ({"license": "CC0-1.0"}, "license: unknown key"),
    ],
)
def test_a_decision_that_is_not_signed_is_none(taken: ArchiveWorkspace, change: dict[str, Any], words: str) -> None:
    fma_pack(taken, [packs.fma_row(2), packs.fma_row(3, track_composer="Another")])
    taken.fetch()
    review(taken, taken.lines("waiting.jsonl"), **change)
    (taken.folder / "sources/taken.fetched.jsonl").unlink()
    with pytest.raises(LegatoError, match=rf"taken\.review\.yaml: reviewed.*{words}"):
        taken.fetch()


def test_a_record_that_is_there_twice_is_nobodys(taken: ArchiveWorkspace) -> None:
    fma_pack(taken, [packs.fma_row(2), packs.fma_row(3), packs.fma_row(3, track_title="another")])
    head, rows = taken.fetch()
    assert [row["id"] for row in rows] == ["2"]
    assert head["refused"] == {"id is there twice": 2}


def test_the_same_file_under_two_records_is_taken_once(taken: ArchiveWorkspace) -> None:
    sound = audio_bytes(beat(12), "MP3")
    rows = [packs.fma_row(2), packs.fma_row(3, artist_id="8")]
    taken.ask(FMA, packs.write_fma(taken.folder / "packs", rows, {2: sound, 3: sound}))
    head, found = taken.fetch()
    assert [row["id"] for row in found] == ["2"]
    assert head["refused"] == {"same file": 1}


def test_the_same_audio_in_two_encodings_is_taken_once(taken: ArchiveWorkspace) -> None:
    sound = tone(12, seed=5)
    files = packs.freesound_files(
        [packs.freesound_row(1, username="a"), packs.freesound_row(2, username="b", type="ogg")],
        {"1": audio_bytes(sound), "2": audio_bytes(sound * 0.5, "OGG")},
    )
    taken.ask(packs.FREESOUND_ASKED, packs.write_files(taken.folder / "packs", files))
    taken.fetch()
    assert [track["id"] for track in taken.tracks()] == ["taken_r1_01"]
    refused = read_jsonl(taken.folder / "dataset/midi/taken/refused.jsonl")
    assert refused == [{"id": "taken_r2_01", "reason": "same audio", "detail": "as taken_r1_01"}]
    music = taken.folder / "dataset/midi/taken"
    assert sorted(path.name for path in music.iterdir()) == ["refused.jsonl", "taken_r1_01.flac"]
    content = (music / "taken_r1_01.flac").read_bytes()
    taken.params["dataset"]["layout"] = "shards"
    taken.write({})
    assert [track["id"] for track in taken.tracks()] == ["taken_r1_01"]
    assert sorted(path.name for path in music.iterdir()) == [shards.INDEX, "refused.jsonl", "taken-000000.tar"]
    assert shards.names(music) == ["taken_r1_01.flac"]
    assert shards.read(music / "taken_r1_01.flac") == content


def test_one_record_that_cannot_be_used_holds_up_no_other(taken: ArchiveWorkspace) -> None:
    songs = {
        "a": song_bytes(1),
        "b": b"MThd\x00\x00\x00\x06\x00\x01",
        "c": song_bytes(2, n_notes=10),
        "d": song_bytes(3, program=127),
    }
    rows = [packs.pdmx_row(f"Qm{name}") for name in songs]
    files = {f"mid/Q/m/Qm{name}.mid": content for name, content in songs.items()}
    table = {"PDMX.csv": packs.csv_bytes(packs.PDMX_COLUMNS, rows)}
    asked = {"source": "pdmx", "record": 15571083, **AS_OF}
    taken.ask(asked, packs.write_files(taken.folder / "packs", files | table))
    taken.fetch()
    assert [track["id"] for track in taken.tracks()] == ["taken_rqma_524117_01", "taken_rqmd_c45882_01"]
    refused = {row["id"]: row["reason"] for row in read_jsonl(taken.folder / "dataset/midi/taken/refused.jsonl")}
    assert refused == {"Qmb": "not MIDI", "Qmc": "not asked for"}


def test_as_many_tracks_as_are_asked_for_and_no_other_files(taken: ArchiveWorkspace) -> None:
    fma_pack(taken, [packs.fma_row(at, artist_id=str(at), track_duration="01:15") for at in (2, 3, 4)], 75)
    taken.params["categories"]["taken"]["tracks"] = 4
    taken.write({})
    taken.fetch()
    names = [track["id"] for track in taken.tracks()]
    assert names == ["taken_r2_01", "taken_r2_02", "taken_r3_01", "taken_r4_01"]
    files = (taken.folder / "dataset/midi/taken").glob("*.flac")
    assert sorted(path.stem for path in files) == names
    taken.params["categories"]["taken"]["tracks"] = 99
    taken.write({})
    with pytest.raises(LegatoError, match=r"categories\.taken\.tracks: 99: what was fetched makes 6"):
        taken.tracks()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda values: values["archives"].clear(), "archives.taken: this key is missing"),
        (lambda values: values["archives"].update(spare=FMA), "archives.spare: there is no category spare"),
        (lambda values: values["archives"]["taken"].update(genre="x"), "genre: unknown key"),
        (lambda values: values["archives"]["taken"].update(source="jamendo"), "archives.taken"),
        (lambda values: values.pop("archives"), "archives: must be a mapping"),
        (
            lambda values: values["categories"]["taken"]["music"].update(seconds=[30.0, 2000.0]),
            r"music.seconds: \[30, 2000\]: dataset.max_minutes allows 1200 seconds",
        ),
        (lambda values: values["policy"].update(music=["MIT"]), "recording: CC0-1.0: not one of policy.music"),
        (lambda values: values["archives"]["taken"].update(instrumental=True), "is frozen: .* another instrumental"),
    ],
)
def test_check_says_what_is_wrong_before_anything_is_built(taken: ArchiveWorkspace, change: Any, words: str) -> None:
    fma_pack(taken, [packs.fma_row(2)])
    taken.fetch()
    taken.params["categories"].pop("pads")
    change(taken.params)
    taken.write({})
    with pytest.raises(LegatoError, match=words):
        taken.run_stage("check")


def test_where_all_originals_are_here_no_pack_is_needed(taken: ArchiveWorkspace) -> None:
    """As on a machine that has them by `dvc pull`."""
    fma_pack(taken, [packs.fma_row(2)])
    _, rows = taken.fetch()
    shutil.rmtree(taken.folder / "packs")
    assert taken.fetch()[1] == rows
    (taken.folder / "dataset/fetched/taken/originals/2.mp3").unlink()
    with pytest.raises(LegatoError, match="packs: no such folder"):
        taken.fetch()


def test_an_original_that_was_changed_is_no_longer_the_lists(taken: ArchiveWorkspace) -> None:
    fma_pack(taken, [packs.fma_row(2)])
    taken.fetch()
    taken.run_stage("check")
    (taken.folder / "dataset/fetched/taken/originals/2.mp3").write_bytes(audio_bytes(tone(11, seed=9), "MP3"))
    with pytest.raises(LegatoError, match="2.mp3: is not here as it was fetched"):
        taken.run_stage("compose", "taken")
    fma_pack(taken, [packs.fma_row(2)], seconds=14)  # and the pack has another one meanwhile
    with pytest.raises(LegatoError, match="2: its original is not the one that the list names"):
        taken.fetch()


def test_what_a_pack_lacks_is_named(taken: ArchiveWorkspace) -> None:
    empty = packs.write_files(taken.folder / "packs", {"x.txt": b"x"})
    for asked, words in (
        (FMA, "0 files raw_tracks.csv: put fma_metadata.zip there"),
        (packs.FREESOUND_ASKED, "no data pack of Freesound"),
        ({"source": "loc", "release_years": 1, **AS_OF}, "0 files metadata.json"),
        ({"source": "pdmx", "record": 15571083, **AS_OF}, "0 files PDMX.csv"),
        ({"source": "openscore", **AS_OF}, "0 files LICENSE"),
    ):
        taken.ask(asked, empty)
        with pytest.raises(LegatoError, match=words):
            taken.fetch()
    taken.ask(FMA, taken.folder / "nowhere")
    with pytest.raises(LegatoError, match="nowhere: no such folder"):
        taken.fetch()
    taken.ask_without_path(FMA)
    with pytest.raises(LegatoError, match=r"archives\.taken: path: must say where the archive is"):
        taken.fetch()


def test_an_old_pdmx_and_a_trimmed_fma_table_are_explained(taken: ArchiveWorkspace) -> None:
    old = [name for name in packs.PDMX_COLUMNS if name != "license_conflict"]
    rows = [{key: value for key, value in packs.pdmx_row("Qma").items() if key in old}]
    taken.ask(
        {"source": "pdmx", "record": 15571083, **AS_OF},
        packs.write_files(taken.folder / "old", {"PDMX.csv": packs.csv_bytes(old, rows)}),
    )
    with pytest.raises(LegatoError, match="no column license_conflict: license_conflict came with record 15571083"):
        taken.fetch()
    taken.ask({"source": "pdmx", "record": 13763756, **AS_OF}, taken.folder / "old")
    with pytest.raises(LegatoError, match=r"archives\.taken.*record"):
        taken.fetch()


def test_a_page_in_place_of_the_librarys_metadata_is_recognised(taken: ArchiveWorkspace) -> None:
    page = b"<!DOCTYPE html><html><title>Just a moment...</title>"
    files = {"metadata.json": page, "manifest.json": b"{}"}
    asked = {"source": "loc", "release_years": 1, **AS_OF}
    taken.ask(asked, packs.write_files(taken.folder / "packs", files))
    with pytest.raises(LegatoError, match="asks whether a person reads it.*download the package with a browser"):
        taken.fetch()


def test_a_licence_that_is_not_the_legal_code_admits_no_score(taken: ArchiveWorkspace) -> None:
    text = packs.CC0_TEXT.replace(b"waives", b"keeps", 1)
    assert text != packs.CC0_TEXT
    files = {"LICENSE": text, "Schubert,_Franz/lc1.mid": song_bytes()}
    taken.ask({"source": "openscore", **AS_OF}, packs.write_files(taken.folder / "packs", files))
    assert taken.fetch()[0]["refused"] == {"recording license": 1}


def first_of_each(rows: list[tuple[str, ...]]) -> list[str]:
    groups = Groups()
    for row in rows:
        groups.join(row)
    return [groups.first(row[0]) for row in rows]


def test_groups_never_straddle_the_line() -> None:
    rows = [(f"artist:{at % 40}", f"album:{at % 60}") for at in range(240)]
    groups = first_of_each(rows)
    for name in {group for row in rows for group in row}:
        assert len({first for row, first in zip(rows, groups, strict=True) if name in row}) == 1
    assert first_of_each([("x",), ("y", "x"), ("c",)]) == ["x", "x", "c"]
    assert first_of_each([("x", "y"), ("z",), ("y", "z")]) == ["x", "x", "x"]


def facts(**changes: Any) -> dict[str, Any]:
    layer = {"license": "CC0-1.0", "evidence": "a" * 64, "retrieved": "2026-11-26T00:00:00+00:00"}
    found = {
        "id": "t",
        "category": "taken",
        "seconds": 10.0,
        "license": "CC0-1.0",
        "soundfont": "x.sf2",
        "soundfont_license": "CC0-1.0",
        "codec": "small",
        "codec_license": "MIT",
        "archive": {"source": "fma", "record": "a" * 64},
        "rights": {"recording": dict(layer), "composition": dict(layer)},
    }
    for path, value in changes.items():
        place: Any = found
        *parents, last = path.split("__")
        for name in parents:
            place = place[name]
        if value is None:
            place.pop(last)
        else:
            place[last] = value
    return found


def test_a_track_of_an_archive_with_both_layers_passes() -> None:
    assert audit.refusals([facts()], POLICY) == {}
    recording = facts(is_audio=True, soundfont=None, soundfont_license=None)
    assert audit.refusals([recording], POLICY) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"rights": None},
        {"rights__recording": None},
        {"rights__composition": None},
        {"rights__composition__license": None},
        {"rights__composition__license": PD_COMPOSITION},
        {"rights__composition__license": "CC-BY-4.0"},
        {"rights__recording__license": "CC0"},
        {"rights__recording__evidence": None},
        {"rights__composition__evidence": "b" * 64},
        {"rights__composition__retrieved": None},
        {"archive": None},
        {"archive__record": "x"},
        {"rights": []},
        {"license": "MIT"},
        {"archive": None, "rights": None, "is_audio": True},
    ],
)
def test_one_layer_or_evidence_less_is_refused(changes: dict[str, Any]) -> None:
    assert next(iter(audit.refusals([facts(**changes)], POLICY).values())) == ["t"]


def test_the_audit_counts_hours_by_layer_and_source(tmp_path: Path) -> None:
    rows = [facts(), facts(rights__composition__license=PD_COMPOSITION, archive__source="pdmx")]
    rows += [{key: value for key, value in facts().items() if key not in ("archive", "rights")}]
    write_jsonl(tmp_path / "tracks.jsonl", rows)
    rows = read_facts(tmp_path / "tracks.jsonl", ("id",))
    hour = round(10 / 3600, 4)
    found = audit.report(rows, {})
    assert found["sources"] == {"composed": hour, "fma": hour, "pdmx": hour}
    assert found["layers"]["recording"] == {"CC0-1.0": round(30 / 3600, 4)}
    assert found["layers"]["composition"] == {"CC0-1.0": round(20 / 3600, 4), PD_COMPOSITION: hour}


def test_an_ingest_that_is_killed_goes_on(taken: ArchiveWorkspace) -> None:
    """What was made is in the cache of single tracks: the next run makes the same as one that nobody killed."""
    fma_pack(taken, [packs.fma_row(at, artist_id=str(at), track_duration="00:30") for at in range(2, 12)], 30)
    taken.fetch()
    taken.run_stage("check")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "LEGATO_CACHE": str(taken.cache)}
    command = [sys.executable, str(ROOT / "stages/compose.py"), "taken"]
    process = subprocess.Popen(command, cwd=taken.folder, env=environment, start_new_session=True)
    records = taken.cache / "records"
    until(lambda: process.poll() is not None or len(list(records.rglob("*"))) >= 6)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    taken.run_stage("compose", "taken")
    made = taken.bytes()
    assert len([name for name in made if name.startswith("midi/taken/")]) == 11
    assert not list((taken.folder / "dataset/midi").rglob(".*"))

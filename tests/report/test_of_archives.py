"""The page says of what an archive gave whose it is, by which rule, and how many hours are from where."""

from pathlib import Path
from xml.etree.ElementTree import tostring

import pytest

from legato.files import write_json, write_jsonl
from legato.report.details import write_details
from legato.report.sections import licenses
from legato.report.tracks import Found
from legato.work.spilled import Line
from legato.workspace.layout import AUDIT, PAGE

LAYER = {"license": "CC0-1.0", "rule": "a licence's address", "field": "license_url", "stated": "x"}
ROW = {
    "id": "taken_r2_01",
    "category": "taken",
    "prompt": "taken",
    "verdicts": [],
    "seconds": 30.0,
    "bpm": None,
    "key": None,
    "license": "CC0-1.0",
    "is_audio": True,
    "archive": {"source": "fma", "title": "<script>alert(1)</script> Прелюдия", "creator": "محمد", "record": "a" * 64},
    "rights": {"recording": LAYER, "composition": LAYER | {"rule": "the uploader's own work"}},
}
HOURS = {"music": {"CC0-1.0": 2.0}, "soundfont": {"CC0-1.0": 1.0}, "codec": {"MIT": 2.0}}


def test_a_recordings_details(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEGATO_WORKERS", "1")
    write_jsonl(tmp_path / "tracks.jsonl", [ROW])
    track = Found("taken", ROW["id"], Line(tmp_path / "tracks.jsonl", 0), None, is_heard=False)
    write_details("taken", [track], {}, 10)
    html = (PAGE.path / "tracks/taken/taken_r2_01.js").read_text()
    assert "composition" in html
    assert "CC0-1.0: the uploader's own work (license_url)" in html.replace("<wbr>", "")
    assert "<script>" not in html
    assert "The music of this track" not in html


def test_hours_by_layer_and_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = {"passed": True, "tracks": 9, "refused": 0, "refusals": [], "hours": HOURS, "categories": {}}
    layers = {"recording": {"CC0-1.0": 2.0}, "composition": {"LicenseRef-pd-composition": 2.0}}
    write_json(AUDIT.path, found | {"layers": layers, "sources": {"composed": 1.0, "pdmx": 1.0}})
    shown = "".join(tostring(one, encoding="unicode") for one in licenses() if not isinstance(one, str))
    assert "LicenseRef-pd-composition" in shown
    assert "pdmx" in shown
    write_json(AUDIT.path, found | {"layers": layers, "sources": {"composed": 2.0}})
    shown = "".join(tostring(one, encoding="unicode") for one in licenses() if not isinstance(one, str))
    assert "LicenseRef-pd-composition" not in shown

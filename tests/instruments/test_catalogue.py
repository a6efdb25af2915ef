"""Instruments as files that belong together, with parameters in ranges, and licences that bind nobody."""

import json
import re
import shutil
from pathlib import Path

import pytest

from helpers.checkout import ROOT
from legato.errors import LegatoError
from legato.instruments import building, catalogue, page
from legato.instruments.catalogue import (
    ASSETS,
    DRUMS,
    EFFECT,
    HOST_CONTROLS,
    MELODIC,
    check_range,
    load,
    names,
    settings,
)
from legato.instruments.drum_keys import KEYS, struck
from legato.midi.gm import DRUMS as GM_DRUMS

WANTED = {
    *("supersaw", "string_machine", "analog_brass", "fm_piano", "fm_bell", "pluck", "square_lead", "acid_bass"),
    *("bass_808", "reese_bass", "drums_808", "drums_909"),
}


def test_what_was_promised_is_there() -> None:
    assert set(names(MELODIC, DRUMS)) >= WANTED
    assert set(names(EFFECT)) >= {"tape", "vinyl", "crusher", "chorus", "plate"}


@pytest.mark.parametrize("name", names())
def test_a_description_holds_together(name: str) -> None:
    instrument = load(name)
    assert instrument.license == "CC0-1.0"
    assert instrument.kind in (MELODIC, DRUMS, EFFECT)
    assert bool(instrument.roles) == bool(instrument.sounds) == (instrument.kind != EFFECT)
    assert instrument.parameters
    assert not set(instrument.parameters) & HOST_CONTROLS
    for parameter in instrument.parameters.values():
        assert parameter.low < parameter.high
        assert parameter.low <= parameter.default <= parameter.high
        assert 0 < parameter.step <= (parameter.high - parameter.low) / 10


@pytest.mark.parametrize("name", names())
def test_nothing_in_it_is_under_a_licence_that_binds(name: str) -> None:
    instrument = load(name)
    assert "synth.lib" in instrument.libraries  # so the generated code was read
    building.check_licences(name, instrument.libraries)


@pytest.mark.parametrize("licence", ["GPL-3.0-or-later", "LGPL-2.1", "AGPL-3.0", "", "MIT and GPL-2.0", "Apache-2.0"])
def test_a_licence_that_binds_is_refused(licence: str) -> None:
    with pytest.raises(LegatoError, match=r"'mine': x\.lib/f is under .*, which no instrument may use"):
        building.check_licences("mine", {"synth.lib": "CC0-1.0", "x.lib/f": licence})


def test_the_licences_of_faust_libraries_are_read_as_they_are_written() -> None:
    """Both spellings are in use; a function's is not its library's."""
    text = "\n".join(
        f'm->declare(m->metaInterface, "{key}", "{value}");'
        for key, value in (
            ("filters.lib/svf:author", "somebody"),
            ("filters.lib/svf:license", "LicenseRef-STK-4.3"),
            ("reverbs.lib/plate:licence", "GPL-3.0"),
            ("reverbs.lib/version", "1"),
            ("maths.lib/license", "LicenseRef-LGPL-2.1-or-later-with-Faust-exception"),
            ("name", "mine"),
        )
    )
    found = building.licences_of(text)
    assert found == {
        "filters.lib/svf": "LicenseRef-STK-4.3",
        "maths.lib": "LicenseRef-LGPL-2.1-or-later-with-Faust-exception",
        "reverbs.lib/plate": "GPL-3.0",
    }
    with pytest.raises(LegatoError, match="GPL-3"):
        building.check_licences("mine", found)
    building.check_licences("mine", {key: value for key, value in found.items() if "plate" not in key})


def test_the_notices_are_shipped() -> None:
    notice = (ASSETS / "NOTICE.txt").read_text()
    assert "Rich Felker" in notice
    assert notice.count("Permission is hereby granted, free of charge") == 2


def test_an_unknown_instrument_is_one_line() -> None:
    with pytest.raises(LegatoError, match=r"^instrument 'theremin': unknown; there are acid_bass, .*, vinyl$"):
        load("theremin")


def test_an_unknown_parameter_is_one_line() -> None:
    with pytest.raises(LegatoError, match=r"^instrument 'pluck': 'cutoff': unknown parameter; there are cutoff_hz, "):
        settings(load("pluck"), {"cutoff": 1000})


@pytest.mark.parametrize("value", [99.0, 4001.0, float("nan"), float("inf")])
def test_a_value_outside_its_range_is_one_line(value: float) -> None:
    with pytest.raises(LegatoError, match=r"^instrument 'pluck': 'cutoff_hz': \S+ must lie within 100 and 4000 Hz$"):
        settings(load("pluck"), {"cutoff_hz": value})


def test_a_range_outside_the_instruments_is_one_line() -> None:
    with pytest.raises(LegatoError, match=r"'cutoff_hz': \[500, 9000\] must lie within 100 and 4000 Hz$"):
        check_range(load("pluck"), "cutoff_hz", 500, 9000)
    with pytest.raises(LegatoError, match=r"\[900, 500\]"):
        check_range(load("pluck"), "cutoff_hz", 900, 500)
    check_range(load("pluck"), "cutoff_hz", 100, 4000)


def test_what_is_not_given_is_at_its_default() -> None:
    pluck = load("pluck")
    values = settings(pluck, {"cutoff_hz": 1000})
    assert values == {p.name: p.default for p in pluck.parameters.values()} | {"cutoff_hz": 1000.0}


@pytest.mark.parametrize("changed", ["pluck.wasm", "pluck.dsp", "synth.lib", "voices.c", "voices.h"])
def test_files_that_do_not_belong_together_are_refused(tmp_path: Path, changed: str) -> None:
    folder = tmp_path / "assets"
    shutil.copytree(ASSETS, folder)
    load.__wrapped__("pluck", folder)
    with (folder / changed).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(LegatoError, match=f"^instrument 'pluck': .*{changed} is not what pluck.json was made with"):
        load.__wrapped__("pluck", folder)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "assets"
    shutil.copytree(ASSETS, folder)
    (folder / "pluck.wasm").unlink()
    with pytest.raises(LegatoError, match=r"pluck\.wasm: no such file$"):
        load.__wrapped__("pluck", folder)


def test_every_source_has_its_description_and_every_description_its_source() -> None:
    stems = {suffix: {path.stem for path in ASSETS.glob(f"*{suffix}")} for suffix in (".dsp", ".wasm", ".json")}
    assert stems[".dsp"] == stems[".wasm"] == stems[".json"] == set(catalogue.names())


def test_a_description_is_written_as_the_build_writes_it() -> None:
    for path in ASSETS.glob("*.json"):
        assert json.dumps(json.loads(path.read_text()), indent=1, sort_keys=True) + "\n" == path.read_text()


@pytest.mark.parametrize("name", names(DRUMS))
def test_every_drum_of_general_midi_has_a_sound(name: str) -> None:
    sounds = load(name).sounds
    assert set(GM_DRUMS.values()) <= set(KEYS)
    assert {struck(sounds, key)[0] for key in range(128)} == set(range(len(sounds)))


def test_the_page_is_written_from_the_instruments() -> None:
    """`python benchmarks/synths.py page`"""
    assert (ROOT / "docs/synths.md").read_text() == page.text()
    for link in re.findall(r"\]\((synths/\S+)\)", page.text()):
        assert (ROOT / "docs" / link).is_file()

"""The font has a preset for all of General MIDI, on every key, and its bytes repeat."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from helpers.font_file import Use
from legato.midi.gm import DRUM_BANK, KITS, MELODIC_BANK, PROGRAMS
from legato.soundfont import font as font_module
from legato.soundfont.font import built_presets, velocity_windows
from legato.soundfont.kits.tables import KITS_OF_DRUMS
from legato.soundfont.presets import key_zones
from legato.soundfont.reader import read_presets
from legato.soundfont.repertoire import NEAREST, TONALS

VARIED = {
    "warm_pad", "polysynth_pad", "saw_lead", "square_lead", "synth_bass_1", "synth_bass_2", "steel_guitar",
    "clean_guitar", "electric_piano_1", "electric_piano_2", "acoustic_grand_piano", "finger_bass",
}  # fmt: skip


def test_two_builds_have_the_same_bytes(font: Path, tmp_path: Path) -> None:
    """In another process, with other hashes and threads."""
    again = tmp_path / "again.sf2"
    code = f"from pathlib import Path; from legato.soundfont.font import write_font; write_font(Path({str(again)!r}))"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "2"}
    )
    assert again.read_bytes() == font.read_bytes()


def test_the_font_is_small_enough_to_share(font: Path) -> None:
    assert font.stat().st_size < 60e6


def test_the_presets_are_known_without_building_them(font: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font_module, "Recordings", None)
    assert built_presets() == set(read_presets(font))
    with pytest.raises(TypeError):
        font_module.font_presets()


def test_all_of_general_midi_can_be_played() -> None:
    presets = built_presets()
    assert {(MELODIC_BANK, program) for program in range(128)} <= presets
    assert {(DRUM_BANK, program) for program in KITS.values()} == {each for each in presets if each[0] == DRUM_BANK}
    assert set(NEAREST) == set(PROGRAMS)
    for program in VARIED:
        assert len([row for row in TONALS if row.program == program]) >= 3, program
    places = [(row.program, row.bank) for row in TONALS]
    assert len(places) == len(set(places))


def test_every_key_and_velocity_has_its_zones(uses: list[Use]) -> None:
    for name in {use.instrument for use in uses}:
        covered = np.zeros((128, 128), int)
        for use in uses:
            if use.instrument == name:
                covered[use.low_key : use.high_key + 1, use.low_velocity : use.high_velocity + 1] += 1
        if name in KITS_OF_DRUMS:
            assert (covered[35:83] == 1).all(), name
        else:
            assert (covered >= 1).all(), name


def test_key_zones_and_velocity_windows_cover_everything_once() -> None:
    zones = key_zones((36, 44, 52, 64))
    assert [key for low, _, high in zones for key in range(low, high + 1)] == list(range(128))
    assert all(low <= root <= high for low, root, high in zones)
    windows = list(velocity_windows([["a", "b"], ["c"]]))
    assert [velocity for low, high, _ in windows for velocity in range(low, high + 1)] == list(range(128))
    soft = [take for _, _, take in windows if take != "c"]
    assert all(first != second for first, second in pairwise(soft)), "neighbours alternate"

"""What is heard of the reverb is a fact of the preset that plays, and of what the file sends."""

from pathlib import Path

import pytest

from legato.midi.gm import DRUM_BANK, KITS, MELODIC_BANK, PROGRAMS
from legato.prompts.claims import SENT_DB
from legato.render.sends import FLOOR_DB, probe
from legato.soundfont.presets import Tonal

SAMPLE_RATE = 44100


def of(font: Path, name: str, pitch: int = 60, sent: int = 0) -> float:
    bank = DRUM_BANK if name in KITS else MELODIC_BANK
    return probe(font, bank, (PROGRAMS | KITS)[name], pitch, sent, SAMPLE_RATE)


@pytest.mark.parametrize(("name", "pitch"), [("warm_pad", 60), ("steel_guitar", 52), ("standard_kit", 38)])
def test_what_sends_is_heard_in_the_reverb(font: Path, name: str, pitch: int) -> None:
    assert SENT_DB + 5 < of(font, name, pitch) < 0
    assert Tonal.reverb > 0  # that a preset sends, unless it says otherwise


@pytest.mark.parametrize(("name", "pitch"), [("synth_bass_2", 33), ("synth_bass_1", 36), ("finger_bass", 36)])
def test_what_sends_nothing_is_not(font: Path, name: str, pitch: int) -> None:
    assert of(font, name, pitch) == FLOOR_DB


def test_a_file_may_send_what_a_preset_does_not(font: Path) -> None:
    some, most = (of(font, "synth_bass_2", 33, sent) for sent in (40, 127))
    assert FLOOR_DB < some < most < 0
    assert most > SENT_DB

"""MIDI files of others whose level is unusual, rendered and brought to one loudness."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from helpers.checkout import SHIPPED_PARAMS
from helpers.midi_bytes import BEAT, END, NOW, file, tempo
from helpers.signals import SAMPLE_RATE
from legato.audio.normalize import NormalizeParams, normalize_file
from legato.errors import LegatoError
from legato.render.production import RenderParams
from legato.render.rendering import Studio, render
from legato.workspace import params
from legato.workspace.track import track_rng

PARAMS = SHIPPED_PARAMS
SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def controls(*pairs: tuple[int, int]) -> bytes:
    return b"".join(NOW + bytes([0xB0, controller, value]) for controller, value in pairs)


def scale(velocity: int = 100) -> bytes:
    return b"".join(NOW + bytes([0x90, key, velocity]) + BEAT + bytes([0x80, key, 0]) for key in SCALE)


VOLUME, EXPRESSION = 7, 11
ORGAN = NOW + b"\xc0\x13"
MUSIC = {
    "softest strokes": scale(velocity=4),
    "two levels, both under the gate": (
        ORGAN + controls((EXPRESSION, 14), (VOLUME, 127)) + scale() + controls((VOLUME, 80)) + scale()
    ),
    "one hit": NOW + b"\x99\x2a\x64" + b"\x01" + b"\x89\x2a\x00",
    "volume zero": controls((VOLUME, 0)) + scale(),
}  # fmt: skip


def leveled(font: Path, folder: Path, name: str) -> dict[str, Any]:
    """The facts of a track made of some music."""
    (folder / "a.mid").write_bytes(file(tempo(500_000) + END, MUSIC[name] + END))
    how = params.load("render", RenderParams, PARAMS)
    studio = Studio(font=font, params=how, sample_rate=SAMPLE_RATE)
    render(folder / "a.mid", folder / "a.flac", folder / "stems", studio, partial(track_rng, 0, "a", 0))
    how = params.load("normalize", NormalizeParams, PARAMS)
    return normalize_file(folder / "a.flac", folder / "a.wav", SAMPLE_RATE, how)


@pytest.mark.parametrize("name", ["softest strokes", "two levels, both under the gate"])
def test_the_softest_music_is_at_the_target(font: Path, tmp_path: Path, name: str) -> None:
    facts = leveled(font, tmp_path, name)
    assert facts["lufs"] == pytest.approx(-14, abs=0.1)
    assert facts["at_target"]
    assert facts["dbtp"] <= -1
    assert facts["gain_db"] > 40


def test_one_hit_is_long_enough(font: Path, tmp_path: Path) -> None:
    facts = leveled(font, tmp_path, "one hit")
    assert facts["seconds"] >= 0.4
    assert facts["lufs"] <= -14
    assert facts["at_target"] or facts["limiter_db"] == pytest.approx(6, abs=0.01)


def test_what_is_played_at_volume_zero_is_silent(font: Path, tmp_path: Path) -> None:
    with pytest.raises(LegatoError, match=r"^the audio is silent: its peak is -1\d\d dBFS$"):
        leveled(font, tmp_path, "volume zero")

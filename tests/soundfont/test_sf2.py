"""The SoundFont is a sound file structure, and other readers see in it what we see."""

import struct
from pathlib import Path

from sf2utils.sf2parse import Sf2File

from helpers.font_file import RECORD_BYTES, chunks, sample_headers
from legato.midi.gm import DRUM_BANK
from legato.soundfont.audition import Player
from legato.soundfont.font import built_kit_keys
from legato.soundfont.reader import read_font, read_presets


def test_the_riff_structure_is_exact(font: Path) -> None:
    content = font.read_bytes()
    riff = chunks(content)["RIFF"]
    assert riff[:4] == b"sfbk"
    lists = chunks(riff[4:])
    assert list(lists) == ["INFO", "sdta", "pdta"]
    assert chunks(lists["INFO"])["ifil"] == struct.pack("<HH", 2, 4)
    assert b"CC0-1.0" in chunks(lists["INFO"])["ICOP"]
    hydra = chunks(lists["pdta"])
    assert list(hydra) == list(RECORD_BYTES)
    assert all(len(hydra[name]) % size == 0 for name, size in RECORD_BYTES.items())
    assert all(len(hydra[name]) // RECORD_BYTES[name] < 65536 for name in ("ibag", "igen", "imod")), (
        "counted in 16 bits"
    )
    n_samples = len(chunks(lists["sdta"])["smpl"]) // 2
    headers = sample_headers(font)
    nexts = [*(start for _, start, *_ in headers[1:]), n_samples]
    for (_, start, end, loop_start, loop_end), following in zip(headers, nexts, strict=True):
        assert start < loop_start < loop_end < end
        assert following - end == 46


def test_three_readers_see_the_same_presets(font: Path, player: Player) -> None:
    ours = read_presets(font)
    with font.open("rb") as file:
        theirs = {(p.bank, p.preset): p.name for p in Sf2File(file).presets if hasattr(p, "bank")}
    assert theirs == ours
    assert {k: player.synth.sfpreset_name(player.font, *k) for k in ours} == ours


def test_the_keys_that_sound_are_read_and_known_beforehand(font: Path) -> None:
    found, expected = {place: preset.keys for place, preset in read_font(font).items()}, {}
    with font.open("rb") as file:
        for preset in Sf2File(file).presets:
            for bag in preset.bags if hasattr(preset, "bank") else ():
                keys = {
                    key
                    for zone in bag.instrument.bags
                    if zone.sample
                    for key in range((zone.key_range or (0, 127))[0], (zone.key_range or (0, 127))[1] + 1)
                }
                expected.setdefault((preset.bank, preset.preset), set()).update(keys)
    assert found == expected
    assert {preset: keys for preset, keys in found.items() if preset[0] == DRUM_BANK} == built_kit_keys()

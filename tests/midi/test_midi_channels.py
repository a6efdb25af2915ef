"""Which instrument a channel plays: GM, GS, XG and GM2 as real files have them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.midi_bytes import BEAT, END, NOW, control, file, note, port, program, sysex
from legato.midi.contents import Contents, read_contents

GM_ON, GM2_ON, XG_ON, GS_RESET = "7e7f0901", "7e7f0903", "43104c00007e00", "41104212" + "40007f0041"
PIANO, VIOLIN, KIT = (0, 0), (0, 40), (128, 0)


@pytest.fixture
def played(tmp_path: Path):
    """The preset of each note, in order, of a file of these tracks."""

    def of_tracks(*tracks: bytes, type_: int = 1) -> list[tuple[int, int]]:
        contents = read(tmp_path / "a.mid", *tracks, type_=type_)
        notes = [(rank, part.preset) for part in contents.instruments for rank in part.start_rank.tolist()]
        return [preset for _, preset in sorted(notes)]

    return of_tracks


def read(path: Path, *tracks: bytes, type_: int = 1) -> Contents:
    path.write_bytes(file(*(track + END for track in tracks), type_=type_))
    return read_contents(path)


def rhythm_part(part: int, value: int, device: int = 0x10, checksum: int = 0) -> str:
    return bytes([0x41, device, 0x42, 0x12, 0x40, 0x10 | part, 0x15, value, checksum]).hex()


@settings(max_examples=40, deadline=None)
@given(
    part=st.integers(0, 15),
    value=st.sampled_from([1, 2]),
    device=st.integers(0, 127),
    checksum=st.integers(0, 127),
    has_reset=st.booleans(),
)
def test_gs_makes_any_channel_a_rhythm_part(
    tmp_path_factory: pytest.TempPathFactory, part: int, value: int, device: int, checksum: int, has_reset: bool
) -> None:
    channel = [9, *range(9), *range(10, 16)][part]
    reset = sysex(GS_RESET) if has_reset else b""
    on = sysex(rhythm_part(part, value, device, checksum))
    off = sysex(rhythm_part(part, 0, device, checksum))
    path = tmp_path_factory.getbasetemp() / "gs.mid"
    tracks = reset + on + program(channel, 0) + note(channel) + off + program(channel, 40) + note(channel)
    contents = read(path, tracks, note((channel + 1) % 16))
    assert {part.preset for part in contents.instruments if part.start_tick[0] in (0, 480)} >= {KIT, VIOLIN}
    assert contents.n_notes == 3


def test_gs_makes_channel_ten_melodic_and_a_part_finds_its_own_program_again(played) -> None:
    off, on = sysex(rhythm_part(0, 0)), sysex(rhythm_part(0, 1))
    assert played(off + program(9, 40) + note(9)) == [VIOLIN]
    assert played(off + note(9)) == [PIANO]
    assert played(program(9, 25) + note(9) + off + note(9) + program(9, 40) + note(9) + on + note(9)) == [
        (128, 25), PIANO, VIOLIN, (128, 25),
    ]  # fmt: skip


def test_gs_settings_in_one_message_and_in_its_tone_addresses(played) -> None:
    assert played(sysex("41104212" + "401113" + "010002" + "00") + note(0)) == [KIT]  # 13, 14 and 15
    assert played(sysex("41104212" + "401100" + "0028" + "00") + note(0)) == [VIOLIN]


@pytest.mark.parametrize(
    "message",
    [
        "41104212401115",  # nothing is set
        "4110421240111502",  # the value would be the checksum
        "41104211401115020000",  # asks
        "41104512401115020000",  # of another model
        "43104c", "43104c08", "43", "41", "7e", "7e7f09", "7e7f0902", "f0",
    ],
)  # fmt: skip
def test_other_messages_mean_nothing(played, message: str) -> None:
    assert played(program(0, 40) + sysex(message) + note(0)) == [VIOLIN]


def test_after_gs_reset_no_bank_is_drums(played) -> None:
    for bank in (8, 120, 126, 127):
        assert played(sysex(GS_RESET) + control(0, 0, bank) + program(0, 40) + note(0)) == [VIOLIN]
    assert played(sysex(GS_RESET) + control(9, 0, 121) + program(9, 0) + note(9)) == [KIT]


@pytest.mark.parametrize("mode", [b"", sysex(XG_ON), sysex(GM_ON), sysex(GM2_ON)], ids=["none", "XG", "GM", "GM2"])
@pytest.mark.parametrize("bank", [120, 126, 127])
def test_xg_and_gm2_banks_are_drums(played, mode: bytes, bank: int) -> None:
    assert played(mode + control(3, 0, bank) + control(3, 32, 0) + program(3, 25) + note(3)) == [(128, 25)]


def test_banks_that_are_not_drums(played) -> None:
    for bank in (0, 1, 8, 64, 121):
        assert played(control(3, 0, bank) + program(3, 40) + note(3)) == [VIOLIN]
    assert played(control(9, 0, 121) + program(9, 40) + note(9)) == [VIOLIN]  # GM2
    assert played(control(9, 0, 0) + program(9, 0) + note(9)) == [KIT]
    assert played(sysex(XG_ON) + control(9, 0, 0) + program(9, 40) + note(9)) == [VIOLIN]
    assert played(sysex(XG_ON) + program(9, 0) + note(9)) == [KIT]
    assert played(control(3, 32, 127) + program(3, 40) + note(3)) == [VIOLIN]


def test_an_xg_part_mode_makes_drums_and_takes_them_away(played) -> None:
    on, off = sysex("43104c08020702"), sysex("43104c08090700")
    assert played(sysex(XG_ON) + on + note(2) + off + program(9, 40) + note(9)) == [KIT, VIOLIN]


def test_a_bank_waits_for_the_next_program(played) -> None:
    held = program(0, 0) + note(0) + control(0, 0, 127) + note(0)
    assert played(held) == [PIANO, PIANO]
    assert played(held + program(0, 0) + note(0)) == [PIANO, PIANO, KIT]
    assert played(held + control(0, 0, 0) + program(0, 0) + note(0)) == [PIANO, PIANO, PIANO]
    assert played(program(9, 0) + control(9, 0, 121) + note(9)) == [KIT]


@pytest.mark.parametrize("reset", [GM_ON, GM2_ON, XG_ON, "43104c00007f00", GS_RESET, "41104212" + "00007f0001"])
def test_a_reset_begins_all_channels_again(tmp_path: Path, reset: str) -> None:
    before = control(0, 7, 10) + program(0, 40) + control(0, 64, 127) + sysex(rhythm_part(3, 2)) + note(2)
    held = bytes([0, 0x90, 60, 100]) + sysex(reset, delta=BEAT)
    contents = read(tmp_path / "a.mid", before + note(0) + held + note(0) + note(2))
    kit, violin, piano, other = contents.instruments
    assert [part.preset for part in contents.instruments] == [KIT, VIOLIN, PIANO, PIANO]
    assert violin.end_tick.tolist() == [960, 1440]  # the one that sounds ends
    assert [control.data for control in violin.controls] == [b"\x07\x0a", b"\x40\x7f", b"\x40\x00"]
    assert piano.controls == other.controls == kit.controls == ()
    assert (piano.start_tick.tolist(), other.start_tick.tolist()) == ([1440], [1920])


def test_a_reset_before_anything_plays_changes_nothing(tmp_path: Path) -> None:
    def told(*tracks: bytes) -> list:
        contents = read(tmp_path / "a.mid", *tracks)
        return [(part.preset, part.start_tick.tolist(), len(part.controls)) for part in contents.instruments]

    music = program(3, 40) + control(3, 7, 90) + note(3), note(0) + note(9)
    assert told(sysex(GM_ON) + sysex(GS_RESET), *music) == told(b"", *music)


def test_ports_have_drums_and_resets_of_their_own(played) -> None:
    drums = port(1) + sysex(rhythm_part(1, 2)) + note(0)
    assert sorted(played(note(0), drums, port(1) + note(9), port(2) + note(9))) == [PIANO, KIT, KIT, KIT]
    reset = port(1) + sysex(GM_ON, delta=BEAT) + note(0)
    assert sorted(played(program(0, 40) + note(0) * 3, reset)) == [PIANO, VIOLIN, VIOLIN, VIOLIN]


def test_a_mode_holds_for_ports_without_their_own(played) -> None:
    assert played(sysex(GS_RESET), port(1) + control(0, 0, 127) + program(0, 40) + note(0)) == [VIOLIN]


@pytest.mark.parametrize("first", [port(0), b""], ids=["named", "default"])
def test_a_port_may_change_within_a_track(played, tmp_path: Path, first: bytes) -> None:
    both = program(0, 0) + bytes([0, 0x90, 60, 99]) + port(1) + program(0, 40) + note(0, 64)
    track = first + both + port(0) + NOW + b"\x80\x3c\x40" + note(0) * 8
    assert sorted(played(track, type_=0)) == [PIANO] * 9 + [VIOLIN]
    lengths = {part.preset: part.end_tick[0] for part in read(tmp_path / "a.mid", track, type_=0).instruments}
    assert lengths == {PIANO: 480, VIOLIN: 480}


def test_a_port_that_is_named_late_is_the_whole_tracks(played) -> None:
    assert sorted(played(program(0, 40) + port(1) + note(0), note(0))) == [PIANO, VIOLIN]

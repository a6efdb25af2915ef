"""Any user's MIDI file is read as a synth hears it, and a broken one is one line."""

import io
from pathlib import Path

import mido
import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mido.midifiles.meta import KeySignatureError

from helpers.midi_bytes import BEAT, END, NOW, ONE_NOTE, chunk, control, file, header, name, note, rmid, sysex, tempo
from legato.errors import LegatoError
from legato.midi import smf
from legato.midi.contents import Contents, read_contents


@pytest.fixture
def read(tmp_path: Path):
    def read_bytes(content: bytes) -> Contents:
        path = tmp_path / "a.mid"
        path.write_bytes(content)
        return read_contents(path)

    return read_bytes


def test_a_note_is_where_and_what_it_is(read) -> None:
    contents = read(file(name(b"Lead") + NOW + b"\xc0\x51" + ONE_NOTE + END))
    (lead,) = contents.instruments
    assert (lead.name, lead.program, lead.is_drum) == ("Lead", 81, False)
    assert (lead.start_s.tolist(), lead.end_s.tolist()) == ([0.0], [0.5])  # 120 bpm where nothing is said
    assert (lead.pitch.tolist(), lead.velocity.tolist()) == ([60], [100])
    assert contents.presets == {(0, 81)}
    assert (contents.seconds, contents.bpm, contents.bpm_changes, contents.n_bars) == (0.5, 120, False, 1)


@pytest.mark.parametrize("type_", [0, 1])
def test_a_file_may_lack_its_end_of_track_and_use_running_status(read, type_: int) -> None:
    running = NOW + b"\x90\x3c\x64" + BEAT + b"\x3c\x00" + NOW + b"\x40\x50" + BEAT + b"\x40\x00"
    contents = read(file(running, type_=type_))
    assert contents.instruments[0].pitch.tolist() == [60, 64]
    assert contents.instruments[0].end_s.tolist() == [0.5, 1.0]


def test_running_status_goes_on_behind_a_meta_event_and_strange_events_are_passed_over(read) -> None:
    strange = NOW + b"\xff\x59\x02\x63\x07"  # a key signature of 99 sharps, which mido refuses
    sysex = NOW + b"\xf0\x05\x7e\x7f\x09\x01\xf7"
    track = sysex + NOW + b"\x90\x3c\x64" + strange + BEAT + b"\x3c\x00" + END
    content = header(n_tracks=1) + chunk(b"anything", b"XFIH") + chunk(track) + b"rubbish at the end"
    assert read(content).n_notes == 1
    with pytest.raises(KeySignatureError):
        mido.MidiFile(file=io.BytesIO(file(strange + END)))


def test_tempo_changes_move_what_follows_and_the_longest_one_is_the_main_one(read) -> None:
    tempi = tempo(500_000) + tempo(250_000, BEAT) + tempo(1_000_000, b"\x87\x40")  # a beat, then two, then the rest
    notes = NOW + b"\x90\x3c\x64" + b"\x9e\x00" + b"\x80\x3c\x40"  # eight beats
    contents = read(file(tempi + END, notes + END))
    assert contents.seconds == pytest.approx(0.5 + 2 * 0.25 + 5 * 1.0)
    assert (contents.bpm, contents.bpm_changes, contents.n_bars) == (60, True, 2)


def test_a_tempo_change_under_two_per_cent_is_none(read) -> None:
    assert not read(file(tempo(500_000) + tempo(505_000, BEAT) + END, ONE_NOTE + ONE_NOTE + END)).bpm_changes


def test_a_time_signature_sets_the_bars(read) -> None:
    waltz = NOW + b"\xff\x58\x04\x03\x02\x18\x08"
    contents = read(file(waltz + ONE_NOTE * 7 + END))
    assert (contents.meters[0].beats, contents.meters[0].unit, contents.n_bars) == (3, 4, 3)


def test_channel_ten_is_drums_and_programs_change_within_a_channel(read) -> None:
    kit = NOW + b"\xc9\x19" + NOW + b"\x99\x24\x64" + BEAT + b"\x89\x24\x00"
    two = NOW + b"\xc0\x01" + ONE_NOTE + NOW + b"\xc0\x02" + ONE_NOTE + NOW + b"\xc0\x01" + ONE_NOTE
    contents = read(file(kit + END, two + END))
    assert contents.presets == {(128, 25), (0, 1), (0, 2)}
    by_program = {part.program: part for part in contents.instruments if not part.is_drum}
    assert by_program[1].start_s.tolist() == [0.0, 1.0]
    assert by_program[2].start_s.tolist() == [0.5]


def test_a_bank_may_make_drums_of_any_channel_and_else_means_nothing(read) -> None:
    xg = NOW + b"\xb3\x00\x7f" + NOW + b"\xc3\x00" + NOW + b"\x93\x24\x64" + BEAT + b"\x83\x24\x00"
    gs = NOW + b"\xb4\x00\x08" + NOW + b"\xc4\x04" + NOW + b"\x94\x3c\x64" + BEAT + b"\x84\x3c\x00"
    assert read(file(xg + END, gs + END)).presets == {(128, 0), (0, 4)}


def test_a_program_holds_for_all_tracks_of_its_channel(read) -> None:
    contents = read(file(NOW + b"\xc0\x28" + END, ONE_NOTE + END, BEAT + ONE_NOTE[1:] + END))
    assert [part.program for part in contents.instruments] == [40]
    assert contents.n_notes == 2


def test_ports_are_channels_of_their_own(read) -> None:
    other = NOW + b"\xff\x21\x01\x01"
    contents = read(file(NOW + b"\xc0\x01" + ONE_NOTE + END, other + NOW + b"\xc0\x02" + ONE_NOTE + END))
    assert contents.presets == {(0, 1), (0, 2)}


def test_a_note_struck_again_ends_the_one_before_even_where_its_end_comes_late(read) -> None:
    again = NOW + b"\x90\x3c\x64" + BEAT + b"\x90\x3c\x50" + BEAT + b"\x80\x3c\x00"
    late = NOW + b"\x90\x3c\x64" + BEAT + b"\x90\x3c\x50" + NOW + b"\x80\x3c\x00" + BEAT + b"\x80\x3c\x00"
    for track in (again, late):
        (part,) = read(file(track + END)).instruments
        assert list(zip(part.start_s.tolist(), part.end_s.tolist(), strict=True)) == [(0.0, 0.5), (0.5, 1.0)]


def test_all_notes_off_ends_them(read) -> None:
    track = NOW + b"\x90\x3c\x64" + NOW + b"\x90\x40\x64" + BEAT + b"\xb0\x7b\x00"
    assert read(file(track + END)).instruments[0].end_s.tolist() == [0.5, 0.5]


def test_a_held_pedal_makes_the_music_longer_and_padding_does_not(read) -> None:
    held = NOW + b"\xb0\x40\x7f" + ONE_NOTE + BEAT + b"\xb0\x40\x00"
    assert read(file(held + END)).seconds == 1.0
    assert read(file(ONE_NOTE + b"\x8f\x00\xb0\x07\x00" + END)).seconds == 0.5


def test_bends_and_controllers_are_kept(read) -> None:
    (part,) = read(file(NOW + b"\xe0\x00\x60" + NOW + b"\xb0\x07\x30" + ONE_NOTE + END)).instruments
    assert part.bends == ((0.0, 4096),)
    assert [(control.status, control.data) for control in part.controls] == [
        (smf.BEND, b"\x00\x60"),
        (smf.CONTROL, b"\x07\x30"),
    ]


@pytest.mark.parametrize("n_bytes", [0, 1, 2, 4])
def test_a_tempo_that_is_not_three_bytes_long_is_none(read, n_bytes: int) -> None:
    wrong = NOW + bytes([0xFF, 0x51, n_bytes]) + b"\x07\xa1\x20\x07"[:n_bytes]
    contents = read(file(wrong + note(0) * 8 + END))
    assert (contents.seconds, contents.bpm, contents.states_bpm) == (4.0, 120, False)
    right = read(file(tempo(400_000) + wrong + note(0) * 8 + END))
    assert (right.bpm, right.states_bpm) == (150, True)


def test_the_main_tempo_is_stated_or_not(read) -> None:
    late = tempo(400_000, BEAT)
    assert not read(file(late + END, note(0) * 2 + END)).states_bpm  # as long as the default
    assert read(file(late + END, note(0) * 4 + END)).states_bpm
    assert read(file(tempo(500_000) + note(0) + END)).states_bpm


def test_a_note_that_ends_in_the_tick_of_its_start_has_no_length(read) -> None:
    """Also where it ends the one before, so that its own end looks late."""
    strike = NOW + b"\x90\x3c\x64"
    off = NOW + b"\x80\x3c\x40"
    contents = read(file(strike + BEAT + strike[1:] + off + BEAT + b"\x90\x3e\x64" + BEAT + b"\x80\x3e\x40" + END))
    (part,) = contents.instruments
    assert part.start_tick.tolist() == [0, 480, 960]
    assert part.end_tick.tolist() == [480, 480, 1440]
    assert contents.n_endless == 0
    alone = read(file(strike + off + strike + off + END))
    assert (alone.n_notes, alone.seconds, alone.n_bars) == (2, 0.0, 1)


def test_a_note_without_an_end_lasts_as_long_as_the_file(read) -> None:
    contents = read(
        file(NOW + b"\x90\x3c\x64" + NOW + b"\x90\x40\x64" + BEAT + b"\x80\x40\x00" + END, note(1) * 3 + END)
    )
    assert contents.instruments[0].end_s.tolist() == [0.5, 1.5]
    assert contents.n_endless == 1
    empty = read(file(NOW + b"\x90\x3c\x64" + BEAT + END[1:]))
    assert (empty.seconds, empty.n_endless) == (0.5, 1)


def test_messages_with_a_data_byte_over_127_are_left_out_and_counted(read) -> None:
    """FluidSynth takes the bytes as data and ignores the message; the velocity of an end it does not look at."""
    bad = NOW + b"\xc0\x99" + NOW + b"\x90\x40\xc8" + NOW + b"\xb0\x07\x80" + NOW + b"\xe0\xff\x00"
    contents = read(file(bad + NOW + b"\x90\x3c\x64" + BEAT + b"\x80\x3c\xff" + END))
    (part,) = contents.instruments
    assert (part.program, part.pitch.tolist(), part.end_s.tolist(), part.controls) == (0, [60], [0.5], ())
    assert (contents.n_ignored, contents.n_endless) == (4, 0)


@pytest.mark.parametrize("number", [64, 66])
def test_pedals_lengthen_the_music_until_they_are_let_go(read, number: int) -> None:
    down, up = control(0, number, 127)[1:], control(0, number, 0)[1:]
    strike, off = b"\x90\x3c\x64", b"\x80\x3c\x40"
    held = NOW + strike + NOW + down + BEAT + off
    assert read(file(held + BEAT + up + END)).seconds == 1.0
    still = control(0, number, 100)[1:]
    assert read(file(held + BEAT + still + BEAT + up + END)).seconds == 1.5
    assert read(file(held + BEAT + END[1:])).seconds == 0.5  # never let go
    assert read(file(held + NOW + up + BEAT + down + BEAT + up + END)).seconds == 0.5


def test_a_sostenuto_pedal_holds_what_sounds_when_it_goes_down(read) -> None:
    down, up = control(0, 66, 127)[1:], control(0, 66, 0)[1:]
    strike, off = b"\x90\x3c\x64", b"\x80\x3c\x40"
    before = NOW + down + NOW + strike + BEAT + off
    after = NOW + strike + BEAT + off + NOW + down
    for track in (before, after):
        assert read(file(track + BEAT + up + END)).seconds == 0.5


def test_times_beyond_32_bits_are_counted(read) -> None:
    longest = b"\xff\xff\xff\x7f"
    waits = (longest + b"\xb0\x07\x64") * 20
    contents = read(file(tempo(1) + NOW + b"\xc0\x00" + waits + note(0) + END, division=32767))
    ticks = 20 * (2**28 - 1)
    assert contents.instruments[0].start_tick.tolist() == [ticks]
    assert contents.seconds == pytest.approx((ticks + 480) * 1e-6 / 32767)


def test_an_rmid_file_is_what_it_holds(read) -> None:
    midi = file(name(b"x") + note(0) + END)
    for before in ((), ((b"DISP", b"\1\0\0\0abc"), (b"LIST", b"INFOINAM\2\0\0\0x\0"))):
        contents = read(rmid(midi, *before))
        assert (contents.n_notes, contents.seconds) == (1, 0.5)


@pytest.mark.parametrize(
    "track",
    [
        sysex("41104212", "401115", "0218"),
        NOW + b"\xf0\x03\x41\x10\x42" + tempo(500_000) + NOW + b"\xf7\x07\x12\x40\x11\x15\x02\x18\xf7",
        NOW + b"\xf7\x0b\xf0\x41\x10\x42\x12\x40\x11\x15\x02\x18\xf7",  # whole, in an escape
        NOW + b"\xf0\x09\x41\x10\x42\x12\x40\x11\x15\x02\x18" + control(0, 7, 100),  # its end is forgotten
        NOW + b"\xf0\x09\x41\x10\x42\x12\x40\x11\x15\x02\x18",
    ],
    ids=["three packets", "a meta event between", "escape", "no end", "no end before the track's"],
)
def test_a_message_in_packets_is_one(track: bytes) -> None:
    (event,) = [event for event in smf.parse(file(track + END)).tracks[0] if event.status == smf.SYSEX]
    assert event.data.hex() == "411042124011150218"


def test_other_escapes_hold_nothing() -> None:
    assert smf.parse(file(NOW + b"\xf7\x02\xf3\x01" + NOW + b"\xf7\x00" + END)).tracks == ((),)


BROKEN = {
    "empty": (b"", "the file is empty"),
    "text": (b"not a MIDI file at all", "not a MIDI file: it does not begin with MThd"),
    "header cut": (file(ONE_NOTE)[:9], "truncated within its header"),
    "track cut": (file(ONE_NOTE + END)[:-7], "truncated: 28 bytes of 35"),
    "track missing": (header(n_tracks=2) + chunk(ONE_NOTE), "truncated: it holds 1 of 2 tracks"),
    "event cut": (file(ONE_NOTE[:-1]), "truncated: its track 1 ends within an event"),
    "meta cut": (file(ONE_NOTE + b"\x00\xff\x03\x09abc"), "truncated: its track 1 ends within an event"),
    "type 2": (file(ONE_NOTE, type_=2), "its type is 2: must be 0 or 1"),
    "smpte": (file(ONE_NOTE, division=-25 * 256 + 40), "it counts time in SMPTE frames"),
    "no ticks": (file(ONE_NOTE, division=0), "it has 0 ticks a quarter note"),
    "tempo zero": (file(tempo(0) + ONE_NOTE + END), "it has a tempo of zero"),
    "no notes": (file(name(b"nothing") + END), "it has no notes"),
    "no tracks": (header(n_tracks=0), "it has no notes"),
    "nothing but data over 127": (file(NOW + b"\x90\x3c\xc8" + END), "it has no notes"),
    "rmid without data": (rmid(b"")[:12], "an RMID file without a data chunk: it holds no MIDI"),
    "rmid of something else": (rmid(b"RIFF"), "not a MIDI file: it does not begin with MThd"),
    "rmid cut": (rmid(file(ONE_NOTE + END))[:-9], "truncated: "),
    "no status": (file(NOW + b"\x3c\x64"), "byte 60 is no MIDI event"),
    "a length without end": (file(b"\xff\xff\xff\xff\xff"), "a length is over four bytes long"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_one_line_with_its_name(tmp_path: Path, case: str) -> None:
    content, reason = BROKEN[case]
    path = tmp_path / 'a "b" \u00e9.mid'
    path.write_bytes(content)
    with pytest.raises(LegatoError) as error:
        read_contents(path)
    assert str(error.value).startswith(f"{path}: cannot be read as MIDI: {reason}")
    assert "\n" not in str(error.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LegatoError, match=r"a\.mid: no such file"):
        read_contents(tmp_path / "a.mid")


notes = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(1, 500), st.integers(0, 127), st.integers(1, 127)),
    min_size=1,
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(notes, st.booleans())
def test_other_writers_files_are_read_as_other_readers_read_them(
    tmp_path_factory: pytest.TempPathFactory, given_notes: list[tuple[int, int, int, int]], is_drum: bool
) -> None:
    """Written by mido; what sounds when is counted by hand, and the length is pretty_midi's."""
    apart = [(2000 * at + start % 1000, length, pitch, v) for at, (start, length, pitch, v) in enumerate(given_notes)]
    midi = mido.MidiFile(type=1, ticks_per_beat=96)
    track = midi.add_track("x")
    events = [(start, "note_on", pitch, v) for start, _, pitch, v in apart]
    events += [(start + length, "note_off", pitch, 0) for start, length, pitch, _ in apart]
    now = 0
    for tick, kind, pitch, velocity in sorted(events):
        channel = 9 if is_drum else 3
        track.append(mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    path = tmp_path_factory.mktemp("midi") / "a.mid"
    midi.save(path)
    contents, other = read_contents(path), pretty_midi.PrettyMIDI(str(path))
    (part,) = contents.instruments
    assert part.is_drum == is_drum
    expected = [(s, s + length, p, v) for s, length, p, v in apart]
    found = zip(
        part.start_tick.tolist(), part.end_tick.tolist(), part.pitch.tolist(), part.velocity.tolist(), strict=True
    )
    assert list(found) == expected
    assert contents.seconds == pytest.approx(other.get_end_time())
    np.testing.assert_allclose(part.start_s, sorted(note.start for note in other.instruments[0].notes))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**32), st.integers(0, 127)), max_size=20))
def test_what_is_dumped_is_parsed(given_events: list[tuple[int, int]]) -> None:
    """Whatever the times, even further apart than a delta time can say: filled by texts that say nothing."""
    events = [smf.Event(tick, smf.CONTROL, bytes([7, value])) for tick, value in sorted(given_events)]
    events.append(smf.Event(2**32, smf.META, bytes([smf.TRACK_NAME]) + b"x" * 200))
    events.append(smf.Event(2**32, smf.SYSEX, b"\x7e\x7f\x09\x01"))
    parsed = smf.parse(smf.dump(96, [events, []]))
    kept = tuple(event for event in parsed.tracks[0] if not smf.is_meta(event, smf.TEXT))
    assert parsed._replace(tracks=(kept, parsed.tracks[1])) == smf.Smf(1, 96, (tuple(events), ()), end_tick=2**32)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=4), st.integers(20, 200))
def test_damaged_bytes_are_read_or_refused_but_never_a_bug(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int]], n_bytes: int
) -> None:
    whole = file(tempo(400_000) + name(b"a") + END, NOW + b"\xc9\x19" + ONE_NOTE * 3 + END, ONE_NOTE * 2 + END)
    content = bytearray(whole[:n_bytes])
    for at, byte in damage:
        content[at % len(content)] = byte
    path = tmp_path_factory.getbasetemp() / "damaged.mid"
    path.write_bytes(content)
    try:
        contents = read_contents(path)
    except LegatoError:
        return
    assert contents.n_notes > 0
    assert np.isfinite([contents.bpm, contents.seconds]).all()
    assert contents.n_bars >= 1

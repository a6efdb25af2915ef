"""A song's MIDI file plays the song."""

from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from helpers.musics import ALL_ROLES, EVERY, song_of, with_
from legato.midi.contents import read_contents
from legato.midi.gm import DRUM_BANK, KITS, PROGRAMS
from legato.midi.song import BEND_RANGE, write_midi


@pytest.mark.parametrize("name", sorted(EVERY))
def test_the_midi_file_plays_the_song(tmp_path: Path, name: str) -> None:
    song, facts = song_of(EVERY[name], 1)
    path = tmp_path / "song.mid"
    write_midi(path, song)
    midi = pretty_midi.PrettyMIDI(str(path))
    _, tempi = midi.get_tempo_changes()
    assert tempi == pytest.approx([facts["bpm"]], rel=1e-5)
    assert [(t.numerator, t.denominator, t.time) for t in midi.time_signature_changes] == [(4, 4, 0)]
    assert len(midi.instruments) == len(song.parts)
    for part, instrument in zip(song.parts, midi.instruments, strict=True):
        assert (instrument.program, instrument.is_drum, instrument.name) == (part.program, part.is_drum, part.role)
        controls = {c.number: c.value for c in instrument.control_changes if c.time == 0}
        assert [controls[n] for n in (7, 10, 91)] == [part.volume, part.pan, part.reverb_send]
        written = sorted((n.pitch, n.start * song.bpm / 60, n.velocity) for n in instrument.notes)
        asked = sorted((n.pitch, n.beat, n.velocity) for n in part.notes)
        np.testing.assert_allclose(written, asked, atol=0.002)
        assert len(instrument.pitch_bends) == len(part.bends)
    drums = {(DRUM_BANK, KITS[n]) for role, n in facts["instruments"].items() if role == "drums"}
    melodic = {(0, PROGRAMS[n]) for role, n in facts["instruments"].items() if role != "drums"}
    assert read_contents(path).presets == drums | melodic


def test_bends_have_their_range_first_and_parts_their_channels(tmp_path: Path) -> None:
    import mido

    music = with_(ALL_ROLES, playing={"sub": ["gliding"]}, seconds=[30.0, 60.0])
    song, facts = song_of(music, 4)
    write_midi(tmp_path / "song.mid", song)
    tracks = mido.MidiFile(tmp_path / "song.mid").tracks
    channels = []
    for track in tracks:
        events = [message for message in track if not message.is_meta]
        assert track[-1].type == "end_of_track"
        if events:
            (channel,) = {message.channel for message in events}
            channels.append(channel)
            assert (channel == 9) == (track.name == "drums")
        if any(message.type == "pitchwheel" for message in events):
            kinds = [(m.control, m.value) for m in events if m.type == "control_change"][:4]
            assert kinds == [(101, 0), (100, 0), (6, BEND_RANGE), (38, 0)]
            assert track.name == "sub"
            assert facts["slides"] > 1
    assert len(channels) == len(set(channels)) == len(song.parts)

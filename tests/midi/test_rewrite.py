"""A user's file as the later stages read it: the same music, whatever events it is made of, and no fact too many."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.midi_bytes import BEAT, END, NOW, control, file, name, note, port, program, sysex, tempo
from legato.errors import LegatoError
from legato.midi.contents import Contents, read_contents
from legato.midi.gm import KITS, kit_name, stand_in_kit
from legato.midi.pulse import keeps_beat
from legato.midi.rewrite import canonical, numbered_roles, rewrite, source_facts
from legato.prompts.claims import BPM, claims_of

KITS_OF_FONT = {0, 8, 25, 48}
SIXTEENTH, LATE_SIXTEENTH = b"\x78", b"\x81\x2c"  # 120 and 172 ticks


def facts_of(path: Path, *tracks: bytes) -> dict[str, Any]:
    path.with_name("in.mid").write_bytes(file(*(track + END for track in tracks)))
    return rewrite(path.with_name("in.mid"), path, "CC0-1.0", kits=KITS_OF_FONT, file="a/b.mid")


def played_at(waits: list[int]) -> bytes:
    """Short notes, each so many ticks after the one before."""
    return b"".join(
        bytes([wait >> 7 | 0x80, wait & 0x7F, 0x90, 48 + at % 30, 90, 1, 0x80, 48 + at % 30, 0])
        for at, wait in enumerate(waits)
    )


def by_chance(n_notes: int) -> list[int]:
    return np.random.default_rng(1).integers(37, 400, n_notes).tolist()


def kinds_of(facts: dict[str, Any]) -> set[str]:
    return {claim.kind for claim in claims_of(facts)}


def test_a_file_that_states_no_tempo_tells_no_bpm_and_no_mood(tmp_path: Path) -> None:
    told, untold = (
        facts_of(tmp_path / "a.mid", tempo(500_000) + note(0) * 40),
        facts_of(tmp_path / "b.mid", note(0) * 40),
    )
    assert (told["bpm"], untold["bpm"]) == (120, None)
    assert {BPM, "mood"} <= kinds_of(told | {"key": "C", "scale": "major"})
    assert not {BPM, "mood"} & kinds_of(untold | {"key": "C", "scale": "major"})
    assert not read_contents(tmp_path / "b.mid").states_bpm
    assert {**told, "bpm": None, "source": None} == untold | {"source": None}


def test_a_tempo_that_the_notes_do_not_keep_is_not_told(tmp_path: Path) -> None:
    """Players' recordings state 120, whatever is played."""
    recorded, in_time = by_chance(300), [119] * 300
    assert facts_of(tmp_path / "a.mid", tempo(500_000) + played_at(recorded))["bpm"] is None
    assert facts_of(tmp_path / "a.mid", tempo(500_000) + played_at(in_time))["bpm"] == 120
    assert facts_of(tmp_path / "a.mid", tempo(500_000) + played_at(recorded[:20]))["bpm"] == 120  # too few to say


@pytest.mark.parametrize(("us_per_beat", "bpm"), [(1953, None), (16_777_215, None), (150_000, 400), (3_000_000, 20)])
def test_what_no_music_has_is_no_bpm(tmp_path: Path, us_per_beat: int, bpm: int | None) -> None:
    assert facts_of(tmp_path / "a.mid", tempo(us_per_beat) + note(0) * 8)["bpm"] == bpm


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 5, 6, 8])
@pytest.mark.parametrize("n_onsets", [40, 400])
def test_an_even_division_of_the_beat_is_kept_wherever_it_lies(parts: int, n_onsets: int) -> None:
    rng = np.random.default_rng(parts)
    beats = np.cumsum(rng.integers(1, 4, n_onsets)) / parts + rng.random() + rng.normal(0, 0.05 / parts, n_onsets)
    assert keeps_beat(beats)


@pytest.mark.parametrize("n_onsets", [40, 400, 4000])
def test_onsets_by_chance_or_in_another_time_keep_no_beat(n_onsets: int) -> None:
    rng = np.random.default_rng(n_onsets)
    kept = [keeps_beat(np.sort(rng.uniform(0, n_onsets / 3, n_onsets))) for _ in range(100)]
    assert sum(kept) == 0
    if n_onsets > 100:
        assert not keeps_beat(np.arange(n_onsets) * 0.9137 / 2)


def test_chords_count_once(tmp_path: Path) -> None:
    chord = b"".join(bytes([0, 0x90, pitch, 90]) for pitch in range(48, 68)) + BEAT
    ends = b"".join(bytes([0, 0x80, pitch, 0]) for pitch in range(48, 68))[1:]
    assert facts_of(tmp_path / "a.mid", tempo(500_000) + (chord + ends) * 4)["bpm"] == 120


@pytest.mark.parametrize(
    ("program_", "kit"), [(0, 0), (25, 25), (48, 48), (27, 0), (15, 8), (24, 0), (55, 48), (127, 0), (56, 0)]
)
def test_the_fonts_kits_are_played_and_others_stand_in(tmp_path: Path, program_: int, kit: int) -> None:
    facts = facts_of(tmp_path / "a.mid", program(9, program_) + note(9))
    assert facts["instruments"] == {"drums": kit_name(kit)}
    assert {part.preset for part in read_contents(tmp_path / "a.mid").instruments} == {(128, kit)}


@given(st.integers(0, 127), st.sets(st.integers(0, 127)))
def test_a_kit_stands_in_for_its_group_or_for_all(wanted: int, kits: set[int]) -> None:
    found = stand_in_kit(wanted, kits)
    assert found in {wanted, wanted & ~7, 0}
    assert found in kits | {0}
    assert found == wanted or wanted not in kits


def test_each_named_kit_is_called_by_its_name() -> None:
    assert {kit_name(kit): kit for kit in KITS.values()} == KITS
    assert kit_name(3) == "standard_kit"
    assert kit_name(48) == "orchestra_kit"
    assert kit_name(57) == "other_kit"


def test_what_was_mended_is_in_the_facts(tmp_path: Path) -> None:
    source = facts_of(tmp_path / "a.mid", NOW + b"\x90\x40\xc8" + bytes([0, 0x90, 60, 99]) + note(1))["source"]
    assert source.pop("sha256")
    assert source == {"file": "a/b.mid", "ignored_messages": 1, "endless_notes": 1}
    assert set(facts_of(tmp_path / "a.mid", note(1))["source"]) == {"file", "sha256"}


def test_music_of_no_length_has_facts(tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "a.mid", b"\x00\x90\x3c\x64\x00\x80\x3c\x40")
    assert (facts["seconds_composed"], facts["n_notes"], facts["key"]) == (0.0, 1, None)
    assert "density" in kinds_of(facts)


CHANNELS, VALUES = st.integers(0, 15), st.integers(0, 127)
CONTROLS = st.sampled_from([0, 7, 32, 64, 66, 120, 121, 123])
MESSAGES = [
    "7e7f0901", "43104c00007e00", "4110421240007f0041", "411042124011150200", "411042124010150000", "43104c08020701",
    "4110421240110005000000", "43104c0803007f0019",
]  # fmt: skip
EVENTS = st.one_of(
    st.builds(lambda c, p, v: bytes([0x90 | c, 60 + p % 4, v]), st.integers(0, 2), VALUES, VALUES),
    st.builds(lambda c, p: bytes([0x80 | c, 60 + p % 4, 0]), st.integers(0, 2), VALUES),
    st.builds(lambda c, p, v: bytes([0x90 | c, p, v]), CHANNELS, VALUES, VALUES),
    st.builds(lambda c, n, v: bytes([0xB0 | c, n, v]), CHANNELS, CONTROLS, VALUES),
    st.builds(lambda c, n: bytes([0xC0 | c, n]), CHANNELS, VALUES),
    st.builds(lambda c, n, v: bytes([0xE0 | c, n, v]), CHANNELS, VALUES, st.integers(0, 255)),
    st.builds(lambda text: sysex(text)[1:], st.sampled_from(MESSAGES)),
    st.builds(lambda text: bytes([0xFF, 0x51, len(text)]) + text, st.binary(max_size=4)),
    st.builds(lambda n, u: bytes([0xFF, 0x58, 4, n, u, 24, 8]), st.integers(0, 255), st.integers(0, 255)),
    st.builds(lambda n: port(n)[1:], st.integers(0, 3)),
)  # fmt: skip
DELTAS = st.sampled_from([b"\x00"] * 5 + [b"\x01", BEAT, b"\xff\xff\xff\x7f"])
TRACKS = st.lists(st.lists(st.tuples(DELTAS, EVENTS), max_size=25), min_size=1, max_size=3)


def music_of(contents: Contents) -> Any:
    return contents.seconds, contents.tempi, contents.meters, [
        (
            part.preset,
            *(getattr(part, field).tolist() for field in ("start_tick", "end_tick", "pitch", "velocity")),
            [control._replace(rank=0) for control in part.controls],
        )
        for part in contents.instruments
    ]  # fmt: skip


def read_or_refuse(path: Path) -> Contents | None:
    """What a file holds; None where it is refused in one line that can be printed. Any other error is raised."""
    try:
        return read_contents(path)
    except LegatoError as error:
        refusal = str(error)
    assert refusal.isprintable()
    return None


@settings(max_examples=250, deadline=None)
@given(TRACKS, st.integers(1, 960))
def test_any_events_are_rewritten_to_the_same_music_and_rewritten_again_to_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, tracks: list[list[tuple[bytes, bytes]]], division: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "a.mid").write_bytes(
        file(*(b"".join(delta + event for delta, event in track) + END for track in tracks), division=division)
    )
    old = read_or_refuse(folder / "a.mid")
    if old is None:
        return
    parts = numbered_roles(old)
    (folder / "b.mid").write_bytes(canonical(old, parts, range(128)))
    new = read_contents(folder / "b.mid")
    assert music_of(new) == music_of(old)
    assert (new.n_ignored, new.n_endless) == (0, 0)
    assert canonical(new, numbered_roles(new), range(128)) == (folder / "b.mid").read_bytes()
    assert source_facts(new, numbered_roles(new), range(128)) == source_facts(old, parts, range(128))
    assert list(claims_of(source_facts(old, parts, range(128))))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120), st.integers(0, 2))
def test_any_bytes_of_a_track_are_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, n_more: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.mid"
    path.write_bytes(file(body, *[name(b"x") + note(0) + control(0, 64, 127) + END] * n_more))
    contents = read_or_refuse(path)
    assert contents is None or source_facts(contents, numbered_roles(contents), [0])["n_notes"] > 0

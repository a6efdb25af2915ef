"""Categories of the user's own MIDI files: any name works, the music stays what it is, and what is wrong is named."""

import copy
import importlib.util
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi
import pytest
import yaml

from helpers.checkout import ROOT, SHIPPED_PARAMS
from helpers.clones import make_clone
from helpers.midi_bytes import BEAT, END, NOW, ONE_NOTE, file, name, note, program, rmid, tempo
from legato.check import check, write_manifests
from legato.errors import LegatoError
from legato.files import read_jsonl, sha256_of
from legato.midi import smf
from legato.midi.contents import read_contents
from legato.midi.gm import DRUM_BANK, KITS, kit_name
from legato.midi.rewrite import canonical, numbered_roles, preset_of, rewrite
from legato.render.fluidsynth import timed_events
from legato.soundfont.font import Recordings, built_presets, drum_zones
from legato.soundfont.kits.tables import KITS_OF_DRUMS
from legato.soundfont.sf2 import Instrument as SfInstrument
from legato.soundfont.sf2 import Preset, write_sf2
from legato.workspace import categories
from legato.workspace.sources import read_manifest, slug, source_id

MINE = {"tracks": "all", "prompt": "my songs", "music": {"source": "midi", "license": "PDDL-1.0"}}
DRUMS = NOW + b"\xc9\x19" + (NOW + b"\x99\x24\x64" + BEAT + b"\x89\x24\x00") * 4
BUILT_KITS = {program for bank, program in built_presets() if bank == DRUM_BANK}
NAMES = ["Für Elise.mid", 'a "quoted" one.MIDI', "it's.mid", "песня 1.mid", "plain.midi"]


def c_major_song(program: int = 24) -> bytes:
    scale = b"".join(
        NOW + bytes([0x90, pitch, 100]) + BEAT + bytes([0x80, pitch, 0]) for pitch in b"\x3c\x40\x43\x48\x43"
    )
    head = NOW + bytes([0xC0, program]) + NOW + b"\xb0\x07\x50" + NOW + b"\xe0\x00\x50"
    return file(tempo(480_000) + END, name(b"Guitar!") + head + scale, DRUMS + END)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped parameters with two categories of MIDI files and a composed one; one worker."""
    values = yaml.safe_load((SHIPPED_PARAMS).read_text())
    composed = values["categories"]["bass_808"]
    values["categories"] = {"mine": MINE, "other": copy.deepcopy(MINE), "bass_808": composed}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values))
    for category, names in (("mine", NAMES), ("other", ["one.mid"])):
        (tmp_path / "sources" / category).mkdir(parents=True)
        for number, file_name in enumerate(names):
            (tmp_path / "sources" / category / file_name).write_bytes(c_major_song(number + 24))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEGATO_WORKERS", "1")
    return tmp_path


@pytest.fixture(autouse=True)
def whole_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the SoundFont had all programs and kits."""
    presets = {(0, program) for program in range(128)} | {(128, kit) for kit in KITS.values()}
    monkeypatch.setattr("legato.check.built_presets", lambda: presets)


def rewritten(path: Path) -> dict[str, Any]:
    """The facts of a file, which is rewritten beside it as out.mid for the kits of the built SoundFont."""
    return rewrite(path, path.with_name("out.mid"), "CC0-1.0", kits=BUILT_KITS, file=path.name)


def edit(workspace: Path, change: Any) -> None:
    values = yaml.safe_load((workspace / "params.yaml").read_text())
    change(values["categories"])
    (workspace / "params.yaml").write_text(yaml.safe_dump(values))


def compose(category: str) -> list[dict[str, Any]]:
    spec = importlib.util.spec_from_file_location("compose_stage", ROOT / "stages/compose.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(category)
    return read_jsonl(Path("dataset/tracks") / category / "compose.jsonl")


def test_each_category_has_a_manifest_that_only_its_own_files_change(workspace: Path) -> None:
    write_manifests(check())
    mine = read_manifest("mine")
    assert mine == {file: sha256_of(Path("sources/mine") / file) for file in NAMES}
    assert read_manifest("bass_808") == {}
    before = {path.name: path.read_bytes() for path in Path("dataset/sources").iterdir()}
    (workspace / "sources/mine/new.mid").write_bytes(c_major_song())
    (workspace / "sources/mine/notes.txt").write_text("not music")
    (workspace / "dataset/sources/gone.json").write_text("{}")
    write_manifests(check())
    after = {path.name: path.read_bytes() for path in Path("dataset/sources").iterdir()}
    assert {file for file in before if before[file] != after[file]} == {"mine.json"}
    assert set(after) == {"mine.json", "other.json", "bass_808.json"}


@pytest.mark.usefixtures("workspace")
def test_tracks_are_made_of_any_names() -> None:
    write_manifests(check())
    rows = compose("mine")
    ids = ["mine_a_quoted_one", "mine_fur_elise", "mine_it_s", "mine_plain", "mine_u043f_u0435_u0441_u043d_u044f_1"]
    assert sorted(row["id"] for row in rows) == ids
    assert categories.all_track_ids()["mine"] == [row["id"] for row in rows]
    assert sorted(path.stem for path in Path("dataset/midi/mine").iterdir()) == ids
    for row in rows:
        assert row["source"]["sha256"] == sha256_of(Path("sources/mine") / row["source"]["file"])
        assert row["midi_sha256"] == sha256_of(Path("dataset/midi/mine") / f"{row['id']}.mid")


@pytest.mark.usefixtures("workspace")
def test_facts_are_what_the_file_holds() -> None:
    write_manifests(check())
    (row,) = compose("other")
    row.pop("midi_sha256")
    assert row.pop("source")["file"] == "one.mid"
    assert row == {
        "id": "other_one", "seed": 0, "license": "PDDL-1.0", "bpm": 125, "bpm_changes": False, "n_bars": 2,
        "seconds_composed": 2.4, "key": "C", "scale": "major", "form": "", "chords": [], "groove": None, "swing": 0.5,
        "instruments": {"part_1": "nylon_guitar", "drums": "tr808_kit"}, "playing": {}, "arp_notes_per_beat": 0,
        "slides": 0, "hat_rolls": 0, "ghost_notes": 0, "n_notes": 9,
    }  # fmt: skip


def test_a_composed_category_has_the_same_facts_and_none_of_the_source(workspace: Path) -> None:
    edit(workspace, lambda values: values["bass_808"].update(tracks=1))
    write_manifests(check())
    (row,) = compose("bass_808")
    assert "source" not in row


def test_the_canonical_file_plays_the_same_and_others_read_it(tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(c_major_song())
    rewritten(path)
    old, new = read_contents(path), read_contents(tmp_path / "out.mid")
    assert [part.name for part in new.instruments] == list(numbered_roles(old))
    assert (new.tempi, new.meters, new.seconds) == (old.tempi, old.meters, old.seconds)
    for before, after in zip(old.instruments, new.instruments, strict=True):
        assert after.preset == before.preset
        assert [control._replace(rank=0) for control in after.controls] == [
            control._replace(rank=0) for control in before.controls
        ]
        for array in ("start_tick", "end_tick", "pitch", "velocity"):
            np.testing.assert_array_equal(getattr(after, array), getattr(before, array))
    assert canonical(new, numbered_roles(new), BUILT_KITS) == (tmp_path / "out.mid").read_bytes()
    other = pretty_midi.PrettyMIDI(str(tmp_path / "out.mid"))
    assert sorted(part.name for part in other.instruments) == ["drums", "part_1"]
    assert other.get_end_time() == pytest.approx(2.4)


@pytest.mark.parametrize("pedal_first", [True, False])
def test_the_order_within_a_tick_stays(tmp_path: Path, pedal_first: bool) -> None:
    """A pedal that goes down in the tick in which a note ends holds it only where it comes first."""
    pedal, off = b"\xb0\x40\x7f", b"\x80\x3c\x40"
    ends = BEAT + pedal + NOW + off if pedal_first else BEAT + off + NOW + pedal
    next_note = NOW + b"\x90\x40\x64" + BEAT + b"\x80\x40\x40"
    (tmp_path / "a.mid").write_bytes(file(NOW + b"\x90\x3c\x64" + ends + next_note))
    rewritten(tmp_path / "a.mid")
    for path in (tmp_path / "a.mid", tmp_path / "out.mid"):
        kinds = [event.status for event in timed_events(read_contents(path))]
        at_once = [smf.CONTROL, smf.NOTE_OFF] if pedal_first else [smf.NOTE_OFF, smf.CONTROL]
        assert kinds == [smf.NOTE_ON, *at_once, smf.NOTE_ON, smf.NOTE_OFF]


def test_programs_that_share_a_channel_get_channels_of_their_own(tmp_path: Path) -> None:
    two = (
        NOW
        + b"\xc0\x01"
        + ONE_NOTE
        + NOW
        + b"\xc0\x02"
        + NOW
        + b"\xb0\x0a\x10"
        + ONE_NOTE
        + NOW
        + b"\xc0\x01"
        + ONE_NOTE
    )
    many = [NOW + b"\xff\x21\x01\x01" + NOW + bytes([0xC0 | c, 40 + c]) + NOW + bytes([0x90 | c, 60, 99]) + BEAT
            + bytes([0x80 | c, 60, 0]) for c in range(16) if c != 9]  # fmt: skip
    path = tmp_path / "many.mid"
    path.write_bytes(file(two + END, *many))
    facts = rewritten(path)
    assert len(facts["instruments"]) == 17
    new = read_contents(tmp_path / "out.mid")
    assert len(new.instruments) == 17
    spans = [
        sorted(
            (part.preset, start, end)
            for part in music.instruments
            for start, end in zip(part.start_s, part.end_s, strict=True)
        )
        for music in (read_contents(path), new)
    ]
    assert spans[0] == spans[1]


@pytest.mark.parametrize(("program", "kit"), [(25, "tr808_kit"), (27, "electronic_kit"), (99, "standard_kit")])
def test_an_unnamed_kit_is_played_by_its_group(tmp_path: Path, program: int, kit: str) -> None:
    path = tmp_path / "kit.mid"
    path.write_bytes(file(NOW + bytes([0xC9, program]) + DRUMS[3:]))
    assert rewritten(path)["instruments"] == {"drums": kit}
    (drums,) = read_contents(tmp_path / "out.mid").instruments
    assert drums.preset == (128, KITS[kit]) == preset_of(read_contents(path).instruments[0], BUILT_KITS)


def test_a_bass_line_alone_and_drums_have_no_key(tmp_path: Path) -> None:
    low = b"".join(NOW + bytes([0x90, pitch, 100]) + BEAT + bytes([0x80, pitch, 0]) for pitch in b"\x24\x28\x2b\x24")
    for track in (low, DRUMS):
        (tmp_path / "a.mid").write_bytes(file(track))
        facts = rewritten(tmp_path / "a.mid")
        assert (facts["key"], facts["scale"]) == (None, None)


def test_notes_that_fit_many_keys_have_none(tmp_path: Path) -> None:
    chromatic = b"".join(NOW + bytes([0x90, pitch, 100]) + BEAT + bytes([0x80, pitch, 0]) for pitch in range(60, 72))
    whole_tones = b"".join(NOW + bytes([0x90, p, 100]) + BEAT + bytes([0x80, p, 0]) for p in range(60, 72, 2))
    for track in (chromatic, whole_tones):
        (tmp_path / "a.mid").write_bytes(file(track))
        assert rewritten(tmp_path / "a.mid")["key"] is None


def test_the_first_files_by_name_are_taken(workspace: Path) -> None:
    edit(workspace, lambda values: values["mine"].update(tracks=2))
    assert list(check()["mine"]["files"]) == sorted(NAMES)[:2]
    edit(workspace, lambda values: values["mine"].update(tracks=6))
    with pytest.raises(LegatoError, match=r"params.yaml: categories.mine.tracks: 6: sources/mine holds 5 MIDI files"):
        check()


def remove(folder: Path) -> None:
    (folder / "one.mid").unlink()
    folder.rmdir()


WRONG = {
    "no such folder": ("other", remove, "no such folder"),
    "no files": ("other", lambda folder: (folder / "one.mid").unlink(), "holds no .mid, .midi, .kar or .rmi file"),
    "one slug": (
        "mine",
        lambda folder: (folder / "PLAIN!.mid").write_bytes(c_major_song()),
        "would have the same id, mine_plain, as",
    ),
    "empty": (
        "mine",
        lambda folder: (folder / "bad.mid").write_bytes(b""),
        "cannot be read as MIDI: the file is empty",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_files_are_one_line(workspace: Path, case: str) -> None:
    category, spoil, line = WRONG[case]
    spoil(workspace / "sources" / category)
    with pytest.raises(LegatoError) as error:
        check()
    assert str(error.value).startswith(f"sources/{category}")
    assert line in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("file_name", ["a\nb.mid", os.fsdecode(b"\xff.mid")])
def test_a_name_that_cannot_be_shown_is_one_line(workspace: Path, file_name: str) -> None:
    (workspace / "sources/mine" / file_name).write_bytes(b"")
    with pytest.raises(LegatoError, match="^sources/mine: '.*': a name must hold no line breaks") as error:
        check()
    assert str(error.value).isprintable()


def test_all_broken_files_are_named_at_once(workspace: Path) -> None:
    for bad in ("bad 1.mid", "bad 2.mid"):
        (workspace / "sources/mine" / bad).write_bytes(b"no")
    with pytest.raises(LegatoError, match=r"bad 1\.mid: .*; sources/mine/bad 2\.mid: "):
        check()


def many_programs(n_melodic: int, n_kits: int) -> bytes:
    melodic = b"".join(program(0, number) + note(0) for number in range(n_melodic))
    return file(melodic + b"".join(program(9, 8 * number) + note(9) for number in range(n_kits)) + END)


def test_more_instruments_than_can_be_played_are_refused(workspace: Path) -> None:
    (workspace / "sources/mine/many.mid").write_bytes(many_programs(126, 2))
    assert "many.mid" in check()["mine"]["files"]
    (workspace / "sources/mine/many.mid").write_bytes(many_programs(128, 2))
    with pytest.raises(LegatoError) as error:
        check()
    assert str(error.value) == "sources/mine/many.mid: has 130 instruments: at most 128 can be played"


def test_every_kind_of_midi_file_is_read_in_subfolders_too(workspace: Path) -> None:
    other = workspace / "sources/other"
    for place in (
        "Album 1/one.MID",
        "Album 1/disc/two.kar",
        "three.Midi",
        "Album 1/.hidden/four.mid",
        "Album 1/._five.mid",
    ):
        (other / place).parent.mkdir(parents=True, exist_ok=True)
        (other / place).write_bytes(c_major_song())
    (other / "six.RMI").write_bytes(rmid(c_major_song()))
    (other / "folder.mid").mkdir()
    write_manifests(check())
    rows = {row["id"]: row["source"]["file"] for row in compose("other")}
    assert rows == {
        "other_album_1_one": "Album 1/one.MID",
        "other_album_1_disc_two": "Album 1/disc/two.kar",
        "other_one": "one.mid",
        "other_six": "six.RMI",
        "other_three": "three.Midi",
    }
    assert categories.all_track_ids()["other"] == list(rows)
    bytes_of = {(workspace / f"dataset/midi/other/{name}.mid").read_bytes() for name in rows}
    assert len(bytes_of) == 1


def test_files_of_folders_that_would_have_the_same_id_are_named(workspace: Path) -> None:
    (workspace / "sources/other/b").mkdir()
    for place in ("b/one.mid", "b one.kar"):
        (workspace / "sources/other" / place).write_bytes(c_major_song())
    with pytest.raises(LegatoError) as error:
        check()
    same = "would have the same id, other_b_one, as"
    assert str(error.value) == f"sources/other/b one.kar: {same} sources/other/b/one.mid: rename one"


@pytest.mark.parametrize(
    ("fonts_kits", "wanted", "played"),
    [({0, 48}, 48, 48), ({0}, 25, 0), ({0, 24}, 25, 24), ({0, 24, 25}, 25, 25), ({24}, 25, 24), ({25}, 24, None)],
)
def test_any_fonts_kits_are_played_and_stand_in(
    workspace: Path, fonts_kits: set[int], wanted: int, played: int | None
) -> None:
    write_kits(workspace / "sources/kits.sf2", fonts_kits)
    values = yaml.safe_load((workspace / "params.yaml").read_text())
    values["soundfont"] = {"path": "sources/kits.sf2", "license": "MIT"}
    values["categories"] = {"mine": MINE | {"tracks": 1}}
    (workspace / "params.yaml").write_text(yaml.safe_dump(values))
    (workspace / "sources/mine/A.mid").write_bytes(file(program(9, wanted) + note(9) + END))
    if played is None:
        with pytest.raises(LegatoError, match=r"sources/mine/A\.mid: plays bank 128 program 0, which the SoundFont "):
            check()
        return
    write_manifests(check())
    (row,) = [row for row in compose("mine") if row["id"] == "mine_a"]
    assert row["instruments"] == {"drums": kit_name(played)}
    assert read_contents(Path("dataset/midi/mine/mine_a.mid")).presets == {(128, played)}


def write_kits(path: Path, kits: set[int]) -> None:
    instrument = SfInstrument(name="kit", zones=drum_zones(KITS_OF_DRUMS["standard_kit"][0][:1], Recordings()))
    write_sf2(path, [Preset(bank=128, program=kit, name=f"kit {kit}", instrument=instrument) for kit in kits], {})


def test_what_plays_for_too_long_is_named_with_its_length(workspace: Path) -> None:
    """One pause of 2 ** 28 - 1 ticks is 77 hours."""
    pause = NOW + b"\x90\x3c\x64" + b"\xff\xff\xff\x7f" + b"\x80\x3c\x00"
    (workspace / "sources/mine/gap.mid").write_bytes(file(tempo(500_000) + END, pause + END))
    with pytest.raises(LegatoError) as error:
        check()
    line = "sources/mine/gap.mid: plays for 4660.3 minutes: dataset.max_minutes in params.yaml allows 20"
    assert str(error.value) == line


def test_composed_music_that_plays_for_too_long_is_named(workspace: Path) -> None:
    values = yaml.safe_load((workspace / "params.yaml").read_text())
    values["dataset"]["max_minutes"] = 0.5
    (workspace / "params.yaml").write_text(yaml.safe_dump(values))
    line = "params.yaml: categories.bass_808.music.seconds: [30, 34]: dataset.max_minutes allows 30 seconds"
    with pytest.raises(LegatoError, match=re.escape(line)):
        check()


def test_what_the_font_lacks_is_named(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legato.check.built_presets", lambda: {(0, 39), (128, 25)})
    edit(workspace, lambda values: values.pop("mine"))
    with pytest.raises(
        LegatoError, match=r"sources/other/one\.mid: plays bank 0 program 24, which the SoundFont .* lacks"
    ):
        check()


def test_ids_are_unique_over_categories(workspace: Path) -> None:
    (workspace / "sources/other/one.mid").rename(workspace / "sources/other/b_1.mid")
    (workspace / "sources/other_b").mkdir()
    (workspace / "sources/other_b/1.mid").write_bytes(c_major_song())
    edit(workspace, lambda values: values.update(other_b=MINE))
    with pytest.raises(LegatoError, match="its id other_b_1 is one of category other: rename it"):
        check()
    (workspace / "sources/other/b_1.mid").rename(workspace / "sources/other/00001.mid")
    edit(workspace, lambda values: values.update(other_b=values["bass_808"], other=values["other"]))
    check()
    (workspace / "sources/other/b_00001.mid").write_bytes(c_major_song())
    with pytest.raises(LegatoError, match="its id other_b_00001 is one of category other_b"):
        check()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"tracks": 0}, "tracks: 0: must be a whole number from 1 to 99999, or all"),
        ({"tracks": "some"}, "tracks: 'some': must be a whole number"),
        ({"music": {"source": "audio", "license": "MIT"}}, "music.source: 'audio': "),
        ({"music": {"source": "midi"}}, "music.license: this key is missing"),
        ({"music": {"source": "midi", "license": ""}}, "music.license: '': must be an SPDX licence"),
        ({"music": {"source": "midi", "license": "MIT", "bpm": [1, 2]}}, "music.bpm: unknown key"),
    ],
)
def test_wrong_parameters_are_one_line(workspace: Path, change: dict[str, Any], line: str) -> None:
    edit(workspace, lambda values: values["mine"].update(change))
    with pytest.raises(LegatoError) as error:
        check()
    assert str(error.value).startswith(f"params.yaml: categories.mine.{line}")


def test_all_is_for_files_alone(workspace: Path) -> None:
    edit(workspace, lambda values: values["bass_808"].update(tracks="all"))
    with pytest.raises(LegatoError, match="params.yaml: categories.bass_808.tracks: 'all': "):
        check()


@pytest.mark.usefixtures("workspace")
def test_a_missing_manifest_is_named() -> None:
    with pytest.raises(LegatoError, match=r"dataset/sources/mine\.json: no such file; run `dvc repro check`"):
        categories.all_track_ids()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a--b  c", "a_b_c"), ("Ærø", "u00e6_r_u00f8"), ("!!!", "x"), ("100%", "100"), ("ﬁn", "fin")],
)
def test_a_slug_is_made_of_a_few_characters(text: str, expected: str) -> None:
    assert slug(text) == expected
    assert slug("e\u0301") == slug("\u00e9") == "e"


def test_long_names_keep_apart() -> None:
    a, b = source_id("c", "x" * 200 + "a.mid"), source_id("c", "x" * 200 + "b.mid")
    assert a != b
    assert max(len(a), len(b)) <= 82


def test_dvc_builds_a_category_anew_for_its_own_files_alone(tmp_path: Path) -> None:
    clone = make_clone(tmp_path)
    names = {"mine": NAMES, "other": ["one.mid"]}
    for category, files in names.items():
        (tmp_path / "sources" / category).mkdir()
        for file_name in files:
            (tmp_path / "sources" / category / file_name).write_bytes(c_major_song(25))
        clone.run("dvc", "add", "-q", f"sources/{category}")
    clone.edit(lambda values: values.update(categories=dict.fromkeys(names, MINE)))
    compose_stages = ["compose@mine", "compose@other"]
    assert set(clone.repro(*compose_stages)) == {"code_versions", "check", *compose_stages}
    clone.commit("mine")
    assert {path.name for path in (tmp_path / "sources").iterdir()} > {".gitignore", "mine.dvc", "other.dvc"}
    (tmp_path / "sources/other/Größer.mid").write_bytes(c_major_song(27))
    before = clone.digests("dataset/midi")
    assert clone.repro(*compose_stages) == ["check", "compose@other"]
    after = clone.digests("dataset/midi")
    assert set(after) - set(before) == {"dataset/midi/other/other_grosser.mid"}
    assert before.items() <= after.items()
    clone.run("git", "checkout", "-q", ".")
    clone.run("dvc", "checkout", "-q", "-f", "sources/other.dvc", *compose_stages)
    assert clone.digests("dataset/midi") == before
    assert clone.repro(*compose_stages) == []

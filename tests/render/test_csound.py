"""Csound: the orchestra that is shipped plays what the part says; what cannot be played is one line."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from helpers.checkout import ROOT
from helpers.outside import CHORD, HAS_CSOUND, IN_CI, SECONDS, needs_csound
from helpers.pitches import heard_key, level_db
from helpers.signals import SAMPLE_RATE
from legato.errors import LegatoError
from legato.instruments.audition import notes
from legato.instruments.parts import Part
from legato.render import child, csound, outside
from legato.render.csound import CsoundParams

OURS = ROOT / "synths/soft_saws.orc"
SETS = {"cutoff_hz": [300, 3000], "detune_cents": [4.0, 20.0], "attack_s": [0.01, 0.1], "release_s": [0.1, 0.5]}
PLAIN = """instr 1
  kBend chnget "bend"
  kPart chnget "partial"
  aTone oscili p5 / 400, cpsmidinn(p4) * semitone(kBend)
  outs aTone, aTone * 0.5
endin
"""


def params(path: Path | str = OURS, **given: Any) -> CsoundParams:
    return CsoundParams(csound=str(path), license="CC0-1.0", **given)


def middle(given: CsoundParams) -> dict[str, Any]:
    return csound.draw(given, outside.middle)


def sounding(part: Part, path: Path | str = OURS, seconds: float = SECONDS, **given: Any) -> np.ndarray:
    chosen = params(path, **given)
    return csound.play(chosen, middle(chosen), part, seconds, SAMPLE_RATE)


@pytest.fixture
def orchestra(tmp_path: Path) -> Any:
    """Writes an orchestra of a test's own."""

    def write(text: str) -> CsoundParams:
        (tmp_path / "mine.orc").write_text(text)
        return params(tmp_path / "mine.orc")

    return write


def line_of(given: CsoundParams) -> str:
    with pytest.raises(LegatoError) as caught:
        csound.check(given)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(given.csound, "mine.orc")


def test_what_is_drawn_is_keyed_by_name_and_rounded() -> None:
    asked = []

    def value(name: str, low: float, high: float) -> float:
        asked.append((name, low, high))
        return low + (high - low) / 3

    given = params(set={"cutoff_hz": [300, 3000], "detune_cents": [4.0, 4.0]})
    assert csound.draw(given, value) == {"cutoff_hz": 1200.0, "detune_cents": 4.0, "seed": 10923}
    assert asked == [("cutoff_hz", 300, 3000), ("detune_cents", 4.0, 4.0), ("seed", 0, 2**15)]
    for end in (lambda _, low, __: low, lambda _, __, high: high):
        assert 1 <= csound.draw(given, end)["seed"] <= 2**15
    assert csound.draw(params(set={"a": [0.12345678, 0.12345678]}), outside.middle)["a"] == 0.12345678


@pytest.mark.parametrize("name", ["seed", "bend", "wheel", "a b", 'a"', "1a", ""])
def test_a_channel_has_a_plain_name_that_is_free(name: str) -> None:
    with pytest.raises(ValidationError, match="must be a name of letters, digits and _"):
        params(set={name: [0, 1]})


@needs_csound
def test_our_orchestra_is_sound_and_its_sounds_differ() -> None:
    csound.check(params(set=SETS))
    dark, bright = (sounding(CHORD, set={"cutoff_hz": [hz, hz]}) for hz in (300, 3000))
    assert dark.shape == (round(SECONDS * SAMPLE_RATE), 2)
    assert dark.dtype == np.float32
    assert not np.array_equal(dark, bright)
    steep = [np.abs(np.diff(audio[:, 0])).mean() / np.abs(audio[:, 0]).mean() for audio in (dark, bright)]
    assert steep[1] > 1.2 * steep[0]
    assert (dark[:, 0] != dark[:, 1]).any()


@needs_csound
def test_the_same_bytes_in_each_process_and_for_each_rate() -> None:
    given = params(set=SETS)
    one, two = (csound._played(given, middle(given), CHORD, SECONDS, SAMPLE_RATE) for _ in range(2))
    assert one.tobytes() == two.tobytes()
    assert csound._played(given, middle(given), CHORD, SECONDS, 48000).shape == (72000, 2)


@needs_csound
@pytest.mark.parametrize("key", [36, 60, 81])
def test_a_note_is_in_tune_and_bends(key: int) -> None:
    part = notes((0.0, 1.5, key, 100), bend=((0.7, 3.0),))
    audio = sounding(part, set={"detune_cents": [1, 1]})
    before, after = audio[4410:26460], audio[35280:57330]
    assert heard_key(before, SAMPLE_RATE, about=key) == pytest.approx(key, abs=0.1)
    assert heard_key(after, SAMPLE_RATE, about=key + 3) == pytest.approx(key + 3, abs=0.1)


@needs_csound
def test_a_note_begins_with_the_bend_of_its_moment(orchestra: Any) -> None:
    given = orchestra(PLAIN.replace("kBend chnget", "iBend chnget").replace("kBend", "iBend"))
    audio = sounding(notes((0.5, 1.5, 60, 100), bend=((0.0, -2.0), (0.5, 7.0))), given.csound)
    assert heard_key(audio[26460:57330], SAMPLE_RATE, about=67) == pytest.approx(67, abs=0.1)


@needs_csound
def test_velocity_pedal_and_volume_are_heard() -> None:
    loud, soft = (sounding(notes((0.0, 1.0, 60, velocity))) for velocity in (120, 40))
    assert level_db(loud) > level_db(soft) + 6
    short = notes((0.0, 0.2, 60, 100))
    held = dataclasses.replace(short, sustain=((0.1, 1.0), (1.2, 0.0)))
    late = slice(round(0.8 * SAMPLE_RATE), round(1.1 * SAMPLE_RATE))
    assert level_db(sounding(short)[late]) < -90
    assert level_db(sounding(held)[late]) > -40
    quiet = dataclasses.replace(held, level=((0.0, 0.5),))
    assert sounding(quiet) == pytest.approx(sounding(held) / 2, abs=1e-6)


@needs_csound
def test_a_curve_moves_a_channel(orchestra: Any) -> None:
    given = orchestra(PLAIN.replace("aTone oscili p5 / 400", "aTone oscili kPart"))
    part = dataclasses.replace(notes((0.0, 1.5, 60, 100)), parameters={"partial": ((0.5, 0.4),)})
    audio = csound._played(given, {"seed": 1, "partial": 0.1}, part, SECONDS, SAMPLE_RATE)
    assert np.abs(audio[:20000]).max() == pytest.approx(0.1, abs=1e-3)
    assert np.abs(audio[24000:]).max() == pytest.approx(0.4, abs=1e-3)


@needs_csound
def test_no_notes_are_silence_and_no_seconds_nothing() -> None:
    assert not sounding(notes((9.0, 9.5, 60, 100))).any()
    assert sounding(CHORD, seconds=0).shape == (0, 2)


@needs_csound
def test_a_note_without_end_ends_with_the_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "SPARE_BYTES", 1 << 20)
    held = dataclasses.replace(notes((0.0, 1e9, 60, 100)), sustain=((0.1, 1.0),))
    assert sounding(held).any()


@needs_csound
@pytest.mark.parametrize(
    ("text", "line"),
    [
        (PLAIN.replace("oscili", "oscilli"), r"mine.orc: line 4: syntax error, unexpected T_IDENT"),
        (PLAIN.replace("p5 / 400", '"x"'), r"mine.orc: line 4: Unable to find opcode entry for 'oscili'"),
        (PLAIN.replace("instr 1", "instr 2"), r"mine.orc: instr 1\(\d+\) undefined"),
        (PLAIN.replace("p5 / 400", "0"), "mine.orc: is silent"),
        (
            "nchnls = 1\n" + PLAIN.replace("outs aTone, aTone * 0.5", "out aTone"),
            "mine.orc: is heard on one side alone",
        ),
        ("0dbfs = 32768\n" + PLAIN.replace("p5 / 400", "20000"), r"mine.orc: plays \d+ times as loud as full scale"),
        (PLAIN.replace("outs aTone", "outs log(aTone - 9)"), "mine.orc: what it plays is not finite"),
        (
            PLAIN.replace("outs aTone,", "kR rnd31 0.1, 0, 0\n outs aTone * kR,"),
            "mine.orc: does not play the same twice",
        ),
        (PLAIN.replace("outs", 'iT ftgen 0, 0, 0, 1, "x.wav", 0, 0, 0\nouts'), r"mine.orc: line 5: cannot open x\.wav"),
        ('#include "other.inc"\n' + PLAIN, r"mine.orc: Cannot open #include'd file other\.inc"),
        ("", "mine.orc: "),
        ("rubbish", "mine.orc: "),
    ],
)
def test_what_is_wrong_with_an_orchestra_is_one_line(orchestra: Any, text: str, line: str) -> None:
    said = line_of(orchestra(text))
    assert re.match(line, said), said


@needs_csound
def test_an_orchestra_that_hangs_is_ended(orchestra: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LEAST_LIMIT_S", 1)
    monkeypatch.setattr(child, "SLOWEST", 0)
    hangs = PLAIN.replace("outs", "while 1 == 1 do\n kPart = kPart + 1\n od\n outs")
    assert line_of(orchestra(hangs)).startswith("mine.orc: not done in 1 s, and so ended: ")


@needs_csound
def test_a_channel_that_is_not_read_is_unknown(orchestra: Any) -> None:
    given = orchestra(PLAIN).model_copy(update={"set": {"partail": [0, 1]}})
    assert line_of(given) == "mine.orc: set: 'partail': unknown parameter; known are bend, partial"


def test_a_file_that_is_missing_or_no_text(tmp_path: Path) -> None:
    assert line_of(params(tmp_path / "mine.orc")) == "mine.orc: no such file"
    (tmp_path / "mine.orc").write_bytes(b"\xff\xfe")
    assert line_of(params(tmp_path / "mine.orc")) == "mine.orc: no orchestra: not UTF-8: byte 0"


def test_without_csound_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    csound._version.cache_clear()
    for call in (lambda: csound.check(params()), lambda: csound.identity(params()), lambda: sounding(CHORD)):
        with pytest.raises(LegatoError, match="^csound is not installed: apt-get install csound"):
            call()


@needs_csound
def test_identity_is_of_the_content(orchestra: Any) -> None:
    one, other = csound.identity(orchestra(PLAIN)), csound.identity(orchestra(PLAIN + " "))
    assert one["engine"].startswith("Csound 6.")
    assert one["sha256"] != other["sha256"]


@pytest.mark.skipif(not IN_CI, reason=".ci/run installs it and says so")
def test_csound_is_installed() -> None:
    assert HAS_CSOUND

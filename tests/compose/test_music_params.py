"""What is wrong in a category's music is named in one line."""

from pathlib import Path

import pytest
import yaml

from helpers.musics import CATEGORIES, EXAMPLES, with_
from legato.compose.config import MusicParams, needed_drums
from legato.errors import LegatoError
from legato.midi.gm import DRUMS
from legato.workspace import params

RIGHT = {"bpm": [90, 100], "seconds": [20.0, 30.0], "parts": {"drums": ["tr808_kit"]}, "grooves": ["trap"]}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"scales": ["lydian"]}, r"categories\.x\.music\.scales\.0: 'lydian': not a scale; known are major"),
        ({"scales": []}, r"music\.scales: \[\]: .*at least 1"),
        ({"grooves": ["polka"]}, r"music\.grooves\.0: 'polka': not a groove; known are boom_bap"),
        ({"parts": {"kazoo": ["saw_lead"]}}, r"music\.parts\.kazoo.*'kazoo': not a role; known are pad"),
        ({"parts": {"lead": ["kazoo"]}, "grooves": []}, r"music\.parts\.lead: 'kazoo': not a General MIDI program"),
        ({"parts": {"drums": ["saw_lead"]}}, r"music\.parts\.drums: 'saw_lead': not a drum kit"),
        ({"bpm": [100, 90]}, r"music\.bpm: \[100, 90\]: the low end of a range comes first"),
        ({"bpm": []}, r"music\.bpm: \[\]: a range is two numbers"),
        ({"seconds": [20.05, 20.08]}, r"music\.seconds: \[20\.05, 20\.08\]: no whole number of bars fits"),
        ({"humanize": {"timing_ms": 80.0}}, r"music\.humanize\.timing_ms: 80\.0: .*less than or equal to 15"),
        ({"humanize": {"velocity": -1.0}}, r"music\.humanize\.velocity: -1\.0: .*greater than or equal to 0"),
        ({"playing": {"bass": ["walking"]}}, r"music\.playing\.bass: \['walking'\]: parts has no bass"),
        ({"playing": {"drums": ["softly"]}}, r"music\.playing\.drums: 'softly': not a style of drums"),
        ({"colors": ["pastel"]}, r"music\.colors\.0: 'pastel': not a colour of chords; known are triads"),
        ({"density": ["dense"]}, r"music\.density\.0: 'dense': not a density; known are calm"),
    ],
)
def test_a_wrong_parameter_is_named_in_one_line(tmp_path: Path, change: dict, line: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({"categories": {"x": {"music": {**RIGHT, **change}}}}), encoding="utf-8")
    with pytest.raises(LegatoError, match=line) as error:
        params.load("categories.x.music", MusicParams, path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(path))


def test_needed_drums_are_those_of_the_grooves_alone() -> None:
    assert needed_drums(EXAMPLES["solo_piano"]) == set()
    sparse = needed_drums(with_(CATEGORIES["hiphop_drums"], grooves=["sparse"]))
    assert sparse == {DRUMS[n] for n in ("kick", "clap", "snare", "side_stick", "closed_hat", "crash")}
    assert sparse < needed_drums(with_(CATEGORIES["hiphop_drums"], grooves=["sparse", "funk"]))

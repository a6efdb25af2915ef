"""`legato validate` judges the tags that a trainer reads, and names a tag that it does not know."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.checkout import SHIPPED_PARAMS
from helpers.evidence import C_MAJOR, SAMPLE_RATE, evidence_of
from legato import cli
from legato.audio.samples import write_audio
from legato.contract.tags import split_tags
from legato.errors import LegatoError
from legato.files import write_jsonl, write_text
from legato.truth.validate import validate_category
from legato.work import items
from legato.workspace.layout import PROMPT, facts_path

FACTS = {"chords": [], "dry": True, "reverb_level": 0.0}
RULE = "after the base phrase, a tag must be one that can be checked: docs/prompts.md"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that makes the category `pads` of tracks with the given prompts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    monkeypatch.setenv(items.SCHEDULER_VARIABLE, "")
    params = yaml.safe_load(SHIPPED_PARAMS.read_text())
    params["categories"] = {"pads": params["categories"].popitem()[1]}
    Path("params.yaml").write_text(yaml.safe_dump(params))

    def make(*prompts: str) -> None:
        names = [f"pads_{number:05}" for number in range(len(prompts))]
        for name, prompt in zip(names, prompts, strict=True):
            write_text(PROMPT.file("pads", name), prompt)
            Path("dataset/midi/pads").mkdir(parents=True, exist_ok=True)
            evidence = evidence_of(Path(f"dataset/midi/pads/{name}.mid"), warm_pad=C_MAJOR)
            write_audio(Path(f"dataset/raw_audio/pads/{name}.wav"), evidence.audio, SAMPLE_RATE, "PCM_16")
        for stage in ("compose", "render"):
            write_jsonl(facts_path("pads", stage), [{"id": name, **FACTS} for name in names])

    return make


def printed(capsys: Any) -> tuple[str, str]:
    """What `legato validate pads` prints, and its error."""
    try:
        cli.main("validate", "pads")
    except LegatoError as error:
        return capsys.readouterr().out, str(error)
    return capsys.readouterr().out, ""


@pytest.mark.parametrize(
    "prompt", ["warm pads, no drums, dry", "warm pads,no drums,, dry,\n", " warm pads ,\tno drums, dry"]
)
def test_the_tags_that_are_judged_are_those_of_the_splitter(workspace: Any, prompt: str) -> None:
    workspace(prompt)
    (row,) = validate_category("pads")
    assert tuple(dict.fromkeys(tag for tag, *_ in row["verdicts"])) == split_tags(prompt)


def test_stated_verdicts_are_printed_apart(workspace: Any, capsys: Any) -> None:
    workspace("warm pads, no drums, dry", "warm pads, 120 bpm")
    out, error = printed(capsys)
    assert not error
    lines = [line.split() for line in out.splitlines()]
    assert ["space", "1", "of", "1", "true", "100.00%", "(stated,", "in", "no", "share)"] in lines
    assert ["bpm", "1", "of", "1", "true", "100.00%", "(at", "least", "100%)"] in lines
    assert out.splitlines()[-1] == "5 of 5 checked verdicts true, 1 stated"


def test_a_tag_that_no_check_knows_is_one_line_and_the_other_tracks_are_judged(workspace: Any, capsys: Any) -> None:
    workspace("warm pads, no drums", "warm pads, MY EDIT, no drums, so loud", "warm pads, no drums, 31 bpm")
    out, error = printed(capsys)
    path = PROMPT.file("pads", "pads_00001")
    failed = f"validate: 1 of 3 tracks failed: pads_00001: {path}: 'MY EDIT', 'so loud': {RULE}"
    assert error == f"{failed}; validate: bpm: too few verdicts are true"
    assert ["no_drums", "2", "of", "2", "true"] in [line.split()[:5] for line in out.splitlines()]
    assert "not true: pads_00002: '31 bpm' (bpm)" in out


def test_a_record_that_contradicts_a_stated_tag_fails(workspace: Any, capsys: Any) -> None:
    workspace("warm pads, reverberant")
    out, error = printed(capsys)
    assert "not true: pads_00000: 'reverberant' (space)" in out
    assert error == "validate: space: too few verdicts are true"


def test_a_phrase_without_a_word_to_check_is_no_error(workspace: Any, capsys: Any) -> None:
    workspace("something lovely")
    out, error = printed(capsys)
    assert not error
    assert out.splitlines()[-1] == "0 of 0 checked verdicts true, 0 stated"


def test_a_missing_audio_file_is_named_and_the_others_are_judged(workspace: Any, capsys: Any) -> None:
    workspace("warm pads, no drums", "warm pads, no drums")
    Path("dataset/raw_audio/pads/pads_00000.wav").unlink()
    out, error = printed(capsys)
    assert error.startswith("validate: 1 of 2 tracks failed: pads_00000: dataset/raw_audio/pads/pads_00000.wav: ")
    assert "3 of 3 checked verdicts true" in out

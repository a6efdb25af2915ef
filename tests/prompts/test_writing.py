"""A prompt is tags that a trainer can read, drawn from what the facts allow."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.contract import check_text
from helpers.musics import CATEGORIES, EVERY, musics, song_of
from legato.contract.tags import split_tags
from legato.errors import LegatoError
from legato.prompts.claims import claims_of, read_tag, wordings
from legato.prompts.tags import read_prompt
from legato.prompts.vocabulary import CLAIMS
from legato.prompts.writing import MAX_TAGS, MIN_TAGS, prompt
from legato.workspace.layout import PROMPT


def prompt_from(facts: dict[str, Any], seed: int) -> str:
    return prompt("guitar pop beat", facts, np.random.default_rng(seed))


@settings(deadline=None)
@given(musics, st.integers(0, 2**32), st.integers(0, 2**32))
def test_a_prompt_is_tags_that_the_facts_allow(music: Any, seed: int, wording_seed: int) -> None:
    facts = song_of(music, seed)[1]
    text = prompt_from(facts, wording_seed)
    check_text(text, "guitar_pop_00000.pt")
    phrase, *tags = split_tags(text)
    assert phrase == "guitar pop beat"
    claims = [read_tag(tag) for tag in tags]
    assert set(claims) <= set(claims_of(facts))
    assert len(set(claims)) == len(claims) < MAX_TAGS


@pytest.mark.parametrize("category", EVERY)
def test_a_prompt_has_five_to_twelve_tags(category: str) -> None:
    lengths = {len(split_tags(prompt_from(song_of(EVERY[category], seed)[1], seed))) for seed in range(40)}
    assert min(lengths) >= MIN_TAGS
    assert max(lengths) <= MAX_TAGS
    assert len(lengths) > 2


def test_whether_there_are_drums_is_always_said_where_there_are_none_or_nothing_else() -> None:
    for category, meaning in (("synth_no_drums", "none"), ("hiphop_drums", "only")):
        for seed in range(20):
            claims = [read_tag(tag) for tag in split_tags(prompt_from(song_of(CATEGORIES[category], seed)[1], seed))]
            assert ("drums", meaning) in claims


def test_wording_choice_and_order_vary_and_are_seeded() -> None:
    facts = song_of(CATEGORIES["guitar_pop"], 1)[1]
    texts = [prompt_from(facts, seed) for seed in range(60)]
    assert len(set(texts)) > 50
    assert len({tuple(sorted(map(str, map(read_tag, split_tags(text))))) for text in texts}) > 20
    assert prompt_from(facts, 1) == prompt_from(facts, 1)


def test_a_prompt_that_would_be_too_long_drops_tags_and_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CLAIMS["instrument"], "steel_guitar", ("a very long name of a guitar " * 30,))
    facts = song_of(CATEGORIES["guitar_pop"], 1)[1] | {"instruments": {"strum": "steel_guitar", "bass": "finger_bass"}}
    for seed in range(20):
        text = prompt_from(facts, seed)
        assert len(text) <= 512
        assert set(split_tags(text)[1:]) <= {way for claim in claims_of(facts) for way in wordings(claim)}


def test_a_prompt_is_read_back_and_a_missing_or_wrong_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = PROMPT.file("pads", "pads_00001")
    with pytest.raises(LegatoError, match=r"dataset/audio_prompts/pads/pads_00001_prompt.txt: no such file"):
        read_prompt("pads", "pads_00001")
    path.parent.mkdir(parents=True)
    path.write_text("warm pads, 90 bpm")
    assert read_prompt("pads", "pads_00001") == "warm pads, 90 bpm"
    for wrong in (" ", "ü", "x" * 513):
        path.write_text(wrong)
        with pytest.raises(LegatoError, match="a prompt is 1 to 512 ASCII characters"):
            read_prompt("pads", "pads_00001")

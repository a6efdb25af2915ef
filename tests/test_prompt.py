"""Every tag of a prompt is true of the song, and every prompt is one that a trainer can read."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import check_text
from legato.compose.patterns import GROOVES, ROLES
from legato.prompt import GROOVE_WORDS, INSTRUMENT_WORDS, ROLE_WORDS, SCALE_WORDS, prompt, tag_wordings
from legato.theory import SCALES
from test_compose import ALL_ROLES, CATEGORIES, musics, song_of


def prompt_of(facts: dict[str, Any], seed: int) -> str:
    return prompt("guitar pop beat", facts, np.random.default_rng(seed))


@settings(deadline=None)
@given(musics, st.integers(0, 2**32), st.integers(0, 2**32))
def test_a_prompt_is_tags_that_a_trainer_can_read(music: Any, seed: int, wording_seed: int) -> None:
    text = prompt_of(song_of(music, seed)[1], wording_seed)
    check_text(text, "guitar_pop_00000.pt")
    assert text.startswith("guitar pop beat, ")
    assert text.count(",") >= 2


@settings(deadline=None)
@given(musics, st.integers(0, 2**32))
def test_tags_about_drums_bpm_and_key_are_true_of_the_notes(music: Any, seed: int) -> None:
    song, facts = song_of(music, seed)
    tags = prompt_of(facts, seed).split(", ")
    has_drums = [part.is_drum for part in song.parts]
    assert ("no drums" in tags) == (not any(has_drums))
    assert ("only drums" in tags) == all(has_drums)
    assert f"{song.bpm} bpm" in [tag.lower() for tag in tags]
    stated = [tag for tag in tags if any(tag.endswith(f" {words}") for words in SCALE_WORDS.values())]
    assert len(stated) == (not all(has_drums))


def test_wording_and_order_vary_and_are_seeded() -> None:
    facts = song_of(CATEGORIES["guitar_pop"], 1)[1]
    assert len({prompt_of(facts, seed) for seed in range(30)}) > 20
    assert prompt_of(facts, 1) == prompt_of(facts, 1)


def test_every_groove_scale_and_role_word_belongs_to_something() -> None:
    assert set(GROOVE_WORDS) == set(GROOVES)
    assert set(SCALE_WORDS) == set(SCALES)
    assert set(ROLE_WORDS) <= set(ROLES)


def test_a_prompt_that_would_be_too_long_drops_tags_and_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(INSTRUMENT_WORDS, "warm_pad", ("a very long name of a pad " * 30,))
    facts = song_of(ALL_ROLES, 1)[1]
    text = prompt_of(facts, 1)
    assert len(text) <= 512
    assert set(text.split(", ")[1:]) <= {wording for wordings in tag_wordings(facts) for wording in wordings}

"""Checks by ear mean something: real music that is as asked passes, other music fails, as short as clips are.

The excerpts' measures are kept, because decoding 200 of them takes minutes; those of one of each category are held to
what is heard of its codes now. `python benchmarks/ear.py make` makes all of them anew.
"""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.checkout import ROOT
from legato.files import read_json, sha256_of
from legato.truth.by_ear import (
    BPM_HEARD,
    DRUMS_HEARD,
    KEY_HEARD,
    LOFI_HEARD,
    NO_DRUMS_HEARD,
    OF_CLAIMS,
    OF_PHRASES,
    OF_VALUES,
    Asked,
    asked_by,
)
from legato.truth.clips import HEARD, OPPOSITES, denied, in_octave_of, is_bpm, not_told, told

KINDS = {*OF_CLAIMS.values(), *OF_PHRASES.values(), *OF_VALUES.values()}
LEFT_OUT = {LOFI_HEARD}  # whatever else is asked for


@pytest.fixture(scope="module")
def ear() -> Iterator[Any]:
    """The benchmark that makes the excerpts and the table."""
    with pytest.MonkeyPatch.context() as path:
        path.syspath_prepend(str(ROOT / "benchmarks"))
        yield __import__("ear")
    for name in ("ear", "examples"):
        del sys.modules[name]


@pytest.fixture(scope="module")
def table(ear: Any) -> Any:
    return ear.table(ear.read())


def test_there_are_two_hundred_excerpts_half_of_them_unseen(ear: Any) -> None:
    excerpts = ear.read()
    assert len({one.id for one in excerpts}) == len(excerpts) > 200
    assert {one.category for one in excerpts} == set(ear.sections())
    for part in ear.PARTS:
        assert sum(one.part == part for one in excerpts) > 90


def test_every_check_is_on_trial_or_left_out_by_name(table: Any) -> None:
    assert set(table) == KINDS - LEFT_OUT == set(HEARD)


@pytest.mark.parametrize("kind", sorted(KINDS - LEFT_OUT))
def test_real_music_passes_the_checks_on_it_and_other_music_fails(table: Any, kind: str) -> None:
    own, others = ([holds for _, holds in verdicts] for verdicts in table[kind])
    assert len(own) >= 9
    assert np.mean(own) >= 0.9
    assert len(others) >= 9
    assert 1 - np.mean(others) >= 0.7


def test_the_law_holds_of_music_that_no_threshold_was_chosen_on(ear: Any) -> None:
    unseen = ear.table([one for one in ear.read() if one.part == "unseen"])
    for kind, (own, others) in unseen.items():
        assert np.mean([holds for _, holds in own]) >= 0.85, kind  # few excerpts: within chance of the law
        assert 1 - np.mean([holds for _, holds in others]) >= 0.65, kind


def test_the_measures_that_are_kept_are_those_of_the_codes(ear: Any) -> None:
    rule = "`python benchmarks/ear.py make` makes the excerpts anew"
    assert read_json(ear.MADE_WITH)["codec_sha256"] == sha256_of(ear.SMALL_CODEC), rule
    kept = {one.id: one for one in ear.read()}
    codes = ear.kept_codes()
    assert {kept[name].category for name in codes} == set(ear.sections())
    for name, codes_TK in codes.items():
        now, then = (one._asdict() for one in (ear.measured_of(codes_TK), kept[name].measured))
        assert now == {key: value and pytest.approx(value, rel=1e-3, abs=1e-7) for key, value in then.items()}, rule


# What is asked for, and what is denied

tags = st.lists(
    st.sampled_from(
        ["a beat", "no drums", "only drums", "808 bass melody", "90 bpm", "181 bpm", "C major", "in A dorian",
         "wide stereo", "nearly mono", "lo-fi sound"]
    ),
    unique=True,
)  # fmt: skip


@given(tags)
def test_what_is_asked_for_is_judged_or_named(prompt: list[str]) -> None:
    asked = asked_by(prompt)
    assert set(asked.kinds) == {*told(asked).kinds, *not_told(asked)}
    assert not set(told(asked).kinds) & set(not_told(asked))
    assert all(not_told(asked).values())
    assert told(told(asked)) == told(asked)
    assert (told(asked).bpm is not None) == (BPM_HEARD in told(asked).kinds)
    assert (told(asked).key is not None) == (KEY_HEARD in told(asked).kinds)


@given(tags, tags)
def test_no_music_denies_what_it_says_of_itself(prompt: list[str], other: list[str]) -> None:
    asked, own = told(asked_by(prompt)), asked_by(prompt)
    contradicts = any(kind in own.kinds and against in own.kinds for kind, against in OPPOSITES.items())
    assert contradicts or not any(denied(kind, asked, own) for kind in asked.kinds)
    silent = asked_by(["la la la"])
    assert not any(denied(kind, asked, silent) for kind in asked.kinds if kind in {*OPPOSITES, *OF_VALUES.values()})
    for kind in told(asked_by(other)).kinds:
        assert denied(kind, asked_by(other), asked_by(other)) in (True, False)


def test_drums_and_none_deny_one_another() -> None:
    drums, none = asked_by(["a beat"]), asked_by(["no drums"])
    assert denied(DRUMS_HEARD, drums, none)
    assert denied(NO_DRUMS_HEARD, none, drums)


@given(st.floats(40, 240), st.floats(0.97, 1.03), st.sampled_from([0.5, 1, 2]))
def test_a_bpm_is_told_up_to_a_factor_of_two(bpm: float, off: float, octave: float) -> None:
    assert is_bpm(bpm * off * octave, bpm)
    assert not is_bpm(bpm * 1.06 * octave, bpm)
    assert in_octave_of(bpm, bpm * octave) == pytest.approx(bpm)
    assert not denied(BPM_HEARD, Asked((BPM_HEARD,), bpm), Asked((BPM_HEARD,), bpm * octave))

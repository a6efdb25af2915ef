"""Each kind of verdict is checked or only stated, and the table says which."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from helpers.evidence import BACKBEAT, C_MAJOR, chords, drums, line
from legato.midi.theory import NOTE_NAMES
from legato.prompts.claims import MOODS, Claim, Traits, wordings
from legato.prompts.vocabulary import CLAIMS
from legato.truth.basis import AUDIO, HOW, NOTES, STATED, Verdict
from legato.truth.checks import OF_ATTACK, judge
from legato.truth.evidence import Evidence

OWN = {"source": {"file": "a.mid"}}
SLOW = {"attack_s": {"pad": 0.4}, "attack_half_s": {"pad": 0.2}}
DRY = {"dry": True, "reverb_level": 0.0}
WET = {"dry": False, "reverb_level": 0.9, "wet_db": {"pad": -12.0}}
CHORDS = {"chords": [[0, 0, 0, "major", 0]]}
SAID = [Claim("bpm", "120"), Claim("key", "C major")]
SAID += [Claim(kind, value) for kind, values in CLAIMS.items() for value in values]
TAGS = [wordings(claim)[0] for claim in SAID]
DISPUTED = [(0, 4, 60, 80), (4, 1, 61, 80), (5, 1, 65, 80), (6, 3, 69, 80)]  # beats of C, C sharp, F and A


def by_kind(tag: str, evidence: Evidence) -> dict[str, bool]:
    return {one.kind: one.is_true for one in judge([tag], evidence)}


def test_a_basis_is_one_of_three() -> None:
    assert {basis for both in HOW.values() for basis in both} == {NOTES, AUDIO, STATED}


def test_what_is_heard_is_of_the_audio() -> None:
    assert {kind for kind, how in HOW.items() if AUDIO in how} == {kind for kind in HOW if kind.endswith("_heard")}


@pytest.mark.parametrize("origin", [{}, OWN], ids=["composed", "own file"])
def test_every_kind_that_the_judge_has_is_in_the_table_and_no_other(track: Any, origin: dict[str, Any]) -> None:
    """Two tracks and every tag that there is bring out all of them."""
    facts = DRY | CHORDS | origin
    bass = track(synth_bass_2=line(26, 33, 38, 31), facts=facts)
    beat = track(tr808_kit=drums(**BACKBEAT), facts=facts)
    found = [one for evidence in (bass, beat) for one in judge(["808 bass melody", *TAGS], evidence)]
    assert {one.kind for one in found} == set(HOW)
    assert all(one.basis == (HOW[one.kind].own_file if origin else HOW[one.kind].composed) for one in found)


def test_the_renderers_record_turns_stated_verdicts_and_no_checked_one(track: Any) -> None:
    before, after = (
        judge(["slow pads", *TAGS], track(warm_pad=C_MAJOR, facts=facts | CHORDS)) for facts in (DRY | SLOW, WET)
    )
    turned = {one.kind for one, other in zip(before, after, strict=True) if one != other}
    assert turned == {"attack", "space"}
    assert all(HOW[kind].composed == STATED for kind in turned)


def test_a_stated_verdict_that_the_record_contradicts_is_false(track: Any) -> None:
    """An edited prompt may say anything."""
    assert judge(["dry"], track(warm_pad=C_MAJOR, facts=WET)) == [Verdict("dry", "space", False, STATED)]
    theirs = track(warm_pad=C_MAJOR, facts=OWN)
    assert judge(["saw lead"], theirs) == [Verdict("saw lead", "instrument", False, STATED)]


def test_the_key_of_a_users_file_is_judged_by_other_profiles_than_those_that_found_it(track: Any) -> None:
    """Of notes on which the two differ, the verdict is the second one's; so it can be false."""
    composed, theirs = track(warm_pad=DISPUTED), track(warm_pad=DISPUTED, facts=OWN)
    found, other = (f"{NOTE_NAMES[tonic]} {third}" for tonic, third in (theirs.key, theirs.second_key))
    assert found != other
    assert [by_kind(key, composed)["key"] for key in (found, other)] == [True, False]
    assert [by_kind(key, theirs)["key"] for key in (found, other)] == [False, True]


def test_both_profiles_agree_on_plain_music(track: Any) -> None:
    for tonic in range(12):
        moved = [(beat, beats, pitch + tonic, velocity) for beat, beats, pitch, velocity in C_MAJOR]
        assert by_kind(f"{NOTE_NAMES[tonic]} major", track(warm_pad=moved, facts=OWN)) == {"key": True, "scale": True}
    assert not by_kind("C minor", track(warm_pad=chords((0, 4, 7), (5, 9, 12)), facts=OWN))["key"]


def test_the_moods_whose_attack_is_judged_apart_are_those_that_ask_for_one() -> None:
    numbers = product((70, 100, 130), ("major", "minor"), (2, 15), (False, True))
    cases = [Traits(bpm=b, third=t, notes_per_s=n, has_drums=d, has_slow_attack=True) for b, t, n, d in numbers]
    asking = {
        mood
        for mood, rule in MOODS.items()
        if any(rule(case) != rule(replace(case, has_slow_attack=False)) for case in cases)
    }
    assert asking == set(OF_ATTACK)


def test_a_dreamy_track_is_so_by_its_notes_and_by_the_record_of_its_attack(track: Any) -> None:
    assert by_kind("dreamy", track(bpm=90, warm_pad=C_MAJOR, facts=SLOW)) == {"mood": True, "attack": True}
    assert by_kind("dreamy", track(bpm=90, warm_pad=C_MAJOR)) == {"mood": True, "attack": False}
    assert by_kind("dreamy", track(bpm=130, warm_pad=C_MAJOR, facts=SLOW)) == {"mood": False, "attack": True}

"""Facts become claims by stated rules, and every wording of a claim is read back as that claim."""

from typing import Any

import pytest

from legato.midi.gm import KITS, OTHER_KITS, PROGRAMS
from legato.midi.theory import NOTE_NAMES, SCALES
from legato.prompts.claims import BPM, KEY, MOODS, Claim, Traits, claims_of, read_tag, third_of, wordings
from legato.prompts.vocabulary import CLAIMS
from legato.prompts.vocabulary import SCALES as SCALE_WORDS

FACTS: dict[str, Any] = {
    "bpm": 90,
    "key": "E flat",
    "scale": "minor",
    "instruments": {"pad": "warm_pad", "bass": "synth_bass_1"},
    "groove": None,
    "swing": 0.5,
    "n_notes": 100,
    "seconds_composed": 30.0,
}
EVERY_CLAIM = [
    *(Claim(kind, value) for kind, values in CLAIMS.items() for value in values),
    *(Claim(KEY, f"{note} {scale}") for note in NOTE_NAMES for scale in SCALES),
    Claim(BPM, "96"),
]


def claims_with(**changes: Any) -> set[Claim]:
    return set(claims_of(FACTS | changes))


def test_every_wording_is_a_tag_that_means_one_thing() -> None:
    texts = [text for claim in EVERY_CLAIM for text in wordings(claim)]
    assert len(set(texts)) == len(texts)
    for claim in EVERY_CLAIM:
        for text in wordings(claim):
            assert read_tag(text) == claim
            assert text.isascii()
            assert text == text.strip() != ""
            assert "," not in text


def test_other_texts_claim_nothing_that_is_known() -> None:
    assert [read_tag(text) for text in ("90's synth no drums", "96bpm", "C", "")] == [None] * 4


def test_tables_speak_of_all_programs_kits_and_scales() -> None:
    assert set(CLAIMS["instrument"]) == {*PROGRAMS, *KITS, *OTHER_KITS}
    assert set(SCALE_WORDS) == set(SCALES)
    assert set(MOODS) == set(CLAIMS["mood"])
    assert {third_of(scale) for scale, steps in SCALES.items() if 4 in steps} == {"major"}
    assert {third_of(scale) for scale, steps in SCALES.items() if 3 in steps} == {"minor"}


def test_drums_are_claimed_by_what_plays() -> None:
    assert Claim("drums", "none") in claims_with()
    assert not {
        claim for claim in claims_with(instruments={"pad": "warm_pad", "drums": "tr808_kit"}) if claim[0] == "drums"
    }
    only = claims_with(instruments={"drums": "tr808_kit"}, key=None, scale=None, groove="trap")
    assert {Claim("drums", "only"), Claim("groove", "trap"), Claim("instrument", "tr808_kit")} <= only
    assert not any(kind == KEY for kind, _ in only)


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"bpm_changes": True}, Claim(BPM, "90")),
        ({"key": None}, Claim(KEY, "E flat minor")),
        ({"scale": "major"}, Claim("mood", "dark")),
        ({"bpm": 130}, Claim("mood", "dark")),
        ({"n_notes": 400}, Claim("density", "sparse")),
        ({"bpm": None}, Claim(BPM, "90")),
        ({"bpm": None}, Claim("mood", "dark")),
    ],
)
def test_a_claim_goes_when_its_reason_goes(changes: dict[str, Any], claim: Claim) -> None:
    assert claim in claims_with()
    assert claim not in claims_with(**changes)


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"dry": True}, Claim("space", "dry")),
        ({"dry": False, "reverb_level": 0.9, "wet_db": {"pad": -12.0}}, Claim("space", "wet")),
        ({"width_db": 0.0}, Claim("width", "wide")),
        ({"width_db": -40.0}, Claim("width", "narrow")),
        (
            {"attack_s": {"pad": 0.5, "bass": 0.01}, "attack_half_s": {"pad": 0.3, "bass": 0.004}},
            Claim("attack", "slow"),
        ),
        ({"attack_s": {"pad": 0.5}, "attack_half_s": {"pad": 0.3}}, Claim("mood", "dreamy")),
        ({"chords": [[0, 0, 0, "minor_7", 0], [1, 0, 5, "minor_7", 5]]}, Claim("harmony", "sevenths")),
        ({"chords": [[0, 0, 0, "minor", 0], [1, 0, 5, "sus4", 5]]}, Claim("harmony", "suspended")),
        ({"chords": [[0, 0, 0, "minor", 0], [1, 0, 5, "major", 5]]}, Claim("harmony", "triads")),
        ({"groove": "pop", "swing": 0.6}, Claim("feel", "swung")),
        ({"groove": "pop", "swing": 0.5}, Claim("feel", "straight")),
        ({"hat_rolls": 9}, Claim("playing", "rolls")),
        ({"ghost_notes": 9}, Claim("playing", "ghosts")),
        ({"slides": 9}, Claim("playing", "slides")),
    ],
)
def test_a_claim_comes_with_its_reason(changes: dict[str, Any], claim: Claim) -> None:
    assert claim not in claims_with()
    assert claim in claims_with(**changes)


def test_without_a_bpm_there_is_no_mood() -> None:
    lively = {"n_notes": 600, "scale": "major", "instruments": {"drums": "tr808_kit"}}
    calm = {"n_notes": 10, "attack_s": {"pad": 1.0}, "attack_half_s": {"pad": 1.0}}
    for changes in (lively, calm):
        assert any(claim.kind == "mood" for bpm in (60, 140) for claim in claims_with(**changes, bpm=bpm))
        assert not any(claim.kind == "mood" for claim in claims_with(**changes, bpm=None))


def test_no_mood_holds_of_everything() -> None:
    everything = [
        Traits(bpm=bpm, third=third, notes_per_s=rate, has_drums=drums, has_slow_attack=slow)
        for bpm in (70, 100, 130)
        for third in ("major", "minor")
        for rate in (2, 15)
        for drums in (False, True)
        for slow in (False, True)
    ]
    for mood, rule in MOODS.items():
        assert 0 < sum(map(rule, everything)) < len(everything) / 2, mood

"""A true tag is found true and a false one false, kind by kind, on music written out here."""

from typing import Any

import pytest

from helpers.evidence import BACKBEAT, C_MAJOR, C_MINOR, chords, drums, held, line, noise_beat
from legato.errors import LegatoError
from legato.prompts.claims import read_tag
from legato.prompts.vocabulary import CLAIMS
from legato.truth.checks import CHECKS, judge
from legato.truth.evidence import Evidence

HALFTIME = {"kick": [0, 6], "snare": [8], "closed_hat": [0, 2, 4, 6, 8, 10, 12, 14]}
HOUSE = {"kick": [0, 4, 8, 12], "clap": [4, 12], "open_hat": [2, 6, 10, 14]}
FUNK = {"kick": [0, 3, 6, 10], "snare": [4, 12], "closed_hat": [0, 2, 4, 6, 8, 10, 12, 14]}
SPARSE = {"kick": [0], "snare": [8]}


def verdict(tag: str, evidence: Evidence) -> bool:
    """Whether all verdicts on a tag are true."""
    found = judge([tag], evidence)
    assert found, tag
    return all(one.is_true for one in found)


def by_kind(tag: str, evidence: Evidence) -> dict[str, bool]:
    """Whether each verdict on a tag is true."""
    return {one.kind: one.is_true for one in judge([tag], evidence)}


def test_every_kind_of_claim_has_a_check() -> None:
    assert set(CHECKS) == {"bpm", "key", *CLAIMS}


def test_bpm_is_the_files_and_with_drums_the_beat_trackers(track: Any) -> None:
    assert verdict("120 bpm", track(acoustic_grand_piano=C_MAJOR))
    assert not verdict("122 bpm", track(acoustic_grand_piano=C_MAJOR))
    right, wrong = (track(tr808_kit=drums(**BACKBEAT), audio=noise_beat(bpm)) for bpm in (120, 105))
    assert by_kind("120 bpm", right) == {"bpm": True, "bpm_heard": True}
    assert by_kind("120 bpm", wrong) == {"bpm": True, "bpm_heard": False}


def test_key_is_the_estimators_and_the_scale_holds_the_notes(track: Any) -> None:
    major, minor = track(acoustic_grand_piano=C_MAJOR), track(acoustic_grand_piano=C_MINOR)
    assert verdict("in C major", major)
    assert not verdict("in C major", minor)
    assert verdict("key of C minor", minor)
    assert not verdict("C sharp minor", minor)
    strange = track(acoustic_grand_piano=C_MAJOR + [(n, 1.0, 61, 80) for n in range(16)])
    assert by_kind("in C major", strange)["scale"] is False


def test_no_drums_and_only_drums_by_notes_and_by_ear(track: Any) -> None:
    beat, song = drums(**BACKBEAT), C_MAJOR
    assert verdict("no drums", track(warm_pad=song))
    assert not verdict("no drums", track(warm_pad=song, tr808_kit=beat))
    assert not verdict("no drums", track(warm_pad=song, audio=held() + noise_beat(120)))
    assert verdict("only drums", track(tr808_kit=beat, audio=noise_beat(120)))
    assert not verdict("only drums", track(tr808_kit=beat, warm_pad=song, audio=noise_beat(120)))
    assert not verdict("only drums", track(tr808_kit=beat))


def test_an_instrument_plays_and_an_808_is_low(track: Any) -> None:
    low, high = line(26, 33, 38, 31), line(26, 33, 50, 31)
    assert verdict("warm analog pad", track(warm_pad=C_MAJOR))
    assert not verdict("saw lead", track(warm_pad=C_MAJOR))
    assert not verdict("piano", track(standard_kit=drums(**BACKBEAT)))
    assert verdict("808 bass", track(synth_bass_2=low, audio=held(hz=55)))
    assert not verdict("808 bass", track(synth_bass_2=high, audio=held(hz=55)))
    assert not verdict("808 bass", track(synth_bass_2=low, audio=held(hz=220)))


@pytest.mark.parametrize(
    ("tag", "true_of", "false_of"),
    [
        ("boom bap", BACKBEAT, HALFTIME),
        ("dusty beat", BACKBEAT, HOUSE | {"clap": []}),
        ("pop beat", BACKBEAT, SPARSE),
        ("rock beat", BACKBEAT, SPARSE),
        ("lo-fi beat", BACKBEAT, SPARSE),
        ("synthwave beat", BACKBEAT, SPARSE),
        ("trap beat", HALFTIME, BACKBEAT),
        ("half time beat", HALFTIME, BACKBEAT),
        ("four on the floor", HOUSE, BACKBEAT),
        ("funk beat", FUNK, BACKBEAT),
        ("sparse drums", SPARSE, BACKBEAT),
    ],
)
def test_a_groove_is_where_its_drums_fall(track: Any, tag: str, true_of: Any, false_of: Any) -> None:
    assert verdict(tag, track(tr808_kit=drums(**true_of)))
    assert not verdict(tag, track(tr808_kit=drums(**false_of)))
    assert not verdict(tag, track(warm_pad=C_MAJOR))


def test_every_groove_is_tried() -> None:
    tried = next(mark.args[1] for mark in test_a_groove_is_where_its_drums_fall.pytestmark)  # type: ignore[attr-defined]
    assert {read_tag(tag) for tag, *_ in tried} == {("groove", value) for value in CLAIMS["groove"]}


def test_swing_is_where_off_beat_sixteenths_fall(track: Any) -> None:
    straight = track(tr808_kit=drums(closed_hat=[0, 1, 2, 3, 4, 5, 6, 7]))
    swung = track(tr808_kit=drums(closed_hat=[0, 1.25, 2, 3.25, 4, 5.25, 6, 7.25]))
    assert verdict("straight", straight)
    assert verdict("swung", swung)
    assert not verdict("straight", swung)
    assert not verdict("swung", straight)
    assert not verdict("straight", track(tr808_kit=drums(closed_hat=[0, 2, 4, 6])))


ARPEGGIO = line(*(60 + step for _ in range(4) for step in (0, 4, 7, 12)), beats=0.25)
SCALE_RUN = line(*(60 + step for _ in range(4) for step in (0, 2, 4, 5)), beats=0.25)
STRUM = chords(*[(0, 4, 7, 12)] * 8, beats=1, spread=0.03)
BLOCK = chords(*[(0, 4, 7, 12)] * 8, beats=1)
ROLL = {"closed_hat": [0, 0.5, 1, 1.5, 4, 8, 12]}


@pytest.mark.parametrize(
    ("tag", "true_of", "false_of"),
    [
        ("arpeggiated", {"square_lead": ARPEGGIO}, {"square_lead": SCALE_RUN}),
        ("strummed chords", {"steel_guitar": STRUM}, {"steel_guitar": BLOCK}),
        ("strummed chords", {"steel_guitar": STRUM}, {"warm_pad": STRUM}),
        ("fingerpicked", {"nylon_guitar": ARPEGGIO}, {"nylon_guitar": STRUM}),
        ("bass melody", {"synth_bass_2": line(26, 28, 31, 33)}, {"synth_bass_2": line(26, 28, 26, 28)}),
        ("palm muted", {"steel_guitar": line(*[40] * 16, beats=0.3)}, {"steel_guitar": STRUM}),
        ("walking bass", {"finger_bass": line(*range(28, 44), beats=1)}, {"finger_bass": line(*range(28, 44))}),
        ("octave bass", {"synth_bass_1": line(*[28, 40] * 8)}, {"synth_bass_1": line(*[28, 35] * 8)}),
        ("staccato lead", {"saw_lead": [(n, 0.4, 60, 90) for n in range(16)]}, {"saw_lead": line(*range(60, 76))}),
        ("chord stabs", {"electric_piano_1": chords(*[(0, 4, 7)] * 8, beats=0.5)}, {"electric_piano_1": C_MAJOR}),
        ("hat rolls", {"tr808_kit": drums(**ROLL)}, {"tr808_kit": drums(closed_hat=[0, 1, 2, 3])}),
        ("ghost notes", {"tr808_kit": drums(velocity=40, snare=[3, 7])}, {"tr808_kit": drums(snare=[3, 7])}),
        ("sliding notes", {"synth_bass_2": line(26, 28), "facts": {"bends": 9}}, {"synth_bass_2": line(26, 28)}),
    ],
)
def test_how_it_is_played(track: Any, tag: str, true_of: Any, false_of: Any) -> None:
    assert verdict(tag, track(**true_of))
    assert not verdict(tag, track(**false_of))


@pytest.mark.parametrize(
    ("tag", "quality", "played", "not_played"),
    [
        ("seventh chords", "major_7", (0, 4, 7, 11), (0, 4, 7)),
        ("suspended chords", "sus4", (0, 5, 7), (0, 4, 7)),
        ("simple triads", "major", (0, 4, 7), (0, 5, 7)),
    ],
)
def test_stated_chords_are_those_that_sound(track: Any, tag: str, quality: str, played: Any, not_played: Any) -> None:
    facts = {"chords": [[bar, 0, 0, quality, 0] for bar in range(4)]}
    assert verdict(tag, track(warm_pad=chords(*[played] * 4), facts=facts))
    assert not verdict(tag, track(warm_pad=chords(*[not_played] * 4), facts=facts))


def test_moods_follow_the_same_rules_on_what_is_measured(track: Any) -> None:
    slow_minor, fast_major = track(bpm=84, warm_pad=C_MINOR), track(bpm=124, warm_pad=C_MAJOR)
    assert verdict("dark", slow_minor)
    assert verdict("melancholic", slow_minor)
    assert not verdict("uplifting", slow_minor)
    assert verdict("uplifting", fast_major)
    assert not verdict("dark", fast_major)


def test_density_counts_notes(track: Any) -> None:
    many = track(square_lead=line(*[60, 64] * 40, beats=0.125))
    assert verdict("busy", many)
    assert not verdict("sparse", many)
    assert verdict("sparse", track(warm_pad=C_MAJOR))


def test_sound_is_what_the_renderer_measured_and_what_is_heard(track: Any) -> None:
    dry = {"dry": True, "reverb_level": 0.0, "attack_s": {"pad": 0.4}, "attack_half_s": {"pad": 0.2}}
    wet = {
        "dry": False,
        "reverb_level": 0.9,
        "wet_db": {"pad": -12.0},
        "attack_s": {"pad": 0.4},
        "attack_half_s": {"pad": 0.01},
    }
    assert verdict("dry", track(warm_pad=C_MAJOR, facts=dry))
    assert not verdict("dry", track(warm_pad=C_MAJOR, facts=wet))
    assert verdict("reverberant", track(warm_pad=C_MAJOR, facts=wet))
    assert verdict("slow attack", track(warm_pad=C_MAJOR, facts=dry))
    assert not verdict("slow attack", track(warm_pad=C_MAJOR, facts=wet))
    wide, narrow = held(left=1.0, right=-0.5), held()
    assert verdict("wide stereo", track(warm_pad=C_MAJOR, audio=wide))
    assert not verdict("wide stereo", track(warm_pad=C_MAJOR, audio=narrow))
    assert verdict("narrow stereo", track(warm_pad=C_MAJOR, audio=narrow))
    assert not verdict("narrow stereo", track(warm_pad=C_MAJOR, audio=wide))


@pytest.mark.parametrize(
    ("phrase", "true_of", "false_of"),
    [
        ("90's synth no drums", {"saw_lead": C_MAJOR}, {"saw_lead": C_MAJOR, "tr808_kit": drums(**BACKBEAT)}),
        ("90's synth no drums", {"saw_lead": C_MAJOR}, {"acoustic_grand_piano": C_MAJOR}),
        ("hip hop beat only drums", {"tr808_kit": drums(**BACKBEAT)}, {"warm_pad": C_MAJOR}),
        ("808 bass melody", {"synth_bass_2": line(30, 33)}, {"finger_bass": line(30, 33)}),
        ("guitar pop beat", {"steel_guitar": STRUM, "tr808_kit": drums(**BACKBEAT)}, {"steel_guitar": STRUM}),
    ],
)
def test_a_base_phrase_is_judged_by_its_words(track: Any, phrase: str, true_of: Any, false_of: Any) -> None:
    assert verdict(phrase, track(**true_of))
    assert not verdict(phrase, track(**false_of))


def test_tags_after_the_phrase_that_no_check_knows_are_an_error(track: Any) -> None:
    with pytest.raises(LegatoError, match="^'MY EDIT', 'loud': after the base phrase, a tag must be one that can be"):
        judge(["something lovely", "no drums", "MY EDIT", "loud"], track(warm_pad=C_MAJOR))


def test_a_phrase_without_a_word_to_check_has_no_verdict(track: Any) -> None:
    assert judge(["something lovely"], track(warm_pad=C_MAJOR)) == []

"""Who is admitted, by rule; every other record is refused or waits, with its reason."""

from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from helpers import archive_packs as packs
from helpers.archive_packs import CC0
from legato.archives import fma, freesound, loc, scores
from legato.archives.composers import is_free
from legato.archives.config import AnyAsked, FmaParams, FreesoundParams, LocParams, OpenScoreParams, PdmxParams
from legato.archives.judging import ADMITTED, REFUSED, WAITING, judge
from legato.archives.records import Record, evidence_of
from legato.archives.review import Decision
from legato.licenses.known import PD_COMPOSITION, US_PD_RECORDING
from legato.licenses.policy import PolicyParams

POLICY = PolicyParams(music=["CC0-1.0"], soundfont=["CC0-1.0"], codec=["MIT"])
WIDE = PolicyParams(music=["CC0-1.0", PD_COMPOSITION, US_PD_RECORDING], soundfont=["CC0-1.0"], codec=["MIT"])
AS_OF = "2026-11-26"
PDM = "http://creativecommons.org/publicdomain/mark/1.0/"


def asked(**values: Any) -> Any:
    return TypeAdapter(AnyAsked).validate_python(values)


FREESOUND: FreesoundParams = asked(**packs.FREESOUND_ASKED)
NO_UNKNOWN: FreesoundParams = asked(**packs.FREESOUND_ASKED | {"remix": ["no"]})
FMA: FmaParams = asked(source="fma")
LOC: LocParams = asked(source="loc", as_of=AS_OF, release_years=1)
PDMX: PdmxParams = asked(source="pdmx", record=15571083, as_of=AS_OF)
OPENSCORE: OpenScoreParams = asked(source="openscore", as_of=AS_OF)
API_RESULT = {
    "id": 7,
    "username": "ann",
    "license": CC0,
    "gen_ai_preference": "no-additional-preferences",
    "is_remix": False,
    "type": "wav",
    "duration": 12.0,
    "tags": ["loop"],
    "name": "a loop",
}


def outcome(
    record: Record, policy: PolicyParams = POLICY, reviews: dict[str, Decision] | None = None
) -> tuple[str, str]:
    found = judge(record, policy, reviews or {})
    assert (found.outcome == ADMITTED) == (not found.reasons)
    return found.outcome, found.reasons[0].code if found.reasons else ""


def of_pack(**changes: str) -> tuple[str, str]:
    return outcome(freesound.of_pack(FREESOUND, packs.freesound_row(7, **changes)))


def of_api(**changes: Any) -> tuple[str, str]:
    return outcome(freesound.of_api(NO_UNKNOWN, API_RESULT | changes))


def of_fma(**changes: str) -> tuple[str, str]:
    return outcome(fma.of_row(FMA, packs.fma_row(7, **changes)))


def of_loc(policy: PolicyParams = WIDE, **changes: Any) -> tuple[str, str]:
    return outcome(loc.of_row(LOC, packs.loc_row("jukebox-1", **changes), {"jukebox-1": ["m/jukebox-1.mp3"]}), policy)


def of_pdmx(policy: PolicyParams = WIDE, **changes: str) -> tuple[str, str]:
    return outcome(scores.of_pdmx_row(PDMX, packs.pdmx_row("Qma", **changes)), policy)


@pytest.mark.parametrize("address", [CC0, CC0.replace("http:", "https:")])
def test_cc0_by_its_address_is_admitted(address: str) -> None:
    assert of_fma(license_url=address) == of_api(license=address) == of_pdmx(license_url=address) == (ADMITTED, "")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nan",
        "CC0",
        "CC0-1.0",
        "Creative Commons 0",
        CC0.rstrip("/"),
        f"{CC0} ",
        f" {CC0}",
        f"{CC0}\n",
        CC0.upper(),
        CC0.replace("creative", "Creative"),
        f"{CC0}../../../licenses/by/4.0/",
        f"{CC0}?x=1",
        f"{CC0}#",
        CC0.replace("http", "ftp"),
        CC0.replace("://", "://www."),
        CC0.replace("o", "о", 1),  # a Cyrillic letter
        PDM,
        "http://creativecommons.org/licenses/sampling+/1.0/",
        "http://creativecommons.org/licenses/by/3.0/",
        "http://creativecommons.org/licenses/by/4.0/",
        "https://creativecommons.org/licenses/by-nc/4.0/",
        "https://creativecommons.org/licenses/by-nc-nd/3.0/",
    ],
)
def test_any_other_address_is_refused_letter_by_letter(address: str) -> None:
    refused = (REFUSED, "recording license")
    assert of_fma(license_url=address, license_title="") == refused
    assert of_api(license=address) == refused
    assert of_pdmx(license_url=address) == refused


def test_a_layer_that_nobody_knows_is_refused_by_any_policy() -> None:
    anything = PolicyParams(music=["CC0", "Creative Commons 0", "NONE", "None"], soundfont=["MIT"], codec=["MIT"])
    record = fma.of_row(FMA, packs.fma_row(7, license_url="CC0"))
    assert outcome(record, anything) == (REFUSED, "recording license")


@pytest.mark.parametrize(
    "title",
    [
        "Public Domain / Sound Recording Common Law Protection",
        "Public Domain Mark 1.0",
        "Attribution-NonCommercial",
        "cc0 1.0 universal",
    ],
)
def test_an_fma_title_decides_nothing_but_may_contradict(title: str) -> None:
    assert of_fma(license_title=title) == (REFUSED, "title contradicts address")
    assert of_fma(license_title=title, license_url="") == (REFUSED, "recording license")


def test_an_fma_title_of_cc0_does_not_admit() -> None:
    nc = "https://creativecommons.org/licenses/by-nc/4.0/"
    assert of_fma(license_title="CC0 1.0 Universal", license_url=nc) == (REFUSED, "recording license")


@pytest.mark.parametrize("name", ["Attribution", "Attribution NonCommercial", "Attribution-NonCommercial", "Sampling+"])
def test_names_of_a_freesound_pack(name: str) -> None:
    assert of_pack(license="Creative Commons 0") == (ADMITTED, "")
    assert of_pack(license=name) == (REFUSED, "recording license")


@pytest.mark.parametrize("name", ["creative commons 0", "Creative Commons 0 ", "Creative Commons Zero", CC0])
def test_a_name_is_one_of_the_table_as_a_whole(name: str) -> None:
    assert of_pack(license=name) == (REFUSED, "recording license")


@pytest.mark.parametrize(
    "preference",
    [
        "open-source-models",
        "noncommercial-open-source-models",
        "no-gen-ai",
        "",
        "NO-ADDITIONAL-PREFERENCES",
        "something-new",
    ],
)
def test_a_preference_that_was_not_accepted_refuses(preference: str) -> None:
    refused = (REFUSED, "gen-AI preference")
    assert of_pack(generative_ai_preference=preference) == refused
    assert of_api(gen_ai_preference=preference) == refused


def test_a_preference_that_was_accepted_is_obeyed_as_it_is() -> None:
    wide = asked(**packs.FREESOUND_ASKED | {"gen_ai": ["no-additional-preferences", "open-source-models"]})
    row = packs.freesound_row(7, generative_ai_preference="open-source-models")
    assert outcome(freesound.of_pack(wide, row)) == (ADMITTED, "")


@pytest.mark.parametrize("remix", [True, None, "false", 0, "missing"])
def test_only_what_is_said_to_be_no_remix_is_none(remix: Any) -> None:
    row = {key: value for key, value in API_RESULT.items() if key != "is_remix"}
    row |= {} if remix == "missing" else {"is_remix": remix}
    assert outcome(freesound.of_api(NO_UNKNOWN, row)) == (REFUSED, "remix")
    assert of_api() == (ADMITTED, "")


def test_no_is_a_word_to_whoever_writes_yaml() -> None:
    written = yaml.safe_load("remix: [no, unknown]")
    assert asked(**packs.FREESOUND_ASKED | written).remix == ["no", "unknown"]


def test_a_pack_says_nothing_of_remixes() -> None:
    assert outcome(freesound.of_pack(NO_UNKNOWN, packs.freesound_row(7))) == (REFUSED, "remix")


@pytest.mark.parametrize("tag", ["GenAI", "genai", "GENAI"])
def test_what_a_model_made_is_refused(tag: str) -> None:
    assert of_pack(tags=f"loop {tag}") == of_api(tags=["loop", tag]) == (REFUSED, "made by a generative model")


def test_a_tag_that_contains_the_word_is_another_tag() -> None:
    assert of_pack(tags="regenaissance") == (ADMITTED, "")


def test_copyright_notices_and_other_composers_wait() -> None:
    assert of_fma(track_copyright_p="(p) 2010 A Label") == (WAITING, "track_copyright_p")
    assert of_fma(track_copyright_c="x") == (WAITING, "track_copyright_c")
    assert of_fma(track_composer="Somebody Else") == (WAITING, "track_composer")
    assert of_fma(track_composer=" ann ") == (ADMITTED, "")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("1923", ADMITTED),
        ("1924-12-31", ADMITTED),  # published in 1925 at the latest: free from 2026 on
        ("1925", REFUSED),
        ("1925-01-01", REFUSED),
        ("1931", REFUSED),
        ("1947", REFUSED),
    ],
)
def test_the_hundred_years_of_a_recording(day: str, expected: str) -> None:
    assert of_loc(Date=day)[0] == expected


@pytest.mark.parametrize("day", ["", "circa 1910", "1910-1912", "[1910]", "1909 or 1910", "1910?", "910", None])
def test_a_date_that_is_not_plain_refuses(day: str | None) -> None:
    assert of_loc(Date=day) == (REFUSED, "no plain date")


@pytest.mark.parametrize(
    "rights",
    [
        ["downloading not permitted"],
        ["Protected by state copyright laws."],
        ["<p>All rights <b>reserved</b>. All Rights Reserved.</p>"],
        "Access is restricted.",
        ["See there.", "Used by permission of the owner."],
    ],
)
def test_a_restriction_in_the_rights_wins_over_the_date(rights: Any) -> None:
    assert of_loc(Rights=rights) == (REFUSED, "rights text restricts")


def test_access_that_is_restricted_refuses() -> None:
    assert of_loc(access_restricted=True) == (REFUSED, "rights text restricts")
    assert of_loc(access_restricted=False) == (ADMITTED, "")


def test_offensive_headings_are_left_out_unless_the_user_writes_otherwise() -> None:
    heading = {"Subjects": ["Instrumental", "ethnic characterizations"]}
    assert of_loc(**heading) == (REFUSED, "excluded subject")
    wide: LocParams = asked(source="loc", as_of=AS_OF, release_years=1, without_subjects=[])
    row = packs.loc_row("jukebox-1", **heading)
    assert outcome(loc.of_row(wide, row, {"jukebox-1": ["m/j.mp3"]}), WIDE) == (ADMITTED, "")


def test_nothing_of_the_library_of_congress_is_in_the_default_policy() -> None:
    assert of_loc(POLICY) == (REFUSED, "recording license")


def test_a_score_of_the_uploaders_own() -> None:
    assert of_pdmx(POLICY) == (ADMITTED, "")
    assert of_pdmx(is_original="False") == (WAITING, "composer")
    assert of_pdmx(is_original="") == (WAITING, "composer")
    assert of_pdmx(composer_name="A Star of Today") == (WAITING, "composer")
    assert of_pdmx(artist_name="A Band") == (WAITING, "composer")


def test_a_score_of_a_composer_of_the_table() -> None:
    bach = {"is_original": "False", "composer_name": "Johann Sebastian Bach"}
    assert of_pdmx(**bach) == (ADMITTED, "")
    assert of_pdmx(POLICY, **bach) == (REFUSED, "composition license")
    assert of_pdmx(**bach, artist_name="A Band") == (WAITING, "composer")
    for name in ("Bach", "arr. J. S. Bach", "Sergei Prokofiev", "Béla Bartók"):
        assert of_pdmx(is_original="False", composer_name=name) == (WAITING, "composer")


@pytest.mark.parametrize("value", ["True", "true", "", "NA", "0"])
def test_a_conflict_is_refused_unless_it_is_denied(value: str) -> None:
    assert of_pdmx(license_conflict=value) == (REFUSED, "licence conflict")


def test_the_composers_table_counts_from_the_day_that_is_written() -> None:
    assert not is_free("Gustav Mahler", "2006-12-31")
    assert is_free("gustav  mahler", "2007-01-01")
    assert is_free("Antonin Dvorak", AS_OF)
    assert not is_free("Maurice Ravel", AS_OF)  # 1937


def test_openscore_needs_the_legal_code_and_a_composer() -> None:
    def of(path: str, stated: str | None = "CC0-1.0") -> tuple[str, str]:
        return outcome(scores.of_score(OPENSCORE, path, path, stated, "0" * 64), WIDE)

    assert of("Schubert,_Franz/Set/Song/lc1.mid") == (ADMITTED, "")
    assert of("Schubert,_Franz/lc1.mid", None) == (REFUSED, "recording license")
    assert of("Nobody/Set/Song/lc1.mid") == (WAITING, "composer")
    assert of("lc1.mid") == (REFUSED, "no id")


def decision(record: Record, /, **changes: Any) -> dict[str, Decision]:
    values = {
        "id": record.id,
        "record": evidence_of(record.raw),
        "doubts": [doubt.code for doubt in record.doubts],
        "verdict": "admit",
        "reason": "the same person",
        "who": "Jane Doe",
        "when": "2026-11-26",
    }
    return {record.id: Decision(**values | changes)}


def test_a_person_resolves_doubts_of_the_very_record_and_nothing_else() -> None:
    record = fma.of_row(FMA, packs.fma_row(7, track_composer="Ann E.", track_copyright_c="x"))
    assert outcome(record, reviews=decision(record)) == (ADMITTED, "")
    assert outcome(record, reviews=decision(record, verdict="refuse"))[0] == REFUSED
    assert outcome(record, reviews=decision(record, doubts=["track_composer"]))[0] == WAITING
    assert outcome(record, reviews=decision(record, record="0" * 64))[0] == WAITING
    nc = fma.of_row(FMA, packs.fma_row(7, track_composer="Ann E.", license_url=PDM, license_title=""))
    assert outcome(nc, reviews=decision(nc)) == (REFUSED, "recording license")


@pytest.mark.parametrize("sound", ["", " ", "x", "-1", "1.5", "../7", "٣", "9" * 80])
def test_a_record_without_an_id(sound: str) -> None:
    row = packs.freesound_row(7) | {"id": sound}
    assert outcome(freesound.of_pack(FREESOUND, row)) == (REFUSED, "no id")
    assert outcome(fma.of_row(FMA, packs.fma_row(7) | {"track_id": sound}))[1] == "no id"


def test_an_expression_in_a_list_of_genres_is_never_run(capsys: pytest.CaptureFixture[str]) -> None:
    by_genre: FmaParams = asked(source="fma", genres=["Electronic"])
    for text in ("__import__('os').system('echo run')", "[print('run')]", "[" * 5000, "{'a': 1}", "["):
        row = packs.fma_row(7, track_genres=text)
        assert outcome(fma.of_row(by_genre, row)) == (REFUSED, "no list of genres")
    assert "run" not in capsys.readouterr().out
    assert outcome(fma.of_row(by_genre, packs.fma_row(7))) == (ADMITTED, "")


def test_names_of_strangers_are_facts_without_letters_that_steer() -> None:
    name = "\u202eevil\x1b[31m, <script>" + "x" * 10_000
    record = fma.of_row(FMA, packs.fma_row(7, track_title=name, artist_name="محمد"))
    assert len(record.title) == 200
    assert record.title.isprintable()
    assert record.creator == "محمد"
    waits = fma.of_row(FMA, packs.fma_row(7, track_composer=name))
    assert all(str(doubt).isascii() and str(doubt).isprintable() and len(str(doubt)) < 99 for doubt in waits.doubts)

"""The licence audit: a licence is allowed whole or not at all, and one track without one stops the rest."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pretty_midi
import pytest
import yaml

from helpers.checkout import ROOT, SHIPPED_PARAMS
from helpers.made_tracks import ids, make_category, make_tracks
from helpers.small_font import write_small_font
from legato.check import check
from legato.dataset.collect import collect
from legato.errors import LegatoError
from legato.files import read_jsonl, sha256_of, write_jsonl
from legato.licenses.audit import MOST_NAMES, line_of, refusals, report
from legato.licenses.known import KNOWN_FILES, LICENSES
from legato.licenses.policy import KINDS, Input, PolicyParams, refusal
from legato.midi.gm import DRUM_BANK, KITS
from legato.workspace import params
from legato.workspace.layout import HELD_OUT, TRAIN

TIMGM6MB = Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"
MADE_WITH = {"soundfont": "f.sf2", "soundfont_license": "MIT", "codec": "small", "codec_license": "MIT"}
CC0_PAGE = "https://creativecommons.org/publicdomain/zero/1.0/"


@pytest.fixture(scope="module")
def policy() -> PolicyParams:
    """The shipped one."""
    return params.load("policy", PolicyParams, SHIPPED_PARAMS)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped parameters, and a collected dataset of a composed category and one of the user's files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((SHIPPED_PARAMS).read_text())
    make_category("composed", 4)
    make_tracks("mine", ["mine_a", "mine_b"], license="PDDL-1.0", source="a.mid")
    rows = read_jsonl(Path("dataset/tracks/composed/compose.jsonl"))
    write_jsonl(Path("dataset/tracks/composed/compose.jsonl"), [row | {"license": "CC0-1.0"} for row in rows])
    gather()
    return tmp_path


def gather(**facts: str) -> None:
    collect(ids(composed=4) | {"mine": ["mine_a", "mine_b"]}, held_out=0.3, made_with=MADE_WITH | facts)


def audit() -> dict[str, Any]:
    """Run the stage and return what it wrote."""
    spec = importlib.util.spec_from_file_location("audit_stage", ROOT / "stages/audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main()
    return json.loads(Path("reports/audit.json").read_text())


def edit(change: Any) -> None:
    values = yaml.safe_load(Path("params.yaml").read_text())
    change(values)
    Path("params.yaml").write_text(yaml.safe_dump(values))


def mine(stated: str) -> dict[str, Any]:
    """A category of the user's own files."""
    return {"categories": {"mine": {"tracks": "all", "prompt": "mine", "music": {"source": "midi", "license": stated}}}}


@pytest.mark.parametrize("stated", ["CC0-1.0", "cc0-1.0", CC0_PAGE, "Unlicense", "LicenseRef-own-work"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_id_in_any_case_and_an_exact_address_are_allowed(policy: PolicyParams, kind: str, stated: str) -> None:
    assert refusal(Input(kind=kind, name="x", license=stated), policy) is None


@pytest.mark.parametrize(
    "stated",
    [
        "CC0-1.0 AND proprietary",
        "CC0-1.0 OR GPL-2.0-only",
        "not CC0-1.0",
        "CC0-1.0 ",
        "CC0-1.0\n",
        "CC0",
        "CC0-1.0-not",
        "Public Domain",
        "Public Domain / Sound Recording Common Law Protection",
        CC0_PAGE.removesuffix("/"),
        CC0_PAGE.upper(),
        CC0_PAGE + "?no",
        "https://example.org/" + CC0_PAGE,
        "CC-PDM-1.0",
        "LicenseRef-own",
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_only_contains_an_allowed_license_is_refused(policy: PolicyParams, kind: str, stated: str) -> None:
    why = refusal(Input(kind=kind, name="x", license=stated), policy)
    assert why is not None
    assert why.startswith(f"not one of policy.{kind}")


@pytest.mark.parametrize("stated", [None, "", " ", 1, ["CC0-1.0"], {"CC0-1.0": 1}, True])
def test_no_license_is_refused(policy: PolicyParams, stated: Any) -> None:
    assert refusal(Input(kind="music", name="x", license=stated), policy) == "no licence is stated"


def test_permissive_code_licenses_are_for_fonts_weights_and_instruments(policy: PolicyParams) -> None:
    for stated in ("MIT", "BSD-3-Clause", "Apache-2.0"):
        allowed = [kind for kind in KINDS if refusal(Input(kind=kind, name="x", license=stated), policy) is None]
        assert allowed == ["soundfont", "codec", "instrument", "start"]


def test_the_reason_is_said(policy: PolicyParams) -> None:
    reasons = {
        "GPL-3.0-or-later": "copyleft",
        "cc-by-nc-4.0": "commercial",
        "CC-BY-SA-4.0": "share-alike",
        "CC-BY-4.0": "named",
    }
    for stated, word in reasons.items():
        for kind in KINDS:
            assert word in refusal(Input(kind=kind, name="x", license=stated), policy)


@pytest.mark.parametrize("name", ["TimGM6mb.sf2", "fonts/timgm6mb.SF2", "renamed.sf2"])
def test_the_gpl_font_is_known_by_name_and_by_bytes(policy: PolicyParams, name: str) -> None:
    sha256 = sha256_of(TIMGM6MB) if name == "renamed.sf2" else "0" * 64
    for stated in ("CC0-1.0", "MIT", "LicenseRef-own-work"):
        why = refusal(Input(kind="soundfont", name=name, license=stated, sha256=sha256), policy)
        assert why == "this file is known to be GPL-2.0-only"
    why = refusal(Input(kind="soundfont", name=name, license="GPL-2.0-only", sha256=sha256), policy)
    assert why.startswith("not one of policy.soundfont: copyleft")


def test_a_known_font_is_what_it_is_known_to_be(policy: PolicyParams) -> None:
    stated = {"MIT": None, "CC0-1.0": "this file is known to be MIT"}
    for one, why in stated.items():
        assert refusal(Input(kind="soundfont", name="/fonts/FluidR3_GM.sf2", license=one), policy) == why


def test_an_address_that_is_allowed_is_matched_letter_by_letter(policy: PolicyParams) -> None:
    terms = "https://example.org/Terms"
    policy = policy.model_copy(update={"music": [terms]})
    for stated, is_allowed in {terms: True, terms.lower(): False, terms + "/": False, "CC0-1.0": False}.items():
        assert (refusal(Input(kind="music", name="x", license=stated), policy) is None) == is_allowed


def test_the_tables_hold_together() -> None:
    urls = [url for known in LICENSES.values() for url in known.urls]
    assert len(urls) == len(set(urls))
    assert len({name.lower() for name in LICENSES}) == len(LICENSES)
    assert {name for file in KNOWN_FILES for name in file.sha256} >= {sha256_of(TIMGM6MB)}


def test_hours_by_license_add_up(workspace: Path) -> None:
    found = audit()
    hours = round(6 * 0.5 / 3600, 4)
    assert (found["passed"], found["tracks"], found["refused"], found["refusals"]) == (True, 6, 0, [])
    assert found["hours"]["soundfont"] == found["hours"]["codec"] == {"MIT": hours}
    assert found["hours"]["music"] == {"CC0-1.0": round(4 * 0.5 / 3600, 4), "PDDL-1.0": round(2 * 0.5 / 3600, 4)}
    assert found["categories"]["mine"] == {"PDDL-1.0": round(2 * 0.5 / 3600, 4)}
    edit(lambda values: values["policy"].update(music=["https://creativecommons.org/publicdomain/zero/1.0/"]))
    with pytest.raises(LegatoError, match=r"^audit: 2 of 6 tracks refused: music mine: 'PDDL-1.0': not one of "):
        audit()
    assert workspace.joinpath("reports/audit.json").is_file()


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"soundfont_license": "GPL-2.0-only"}, "soundfont f.sf2: 'GPL-2.0-only': not one of policy.soundfont: copyle"),
        ({"soundfont": "TimGM6mb.sf2"}, "soundfont TimGM6mb.sf2: 'MIT': this file is known to be GPL-2.0-only"),
        ({"codec_license": "Proprietary"}, "codec small: 'Proprietary': not one of policy.codec"),
    ],
)
def test_a_refused_dataset_is_one_bounded_line(facts: dict[str, str], why: str) -> None:
    gather(**facts)
    with pytest.raises(LegatoError) as error:
        audit()
    line = str(error.value)
    assert line.startswith(f"audit: 6 of 6 tracks refused: {why}")
    assert "(composed_00000, composed_00002, composed_00003 and 3 more)" in line
    assert "\n" not in line
    found = json.loads(Path("reports/audit.json").read_text())
    assert (found["passed"], found["refused"]) == (False, 6)
    assert sorted(found["refusals"][0]["tracks"]) == sorted(
        row["id"] for folder in (TRAIN.path, HELD_OUT.path) for row in read_jsonl(folder / "tracks.jsonl")
    )


@pytest.mark.parametrize(
    ("own", "stated", "why"),
    [
        ("CC0-1.0", None, None),
        (None, "Apache-2.0", None),
        (None, None, "audit: train.start begun: None: no licence is stated; see docs/licences.md"),
        ("CC-BY-NC-4.0", None, "audit: train.start begun: 'CC-BY-NC-4.0': not one of policy.start: "),
        ("CC0-1.0", "MIT", "params.yaml: train.start_license: 'MIT': begun is 'CC0-1.0'"),
    ],
)
def test_the_model_that_training_begins_with_is_judged_too(
    workspace: Path, own: str | None, stated: str | None, why: str | None
) -> None:
    (workspace / "begun").mkdir()
    (workspace / "begun/training.json").write_text(json.dumps({"license": own}))
    edit(lambda values: values["train"].update(start="begun", start_license=stated))
    if why is None:
        assert audit()["start"] == {"name": "begun", "license": own or stated, "refused": None}
        assert audit()["passed"]
        return
    with pytest.raises(LegatoError) as error:
        audit()
    assert str(error.value).startswith(why)
    assert not why.startswith("audit") or not json.loads(Path("reports/audit.json").read_text())["passed"]


@pytest.mark.usefixtures("workspace")
def test_one_track_without_a_license_or_without_facts_stops_all() -> None:
    rows = read_jsonl(TRAIN.path / "tracks.jsonl")
    del rows[1]["license"]
    write_jsonl(TRAIN.path / "tracks.jsonl", rows)
    with pytest.raises(LegatoError) as error:
        audit()
    where = f"music {rows[1]['category']}: no licence is stated ({rows[1]['id']})"
    assert str(error.value) == f"audit: 1 of 6 tracks refused: {where}; see docs/licences.md"
    assert json.loads(Path("reports/audit.json").read_text())["hours"]["music"]["NONE"] > 0
    write_jsonl(TRAIN.path / "tracks.jsonl", rows[:1] + rows[2:])
    with pytest.raises(LegatoError, match=rf"^audit: dataset/encoded_dataset: no facts of {rows[1]['id']}\.pt, so"):
        audit()


def test_many_reasons_and_tracks_make_a_short_line(policy: PolicyParams) -> None:
    rows = [
        {"id": f"t{number}", "category": f"c{number % 50}", "seconds": 1, "license": f"X-{number % 50}"} | MADE_WITH
        for number in range(5000)
    ]
    line = line_of(report(rows, refusals(rows, policy)))
    assert line.startswith("audit: 5000 of 5000 tracks refused: ")
    assert len(line) < 500
    assert line.count("more") == MOST_NAMES + 1


def test_a_planted_gpl_font_is_refused_before_anything_is_built(tmp_path: Path, workspace: Path) -> None:
    beats = yaml.safe_load((SHIPPED_PARAMS).read_text())["categories"]["hiphop_drums"]
    beats["music"] |= {"parts": {"drums": ["tr808_kit"]}, "grooves": ["house"]}
    write_small_font(tmp_path / "mine.sf2", (DRUM_BANK, KITS["tr808_kit"]), [(35, 81)])
    edit(lambda values: values.update(categories={"beats": beats}, soundfont={"path": "mine.sf2", "license": "MIT"}))
    check()
    edit(lambda values: values["soundfont"].update(license="GPL-2.0-or-later"))
    with pytest.raises(LegatoError) as error:
        check()
    where = "params.yaml: soundfont.license: 'GPL-2.0-or-later': not one of policy.soundfont: copyleft: "
    assert str(error.value).startswith(where)
    (workspace / "mine.sf2").write_bytes(TIMGM6MB.read_bytes())
    edit(lambda values: values["soundfont"].update(license="CC0-1.0"))
    with pytest.raises(LegatoError) as error:
        check()
    where = "params.yaml: soundfont.license: 'CC0-1.0': this file is known to be GPL-2.0-only; see docs/licences.md"
    assert str(error.value) == where


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"policy": {"samples": ["MIT"]}}, "policy.samples: unknown key"),
        ({"policy": {"music": []}}, "policy.music: []: "),
        ({"policy": {"music": "CC0-1.0"}}, "policy.music: 'CC0-1.0': "),
        ({"policy": {"music": [None]}}, "policy.music.0: None: "),
        (
            {"policy": {"music": ["MIT "]}},
            "policy.music.0: 'MIT ': must be an SPDX licence or an address, without sp",
        ),
        ({"policy": {"music": ["MIT"]}}, "policy.music: ['MIT']: lacks CC0-1.0, which is that of composed music"),
        (
            mine("CC-BY-4.0"),
            "categories.mine.music.license: 'CC-BY-4.0': not one of policy.music: asks that its author",
        ),
        (mine("https://example.org"), "categories.mine.music.license: 'https://example.org': not one of policy.music"),
        (mine("CC0-1.0 "), "categories.mine.music.license: 'CC0-1.0 ': must be an SPDX licence"),
        ({"codec": {"weights": "mine.pth"}}, "codec.license: None: no licence is stated"),
        ({"codec": {"license": "CC0-1.0"}}, "codec.license: 'CC0-1.0': small is MIT; leave the key out"),
    ],
)
def test_wrong_parameters_are_one_line(change: dict[str, Any], line: str) -> None:
    edit(lambda values: [values[section].update(keys) for section, keys in change.items()])
    with pytest.raises(LegatoError) as error:
        check()
    assert str(error.value).startswith(f"params.yaml: {line}")
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("workspace")
def test_a_missing_policy_is_named() -> None:
    edit(lambda values: values.pop("policy"))
    with pytest.raises(LegatoError, match=r"^params\.yaml: policy: this key is missing"):
        audit()

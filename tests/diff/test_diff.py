"""`legato diff`: what differs between two versions is told step by step, and reading them changes nothing."""

import base64
import hashlib
import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from helpers.html_tree import parse, text_of
from helpers.packed import pack
from helpers.s3_server import KEYS, Server
from helpers.tiny_versions import SECONDS, Dataset, Track
from helpers.waiting import LIMIT_MS
from legato import cli
from legato.audio.samples import decibels
from legato.diff.compare import Category, compare
from legato.diff.page import write_page
from legato.diff.repository import Repository
from legato.diff.tracks import choose, load
from legato.errors import LegatoError
from legato.workspace.layout import CODES, MIDI, PROMPT

BEATS = {"beats_00000": Track(3), "beats_00001": Track(4)}
V0 = {"pads": {"pads_00000": Track(0), "pads_00001": Track(1)}}  # composed and no more
V1 = {"pads": {"pads_00000": Track(0), "pads_00001": Track(1), "pads_00002": Track(2)}, "beats": BEATS}
HOSTILE = "<script>document.title = 'mine'</script><img src=x onerror=alert(1)>, \"120\" & 'bpm'"
V2 = {
    "pads": {
        "pads_00000": Track(0),
        "pads_00001": Track(1, prompt=HOSTILE),
        "pads_00002": Track(7),
        "pads_00003": Track(8),
    },
    "beats": {"beats_00000": Track(3, dbfs=-20)},
    "bells": {"bells_00000": Track(9)},
}
MUSIC_AND_AUDIO = ["music", "rendered", "normalized", "codes"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Versions v0, v1 and v2, of which the last lies in the workspace. Tests leave it as they found it."""
    made = Dataset(tmp_path_factory.mktemp("dataset"))
    made.init()
    made.run("git", "add", "-A")
    made.run("git", "commit", "-qm", "no dataset yet")
    made.run("git", "tag", "before")
    made.build(V0, stages=("compose",))
    made.commit("v0")
    made.build(V1)
    made.commit("v1")
    made.build(V2, target_lufs=-20)
    made.commit("v2")
    made.run("git", "checkout", "-qb", "in_archives")
    pack(MIDI, PROMPT, CODES, root=made.folder)
    made.commit("packed")
    made.run("git", "checkout", "-q", "main")
    made.build(V2, target_lufs=-20)
    return made


@pytest.fixture
def diff(dataset: Dataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """`legato diff` in a repository, the dataset's own if none is named; what it printed."""

    def call(*words: str, place: Dataset = dataset) -> str:
        monkeypatch.chdir(place.folder)
        cli.main("diff", *words)
        return capsys.readouterr().out

    return call


@pytest.fixture
def values(diff: Any) -> Any:
    return lambda *words, **where: json.loads(diff(*words, "--json", **where))


def test_each_track_is_added_removed_or_changed_at_its_steps(values: Any) -> None:
    found = values("v1", "v2")
    pads, beats, bells = (found["categories"][name] for name in ("pads", "beats", "bells"))
    assert pads["changed"] == {
        "pads_00001": {"first": "prompt", "steps": ["prompt"]},
        "pads_00002": {"first": "music", "steps": MUSIC_AND_AUDIO},
    }
    assert (pads["before"], pads["after"], pads["same"]) == (3, 4, 1)
    assert (pads["added"], pads["removed"]) == (["pads_00003"], [])
    assert beats["changed"] == {"beats_00000": {"first": "normalized", "steps": ["normalized", "codes"]}}
    assert (beats["added"], beats["removed"]) == ([], ["beats_00001"])
    assert (bells["before"], bells["after"], bells["added"]) == (0, 1, ["bells_00000"])
    assert not found["same"]


def test_the_way_back_is_the_mirror_image(values: Any) -> None:
    there, back = values("v1", "v2"), values("v2", "v1")
    for name, category in there["categories"].items():
        mirrored = back["categories"][name]
        assert (category["added"], category["before"]) == (mirrored["removed"], mirrored["after"])
        assert category["changed"] == mirrored["changed"]
        assert category["same"] == mirrored["same"]


def test_parameters_and_metrics_are_shown_before_and_after(diff: Any, values: Any) -> None:
    found = values("v1", "v2")
    assert found["params"]["params.yaml"]["normalize.target_lufs"] == {"old": -14, "new": -20, "diff": -6}
    assert found["metrics"]["reports/dataset.json"]["total.lufs_mean"] == {"old": -14, "new": -20, "diff": -6}
    rows = [line.split() for line in diff("v1", "v2").splitlines()]
    assert ["normalize.target_lufs", "-14", "->", "-20", "-6"] in rows
    assert ["total.lufs_mean", "-14", "->", "-20", "-6"] in rows
    assert ["pads", "3", "4", "1", "2", "1", "-"] in rows


def test_a_change_of_few_clips_is_noise_or_more(diff: Any, values: Any) -> None:
    found = values("v1", "v2")["metrics"]["reports/dataset.json"]
    passed, recognised = found["total.passed"], found["total.recognised"]
    assert (passed["noise"], recognised["noise"]) == (True, False)
    assert all(
        low <= passed[side] <= high for side, (low, high) in zip(("old", "new"), passed["intervals"], strict=True)
    )
    assert not any(key.endswith(("_low", "_high")) for key in found), "the ends are in their figure's row"
    assert "noise" not in found["total.lufs_mean"]
    lines = {line.split()[0]: line for line in diff("v1", "v2").splitlines() if line.startswith("    total.")}
    assert lines["total.passed"].endswith("+0.25  noise")
    assert lines["total.recognised"].endswith("+0.875  beyond chance")
    assert lines["total.lufs_mean"].endswith("-6")


@pytest.mark.parametrize("revisions", [("v1", "v1"), ("v2", "HEAD"), ("v2",)])
def test_the_same_content_is_no_difference(diff: Any, values: Any, revisions: tuple[str, ...]) -> None:
    assert diff(*revisions).splitlines()[1:] == ["no difference"]
    assert values(*revisions)["same"]


def test_the_workspace_is_compared_as_it_lies_there(dataset: Dataset, diff: Any, values: Any, tmp_path: Path) -> None:
    prompt = dataset.folder / "dataset/audio_prompts/pads/pads_00000_prompt.txt"
    before = prompt.read_text()
    prompt.unlink()
    prompt.write_text("loud pads")
    try:
        changed = values("v2")["categories"]["pads"]["changed"]
        printed = diff("v2", "--out", str(tmp_path / "diff.html"))
    finally:
        prompt.write_text(before)
    prompts = parse((tmp_path / "diff.html").read_text()).iterfind(".//p[@class='prompt']")
    assert [text_of(text) for text in prompts] == [before, "loud pads"]
    assert changed == {"pads_00000": {"first": "prompt", "steps": ["prompt"]}}
    assert "workspace: not as dvc.lock says: dataset/audio_prompts/pads" in printed


def test_parameters_that_no_stage_has_run_with_are_noted(dataset: Dataset, diff: Any) -> None:
    params = dataset.folder / "params.yaml"
    before = params.read_text()
    params.write_text(before.replace("-20", "-18").replace("steps: 1", "steps: 2"))
    try:
        printed = diff("v2")
    finally:
        params.write_text(before)
    (note,) = (line for line in printed.splitlines() if line.startswith("note: "))
    stages = "normalize@pads, normalize@beats, normalize@bells"  # train_codec is frozen
    assert note == f"note: workspace: made with other parameters or code: {stages}; run `dvc repro`"


def test_a_page_writes_values_as_yaml_does_and_commands_without_backticks(
    dataset: Dataset, diff: Any, tmp_path: Path
) -> None:
    params = dataset.folder / "params.yaml"
    before = params.read_text()
    params.write_text(before.replace("-20", "-18") + "extra: {loud: true, kits: [lofi_kit, 'off', null]}\n")
    try:
        diff("v2", "--out", str(tmp_path / "diff.html"))
    finally:
        params.write_text(before)
    body = parse((tmp_path / "diff.html").read_text()).find("body")
    cells = [[text_of(cell) for cell in row] for row in body.iterfind(".//tr")]
    assert ["extra.loud", "-", "true"] in [row[:3] for row in cells]
    assert ["extra.kits", "-", "[lofi_kit, 'off', null]"] in [row[:3] for row in cells]
    assert "dvc repro" in [text_of(code) for code in body.iterfind(".//code")]
    assert "`" not in "".join(text_of(part) for part in body.iterfind("header"))


def test_a_step_that_a_version_has_not_is_said_and_not_compared(diff: Any, values: Any) -> None:
    pads = values("v0", "v1")["categories"]["pads"]
    assert pads["changed"] == {}
    assert (pads["same"], pads["added"]) == (2, ["pads_00002"])
    assert pads["only_after"] == ["rendered", "normalized", "codes", "prompt"]
    note = "note: v0: has no rendered audio, normalized audio, codes, prompt of pads; not compared"
    assert note in diff("v0", "v1").splitlines()


def test_a_version_from_before_there_was_a_dataset_has_no_tracks(diff: Any, values: Any) -> None:
    pads = values("before", "v0")["categories"]["pads"]
    assert (pads["before"], pads["added"], pads["only_after"]) == (0, ["pads_00000", "pads_00001"], [])
    assert "note: before: nothing is built in it: no stage has written an output" in diff("before", "v0").splitlines()


def test_nothing_in_the_repository_changes(dataset: Dataset, diff: Any) -> None:
    before = dataset.state()
    for words in (("v0",), ("v1", "v2"), ("v1", "--json")):
        diff(*words)
    assert dataset.state() == before


def test_a_version_that_is_only_in_a_remote_is_read_from_there(values: Any, elsewhere: Dataset, store: Path) -> None:
    elsewhere.run("dvc", "remote", "add", "--local", "--default", "store", str(store / "legato/data"))
    before = elsewhere.state()
    assert values("v1", "v2", place=elsewhere) == values("v1", "v2")
    assert elsewhere.state() == before


def test_a_version_that_is_only_on_s3_is_read_and_heard_from_there(
    diff: Any, values: Any, elsewhere: Dataset, store: Path, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with Server(store) as server:
        elsewhere.run("dvc", "remote", "add", "--local", "--default", "store", "s3://legato/data")
        elsewhere.run("dvc", "remote", "modify", "--local", "store", "endpointurl", server.address)
        with monkeypatch.context() as stranger:
            stranger.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
            with pytest.raises(LegatoError, match=r"^v1: dataset/midi/pads: cannot be read from the remote: Forbidden"):
                values("v1", "v2", place=elsewhere)
        assert values("v1", "v2", place=elsewhere) == values("v1", "v2")
        diff("v1", "v2", "--html", place=elsewhere)
        assert (elsewhere.folder / "reports/diff.html").read_bytes() == page.read_bytes()
        assert not (elsewhere.folder / "dataset").exists()
        assert not (elsewhere.folder / ".dvc/cache/files").exists()


def test_a_version_in_archives_has_the_same_tracks(values: Any, elsewhere: Dataset, store: Path) -> None:
    elsewhere.run("dvc", "remote", "add", "--local", "--default", "store", str(store / "legato/data"))
    assert values("v2", "packed", place=elsewhere)["same"]
    assert values("v1", "packed", place=elsewhere)["categories"] == values("v1", "v2")["categories"]
    repository = Repository(elsewhere.folder)
    shown = [load(compare(repository, "v1", name), 9) for name in ("v2", "packed")]
    assert shown[0]
    assert all(track.new is None or (track.new.prompt and track.new.music and track.new.audio) for track in shown[1])
    for one, other in zip(*shown, strict=True):
        assert (one.name, one.new and replace(one.new, music=None)) == (
            other.name,
            other.new and replace(other.new, music=None),
        )


@pytest.fixture
def elsewhere(dataset: Dataset, tmp_path: Path) -> Dataset:
    """A clone without any data."""
    return dataset.clone(tmp_path / "elsewhere")


@pytest.fixture(scope="module")
def store(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a remote in it, `legato/data`, that has all versions."""
    folder = tmp_path_factory.mktemp("store")
    dataset.run("dvc", "remote", "add", "--local", "--default", "store", str(folder / "legato/data"))
    dataset.run("dvc", "push", "-q", "--all-tags")
    (dataset.folder / ".dvc/config.local").unlink()
    return folder


def test_a_version_whose_data_is_nowhere_is_one_line(diff: Any, elsewhere: Dataset) -> None:
    with pytest.raises(LegatoError) as raised:
        diff("v1", "v2", place=elsewhere)
    assert str(raised.value) == (
        "v1: dataset/midi/pads: its data is neither in the cache nor in a remote: "
        "run `dvc push` where v1 was made, or `dvc fetch` from a remote that has it"
    )


def test_a_revision_that_does_not_exist_is_one_line(diff: Any) -> None:
    with pytest.raises(LegatoError, match=r"^v3: no such Git revision$"):
        diff("v3")
    with pytest.raises(LegatoError, match=r"^v4: no such Git revision$"):
        diff("v1", "v4")


def test_outside_of_a_repository_is_one_line(tmp_path: Path, diff: Any) -> None:
    place = Dataset(tmp_path)
    with pytest.raises(LegatoError, match=rf"^{tmp_path}: not in a DVC repository$"):
        diff("v1", place=place)
    place.run("dvc", "init", "-q", "--no-scm")
    with pytest.raises(LegatoError, match=rf"^{tmp_path}: not in a Git repository; versions are its commits$"):
        diff("v1", place=place)


@pytest.fixture(scope="module")
def page(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of v1 and v2, all tracks on it."""
    path = tmp_path_factory.mktemp("page") / "diff.html"
    write_page(path, compare(Repository(dataset.folder), "v1", "v2"), n_tracks=20)
    return path


def test_a_page_has_each_differing_track_with_what_differs_next_to_each_other(page: Path) -> None:
    cards = {card.get("id"): card for card in parse(page.read_text()).iterfind(".//article")}
    assert set(cards) == {"pads_00001", "pads_00002", "pads_00003", "beats_00000", "beats_00001", "bells_00000"}
    n_players = {name: len(card.findall(".//audio")) for name, card in cards.items()}
    assert n_players["pads_00001"] == 1  # only its prompt differs
    assert n_players["pads_00002"] == n_players["beats_00000"] == 2
    assert n_players["pads_00003"] == n_players["beats_00001"] == 1
    assert [len(cards[name].findall(".//svg")) for name in ("pads_00002", "beats_00000")] == [2, 1]
    assert "not in v1" in text_of(cards["pads_00003"])
    assert "not in v2" in text_of(cards["beats_00001"])
    marks = [mark.text for mark in cards["beats_00000"].iterfind(".//mark")]
    assert marks == ["-14.0 LUFS", "-20 LUFS"]


def test_the_players_play_the_normalized_audio_of_their_version(page: Path) -> None:
    card = next(card for card in parse(page.read_text()).iterfind(".//article") if card.get("id") == "beats_00000")
    loudness = []
    for player in card.iterfind(".//audio"):
        audio, rate = soundfile.read(io.BytesIO(base64.b64decode(player.get("src").split(",")[1])))
        assert len(audio) / rate == pytest.approx(SECONDS, abs=0.1)
        loudness.append(decibels(np.sqrt(2) * audio[rate // 2 : rate].std()))
    assert loudness == pytest.approx([-14, -20], abs=0.5)  # of a sine's peak


def test_a_page_asks_nothing_of_the_network_and_escapes_what_it_shows(page: Path) -> None:
    document = parse(page.read_text())
    assert len(document.findall(".//script")) == 1
    assert document.findall(".//img") == []
    links = [value for node in document.iter() for name, value in node.items() if name in ("src", "href")]
    ids = {f"#{node.get('id')}" for node in document.iter() if node.get("id")}
    assert all(link.startswith("data:") or link in ids for link in links)
    shown = [text_of(prompt) for prompt in document.iterfind(".//p[@class='prompt']")]
    assert HOSTILE in shown


def test_a_page_has_no_more_tracks_than_asked_for_and_of_each_kind_some(dataset: Dataset, diff: Any) -> None:
    before = dataset.state()
    diff("--html", "v1", "--tracks", "4")
    written = dataset.folder / "reports/diff.html"
    try:
        text = written.read_text()
    finally:
        written.unlink()
    cards = [card.get("id") for card in parse(text).iterfind(".//article")]
    assert cards == ["pads_00001", "pads_00002", "pads_00003", "beats_00000"]
    assert "4 of 6" in text
    changed = {path for path, state in dataset.state().items() if before[path] != state}
    assert changed <= {str(dataset.folder / "reports")}


def test_each_category_and_way_of_differing_has_its_share_of_a_page() -> None:
    pads = {f"pads_{number}": ["prompt"] for number in range(9)} | {"pads_9": ["codes"]}
    categories = {"pads": category(changed=pads), "beats": category(added=["beats_0", "beats_1"])}
    assert [name for _, name in choose(categories, 5)] == ["pads_0", "pads_1", "pads_9", "beats_0", "beats_1"]


def category(*, changed: dict[str, list[str]] | None = None, added: Sequence[str] = ()) -> Category:
    """A category's difference."""
    return Category(n_old=10, n_new=10, added=[*added], removed=[], changed=changed or {}, only_old=[], only_new=[])


def test_a_page_of_no_difference_says_so(diff: Any, tmp_path: Path) -> None:
    diff("v2", "--out", str(tmp_path / "diff.html"))
    body = parse((tmp_path / "diff.html").read_text()).find("body")
    assert "No difference." in text_of(body)
    assert body.findall(".//section") == []


AWAY = "its data is neither in the cache nor in a remote"


@pytest.mark.parametrize(("flip", "why"), [(None, AWAY), (1, "damaged in the cache: run ")])
def test_audio_that_is_nowhere_or_damaged_is_said_on_the_page(
    dataset: Dataset, diff: Any, tmp_path: Path, flip: int | None, why: str
) -> None:
    copy = Dataset(tmp_path / "copy")
    shutil.copytree(dataset.folder, copy.folder)
    content = (dataset.folder / "dataset/raw_audio/beats/beats_00000.wav").read_bytes()
    digest = hashlib.md5(content).hexdigest()
    copy.run("git", "checkout", "-q", "v1")
    copy.run("dvc", "checkout", "-q")
    stored = copy.folder / f".dvc/cache/files/md5/{digest[:2]}/{digest[2:]}"
    stored.unlink()
    if flip:
        stored.write_bytes(content[:-1] + bytes([content[-1] ^ flip]))
    diff("v2", "--html", "--out", str(tmp_path / "diff.html"), place=copy)
    cards = parse((tmp_path / "diff.html").read_text()).iterfind(".//article")
    text = text_of(next(card for card in cards if card.get("id") == "beats_00000"))
    assert f"v2: dataset/raw_audio/beats/beats_00000.wav: {why}" in text


@pytest.mark.parametrize("width", [1280, 390])
def test_both_versions_of_a_track_play_in_a_browser(page: Path, browser: Any, width: int) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 844})
    tab.set_default_timeout(LIMIT_MS)
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.goto(page.as_uri())
    old, new = tab.locator("#pads_00002 audio").all()
    for player, other in ((old, new), (new, old)):
        player.evaluate("player => player.play()")
        tab.wait_for_function("player => player.currentTime > 0.1", arg=player.element_handle())
        assert other.evaluate("player => player.paused")
    # On a slow machine it has come to its end by now, or comes to it soon.
    new.evaluate(f"player => {{ player.playbackRate = 0.1; player.currentTime = {SECONDS / 2}; player.play(); }}")
    old.evaluate("player => player.currentTime = 0")
    button = tab.locator("#pads_00002").get_by_role("button", name="Switch version")
    moved = button.evaluate("(button, old) => (button.click(), old.currentTime)", old.element_handle())
    assert moved == pytest.approx(SECONDS / 2, abs=0.5)
    tab.wait_for_function("player => !player.paused", arg=old.element_handle())
    assert new.evaluate("player => player.paused")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.title() == "legato diff: v1 → v2"  # and not what a prompt's script would make it
    assert said == []
    tab.close()

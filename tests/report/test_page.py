"""The report page in a real browser: it lists, filters, sorts, shows and plays, from disk and from a server."""

import functools
import json
import threading
from collections.abc import Iterator
from contextlib import chdir
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from helpers.html_tree import parse, text_of
from helpers.packed import pack
from helpers.tiny_report import HOSTILE, ODD, PARAMS, WIDTHS, build, opened
from legato.audio.samples import decibels
from legato.files import sha256_of
from legato.report.page import write_report
from legato.work import item_cache, items
from legato.workspace.layout import CODES, INDEX, MIDI


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, tiny_weights: Path) -> Path:
    """The page of a workspace whose folder has an odd name."""
    folder = tmp_path_factory.mktemp("page") / """it's "my" folder #1 50%"""
    folder.mkdir()
    build(folder, tiny_weights)
    with pytest.MonkeyPatch.context() as environment, chdir(folder):
        environment.setenv(item_cache.VARIABLE, str(folder / "cache"))
        environment.setenv(items.WORKERS_VARIABLE, "1")
        environment.setenv(items.SCHEDULER_VARIABLE, "")
        write_report(PARAMS, "my & <dataset>")
    return folder / INDEX.path


@pytest.fixture(params=WIDTHS)
def tab(page: Path, browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page, opened from disk; its console is clean to the end and nothing hangs over the edge."""
    yield from opened(browser, page.as_uri(), request.param)


def names(tab: Any) -> list[str]:
    return tab.locator(".rows .id").all_inner_texts()


ALL = ["beats_00000", "beats_00001", "pads_00000", "pads_00001", "pads_00002"]


def test_filters_and_their_count(tab: Any) -> None:
    assert names(tab) == ALL
    tab.get_by_label("Category").select_option("pads")
    assert names(tab) == ALL[2:]
    assert tab.locator("output").inner_text() == "3 of 5 tracks"
    tab.get_by_label("Find").fill("PADS_00001 slow")
    assert names(tab) == ["pads_00001"]
    tab.get_by_label("Find").fill("no such words")
    assert names(tab) == []
    tab.get_by_label("Find").fill("")
    tab.get_by_label("Category").select_option("")
    tab.get_by_label("bpm from").fill("1000")
    assert names(tab) == []
    tab.get_by_label("bpm from").fill("")
    tab.get_by_label("Licence").select_option("CC0-1.0")
    assert names(tab) == ["beats_00000", *ALL[2:]]


def bpms(tab: Any) -> list[float]:
    return [float(text) for text in tab.locator(".rows .bpm").all_text_contents()]


def test_sorting_by_a_column_both_ways(tab: Any) -> None:
    button = tab.locator(".head .bpm button")
    if is_wide(tab):
        button.click()
        assert bpms(tab) == sorted(bpms(tab))
        assert button.locator("..").get_attribute("aria-sort") == "ascending"
        button.click()
    else:
        assert not button.is_visible()
        tab.get_by_label("Sort by").select_option("bpm ↑")
        assert bpms(tab) == sorted(bpms(tab))
        tab.get_by_label("Sort by").select_option("bpm ↓")
    assert bpms(tab) == sorted(bpms(tab), reverse=True)


def is_wide(tab: Any) -> bool:
    return tab.viewport_size["width"] == max(WIDTHS)


def test_columns_that_are_not_seen_can_be_sorted_by_too(tab: Any) -> None:
    tab.get_by_label("Sort by").select_option("category ↓")
    assert names(tab) == [*ALL[2:], *ALL[:2]]
    tab.get_by_label("Sort by").select_option("LUFS ↓")
    assert names(tab) == ["pads_00002", "beats_00001", "pads_00001", "beats_00000", "pads_00000"]
    if is_wide(tab):
        tab.get_by_role("button", name="bpm").click()
        assert tab.get_by_label("Sort by").input_value() == "3 1"
        assert tab.locator("[aria-sort=ascending]").inner_text() == "bpm"


def test_a_track_is_seen_and_heard_before_and_behind_the_codec(tab: Any) -> None:
    tab.locator(".rows [role=row]").nth(3).click()
    panel = tab.locator(".track")
    panel.get_by_role("heading", name="pads_00001").wait_for()
    assert panel.locator(".tags .true").all_inner_texts() == ["✓ slow pads", "✓ no drums"]
    assert panel.locator(".tags .stated").all_inner_texts() == ["○ dry"]
    assert panel.locator(".tags .unknown").count() == 1
    assert panel.locator("svg.roll path").count() == 2
    painted = "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"
    assert panel.locator("canvas").evaluate(painted) > 10
    before, after = panel.locator("audio").all()
    for player, other in ((before, after), (after, before)):
        player.evaluate("player => player.play()")
        tab.wait_for_function("player => player.currentTime > 0.1", arg=player.element_handle())
        assert other.evaluate("player => player.paused")
    assert before.evaluate("player => player.duration") == pytest.approx(PARAMS.preview_seconds, abs=0.1)


def test_a_tag_that_is_not_true_and_a_track_without_a_preview_say_so(tab: Any) -> None:
    tab.locator(".rows [role=row]").nth(0).click()
    panel = tab.locator(".track")
    panel.get_by_role("heading", name="beats_00000").wait_for()
    assert panel.locator(".tags .false").all_inner_texts() == ["✗ no drums"]
    panel.get_by_text("How each tag was checked").click()
    told = panel.locator("details dd").all_inner_texts()
    assert told == ["phrase (notes)", "not checked", "no drums (notes) – not true", "space (stated)"]
    tab.locator(".rows [role=row]").nth(4).click()
    panel.get_by_role("heading", name="pads_00002").wait_for()
    assert panel.locator("audio").count() == 0
    assert "No preview: report.previews in params.yaml says" in " ".join(panel.inner_text().split())


def test_the_list_is_used_by_keyboard_alone(tab: Any) -> None:
    tab.locator(".rows [role=row]").nth(0).focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "End", "Home", "ArrowDown"):
        tab.keyboard.press(key)
    assert tab.evaluate("document.activeElement.dataset.at") == "1"
    tab.keyboard.press("Enter")
    tab.locator(".track").get_by_role("heading", name="beats_00001").wait_for()
    assert tab.evaluate("document.activeElement.textContent") == "beats_00001"


def test_script_and_html_in_prompts_and_names_are_text(tab: Any) -> None:
    tab.locator(".rows [role=row]").nth(1).click()
    panel = tab.locator(".track")
    panel.get_by_role("heading", name="beats_00001").wait_for()
    assert "".join(panel.locator(".tags li").all_inner_texts()).replace("· ", "") == HOSTILE
    panel.get_by_text("Where it comes from").click()
    assert ODD in panel.locator(".chain").inner_text()
    assert tab.locator(".rows .prompt").nth(1).inner_text() == HOSTILE
    assert HOSTILE in tab.locator("#samples").inner_text()
    assert HOSTILE in tab.locator("#licences").inner_text()
    assert tab.title() == "my & <dataset>: report"
    assert tab.locator("img").count() == 0


def test_columns_stand_under_their_heads_and_inside_the_list(tab: Any) -> None:
    if not is_wide(tab):  # where a track has two lines and no heads
        assert not tab.locator(".head").is_visible()
        return
    boxes = "cells.map(cell => cell.getBoundingClientRect()).filter(box => box.width)"
    edges = f"cells => {boxes}.map(box => [box.x, box.right])"
    heads = tab.locator(".head [role=columnheader]").evaluate_all(edges)
    cells = tab.locator(".rows [role=row]").first.locator("[role=gridcell]").evaluate_all(edges)
    assert cells == heads
    words = tab.locator(".head button:visible").evaluate_all(edges)
    assert all(right <= left for (_, right), (left, _) in pairwise(words))
    box = tab.locator(".list").bounding_box()
    assert all(box["x"] <= left < right <= box["x"] + box["width"] for left, right in cells)


def test_the_open_track_is_marked_under_the_mouse_too(tab: Any) -> None:
    row, color = tab.locator(".rows [role=row]"), "row => getComputedStyle(row).backgroundColor"
    row.nth(2).click()
    tab.locator(".rows [aria-selected=true]").wait_for()
    row.nth(2).hover()
    marked = row.nth(2).evaluate(color)
    row.nth(3).hover()
    assert row.nth(2).evaluate(color) == marked != row.nth(3).evaluate(color)


def test_a_sample_of_the_model_plays(tab: Any) -> None:
    player = tab.locator("#samples audio")
    player.evaluate("player => player.play()")
    tab.wait_for_function("player => player.currentTime > 0.1", arg=player.element_handle())


def test_five_thousand_tracks_are_a_few_rows_at_a_time(tab: Any) -> None:
    tab.evaluate("""legato.list(Array.from({ length: 5000 }, (_, at) =>
        [`pads_${String(at).padStart(5, "0")}`, "pads", "slow pads", 60 + at % 100, "", -14, 30, "CC0-1.0"]))""")
    rows = tab.locator(".rows [role=row]")
    assert 5 < rows.count() < 60
    rows.nth(0).focus()
    tab.keyboard.press("End")
    assert tab.evaluate("document.activeElement.querySelector('.id').textContent") == "pads_04999"
    assert 5 < rows.count() < 60
    tab.get_by_label("Find").fill("pads_01234")
    assert names(tab) == ["pads_01234"]
    assert tab.locator(".list").get_attribute("aria-rowcount") == "2"


def test_from_a_web_server(page: Path, browser: Any) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Quiet.of(page.parent)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for tab in opened(browser, f"http://127.0.0.1:{server.server_port}/{page.name}", 1280):
            row = tab.locator(".rows [role=row]").nth(2)
            name = row.inner_text().split()[0]
            row.click()  # another track than the one that opens by itself, whose player it takes away
            tab.locator(".track").get_by_role("heading", name=name).wait_for()
            player = tab.locator(".track audio").first
            player.evaluate("player => player.play()")
            tab.wait_for_function("player => player.currentTime > 0.1", arg=player.element_handle())
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    @classmethod
    def of(cls, folder: Path) -> Any:
        return functools.partial(cls, directory=str(folder))

    def log_message(self, *_: Any) -> None:
        pass


def test_previews_are_the_first_seconds_of_the_track(page: Path) -> None:
    audio, rate = soundfile.read(page.parent / "page/previews/pads/pads_00001.before.mp3")
    original, _ = soundfile.read(page.parent.parent / "dataset/raw_audio/pads/pads_00001.wav")
    middle = slice(rate // 4, rate)
    assert len(audio) / rate == pytest.approx(PARAMS.preview_seconds, abs=0.1)
    assert decibels(audio[middle].std()) == pytest.approx(decibels(original[middle].std()), abs=0.3)
    spectrum = np.abs(np.fft.rfft(audio[:rate, 0]))
    assert np.argmax(spectrum) == pytest.approx(440, abs=2)


def test_two_builds_have_the_same_bytes_and_ask_nothing_of_the_network(
    page: Path, tmp_path: Path, tiny_weights: Path
) -> None:
    """One is of files, the other of archives."""
    with chdir(tmp_path), pytest.MonkeyPatch.context() as environment:
        build(tmp_path, tiny_weights)
        pack(MIDI, CODES)
        environment.setenv(items.WORKERS_VARIABLE, "1")
        environment.setenv(items.SCHEDULER_VARIABLE, "")
        write_report(PARAMS, "my & <dataset>")
    assert digests(page.parent) == digests(tmp_path / "reports")
    attributes = [pair for node in parse(page.read_text()).iter() for pair in node.items()]
    links = [value for name, value in attributes if name in ("src", "href")]
    assert all(link.startswith(("page/", "#", "data:")) for link in links)


def digests(folder: Path) -> dict[Path, str]:
    return {path.relative_to(folder): sha256_of(path) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def workspace(tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace of the page, to change."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(items.WORKERS_VARIABLE, "1")
    monkeypatch.setenv(items.SCHEDULER_VARIABLE, "")
    build(tmp_path, tiny_weights)
    return tmp_path


def test_what_a_track_has_not_is_said_with_what_makes_it(workspace: Path) -> None:
    for path in ("midi/beats/beats_00000.mid", "raw_audio/beats/beats_00000.wav", "encoded/beats/beats_00001.pt"):
        (workspace / "dataset" / path).unlink()
    (workspace / "dataset/encoded_dataset/provenance.jsonl").unlink()
    write_report(PARAMS, "partial")
    first, second = details("beats_00000"), details("beats_00001")
    for words in ("The audio of this track", "The music of this track"):
        assert f"{words}: not built yet. dvc repro makes it." in first
        assert words not in second
    assert "Its codes: not built yet. dvc repro makes it." in second
    assert "after the codec" in first
    assert "before the codec" in second
    assert all("Where it comes from: not built yet. dvc repro collect makes it." in one for one in (first, second))
    (workspace / "dataset/codec/weights.pth").unlink()
    write_report(PARAMS, "partial")
    assert "The codec: not built yet. dvc repro codec makes it." in details("beats_00000")


def details(name: str) -> str:
    """The text of a track's details."""
    script = (INDEX.path.parent / f"page/tracks/{name.rsplit('_', 1)[0]}/{name}.js").read_text()
    return text_of(parse(json.loads(f"[{script.removeprefix('legato.show(').removesuffix(');' + chr(10))}]")[1]))


def test_another_prompt_decodes_nothing_again(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_report(PARAMS, "before")
    tracks = workspace / "dataset/encoded_dataset/tracks.jsonl"
    tracks.write_text(tracks.read_text().replace("slow pads,", "quick pads,"))
    capsys.readouterr()
    write_report(PARAMS, "after")
    told = capsys.readouterr().out.splitlines()
    assert "preview@pads: 2 of 2 tracks were in the cache" in told
    assert "report@pads: 0 of 3 tracks were in the cache" in told
    assert "quick pads" in details("pads_00000")
    assert Path("reports/page/previews/pads/pads_00000.after.mp3").is_file()


def test_over_nothing_at_all_each_part_says_what_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    write_report(PARAMS, "empty")
    text = text_of(parse(INDEX.path.read_text()))
    for command in ("dvc repro summary", "dvc repro audit", "dvc repro collect", "dvc repro train", "dvc repro sample"):
        assert f"not built yet. {command} makes it." in text
    for tab in opened(browser, (tmp_path / INDEX.path).as_uri(), 390):
        assert tab.locator("h2").count() == 7

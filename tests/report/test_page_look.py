"""The report page as it is seen: nothing is cut in silence, figures line up, and what is not known is said in words."""

import json
import math
import re
from collections.abc import Iterator
from contextlib import chdir
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.html_tree import parse, text_of
from helpers.signals import sine
from helpers.tiny_report import HOSTILE, PARAMS, SECONDS, WIDTHS, build, opened
from legato.audio.samples import write_audio
from legato.diff.compare import value_diff, with_intervals
from legato.diff.text import chance, change, shown
from legato.files import read_jsonl, write_json, write_jsonl
from legato.measure.summary import sample_figures
from legato.page.chart import MOST_BINS, histogram, scale_over
from legato.page.figures import clock, duration, number
from legato.page.html import element
from legato.report.page import write_report
from legato.report.samples import samples, verdict
from legato.report.sections import overview, training
from legato.tokens import SAMPLE_RATE
from legato.work import item_cache, items
from legato.workspace.layout import INDEX

LONG = "synth_pads_without_any_drums_and_with_reverb"  # a category whose ids fit nowhere
TRACKS = [*((LONG, number) for number in range(4)), *(("beats", number) for number in range(8))]
FIGURES = {
    "tracks": 4, "minutes": 0.2, "lufs": -14.0, "peak_dbtp": -1.05, "silence": 0.0, "tags": 3.0, "tag_accuracy": 1.0,
    "stated": 2,
}  # fmt: skip
SUMMARY = {
    LONG: FIGURES | {"vendi": 1.0, "near_duplicates": 0, "perplexity": 500.25, "si_sdr_db": None, "loss": None},
    "beats": FIGURES | {"vendi": 12.5, "near_duplicates": 3, "perplexity": 74.0, "si_sdr_db": -0.04, "loss": 6.1},
    "total": FIGURES | {"vendi": 10, "near_duplicates": 3, "passed": None, "frechet_db": 3.0, "train_loss": 5.0},
}
PASSED = {
    "all": {"generated": 0.25, "held_out": None, "others": 1.0},
    "no_drums_heard": {"generated": 0.5, "held_out": None, "others": 1.0},
    "drums_heard": {"generated": 0.0, "held_out": 0.0, "others": 0.0},
}
SHARE = {"generated": 0.5, "generated_low": 0.2, "generated_high": 0.8, "held_out": 1.0, "others": 0.0}
PLAIN = "slow pads"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, tiny_weights: Path) -> Path:
    """A page with a long name, a track of which little is known, and figures that there are none of."""
    folder = tmp_path_factory.mktemp("look")
    build(folder, tiny_weights, TRACKS)
    with pytest.MonkeyPatch.context() as environment, chdir(folder):
        rows = list(read_jsonl(Path("dataset/encoded_dataset/tracks.jsonl")))
        rows[0] |= {"bpm": None, "key": None, "scale": None}
        for row in rows:
            row["lufs"] = -14.0 + 0.004 * (row["id"] == "beats_00000")  # the same as it is shown
            row |= {"license": "CC0-1.0", "held_out": False}
            row["prompt"] = row["prompt"] if row["prompt"] != HOSTILE else "slow beats, loud"
        write_jsonl(Path("dataset/encoded_dataset/tracks.jsonl"), rows)
        write_json(Path("reports/summary.json"), SUMMARY)
        write_json(
            Path("reports/evaluate.json"),
            {"prompts": {PLAIN: {"passed": PASSED, "not_told": {"lofi_heard": "the codec hides it"}}}},
        )
        write_jsonl(Path("reports/samples/samples.jsonl"), [{"id": "00_0", "prompt": PLAIN}])
        environment.setenv(item_cache.VARIABLE, str(folder / "cache"))
        environment.setenv(items.WORKERS_VARIABLE, "1")
        environment.setenv(items.SCHEDULER_VARIABLE, "")
        write_report(PARAMS, "look")
    return folder / INDEX.path


@pytest.fixture(params=WIDTHS)
def tab(page: Path, browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page with its first track open and everything unfolded."""
    for tab in opened(browser, page.as_uri(), request.param):
        tab.locator(".rows [role=row]").first.click()
        tab.locator(".track h3").wait_for()
        tab.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        yield tab


def test_every_number_of_a_track_is_seen(tab: Any) -> None:
    cells = tab.locator(".rows .id").evaluate_all(
        """cells => cells.map(cell => {
            const end = cell.querySelector(".number");
            const [box, number] = [cell, end].map(one => one.getBoundingClientRect());
            return [cell.textContent, end.textContent, box.x <= number.x, number.right <= box.right];
        })"""
    )
    assert [text for text, *_ in cells] == sorted(f"{category}_{number:05}" for category, number in TRACKS)
    assert all(number == text[-6:] and begins and ends for text, number, begins, ends in cells)


CUT = """() => [...document.querySelectorAll("body *")].filter(one =>
    getComputedStyle(one).overflowX === "hidden" && one.scrollWidth > one.clientWidth + 1 && !one.closest("[title]")
).map(one => one.outerHTML)"""


def test_what_is_cut_has_a_title(tab: Any) -> None:
    assert tab.evaluate(CUT) == []
    stems = tab.locator(".rows .stem").evaluate_all(
        "all => all.filter(one => one.scrollWidth > one.clientWidth).length"
    )
    assert stems == 4  # the law is not empty: the long name is cut


BROKEN = """() => {
    const broken = [], range = document.createRange();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        for (const word of walker.currentNode.data.matchAll(/[^\\s\\-–]+/g)) {
            range.setStart(walker.currentNode, word.index);
            range.setEnd(walker.currentNode, word.index + word[0].length);
            const boxes = [...range.getClientRects()].filter(box => box.width > 1);
            const tops = new Set(boxes.map(box => Math.round(box.top)));
            if (tops.size > 1) broken.push(word[0]);
        }
    }
    return broken;
}"""


def test_no_word_is_broken_in_the_middle(tab: Any) -> None:
    tab.locator("#licences li").evaluate_all(
        "all => all.forEach(one => one.remove())"
    )  # the hostile one is longer than a line
    assert tab.evaluate(BROKEN) == []


def test_what_scrolls_says_so(tab: Any) -> None:
    wide = tab.locator(".scroll").evaluate_all(
        """boxes => boxes.filter(box => box.scrollWidth > box.clientWidth + 1).map(box =>
            [box.previousElementSibling.innerText, box.classList.contains("more-right"), box.tabIndex])"""
    )
    assert all(words.startswith("Scroll sideways") and shade and stop == 0 for words, shade, stop in wide)
    assert bool(wide) == (tab.viewport_size["width"] == min(WIDTHS))
    fits = tab.locator(".scroll").evaluate_all(
        "boxes => boxes.filter(box => box.scrollWidth <= box.clientWidth).map(box => box.previousElementSibling.hidden)"
    )
    assert all(fits)
    first = tab.locator(".scroll").first
    first.evaluate("box => box.scrollTo(10_000, 0)")
    tab.wait_for_function("!document.querySelector('.scroll').classList.contains('more-right')")


def test_the_open_track_is_marked_from_side_to_side(tab: Any) -> None:
    box, inner = "one => one.getBoundingClientRect().width", "one => one.clientWidth"
    row, frame = tab.locator(".rows [aria-selected=true]"), tab.locator(".list")
    widths = [row.evaluate(box), frame.evaluate(inner), frame.evaluate(box) - 2]  # without its border
    assert max(widths) - min(widths) <= 1  # a rounded pixel


def test_players_say_how_long_they_play_before_they_do(tab: Any) -> None:
    tab.wait_for_function("[...document.querySelectorAll('audio')].every(one => one.readyState > 0)")
    told = tab.locator("audio").evaluate_all(
        "all => all.map(one => [one.duration, one.closest('figure').querySelector('.long').textContent])"
    )
    assert told == [
        [pytest.approx(SECONDS, abs=0.06), "2.0\xa0s"],  # a clip, and held-out music as long
        [pytest.approx(SECONDS, abs=0.06), "2.0\xa0s"],
        [pytest.approx(PARAMS.preview_seconds, abs=0.06), "first 1.5\xa0s"],
        [pytest.approx(PARAMS.preview_seconds, abs=0.06), "first 1.5\xa0s"],
    ]


def test_samples_come_first_beside_held_out_music_of_their_phrase(tab: Any) -> None:
    assert tab.locator("section h2").first.inner_text() == "Samples"
    figures = tab.locator("#samples figure")
    assert [text.split("\n")[0] for text in figures.locator("figcaption").all_inner_texts()] == [
        "clip 1", "held out: pads_00009",
    ]  # fmt: skip
    if tab.viewport_size["width"] == max(WIDTHS):
        assert len({round(box["y"]) for box in (one.bounding_box() for one in figures.all())}) == 1, "side by side"
    for player in figures.locator("audio").all():
        player.evaluate("player => player.play()")
        tab.wait_for_function("player => player.currentTime > 0.1", arg=player.element_handle())


def test_no_markup_is_shown_as_text(tab: Any) -> None:
    text = tab.evaluate("document.body.innerText")
    assert "`" not in text
    assert not re.search(r"\b(None|nan|NaN|null|undefined)\b", text)


def test_figures_of_a_column_have_the_same_digits_and_a_true_minus(tab: Any) -> None:
    columns = tab.locator("#overview table").evaluate(
        """table => [...table.tHead.rows[0].cells].map(
            (_, at) => [...table.tBodies[0].rows].map(row => row.cells[at].innerText))"""
    )
    for column in columns[1:]:
        shown = [text for text in column if text != "–"]
        assert len({len(text.partition(".")[2]) for text in shown}) == 1, column
        assert not any(text.startswith("-") for text in shown)
    assert columns[-1] == ["6.10", "–", "–"]
    assert "is a figure that is not known" in tab.locator("#overview").inner_text()


def test_what_is_the_same_of_every_track_is_said_once(tab: Any) -> None:
    assert tab.locator(".alike").inner_text() == "Every track: CC0-1.0, −14.0 LUFS"
    for name in ("lufs", "license", "category"):
        assert not tab.locator(f".rows .{name}").first.is_visible()
    assert tab.get_by_label("Licence").is_hidden()
    orders = tab.get_by_label("Sort by").locator("option").all_inner_texts()
    assert {words[:-2] for words in orders} == {"track", "category", "prompt", "bpm", "key", "length"}


def test_prompts_are_shown_without_their_phrase_and_found_by_it(tab: Any) -> None:
    prompts = tab.locator(".rows .prompt").all_text_contents()
    assert len(prompts) == len(TRACKS)
    assert not any(text.startswith("slow ") for text in prompts)
    tab.get_by_label("Find").fill("slow beats")
    assert tab.locator(".rows [role=row]").count() == 8


def test_a_track_whose_bpm_and_key_are_not_known(tab: Any) -> None:
    for order in ("bpm ↑", "bpm ↓", "key ↑", "key ↓"):
        tab.get_by_label("Sort by").select_option(order)
        assert tab.locator(f".rows .{order[:3]}").all_text_contents()[-1] == "–"
    assert tab.locator(".rows .id").all_text_contents()[-1] == f"{LONG}_00000"
    tab.get_by_label("bpm from").fill("1")
    assert tab.locator(".rows [role=row]").count() == len(TRACKS) - 1
    tab.get_by_label("bpm from").fill("")
    tab.get_by_label("Find").fill(f"{LONG}_00000")
    tab.locator(".rows [role=row]").click()
    tab.locator(".track").get_by_role("heading", name=f"{LONG}_00000").wait_for()
    assert tab.locator(".about").inner_text() == "bpm not known, no key, 0:02, CC0-1.0, for training"
    told = " ".join(tab.locator("#distributions figcaption").nth(1).inner_text().split())
    assert re.fullmatch(rf"{LONG} 3 tracks, \d+ to \d+ bpm, median \d+, 1 not known", told)


def test_filters_that_nothing_passes_can_be_cleared(tab: Any) -> None:
    tab.get_by_label("Find").fill("no such words")
    assert "No track is like that." in tab.locator(".rows").inner_text()
    tab.get_by_role("button", name="Clear the filters").click()
    assert tab.locator(".rows [role=row]").count() == len(TRACKS)


def test_charts_can_be_read(tab: Any) -> None:
    charts = tab.locator("#distributions svg").evaluate_all(
        """charts => charts.map(chart => [...chart.querySelectorAll("text")].map(text => {
            const { left, right, height } = text.getBoundingClientRect();
            const inside = left >= chart.getBoundingClientRect().left - 1;
            return { words: text.textContent, kind: text.className.baseVal, left, right, height, inside };
        }))"""
    )
    assert len(charts) == 4  # tempo and length of two categories: loudness and peak are the same of every track
    for texts in charts:
        assert all(text["height"] >= 10 and text["inside"] for text in texts)
        assert texts[-1]["words"] in ("bpm", "seconds")
        ticks = sorted((text for text in texts if text["kind"] == "tick"), key=lambda text: text["left"])
        assert len(ticks) > 1
        assert all(one["right"] < other["left"] for one, other in pairwise(ticks))
    counts = [sum(int(text["words"]) for text in texts if "count" in text["kind"]) for texts in charts]
    assert counts == [8, 3, 8, 4]
    assert "Every track: −1.0 dBTP." in tab.locator("#distributions").inner_text()


def test_what_checks_say_of_samples_is_said_in_words(tab: Any) -> None:
    told = dict(zip(*(tab.locator(f"#samples {tag}").all_inner_texts() for tag in ("dt", "dd")), strict=True))
    assert told == {
        "no drums heard": "50\xa0% of the clips pass; there is no held-out music of this phrase to compare with",
        "drums heard": "says nothing here: not even held-out music of this phrase passes",
        "lofi heard": "not told: the codec hides it",
    }


EVALUATED = {
    "passed": {"all": SHARE, "no_drums_heard": SHARE},
    "not_told": {"lofi_heard": "the codec hides it"},
    "recognised": SHARE,
    "percussive_share": {"generated": 0.1, "held_out": 0.2, "others": 0.3},
    "frechet_log_mel_db": {"generated": 5.0, "held_out": 1.0},
}


def leaves(values: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The place of each figure."""
    for name, value in values.items():
        yield from leaves(value, (*above, name)) if isinstance(value, dict) else [(*above, name)]


def without(values: dict[str, Any], places: set[tuple[str, ...]], above: tuple[str, ...] = ()) -> dict[str, Any]:
    """The same figures, those at some places null."""
    return {
        name: without(value, places, (*above, name)) if isinstance(value, dict)
        else None if (*above, name) in places else value
        for name, value in values.items()
    }  # fmt: skip


REPORTS = {"summary": SUMMARY, "evaluate": {"prompts": {PLAIN: EVALUATED}, "total": EVALUATED}}
NUMBERS = sorted(place for place in leaves(REPORTS) if "not_told" not in place)


@given(nulls=st.sets(st.sampled_from(NUMBERS)))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_figure_may_be_unknown(nulls: set[tuple[str, ...]], tmp_path: Path) -> None:
    """A prompt whose phrase no held-out track has, silent clips, nothing held out: page, summary and diff go on."""
    found = without(REPORTS, nulls)
    with chdir(tmp_path):
        for name, values in found.items():
            write_json(Path(f"reports/{name}.json"), values)
        write_audio(Path("reports/samples/00_0.wav"), sine(0.2, -20), SAMPLE_RATE, "PCM_16")
        write_jsonl(Path("reports/samples/samples.jsonl"), [{"id": "00_0", "prompt": PLAIN}])
        parts = [element("div", *part) for part in (overview(), training(), samples())]
    told = " ".join(text_of(part) for part in parts)
    assert "No held-out music has this phrase." in told
    assert not re.search(r"\b(None|nan|null)\b", told)
    before, after = ({"a.json": of["summary"] | sample_figures(of["evaluate"])} for of in (REPORTS, found))
    rows = with_intervals(value_diff(before, after), before, after).get("a.json", {})
    assert all(shown(row["old"]) and shown(row["new"]) and not change(row) + chance(row) for row in rows.values())


shares = st.none() | st.floats(0, 1)


@given(generated=shares, held_out=shares, others=shares)
def test_every_verdict_is_words(generated: float | None, held_out: float | None, others: float | None) -> None:
    words, is_telling = verdict({"generated": generated, "held_out": held_out, "others": others})
    assert not re.search(r"None|nan|–", words)
    assert words.startswith("says nothing") or "clip" in words
    if is_telling:
        assert generated is not None
        assert None in (held_out, others) or held_out > others


values = st.lists(st.integers(-(10**7), 10**7).map(lambda value: value / 1000), min_size=2, max_size=50).filter(
    lambda found: max(found) - min(found) >= 0.5  # less is said in words
)


@given(values=values)
def test_a_histogram_counts_each_value_once_on_a_round_scale(values: list[float]) -> None:
    scale = scale_over(min(values), max(values), MOST_BINS)
    assert scale.ticks[0] <= min(values) + 1e-6
    assert max(values) <= scale.ticks[-1] + 1e-6
    assert 1 < len(scale.ticks) <= MOST_BINS + 1
    assert all(math.isclose(tick / scale.step, round(tick / scale.step), abs_tol=1e-6) for tick in scale.ticks)
    within = [min(max(value, scale.ticks[0]), scale.ticks[-1]) for value in values]
    counts = [
        text_of(node) for node in histogram(within, "words", "bpm", scale).iter("text") if "count" in node.get("class")
    ]
    assert sum(map(int, counts)) == len(values)
    labels = [number(tick, scale.digits) for tick in scale.ticks]
    assert len(set(labels)) == len(labels)


@given(seconds=st.floats(0, 1e6))
def test_durations_suit_their_size(seconds: float) -> None:
    figure, unit = duration(seconds).split("\xa0")
    size = {"s": 1, "min": 60, "h": 3600}[unit]
    assert abs(float(figure) * size - seconds) <= 0.0501 * size
    assert unit == "h" or float(figure) <= 120
    parts = [int(part) for part in clock(seconds).split(":")]
    assert all(part < 60 for part in parts[1:])
    assert abs(sum(part * 60**at for at, part in enumerate(reversed(parts))) - seconds) <= 0.5


def test_list_and_details_show_a_length_alike(tab: Any) -> None:
    tab.evaluate(
        f"legato.list({json.dumps([['a_1', 'a', 'a', 60, None, -14, s, ''] for s in (0.4, 59.7, 3599.6, 4000)])})"
    )
    assert tab.locator(".rows .seconds").all_text_contents() == [clock(s) for s in (0.4, 59.7, 3599.6, 4000)]


def test_a_sample_without_held_out_music_does_not_stop_the_page(page: Path) -> None:
    text = " ".join(text_of(parse(page.read_text())).split())
    assert "there is no held-out music of this phrase to compare with" in text

"""The report page at 5,000 tracks: `python benchmarks/page.py [--tracks 5000]`.

The facts are synthetic, the page is the real one, and Chromium opens it from disk. Printed are the weight of what is
loaded at first, the time until the list is there, and the time from a key in the search field to the filtered list.
"""

import argparse
import shutil
import tempfile
import time
from contextlib import chdir
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from legato.files import write_jsonl
from legato.report.config import ReportParams
from legato.report.page import write_report
from legato.workspace.layout import INDEX, PAGE

RNG = np.random.default_rng(0)
KEYS = ("C", "D", "E flat", "F sharp", "A")
TAGS = ("warm analog pad", "no drums", "wide stereo", "energetic", "slow attack", "square wave synth lead", "uplifting")


def row(number: int) -> dict[str, object]:
    """The facts of a track that does not exist."""
    category = f"category_{number % 4}"
    bpm = int(RNG.integers(70, 150))
    tags = ", ".join(RNG.choice(TAGS, 5, replace=False))
    return {
        "id": f"{category}_{number:05}", "category": category, "prompt": f"{category}, {bpm} bpm, {tags}", "bpm": bpm,
        "key": str(RNG.choice(KEYS)), "scale": "minor", "lufs": -14.0, "dbtp": -1.0, "seconds": 30.0 + bpm / 50,
        "license": "CC0-1.0", "verdicts": [],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=5000)
    n_tracks = parser.parse_args().tracks
    with tempfile.TemporaryDirectory() as folder, chdir(folder), sync_playwright() as playwright:
        Path("params.yaml").write_text("compute: {workers: 0}\n")
        write_jsonl(Path("dataset/encoded_dataset/tracks.jsonl"), map(row, range(n_tracks)))
        started = time.monotonic()
        write_report(ReportParams(previews=0, preview_seconds=1), "benchmark")
        print(f"built in {time.monotonic() - started:.1f} s, {n_tracks} tracks without audio")
        loaded = [INDEX.path, *(PAGE.path / name for name in ("tracks.js", "report.js", "report.css"))]
        print(f"loaded at first: {sum(path.stat().st_size for path in loaded) / 1e6:.2f} MB")
        chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
        tab = playwright.chromium.launch(executable_path=chromium).new_page()
        for _ in range(2):  # the first one starts the browser's processes
            tab.goto(INDEX.path.absolute().as_uri())
        timing = "performance.getEntriesByType('navigation')[0].loadEventEnd"
        print(f"list there after {tab.evaluate(timing):.0f} ms, {tab.locator('.rows [role=row]').count()} rows in it")
        filtered_ms = tab.evaluate(FILTER)
        print(f"filtered in {filtered_ms:.0f} ms, sorted in {tab.evaluate(SORT):.0f} ms")


FILTER = """() => {
  const field = document.querySelector("[name=words]"), started = performance.now();
  field.value = "uplifting 12";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  document.body.offsetHeight;
  return performance.now() - started;
}"""
SORT = """() => {
  document.querySelector("[name=words]").value = "";
  const started = performance.now();
  document.querySelector("[data-column='3']").click();
  document.body.offsetHeight;
  return performance.now() - started;
}"""

if __name__ == "__main__":
    main()

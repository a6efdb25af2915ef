"""The summary takes its figures from the reports, under names that stay."""

import copy
import json

from conftest import ROOT
from legato.summary import read_reports, summarize

NAMES = {
    "tracks", "minutes", "lufs", "peak_dbtp", "silence", "limited", "tags", "true", "vendi", "near_duplicates",
    "perplexity", "si_sdr_db", "log_mel_db", "loss",
}  # fmt: skip


def test_the_names_stay_and_the_committed_summary_is_of_the_committed_reports() -> None:
    reports = read_reports(ROOT / "reports")
    found = summarize(reports)
    assert found == json.loads((ROOT / "reports/summary.json").read_text())
    assert set(found.pop("total")) == NAMES | {"train_loss", "passed", "frechet_db", "hours"}
    assert {frozenset(group) for group in found.values()} == {frozenset(NAMES)}


def test_a_figure_is_that_of_its_report() -> None:
    reports = read_reports(ROOT / "reports")
    changed = copy.deepcopy(reports)
    changed["dataset"]["total"]["seconds"] = 90
    changed["diversity"]["bass_808"]["vendi"] = 5.5
    for prompt in changed["evaluate"]["prompts"].values():
        prompt["frechet_log_mel_db"]["generated"] = None
    before, after = summarize(reports), summarize(changed)
    assert after["total"].pop("minutes") == 1.5
    assert after["bass_808"].pop("vendi") == 5.5
    assert after["total"].pop("frechet_db") is None
    for key in ("minutes", "frechet_db"):
        before["total"].pop(key)
    before["bass_808"].pop("vendi")
    assert after == before

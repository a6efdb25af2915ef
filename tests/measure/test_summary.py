"""The summary takes its figures from the reports, under names that stay."""

import copy
from typing import Any

from legato.measure.summary import summarize

NAMES = {
    "tracks", "minutes", "lufs", "peak_dbtp", "silence", "limited", "tags", "tag_accuracy", "stated", "vendi",
    "near_duplicates", "perplexity", "si_sdr_db", "log_mel_db", "loss",
}  # fmt: skip
GROUPS = ("total", "bass", "drums")
DATA = {
    "tracks": 6, "seconds": 193.8, "lufs_mean": -14.0, "dbtp_max": -1.05, "silence": 0.01, "limited": 2,
    "tags_mean": 8.2, "perplexity_mean": 554.0,
}  # fmt: skip
PROMPT = {"passed": {}, "frechet_log_mel_db": {"generated": 10.0}, "percussive_share": {"generated": 0.2}}
OF_SAMPLES = {
    "passed": 0.5, "passed_low": 0.2, "passed_high": 0.8,
    "recognised": 0.75, "recognised_low": 0.4, "recognised_high": 0.9,
    "percussive_only_drums": 0.2, "percussive_no_drums": None, "frechet_db": 15.0,
}  # fmt: skip
REPORTS: dict[str, Any] = {
    "dataset": dict.fromkeys(GROUPS, DATA),
    "tag_accuracy": {key: {"all": 0.99, "bpm": 1.0, "stated": {"all": 7, "space": 7}} for key in GROUPS},
    "diversity": {key: {"vendi": 2.5, "near_duplicates": 0} for key in GROUPS},
    "codec": {key: {"si_sdr_db": 15.743, "log_mel_db": {"all": 3.141, "to_1k": 2.0}} for key in GROUPS},
    "train/metrics": {
        "held_out": {"loss": 6.35012, "loss_start": 6.94, "category": {"bass": 5.8, "drums": 6.1}},
        "train": {"loss": 5.8},
    },
    "evaluate": {
        "prompts": {
            "a": PROMPT | {"passed": {"all": {"generated": 0.5}, "only_drums_heard": {"generated": 0.5}}},
            "b": PROMPT | {"frechet_log_mel_db": {"generated": 20.0}, "percussive_share": {"generated": 0.01}},
        },
        "total": {
            "passed": {"all": {"generated": 0.5, "generated_low": 0.2, "generated_high": 0.8}},
            "recognised": {"generated": 0.75, "generated_low": 0.4, "generated_high": 0.9, "held_out": 1.0},
        },
    },
}


def test_the_names_stay() -> None:
    found = summarize(REPORTS)
    assert set(found.pop("total")) == NAMES | {"train_loss", "loss_start"} | OF_SAMPLES.keys()
    assert {name: set(group) for name, group in found.items()} == {"bass": NAMES, "drums": NAMES}


def test_a_figure_is_that_of_its_report() -> None:
    found = summarize(REPORTS)
    assert found["total"] | OF_SAMPLES | {"train_loss": 5.8, "loss": 6.3501, "loss_start": 6.94} == found["total"]
    assert found["bass"] | {"minutes": 3.23, "si_sdr_db": 15.74, "log_mel_db": 3.14, "loss": 5.8} == found["bass"]
    assert found["bass"] | {"tag_accuracy": 0.99, "stated": 7} == found["bass"]
    changed = copy.deepcopy(REPORTS)
    changed["diversity"]["drums"]["vendi"] = 5.5
    for prompt in changed["evaluate"]["prompts"].values():
        prompt["frechet_log_mel_db"]["generated"] = None
    after = summarize(changed)
    assert after["drums"]["vendi"] == 5.5
    assert after["total"]["frechet_db"] is None

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
            "a": {"passed": {"all": {"generated": 0.5}}, "frechet_log_mel_db": {"generated": 10.0}},
            "b": {"passed": {}, "frechet_log_mel_db": {"generated": 20.0}},
        }
    },
}


def test_the_names_stay() -> None:
    found = summarize(REPORTS)
    assert set(found.pop("total")) == NAMES | {"train_loss", "loss_start", "passed", "frechet_db"}
    assert {name: set(group) for name, group in found.items()} == {"bass": NAMES, "drums": NAMES}


def test_a_figure_is_that_of_its_report() -> None:
    found = summarize(REPORTS)
    assert (
        found["total"] | {"passed": 0.5, "frechet_db": 15.0, "train_loss": 5.8, "loss": 6.3501, "loss_start": 6.94}
        == found["total"]
    )
    assert found["bass"] | {"minutes": 3.23, "si_sdr_db": 15.74, "log_mel_db": 3.14, "loss": 5.8} == found["bass"]
    assert found["bass"] | {"tag_accuracy": 0.99, "stated": 7} == found["bass"]
    changed = copy.deepcopy(REPORTS)
    changed["diversity"]["drums"]["vendi"] = 5.5
    for prompt in changed["evaluate"]["prompts"].values():
        prompt["frechet_log_mel_db"]["generated"] = None
    after = summarize(changed)
    assert after["drums"]["vendi"] == 5.5
    assert after["total"]["frechet_db"] is None

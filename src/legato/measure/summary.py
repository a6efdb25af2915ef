"""A version of the dataset and its model in a few figures: what `dvc metrics diff` shows.

They are taken from the reports, where the details are. The names are short and stay: `total` and each category have

| name | what it is |
|---|---|
| tracks, minutes | of music, held-out tracks too |
| lufs, peak_dbtp, silence | mean loudness, highest true peak, share of silent time |
| limited | tracks that the limiter touched |
| tags | in a prompt |
| tag_accuracy | share of checked verdicts on tags that are true |
| stated | verdicts that only repeat the record a tag came from: they are in no share |
| vendi, near_duplicates | how many different timbres, and copies (`legato.measure.diversity`) |
| perplexity | mean of the codebooks |
| si_sdr_db, log_mel_db | what the codes keep of the audio (`legato.measure.quality`) |
| loss | of the model on held-out tracks, in nats; null where none is held out |

`total` alone has `train_loss`; `loss_start`, the held-out loss before the first step; and of the samples

| name | what it is |
|---|---|
| passed | share in which all is heard that their prompt asks for, of those whose prompt asks for something |
| recognised | share nearer to their own prompt's held-out music than to any other's |
| percussive_only_drums, percussive_no_drums | mean share of percussive energy, where only or no drums are asked for |
| frechet_db | how far their spectra are from held-out music, mean of the prompts |

The interval of a share is beside it: `passed_low`, `passed_high`. Hours by licence are the audit's.
"""

from collections.abc import Mapping
from pathlib import Path

from legato.files import Json, read_json
from legato.measure.intervals import HIGH, LOW
from legato.measure.metrics import TOTAL
from legato.truth.by_ear import NO_DRUMS_HEARD, ONLY_DRUMS_HEARD

NAMES = ("codebooks", "codec", "dataset", "diversity", "evaluate", "tag_accuracy", "train/metrics")


def read_reports(folder: Path) -> dict[str, Json]:
    """Every report's content, by its name."""
    return {name: read_json(folder / f"{name}.json") for name in NAMES}


def summarize(reports: Mapping[str, Json]) -> Json:
    """The figures in total and per category."""
    found = {name: _group(name, reports) for name in reports["dataset"]}
    held_out = reports["train/metrics"].get("held_out", {})  # where tracks are held out
    found[TOTAL] |= {
        "loss": _rounded(held_out["loss"], 4) if held_out else None,
        "loss_start": _rounded(held_out["loss_start"], 4) if "loss_start" in held_out else None,
        "train_loss": _rounded(reports["train/metrics"]["train"]["loss"], 4),
        **sample_figures(reports["evaluate"]),
    }
    for name, loss in held_out.get("category", {}).items():
        found.get(name, {})["loss"] = _rounded(loss, 4)
    return found


def sample_figures(evaluated: Json) -> Json:
    """What `evaluate` found of the samples, in a few figures; null is what cannot be told of any."""
    prompts, total = list(evaluated["prompts"].values()), evaluated[TOTAL]
    return {
        **_share("passed", total["passed"].get("all", {})),
        **_share("recognised", total["recognised"]),
        "percussive_only_drums": _percussive(prompts, ONLY_DRUMS_HEARD),
        "percussive_no_drums": _percussive(prompts, NO_DRUMS_HEARD),
        "frechet_db": _mean([prompt["frechet_log_mel_db"]["generated"] for prompt in prompts]),
    }


def _group(name: str, reports: Mapping[str, Json]) -> Json:
    data, codec = reports["dataset"][name], reports["codec"][name]
    return {
        "tracks": data["tracks"],
        "minutes": _rounded(data["seconds"] / 60, 2),
        "lufs": data["lufs_mean"],
        "peak_dbtp": data["dbtp_max"],
        "silence": data["silence"],
        "limited": data["limited"],
        "tags": data["tags_mean"],
        "tag_accuracy": reports["tag_accuracy"][name]["all"],
        "stated": reports["tag_accuracy"][name]["stated"]["all"],
        "vendi": reports["diversity"][name]["vendi"],
        "near_duplicates": reports["diversity"][name]["near_duplicates"],
        "perplexity": data["perplexity_mean"],
        "si_sdr_db": _rounded(codec["si_sdr_db"], 2),
        "log_mel_db": _rounded(codec["log_mel_db"]["all"], 2),
    }


def _share(name: str, found: Json) -> Json:
    """A share of the samples, with its interval."""
    return {f"{name}{end}": found.get(f"generated{end}") for end in ("", LOW, HIGH)}


def _percussive(prompts: list[Json], kind: str) -> float | None:
    """How percussive the samples are whose prompts call for a check."""
    return _mean([prompt["percussive_share"]["generated"] for prompt in prompts if kind in prompt["passed"]])


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _rounded(sum(known) / len(known), 3) if known else None


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(float(value), digits)

"""What a dataset is like, as numbers to compare between versions.

Conventions: `L0` to `L8` are the left channel's codebooks, `R0` to `R8` the right's; perplexity is
2 ** entropy of a codebook's usage, 1 to 1024. Figures are rounded so that noise does not show as a change.
"""

import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from legato.contract.codes import read_codes
from legato.contract.facts import RULES, Facts, facts_in
from legato.contract.folder import CODES_FOLDER, FACTS
from legato.contract.tags import split_tags
from legato.files import Json
from legato.tokens import CODEBOOK_NAMES, CODEBOOK_SIZE, N_CHANNELS
from legato.truth.rates import Tally, accuracy

TOTAL = "total"
AVERAGED = ("seconds", "lufs", "limiter_db", "silence")
UNUSED = {"codec", "codec_sha256", "soundfont"}  # facts that no figure is made of


class Group:
    """Adds up a group of tracks: eight bytes of each track and figure, for means are of all values in their order."""

    def __init__(self) -> None:
        self.n_tracks = self.n_held_out = self.n_below_target = 0
        self.values = {name: array("d") for name in (*AVERAGED, "bpm", "tags")}
        self.dbtp_max = -math.inf
        self.usage = np.zeros((N_CHANNELS, CODEBOOK_SIZE), int)
        self.verdicts = Tally()
        self.plots: dict[str, Counter[Any]] = {name: Counter() for name in PLOTTED}

    def add(self, row: Facts, used: np.ndarray) -> None:
        """Count a track and the usage of its codes, (18, 1024)."""
        self.n_tracks += 1
        self.n_held_out += row["held_out"]
        self.n_below_target += not row["at_target"]
        for name in AVERAGED:
            self.values[name].append(row[name])  # type: ignore[literal-required]
        if row["bpm"] is not None:
            self.values["bpm"].append(row["bpm"])
        self.values["tags"].append(len(split_tags(row["prompt"])))
        self.dbtp_max = max(self.dbtp_max, row["dbtp"])
        self.usage += used
        self.verdicts.add(row)
        for name, (_, values_of) in PLOTTED.items():
            self.plots[name].update(values_of(row))


def read_datasets(folders: Iterable[Path]) -> dict[str, Group]:
    """What datasets of the trainer's format are like: `total`, then each category. A track is looked at once."""
    return grouped(
        (row, usage(read_codes(folder / CODES_FOLDER / f"{row['id']}.pt").numpy()))
        for folder in folders
        for row in facts_in(folder / FACTS, RULES.keys() - UNUSED, UNUSED, only=True)
    )


def grouped(tracks: Iterable[tuple[Facts, np.ndarray]]) -> dict[str, Group]:
    """Tracks' facts, each with the usage of its codes, as `total` and each category."""
    groups = {TOTAL: Group()}
    for row, used in tracks:
        for group in (groups[TOTAL], groups.setdefault(row["category"], Group())):
            group.add(row, used)
    return groups


def usage(codes_TK: np.ndarray) -> np.ndarray:
    """How often each codebook uses each of its entries, (T, 18) to (18, 1024)."""
    return np.stack([np.bincount(codes_T, minlength=CODEBOOK_SIZE) for codes_T in codes_TK.T])


def perplexity(counts: np.ndarray) -> np.ndarray:
    """2 ** entropy of usage counts, (..., 1024) to (...).

    >>> perplexity(np.array([[5, 5, 0, 0], [7, 0, 0, 0]])).tolist()
    [2.0, 1.0]
    """
    shares = counts / counts.sum(axis=-1, keepdims=True)
    bits = np.zeros_like(shares)
    np.log2(shares, out=bits, where=shares > 0)
    return 2 ** -(shares * bits).sum(axis=-1)


def dataset_metrics(groups: Mapping[str, Group]) -> dict[str, Json]:
    """Size, loudness, silence, limiting, prompts and mean codebook perplexity, in total and per category."""
    return {name: _group_metrics(group) for name, group in groups.items()}


def codebook_metrics(groups: Mapping[str, Group]) -> dict[str, dict[str, float]]:
    """The perplexity of each of the 18 codebooks, in total and per category."""
    return {
        name: dict(zip(CODEBOOK_NAMES, _rounded(perplexity(group.usage), 1), strict=True))
        for name, group in groups.items()
    }


def tag_accuracy_metrics(verdicts: Mapping[str, Tally]) -> dict[str, Json]:
    """The share of checked verdicts that are true, of all (`all`) and of each kind, in total and per category.

    Apart from them, `stated` counts the verdicts that repeat a record, in all and of each kind; `stated_false` are
    those of them that the record contradicts.
    """
    found = {}
    for name, tally in verdicts.items():
        each = tally.rates()
        total = accuracy(each)
        found[name] = {
            "all": None if total.share is None else round(total.share, 4),
            "checked": total.n_checked,
            **{rate.kind: round(rate.rate, 4) for rate in each if not rate.is_stated},
            "stated": {"all": total.n_stated, **{rate.kind: rate.n for rate in each if rate.is_stated}},
            "stated_false": total.n_stated_false,
        }
    return found


def plots(groups: Mapping[str, Group]) -> dict[str, list[Json]]:
    """The rows of each plot that dvc.yaml names."""
    perplexities = codebook_metrics(groups)[TOTAL]
    return {name: histogram(groups, name) for name in PLOTTED} | {
        "perplexity": [{"codebook": name, "perplexity": perplexities[name]} for name in CODEBOOK_NAMES]
    }


def histogram(groups: Mapping[str, Group], name: str) -> list[Json]:
    """Rows of (category, value, tracks) for a plot."""
    label = PLOTTED[name][0]
    return [
        {"category": category, label: value, "tracks": count}
        for category in sorted(groups.keys() - {TOTAL})
        for value, count in sorted(groups[category].plots[name].items())
    ]


def bpm_of(row: Facts) -> list[float]:
    """The bpm of a track, or nothing where none is told."""
    return [] if row["bpm"] is None else [row["bpm"]]


def key_of(row: Facts) -> list[str]:
    """The key of a track, or nothing for drums alone."""
    return [f"{row['key']} {row['scale']}"] if row["key"] else []


PLOTTED: dict[
    str, tuple[str, Callable[[Facts], Iterable[Any]]]
] = {  # by file: what a value is called, a track's values
    "tags": ("tag", lambda row: split_tags(row["prompt"])),
    "bpm": ("bpm", bpm_of),
    "loudness": ("lufs", lambda row: [round(row["lufs"], 1)]),
    "peaks": ("dbtp", lambda row: [round(row["dbtp"], 1)]),
    "keys": ("key", key_of),
}


def _group_metrics(group: Group) -> Json:
    lufs, limiter_db, silence, bpms, n_tags = (
        np.frombuffer(group.values[name]) for name in ("lufs", "limiter_db", "silence", "bpm", "tags")
    )
    limited = limiter_db[limiter_db > 0]
    perplexities = perplexity(group.usage)
    return {
        "tracks": group.n_tracks,
        "held_out": group.n_held_out,
        "seconds": round(sum(group.values["seconds"]), 1),
        "lufs_mean": round(float(lufs.mean()), 2),
        "lufs_std": round(float(lufs.std()), 2),
        "dbtp_max": group.dbtp_max,
        "silence": round(float(silence.mean()), 4),
        "limited": len(limited),
        "limiter_db_mean": round(float(limited.mean()), 2) if len(limited) else 0.0,
        "limiter_db_max": round(float(limiter_db.max()), 2),
        "below_target": group.n_below_target,
        "bpm_mean": round(float(bpms.mean()), 1) if len(bpms) else None,
        "tags_mean": round(float(n_tags.mean()), 2),
        "tags_distinct": len(group.plots["tags"]),
        "perplexity_mean": round(float(perplexities.mean()), 1),
        "perplexity_min": round(float(perplexities.min()), 1),
    }


def _rounded(values: np.ndarray, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]

"""What a dataset is like, as numbers to compare between versions.

Conventions: `L0` to `L8` are the left channel's codebooks, `R0` to `R8` the right's; perplexity is
2 ** entropy of a codebook's usage, 1 to 1024. Figures are rounded so that noise does not show as a change.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from legato.contract.codes import read_codes
from legato.contract.facts import RULES, Facts, read_facts
from legato.contract.folder import CODES_FOLDER, FACTS
from legato.contract.tags import split_tags
from legato.files import Json
from legato.tokens import CODEBOOK_NAMES, CODEBOOK_SIZE
from legato.truth.rates import accuracy, rates

TOTAL = "total"
UNUSED = {"codec", "codec_sha256", "soundfont"}  # facts that no figure is made of


def read_datasets(folders: Iterable[Path]) -> tuple[list[Facts], dict[str, np.ndarray]]:
    """The facts of every track in datasets of the trainer's format, and each category's usage counts, (18, 1024)."""
    rows: list[Facts] = []
    counts: dict[str, np.ndarray] = {}
    for folder in folders:
        for row in read_facts(folder / FACTS, RULES.keys() - UNUSED, UNUSED, only=True):
            found = usage(read_codes(folder / CODES_FOLDER / f"{row['id']}.pt").numpy())
            counts[row["category"]] = counts[row["category"]] + found if row["category"] in counts else found
            rows.append(row)
    return rows, counts


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


def by_category(rows: Sequence[Facts]) -> dict[str, list[Facts]]:
    """All rows under `total`, then each category's."""
    groups: dict[str, list[Facts]] = {TOTAL: list(rows)}
    for row in rows:
        groups.setdefault(row["category"], []).append(row)
    return groups


def dataset_metrics(rows: Sequence[Facts], counts: dict[str, np.ndarray]) -> dict[str, Json]:
    """Size, loudness, silence, limiting, prompts and mean codebook perplexity, in total and per category."""
    return {name: _group_metrics(group, _usage_of(name, counts)) for name, group in by_category(rows).items()}


def codebook_metrics(rows: Sequence[Facts], counts: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """The perplexity of each of the 18 codebooks, in total and per category."""
    return {
        name: dict(zip(CODEBOOK_NAMES, _rounded(perplexity(_usage_of(name, counts)), 1), strict=True))
        for name in by_category(rows)
    }


def tag_accuracy_metrics(rows: Sequence[Facts]) -> dict[str, Json]:
    """The share of checked verdicts that are true, of all (`all`) and of each kind, in total and per category.

    Apart from them, `stated` counts the verdicts that repeat a record, in all and of each kind; `stated_false` are
    those of them that the record contradicts.
    """
    found = {}
    for name, group in by_category(rows).items():
        each = rates(group)
        total = accuracy(each)
        found[name] = {
            "all": None if total.share is None else round(total.share, 4),
            "checked": total.n_checked,
            **{rate.kind: round(rate.rate, 4) for rate in each if not rate.is_stated},
            "stated": {"all": total.n_stated, **{rate.kind: rate.n for rate in each if rate.is_stated}},
            "stated_false": total.n_stated_false,
        }
    return found


def plots(rows: Sequence[Facts], counts: dict[str, np.ndarray]) -> dict[str, list[Json]]:
    """The rows of each plot that dvc.yaml names."""
    perplexities = codebook_metrics(rows, counts)[TOTAL]
    return {
        "tags": histogram(rows, lambda row: split_tags(row["prompt"]), "tag"),
        "bpm": histogram(rows, bpm_of, "bpm"),
        "loudness": histogram(rows, lambda row: [round(row["lufs"], 1)], "lufs"),
        "peaks": histogram(rows, lambda row: [round(row["dbtp"], 1)], "dbtp"),
        "keys": histogram(rows, key_of, "key"),
        "perplexity": [{"codebook": name, "perplexity": perplexities[name]} for name in CODEBOOK_NAMES],
    }


def histogram(rows: Sequence[Facts], values_of: Any, label: str) -> list[Json]:
    """Rows of (category, value, tracks) for a plot; `values_of` gives a track's values."""
    found = Counter((row["category"], value) for row in rows for value in values_of(row))
    return [{"category": category, label: value, "tracks": count} for (category, value), count in sorted(found.items())]


def bpm_of(row: Facts) -> list[float]:
    """The bpm of a track, or nothing where none is told."""
    return [] if row["bpm"] is None else [row["bpm"]]


def key_of(row: Facts) -> list[str]:
    """The key of a track, or nothing for drums alone."""
    return [f"{row['key']} {row['scale']}"] if row["key"] else []


def _group_metrics(rows: Sequence[Facts], counts: np.ndarray) -> Json:
    lufs = np.array([row["lufs"] for row in rows])
    limiter_db = np.array([row["limiter_db"] for row in rows])
    limited = limiter_db[limiter_db > 0]
    bpms = [row["bpm"] for row in rows if row["bpm"] is not None]
    tags = [split_tags(row["prompt"]) for row in rows]
    perplexities = perplexity(counts)
    return {
        "tracks": len(rows),
        "held_out": sum(row["held_out"] for row in rows),
        "seconds": round(sum(row["seconds"] for row in rows), 1),
        "lufs_mean": round(float(lufs.mean()), 2),
        "lufs_std": round(float(lufs.std()), 2),
        "dbtp_max": max(row["dbtp"] for row in rows),
        "silence": round(float(np.mean([row["silence"] for row in rows])), 4),
        "limited": len(limited),
        "limiter_db_mean": round(float(limited.mean()), 2) if len(limited) else 0.0,
        "limiter_db_max": round(float(limiter_db.max()), 2),
        "below_target": sum(not row["at_target"] for row in rows),
        "bpm_mean": round(float(np.mean(bpms)), 1) if bpms else None,
        "tags_mean": round(float(np.mean([len(found) for found in tags])), 2),
        "tags_distinct": len({tag for found in tags for tag in found}),
        "perplexity_mean": round(float(perplexities.mean()), 1),
        "perplexity_min": round(float(perplexities.min()), 1),
    }


def _usage_of(group: str, counts: dict[str, np.ndarray]) -> np.ndarray:
    return np.sum(list(counts.values()), axis=0) if group == TOTAL else counts[group]


def _rounded(values: np.ndarray, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]

"""A difference between versions as human-readable lines and as values for programs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from legato.diff.compare import WORDS, Category, Difference, ValueDiff, as_yaml
from legato.diff.notes import notes_of, some

WIDEST_VALUE = 12  # characters that values are aligned over
MOST_METRICS = 24  # of a file
COLUMNS = ("before", "after", "same", "changed", "added", "removed")


def lines_of(found: Difference) -> Iterator[str]:
    """What differs, human-readable: tracks first, then why and with what effect."""
    yield f"{found.old} -> {found.new}"
    yield from (f"note: {note}" for note in notes_of(found))
    if found.is_same:
        yield "no difference"
        return
    parts = {
        "Tracks": list(_track_lines(found.categories)),
        "Parameters": list(_value_lines(found.params)),
        "Code and other inputs": found.inputs,
        "Other outputs": found.outputs,
        "Metrics": list(_metric_lines(found)),
    }
    for title, lines in parts.items():
        if lines:
            yield from ("", title, *(f"  {line}" for line in lines))


def as_values(found: Difference) -> dict[str, Any]:
    """The whole of a difference, as JSON has it."""
    return {
        "old": {"name": found.old.name, "commit": found.old.commit},
        "new": {"name": found.new.name, "commit": found.new.commit},
        "same": found.is_same,
        "notes": notes_of(found),
        "categories": {
            name: {
                "before": category.n_old,
                "after": category.n_new,
                "same": category.n_same,
                "added": category.added,
                "removed": category.removed,
                "changed": {track: {"first": steps[0], "steps": steps} for track, steps in category.changed.items()},
                "only_before": category.only_old,
                "only_after": category.only_new,
            }
            for name, category in found.categories.items()
        },
        "params": found.params,
        "metrics": found.metrics,
        "inputs": found.inputs,
        "outputs": found.outputs,
    }


def _track_lines(categories: dict[str, Category]) -> Iterator[str]:
    if not categories:
        return
    rows = count_rows(categories)
    width = max(len(name) for name, _ in rows)
    yield " ".join([" " * width, *(f"{column:>8}" for column in COLUMNS)])
    for name, counts in rows:
        yield " ".join([f"{name:{width}}", *(f"{count or '-':>8}" for count in counts)])
    for name, category in categories.items():
        for group in groups_of(category):
            yield f"{name}: {group_in_words(group, category)}"
        for word, tracks in (("added", category.added), ("removed", category.removed)):
            if tracks:
                yield f"{name}: {len(tracks)} {word}: {some(tracks)}"


def count_rows(categories: dict[str, Category]) -> list[tuple[str, list[int]]]:
    """Numbers of tracks, in the order of `COLUMNS`, by category and in total."""
    rows = [(name, counts_of(category)) for name, category in categories.items()]
    if len(rows) > 1:
        rows.append(("total", [sum(counts) for counts in zip(*(counts for _, counts in rows), strict=True)]))
    return rows


def counts_of(category: Category) -> list[int]:
    """A category's numbers of tracks, in the order of `COLUMNS`."""
    differing = (category.changed, category.added, category.removed)
    return [category.n_old, category.n_new, category.n_same, *map(len, differing)]


def groups_of(category: Category) -> list[dict[str, list[str]]]:
    """The changed tracks and their steps, grouped by the first one."""
    groups: dict[str, dict[str, list[str]]] = {}
    for track, steps in category.changed.items():
        groups.setdefault(steps[0], {})[track] = steps
    return [groups[step] for step in WORDS if step in groups]


def group_in_words(tracks: dict[str, list[str]], category: Category) -> str:
    """How many tracks changed and at which steps; their names, where it is not the whole category."""
    if len(tracks) == category.n_old:
        return f"all {len(tracks)} changed, {steps_in_words(list(tracks.values()))}"
    return f"{len(tracks)} changed, {steps_in_words(list(tracks.values()))}: {some(list(tracks))}"


def steps_in_words(tracks: list[list[str]]) -> str:
    """Where tracks first differ, and where else; of how many, where it is not of all.

    >>> steps_in_words([["normalized", "codes", "prompt"], ["normalized", "codes"]])
    'first in the normalized audio, then codes, prompt (1)'
    >>> steps_in_words([["prompt"]])
    'in the prompt alone'
    """
    counts = Counter(step for steps in tracks for step in steps)
    first, *others = (
        words if counts[step] == len(tracks) else f"{words} ({counts[step]})"
        for step, words in WORDS.items()
        if counts[step]
    )
    return f"first in the {first}, then {', '.join(others)}" if others else f"in the {first} alone"


def _value_lines(values: ValueDiff) -> Iterator[str]:
    for file, rows in values.items():
        yield from _table(file, rows)


def _metric_lines(found: Difference) -> Iterator[str]:
    most, others = metrics_by_weight(found)
    yield from _value_lines(most)
    if others:
        yield f"and {sum(map(len, others.values()))} more: `dvc metrics diff {_revisions(found)}`"


def metrics_by_weight(found: Difference) -> tuple[ValueDiff, ValueDiff]:
    """The metrics that a reader wants first, and all others.

    First are figures of the whole dataset, and of each file the `MOST_METRICS` that changed most in relation to
    their size.
    """
    most, others = {}, {}
    for file, rows in found.metrics.items():
        whole = [key for key in rows if key.split(".")[0] not in found.categories]
        first = sorted(whole, key=lambda key: -relative_change(rows[key]))[:MOST_METRICS]
        most[file] = {key: row for key, row in rows.items() if key in first}
        others[file] = {key: row for key, row in rows.items() if key not in first}
    return _without_empty(most), _without_empty(others)


def _without_empty(values: ValueDiff) -> ValueDiff:
    return {file: rows for file, rows in values.items() if rows}


def _revisions(found: Difference) -> str:
    """As DVC's commands take them."""
    return " ".join(version.name for version in (found.old, found.new) if version.commit)


def _table(file: str, rows: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield file
    cells = [(key, shown(row["old"]), shown(row["new"]), change(row), chance(row)) for key, row in rows.items()]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    widths[1:3] = [min(width, WIDEST_VALUE) for width in widths[1:3]]
    for key, old, new, diff, sure in cells:
        line = f"  {key:{widths[0]}}  {old:>{widths[1]}} -> {new:>{widths[2]}}  {diff:>{widths[3]}}  {sure}"
        yield line.rstrip()


def shown(value: Any) -> str:
    """A parameter's or metric's value as YAML writes it; `-` is one that is not there.

    >>> shown(True), shown(None), shown("808"), shown("[lofi_kit, room_kit]")
    ('true', '-', "'808'", '[lofi_kit, room_kit]')
    """
    if value is None:
        return "-"
    is_list = isinstance(value, str) and value.startswith("[")  # lists are text already
    return value if is_list else as_yaml(value)


def change(row: dict[str, Any]) -> str:
    """By how much a metric rose or fell, with its sign; empty where that says nothing."""
    return f"{row['diff']:+.6g}" if isinstance(row.get("diff"), int | float) else ""


def chance(row: dict[str, Any]) -> str:
    """Whether a metric of a few clips changed by more than chance; empty of one that has no interval.

    >>> chance({"noise": True}), chance({"noise": False}), chance({})
    ('noise', 'beyond chance', '')
    """
    return ("noise" if row["noise"] else "beyond chance") if "noise" in row else ""


def relative_change(row: dict[str, Any]) -> float:
    """A metric's change in relation to the larger of its values; what is not two numbers changed wholly.

    >>> relative_change({"old": 4, "new": 3, "diff": -1})
    0.25
    """
    return abs(row["diff"]) / max(abs(row["old"]), abs(row["new"])) if row.get("diff") else 1.0

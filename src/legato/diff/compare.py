"""What differs between two versions: tracks by step, other outputs, parameters, metrics and code."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from dvc.utils.diff import diff as diff_values

from legato.diff.repository import Repository
from legato.diff.version import Version
from legato.measure.intervals import HIGH, LOW, differ, estimates
from legato.workspace.layout import CHAIN, CODE, COUNTED_APART, PACKED, TrackFiles

ValueDiff = dict[str, dict[str, dict[str, Any]]]  # {file: {dotted key: {"old": …, "new": …}}}, "diff" too of numbers


WORDS = {made.name: made.words for made in CHAIN}


@dataclass(frozen=True, kw_only=True)
class Category:
    """One category's tracks in both versions, by id."""

    n_old: int
    n_new: int
    added: list[str]
    removed: list[str]
    changed: dict[str, list[str]]  # the steps at which a track differs, the first one first
    only_old: list[str]  # steps that the other version lacks: they are not compared
    only_new: list[str]

    @property
    def n_same(self) -> int:
        """Tracks in both versions that do not differ."""
        return self.n_old - len(self.removed) - len(self.changed)

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed or self.only_old or self.only_new)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Everything that differs between two versions."""

    old: Version
    new: Version
    categories: dict[str, Category]
    outputs: list[str]  # that differ and are of no track: a SoundFont, the model
    inputs: list[str]  # that differ: the code of stages, and files that are given
    params: ValueDiff
    metrics: ValueDiff

    @property
    def is_same(self) -> bool:
        """Whether nothing at all differs."""
        tracks_are = all(category.is_same for category in self.categories.values())
        return tracks_are and not (self.outputs or self.inputs or self.params or self.metrics)


def compare(repository: Repository, old_name: str, new_name: str) -> Difference:
    """What differs between two versions, each a Git revision or `workspace`.

    Raises:
        LegatoError: a version does not exist, or what must be known of it is nowhere.
    """
    old, new = repository.version(old_name), repository.version(new_name)
    outputs = differing(*({path: out and out.md5 for path, out in version.outs.items()} for version in (old, new)))
    names = category_names(old, new)
    folders = [_folder(made, name) for name in names for made in CHAIN]
    for version in (old, new):
        version.prepare(folder for folder in folders if old.outs.get(folder) != new.outs.get(folder))
    params = value_diff(old.params, new.params)
    code = params.pop(str(CODE.path), {})
    return Difference(
        old=old,
        new=new,
        categories={name: compare_category(name, old, new) for name in names},
        outputs=[path for path in outputs if not any(Path(path).is_relative_to(place) for place in COUNTED_APART)],
        inputs=[*(f"the code of {stage}" for stage in code), *differing(old.inputs, new.inputs)],
        params=params,
        metrics=with_intervals(value_diff(old.metrics, new.metrics), old.metrics, new.metrics),
    )


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The keys whose values are not equal, sorted; a missing one is None.

    >>> differing({"a": 1, "b": 2}, {"b": 3, "a": 1, "c": 4})
    ['b', 'c']
    """
    return sorted(key for key in {*old, *new} if old.get(key) != new.get(key))


def value_diff(old: dict[str, Any], new: dict[str, Any]) -> ValueDiff:
    """The values that differ between two versions' parameters or metrics, as `dvc params diff` finds them.

    >>> value_diff({"a.yaml": {"b": {"c": 1, "d": 2}}}, {"a.yaml": {"b": {"c": 1, "d": 5}}})
    {'a.yaml': {'b.d': {'old': 2, 'new': 5, 'diff': 3}}}
    >>> value_diff({"a.yaml": {"kits": ["lofi_kit"]}}, {"a.yaml": {"kits": ["room_kit", True]}})
    {'a.yaml': {'kits': {'old': '[lofi_kit]', 'new': '[room_kit, true]'}}}
    """
    before, after = ({file: {"data": _lists_as_text(values)} for file, values in side.items()} for side in (old, new))
    found = diff_values(before, after)
    return {file: dict(sorted(rows.items())) for file, rows in sorted(found.items())}


def with_intervals(found: ValueDiff, old: Mapping[str, Any], new: Mapping[str, Any]) -> ValueDiff:
    """The difference of metrics, in which a figure that has an interval in both versions says whether it is noise.

    The ends of an interval are in their figure's row: where that did not change, they keep rows of their own.

    >>> old = {"a.json": {"passed": 0.25, "passed_low": 0.07, "passed_high": 0.59}}
    >>> new = {"a.json": {"passed": 0.5, "passed_low": 0.22, "passed_high": 0.78}}
    >>> with_intervals(value_diff(old, new), old, new)["a.json"]
    {'passed': {'old': 0.25, 'new': 0.5, 'diff': 0.25, 'intervals': [[0.07, 0.59], [0.22, 0.78]], 'noise': True}}
    """
    marked: ValueDiff = {}
    for file, rows in found.items():
        before, after = (estimates(side.get(file) or {}) for side in (old, new))
        ends = {f"{key}{end}" for key in rows if key in before or key in after for end in (LOW, HIGH)}
        marked[file] = {key: dict(row) for key, row in rows.items() if key not in ends}
        for key in marked[file].keys() & before.keys() & after.keys():
            pair = before[key], after[key]
            marked[file][key] |= {"intervals": [[one.low, one.high] for one in pair], "noise": not differ(*pair)}
    return marked


def _lists_as_text(values: Any) -> Any:
    """Values in which every list is one value, a line of YAML."""
    if isinstance(values, dict):
        return {name: _lists_as_text(value) for name, value in values.items()}
    return as_yaml(values) if isinstance(values, list) else values


def as_yaml(value: Any) -> str:
    """A value as a line of params.yaml.

    >>> as_yaml([92, "90's", "on", None]), as_yaml(0.003), as_yaml(True)
    ("[92, 90's, 'on', null]", '0.003', 'true')
    """
    text = yaml.safe_dump(value, default_flow_style=True, width=sys.maxsize, allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("...").removesuffix("\n")


def category_names(*versions: Version) -> list[str]:
    """The categories that any of the versions holds, in the order of their stages."""
    folders = {made.path.as_posix() for made in CHAIN}
    paths = [PurePosixPath(path) for version in versions for path in version.outs if version.has(path)]
    return list(dict.fromkeys(path.name for path in paths if str(path.parent) in folders))


def compare_category(name: str, old: Version, new: Version) -> Category:
    """One category's tracks in two versions; folders of equal hash are not read.

    A step that one version lacks is not compared, unless that version lacks the whole category.

    Raises:
        LegatoError: what a folder holds must be known, and is nowhere.
    """
    old_steps, new_steps = ([step for step in CHAIN if version.has(_folder(step, name))] for version in (old, new))
    both = [step for step in CHAIN if step in old_steps and step in new_steps]
    files = {
        step.name: (tracks_of(old, step, name), tracks_of(new, step, name))
        for step in both or CHAIN
        if old.outs.get(_folder(step, name)) != new.outs.get(_folder(step, name))
    }
    in_old, in_new = ({track for tracks in files.values() for track in tracks[side]} for side in (0, 1))
    changed = {
        track: [step for step, (before, after) in files.items() if before.get(track) != after.get(track)]
        for track in sorted(in_old & in_new)
    }
    return Category(
        n_old=_n_tracks(old, old_steps, name),
        n_new=_n_tracks(new, new_steps, name),
        added=sorted(in_new - in_old),
        removed=sorted(in_old - in_new),
        changed={track: steps for track, steps in changed.items() if steps},
        only_old=[step.name for step in old_steps if new_steps and step not in new_steps],
        only_new=[step.name for step in new_steps if old_steps and step not in old_steps],
    )


def tracks_of(version: Version, step: TrackFiles, category: str) -> dict[str, str]:
    """The hash of each track's file, by the track's id; empty where the version has no such folder.

    Raises:
        LegatoError: what the folder holds is nowhere.
    """
    if not version.has(_folder(step, category)):
        return {}
    folder = _folder(step, category)
    files = ((PurePosixPath(file), md5) for file, md5 in version.files(folder).items())
    return {file.stem.removesuffix(step.ending): md5 for file, md5 in files if file.suffix in step.suffixes}


def _n_tracks(version: Version, steps: Sequence[TrackFiles], category: str) -> int:
    """How many tracks a category has; DVC counts files of folders that it need not read."""
    counted = [version.n_files(_folder(step, category)) for step in steps if step not in PACKED]
    return max(counted or (len(tracks_of(version, step, category)) for step in steps), default=0)


def _folder(step: TrackFiles, category: str) -> str:
    return step.folder(category).as_posix()

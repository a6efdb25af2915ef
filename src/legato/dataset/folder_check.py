"""Whether a folder is what a trainer can read, ours or not: every file is looked at, and every fault is told.

An error is what the contract forbids or what a trainer would trip over; a warning is what its owner should know.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from legato import shards
from legato.audio.loudness import MIN_SECONDS
from legato.audio.peaks import true_peak_dbtp
from legato.audio.samples import read_audio
from legato.audio.second_opinion import integrated_lufs
from legato.contract.codes import CODES_RULES, UNREADABLE
from legato.contract.folder import CODES_FOLDER, ENTRY_RULES, METADATA, read_metadata
from legato.contract.rules import Rule, broken
from legato.contract.tags import COMMA, split_tags
from legato.contract.tensors import load_plain
from legato.errors import LegatoError
from legato.measure.metrics import perplexity, usage
from legato.tokens import CODEBOOK_NAMES, CODEBOOK_SIZE, HOP_LENGTH, N_CHANNELS, N_CODEBOOKS, SAMPLE_RATE
from legato.words import counted

ERROR, WARNING = "error", "warning"
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.pt")
KEYS = {"text", "sr", "channels", "length"}
AUDIO_FOLDERS = (".", "audio", "raw_audio", "../raw_audio")
AUDIO_SUFFIXES = {".wav", ".flac"}
MAX_LISTENED = 50  # tracks whose loudness is measured, spread over the folder
MOST_NAMES = 3  # shown of a finding
FEW_ENTRIES = CODEBOOK_SIZE // 10  # a codebook that uses no more, over the whole folder, is as good as dead
ENOUGH_FRAMES = 20 * CODEBOOK_SIZE  # of the whole folder, to say so

STORAGE_RULES: tuple[Rule, ...] = (
    (
        lambda codes: codes.is_contiguous() and codes.untyped_storage().nbytes() == codes.nbytes,
        "must be contiguous and own just its own storage; save codes.contiguous().clone()",
    ),
)


@dataclass(frozen=True)
class Finding:
    """A rule that does not hold, and where."""

    level: str  # ERROR or WARNING
    rule: str
    names: list[str]


@dataclass
class Report:
    """What was found in a folder."""

    findings: list[Finding] = field(default_factory=list)  # errors first, then by how often
    n_tracks: int = 0  # that can be read
    seconds: float = 0.0
    n_mono: int = 0  # whose sides are the same to the code
    perplexity: list[float] = field(default_factory=list)  # of each of the 18 codebooks, 1 to 1024
    loudness: dict[str, list[float]] = field(default_factory=dict)  # "lufs", "dbtp" of the tracks listened to

    def count(self, level: str) -> int:
        """How many findings there are of a level, every track for itself."""
        return sum(len(finding.names) for finding in self.findings if finding.level == level)


def check_folder(folder: Path, listen_to: int = MAX_LISTENED) -> Report:
    """Look at every file of a folder in the trainer's format.

    Args:
        listen_to: tracks whose loudness is measured, where audio of the same name is in the folder, in its `audio`
            or `raw_audio`, or in the `raw_audio` beside it.

    Raises:
        LegatoError: there is no metadata to check files against.
    """
    metadata = read_metadata(folder)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    counts_KV, report = np.zeros((N_CHANNELS, CODEBOOK_SIZE), int), Report()
    names_of: dict[bytes, list[str]] = defaultdict(list)
    for level, rule, name in _of_names(folder, metadata):
        found[level, rule].append(name)
    for name in sorted(metadata):
        for level, rule in _of_entry(metadata[name]):
            found[level, rule].append(name)
        path = folder / CODES_FOLDER / name
        if Path(name).name != name or not shards.exists(path):
            continue
        codes, unreadable = _load(path)
        if unreadable:
            found[ERROR, unreadable].append(name)
            continue
        for level, rule in _of_codes(codes, metadata[name]):
            found[level, rule].append(name)
        codes_TK = codes.numpy()
        counts_KV += usage(codes_TK)
        names_of[sha256(np.ascontiguousarray(codes_TK).data).digest()].append(name)
        report.n_tracks += 1
        report.seconds += len(codes_TK) * HOP_LENGTH / SAMPLE_RATE
        report.n_mono += bool((codes_TK[:, :N_CODEBOOKS] == codes_TK[:, N_CODEBOOKS:]).all())
    for names in names_of.values():
        if len(names) > 1:
            found[WARNING, "the same codes under other names"].append(" = ".join(names))
    for name in _dead(counts_KV):
        found[WARNING, f"a codebook uses at most {FEW_ENTRIES} of its {CODEBOOK_SIZE} entries"].append(name)
    if report.n_tracks:
        report.perplexity = perplexity(counts_KV).round(1).tolist()
    for level, rule, name in _listen(folder, sorted(metadata), listen_to, report):
        found[level, rule].append(name)
    order = sorted(found.items(), key=lambda one: (one[0][0], -len(one[1]), one[0][1]))
    report.findings = [Finding(level, rule, names) for (level, rule), names in order]
    return report


def lines_of(report: Report) -> Iterator[str]:
    """The findings as a table, and the folder in a few lines."""
    if report.findings:
        yield f"{'level':8} {'times':>6}  rule: where"
    for finding in report.findings:
        rest = len(finding.names) - MOST_NAMES
        more = f" and {rest} more" if rest > 0 else ""
        yield f"{finding.level:8} {len(finding.names):6}  {finding.rule}: {', '.join(finding.names[:MOST_NAMES])}{more}"
    yield f"{counted(report.n_tracks, 'track')} can be read, {report.seconds / 3600:.2f} hours, {report.n_mono} mono"
    if report.perplexity:
        named = zip(CODEBOOK_NAMES, report.perplexity, strict=True)
        yield f"perplexity of {CODEBOOK_SIZE}: {', '.join(f'{name} {value:.0f}' for name, value in named)}"
    for name, values in report.loudness.items():
        low, middle, high = (f"{value:.1f}" for value in np.quantile(values, (0, 0.5, 1)))
        yield f"{name.upper()} of the audio of {counted(len(values), 'track')}: {low} to {high}, median {middle}"
    yield f"{counted(report.count(ERROR), 'error')}, {counted(report.count(WARNING), 'warning')}"


def _of_names(folder: Path, metadata: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Faults of names, and of files and metadata that do not meet."""
    inside = folder / CODES_FOLDER
    paths = sorted(inside.iterdir()) if inside.is_dir() else []
    packed = {entry["name"]: entry["archive"] for entry in shards.index_of(inside) or ()}
    files = {path.name for path in paths if path.suffix == ".pt" and path.is_file()} | packed.keys()
    archives = {shards.INDEX, *packed.values()} if packed else set()
    if not metadata:
        yield ERROR, "must name at least one track", METADATA
    if list(metadata) != sorted(metadata):
        yield WARNING, "should be sorted by name", METADATA
    if not (folder / METADATA).read_bytes().isascii():
        yield WARNING, "should be ASCII, with other characters as \\u escapes", METADATA
    for path in paths:
        if path.name not in files | archives:
            yield WARNING, f"{CODES_FOLDER} should hold nothing but .pt files", path.name
    for name in sorted(files - metadata.keys()):
        yield ERROR, f"file that {METADATA} does not name", name
    for name in sorted(metadata.keys() - files):
        yield ERROR, f"{METADATA} names it, but there is no such file in {CODES_FOLDER}", name
    for name in sorted(files | metadata.keys()):
        if not PLAIN_NAME.fullmatch(name):
            yield WARNING, "name should be letters, digits, dot, dash and underscore, and end in .pt", name


def _of_entry(entry: Any) -> Iterator[tuple[str, str]]:
    """Faults of an entry of the metadata."""
    if rule := broken(ENTRY_RULES, entry):
        yield ERROR, rule
        return
    if not isinstance(entry.get("length"), int) or isinstance(entry["length"], bool) or entry["length"] < 1:
        yield ERROR, "length: must be a whole number of at least 1"
    if entry.keys() - KEYS:
        yield WARNING, f"has keys beside {', '.join(sorted(KEYS))}"
    tags = split_tags(entry["text"])
    if len(tags) <= entry["text"].count(COMMA):
        yield WARNING, "text: has an empty tag"
    if len(set(tags)) < len(tags):
        yield WARNING, "text: has a tag twice"


def _load(path: Path) -> tuple[Any, str | None]:
    """A file's content, and what keeps it from being a track's codes; code in it is never run."""
    try:
        codes = load_plain(path, UNREADABLE)
    except LegatoError:
        return None, f"truncated, or {UNREADABLE}"
    return codes, broken(CODES_RULES, codes)


def _of_codes(codes_TK: torch.Tensor, entry: Any) -> Iterator[tuple[str, str]]:
    """Faults of codes that obey the contract's first rules."""
    if rule := broken(STORAGE_RULES, codes_TK):
        yield ERROR, rule
    length = entry.get("length") if isinstance(entry, dict) else None
    if isinstance(length, int) and length != len(codes_TK):
        yield ERROR, "length: is not the number of the tensor's rows"
    sides = codes_TK.numpy()
    if len(sides) > 1 and (sides == sides[0]).all():
        yield WARNING, "every frame is the same"
    elif len(sides) > 1 and (sides == sides[0]).all(axis=0).any():
        yield WARNING, "a codebook has one value throughout"


def _dead(counts_KV: np.ndarray) -> list[str]:
    """Codebooks that use next to none of their entries, where there is enough to say so."""
    used_K = (counts_KV > 0).sum(axis=1)
    enough = counts_KV[0].sum() >= ENOUGH_FRAMES
    return [name for name, used in zip(CODEBOOK_NAMES, used_K, strict=True) if enough and used <= FEW_ENTRIES]


def _listen(folder: Path, names: list[str], most: int, report: Report) -> Iterator[tuple[str, str, str]]:
    """Faults of the audio beside some tracks, evenly spread; their loudness goes to the report."""
    beside = {
        path.stem: path
        for place in reversed(AUDIO_FOLDERS)
        for path in sorted((folder / place).glob("*" if place == "." else "**/*"))
        if path.suffix in AUDIO_SUFFIXES and path.is_file()
    }
    paths = [beside[Path(name).stem] for name in names if Path(name).stem in beside]
    for path in paths[:: max(1, -(-len(paths) // most))] if most else []:
        try:
            audio = read_audio(path, SAMPLE_RATE)
        except LegatoError:
            yield WARNING, "audio beside it cannot be read", path.name
            continue
        if len(audio) < MIN_SECONDS * SAMPLE_RATE or not np.isfinite(lufs := integrated_lufs(audio, SAMPLE_RATE)):
            yield WARNING, "audio beside it is silent, or too short to have a loudness", path.name
            continue
        dbtp = true_peak_dbtp(audio)
        for name, value in (("lufs", lufs), ("dbtp", dbtp)):
            report.loudness.setdefault(name, []).append(float(value))
        if dbtp > 0:
            yield WARNING, "audio beside it has a true peak above 0 dBTP", path.name

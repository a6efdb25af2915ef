"""What checks by ear tell of real music that is as short as clips, decoded from codes: `python benchmarks/ear.py`.

For each check: of how many excerpts that are as it listens for it passes, and of how many others it fails; then the
same by category. The excerpts' measures are in tests/data, where a test holds the checks to 90 % and 70 %.

`python benchmarks/ear.py make`, after `dvc repro soundfont codec`, makes them anew: tracks of every category of
params.yaml and docs/categories.md that needs no program of others are composed, rendered, normalized and encoded, and
of each 4 s from a random place are decoded and measured; the codes of one of each category are kept too. It must be
done after a change of codec or estimators. `python benchmarks/ear.py make CATEGORY` prints what it makes of one alone.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from examples import ROOT, offered
from pydantic import TypeAdapter

from legato.audio.normalize import NormalizeParams, normalize_file
from legato.audio.samples import read_audio, write_audio
from legato.codec import model as codec
from legato.codec.encode import EncodeParams, encode_tracks
from legato.compose.category import compose_track
from legato.compose.config import MusicParams
from legato.contract.codes import read_codes
from legato.contract.tags import split_tags
from legato.files import read_jsonl, sha256_of, write_json, write_jsonl
from legato.measure.evaluation.clips import Clip
from legato.prompts.claims import KEY, Claim, wordings
from legato.prompts.writing import prompt
from legato.render.players import Renderers
from legato.render.production import RenderParams
from legato.render.renderers import PRODUCTION, RENDERER, Chains
from legato.render.rendering import Studio, render
from legato.soundfont.config import SoundfontParams
from legato.tokens import HOP_LENGTH, SAMPLE_RATE
from legato.truth.by_ear import BPM_HEARD, KEY_HEARD, Asked, asked_by
from legato.truth.clips import Measured, denied, judge_clip, told
from legato.work import items
from legato.workspace import params
from legato.workspace.track import track_id, track_rng

DATA = ROOT / "tests/data"
MEASURED, CODES, MADE_WITH = DATA / "excerpts.jsonl", DATA / "excerpts.npz", DATA / "excerpts.json"
SMALL_CODEC, PARAMS = ROOT / "models/codec/small.pth", ROOT / "params.yaml"
N_FRAMES = 345  # 4 s
MARGIN_FRAMES = 8  # on each side, with which an excerpt's codes are those that the whole track has there
DIGITS = 7  # significant ones of what is kept of a measure


class Part(NamedTuple):
    """Tracks of each category."""

    seed: int
    tracks: int
    room_frames: int  # before the end, in which no excerpt begins


PARTS = {"chosen on": Part(7, 10, 517), "unseen": Part(13, 9, N_FRAMES)}  # by the thresholds


class Excerpt(NamedTuple):
    """A piece of a track that was composed here, and what is measured of it."""

    id: str
    part: str
    category: str
    tags: tuple[str, ...]  # of its prompt
    bpm: int
    key: str | None  # with its scale
    measured: Measured

    @property
    def asked(self) -> Asked:
        """What it could be asked for: all that its prompt says, and its bpm and key."""
        key = [wordings(Claim(KEY, self.key))[0]] if self.key else []
        return told(asked_by([*self.tags, f"{self.bpm} bpm", *key]))


class Line(NamedTuple):
    """A check's verdicts."""

    own: list[tuple[Excerpt, bool]]  # that are as it listens for
    others: list[tuple[Excerpt, bool]]  # that are not


def read() -> list[Excerpt]:
    """The excerpts that are kept."""
    return [
        Excerpt(**row | {"tags": tuple(row["tags"]), "measured": _measured(row["measured"])})
        for row in read_jsonl(MEASURED)
    ]


def _measured(row: dict[str, Any]) -> Measured:
    return Measured(**row | {"pitch_classes": tuple(row["pitch_classes"])})


def table(excerpts: list[Excerpt]) -> dict[str, Line]:
    """The verdicts of each check. Other music is judged by each bpm and each key that is another's."""
    asked = {one.id: one.asked for one in excerpts}
    lines: dict[str, Line] = defaultdict(lambda: Line([], []))
    for one in excerpts:
        for kind, holds in judge_clip(asked[one.id], one.measured).items():
            lines[kind].own.append((one, holds))
    for kind, line in lines.items():
        for wanted in _wanted(kind, line, asked):
            only = wanted._replace(kinds=(kind,))
            for one in excerpts:
                if denied(kind, only, asked[one.id]):
                    line.others.append((one, judge_clip(only, one.measured)[kind]))
    return dict(sorted(lines.items()))


def _wanted(kind: str, line: Line, asked: Mapping[str, Asked]) -> list[Asked]:
    """What other music is asked for: each bpm, each key, or just what the check listens for."""
    if kind in (BPM_HEARD, KEY_HEARD):
        return sorted({asked[one.id]._replace(kinds=(kind,)) for one, _ in line.own}, key=str)
    return [Asked((kind,))]


def sections() -> dict[str, dict]:
    """The categories that need no program of others, by name, as YAML holds them."""
    rows = {**params.read(PARAMS)["categories"], **offered()}
    return {name: row for name, row in rows.items() if "music" in row and _is_ours(row)}


def _is_ours(section: dict) -> bool:
    return all("faust" in one for one in section.get(RENDERER, {}).values())


def make(only: str | None) -> None:
    """Make the excerpts, and keep them or, of one category, print them."""
    found, codes = [], {}
    for part in PARTS:
        for excerpt, codes_TK in _make_part(part, only):
            found.append(excerpt)
            codes.setdefault(excerpt.category, (excerpt.id, codes_TK))
    if only:
        print(*found, sep="\n")
        return
    write_jsonl(MEASURED, [one._asdict() | {"measured": one.measured._asdict()} for one in found])
    keep_codes(dict(codes.values()))


def keep_codes(codes: Mapping[str, np.ndarray]) -> None:
    """Keep the codes of some excerpts, by id: ten bits each, in two arrays that compress well."""
    stacked = np.stack(list(codes.values()))
    np.savez_compressed(
        CODES, id=list(codes), low=(stacked & 255).astype(np.uint8), high=(stacked >> 8).astype(np.uint8)
    )
    write_json(MADE_WITH, {"codec_sha256": sha256_of(SMALL_CODEC)})


def kept_codes() -> dict[str, torch.Tensor]:
    """The codes that are kept, (T, 18) each, by id."""
    with np.load(CODES) as found:
        stacked = found["low"].astype(np.int16) + 256 * found["high"].astype(np.int16)
        return dict(zip(found["id"].tolist(), torch.from_numpy(stacked), strict=True))


def measured_of(codes_TK: torch.Tensor) -> Measured:
    """What is measured of an excerpt's codes, with as many digits as are kept."""
    audio = codec.decode(codec.loaded(SMALL_CODEC), codes_TK)
    found = Clip(tags=(), codes_TK=codes_TK.numpy(), audio=audio).measured
    assert found, "silent"
    rounded = {name: _rounded(value) for name, value in found._asdict().items()}
    return Measured(**rounded)


def _rounded(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_rounded, value))
    return None if value is None else float(f"{value:.{DIGITS}g}")


def _make_part(part: str, only: str | None) -> Iterator[tuple[Excerpt, np.ndarray]]:
    seed, n_tracks, _ = PARTS[part]
    names = [only] if only else list(sections())
    with TemporaryDirectory() as text:
        folder = Path(text)
        work = partial(_write, folder, PARTS[part], ROOT / params.load("soundfont", SoundfontParams, PARAMS).path)
        wanted = [(name, index) for name in names for index in range(n_tracks)]
        try:
            rows = items.run(work, wanted, stage="excerpts", name=lambda one: track_id(*one))
        except items.FailedError as failed:  # where no draw of a sound could be used: the others are enough
            print(failed)
            rows = failed.finished
        for category in names:
            of_category = {row["id"]: row for row in rows if row["category"] == category}
            paths = [folder / category / f"{name}.wav" for name in of_category]
            encode_tracks(paths, folder / "codes" / category, SMALL_CODEC, EncodeParams())
            for name, row in of_category.items():
                skip = row.pop("skip")
                codes_TK = read_codes(folder / f"codes/{category}/{name}.pt")[skip : skip + N_FRAMES].clone()
                facts = row | {"id": f"{name}_{seed}", "tags": split_tags(row.pop("prompt"))}
                yield Excerpt(part=part, measured=measured_of(codes_TK), **facts), codes_TK.numpy()


def _write(folder: Path, part: Part, font: Path, one: tuple[str, int]) -> dict[str, Any]:
    """Write a track's excerpt with its margins, and return what must be known of it."""
    category, index = one
    section, name = sections()[category], track_id(category, index)
    studio = Studio(
        font=font,
        params=params.load("render", RenderParams, PARAMS),
        sample_rate=SAMPLE_RATE,
        renderers=TypeAdapter(Renderers).validate_python(section.get(RENDERER, {})),
        chains=TypeAdapter(Chains).validate_python(section.get(PRODUCTION, {})),
    )
    facts = compose_track(folder / category, MusicParams.model_validate(section["music"]), part.seed, category, index)
    stream = partial(track_rng, part.seed, category, name)
    rendered, normalized = folder / f"{name}.flac", folder / f"{name}.wav"
    facts |= render(folder / category / f"{name}.mid", rendered, folder / "stems", studio, stream)
    normalize_file(rendered, normalized, SAMPLE_RATE, params.load("normalize", NormalizeParams, PARAMS))
    audio = read_audio(normalized, SAMPLE_RATE)
    rendered.unlink()
    normalized.unlink()
    last = max(0, len(audio) // HOP_LENGTH - part.room_frames)
    start = int(track_rng(part.seed, category, index, "excerpt").integers(last + 1))
    first = max(0, start - MARGIN_FRAMES)
    piece = audio[first * HOP_LENGTH : (start + N_FRAMES + MARGIN_FRAMES) * HOP_LENGTH]
    write_audio(folder / category / f"{name}.wav", piece, SAMPLE_RATE, "PCM_16")
    return {
        "id": name,
        "category": category,
        "prompt": prompt(section["prompt"], facts, track_rng(part.seed, category, name, "prompt")),
        "bpm": facts["bpm"],
        "key": f"{facts['key']} {facts['scale']}" if facts["key"] else None,
        "skip": start - first,
    }


def main() -> None:
    excerpts = read()
    print(f"{len(excerpts)} excerpts of {N_FRAMES * HOP_LENGTH / SAMPLE_RATE:.1f} s, decoded from codes")
    for part in (None, *PARTS):
        chosen = [one for one in excerpts if part in (None, one.part)]
        print(f"\n{part or 'all':18} {'as asked':>8} {'pass':>6} {'others':>8} {'fail':>6}")
        for kind, (own, others) in table(chosen).items():
            passed, failed = np.mean([holds for _, holds in own]), 1 - np.mean([holds for _, holds in others])
            print(f"{kind:18} {len(own):8} {passed:6.0%} {len(others):8} {failed:6.0%}")
    print("\nshare that passes, by category")
    for kind, line in table(excerpts).items():
        for words, verdicts in (("as asked", line.own), ("others", line.others)):
            shares: dict[str, list[bool]] = defaultdict(list)
            for one, holds in verdicts:
                shares[one.category].append(holds)
            print(f"{kind:18} {words:9}", ", ".join(f"{name} {np.mean(each):.0%}" for name, each in shares.items()))


if __name__ == "__main__":
    make(*(sys.argv[2:] or [None])) if sys.argv[1:2] == ["make"] else main()

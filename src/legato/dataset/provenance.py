"""The chain that each track of a dataset came from: what was done, by which code, with what, and what came out.

The words are PROV-O's (W3C): an activity used entities, was carried out by an agent and generated an entity. Code is
named by the hash of a stage's code (`reports/code.json`), the same on every machine; Git knows which commits have it.
"""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from legato.contract.facts import Facts
from legato.contract.folder import FACTS
from legato.errors import LegatoError
from legato.files import Json, parts_of, read_json, read_jsonl, rows_of, write_jsonl
from legato.licenses.audit import inputs_of
from legato.words import printable
from legato.workspace import params
from legato.workspace.layout import (
    AUDIO,
    CHAIN_STAGES,
    CODE,
    CODES,
    FETCHED,
    MIDI,
    PROMPT,
    RENDERED,
    SOURCES,
    settings_of,
)

FILE = "provenance.jsonl"
N_USED = {"render": 1, "encode": 2}  # at least: music and, where it is notes, a SoundFont; audio and the weights


def made_by(category: str) -> dict[str, Json]:
    """The code and the parameters that each stage of a category has now."""
    code, values = read_json(CODE.path), params.read()
    return {stage: {"code": code[stage], "parameters": settings_of(stage, values, category)} for stage in CHAIN_STAGES}


def record(row: Facts, stages: Mapping[str, Json]) -> Json:
    """A track's chain.

    Args:
        row: all its facts, as in tracks.jsonl.
        stages: what `made_by` gives for its category.
    """
    name, category = row["id"], row["category"]
    prompt = _entity(PROMPT.file(category, name), hashlib.sha256(row["prompt"].encode()).hexdigest())
    music = MIDI.file(category, name).with_suffix(".flac" if row.get("is_audio") else ".mid")
    midi = _entity(music, row.get("midi_sha256") or row["music_sha256"])
    rendered = _entity(RENDERED.file(category, name), row["rendered_sha256"])
    audio = AUDIO.file(category, name).with_suffix(f".{stages['normalize']['parameters']['normalize']['format']}")
    normalized = _entity(audio, row["audio_sha256"])
    codes = _entity(CODES.file(category, name), row["codes_sha256"])
    is_audio = bool(row.get("is_audio"))
    font = [] if is_audio else [_entity(row["soundfont"], row["soundfont_sha256"], row["soundfont_license"])]
    weights = _entity(row["codec"], row["codec_sha256"], row["codec_license"])
    sources = []
    if "archive" in row:
        sources = _archived(row)
    elif "source" in row:
        file = row["source"]
        sources = [_entity(SOURCES / category / file["file"], file["sha256"], row["license"])]
    return {
        "id": name,
        "category": category,
        "license": row["license"],
        "chain": [
            _activity("compose", stages, sources, midi, index=row["index"]),
            _activity(
                "render",
                stages,
                [midi, *font, *_instruments(row)],
                rendered,
                **({} if is_audio else {"agent": row["synth"]}),
            ),
            _activity("prompt", stages, [midi], prompt),
            _activity(
                "normalize", stages, [rendered], normalized, gain_db=row["gain_db"], limiter_db=row["limiter_db"]
            ),
            _activity("encode", stages, [normalized, weights], codes, frames=row["frames"]),
        ],
    }


def _instruments(row: Facts) -> list[Json]:
    """The synthesizers and effects that a track was rendered with, each once."""
    played = (one for one in inputs_of(row) if one.kind == "instrument")
    return list({one.name: _entity(one.name, one.sha256 or "", one.license) for one in played}.values())


def _archived(row: Facts) -> list[Json]:
    """The original that an archive gave, its record, and the rights of each layer by that record."""
    archive, original = row["archive"], row["source"]
    path = FETCHED.folder(row["category"]) / "originals" / original["file"]
    rights = {
        layer: f"{facts['license']} by {facts['rule']}: {facts['field']} {facts['stated']!a}, {facts['retrieved']}"
        for layer, facts in row["rights"].items()
    }
    signed = archive.get("review")
    record = _entity(f"record {archive['id']} of {archive['source']}, {archive['url']}", archive["record"])
    return [
        _entity(path, original["sha256"], row["license"]),
        record | {"rights": rights} | ({"review": signed} if signed else {}),
    ]


def write(folder: Path) -> None:
    """Write the chain of each track beside the facts of a collected dataset, in parts where these are in parts."""
    stages = cache(made_by)
    for part in parts_of(folder / FACTS):
        rows = (record(cast(Facts, row), stages(row["category"])) for row in rows_of(part))
        write_jsonl(folder / FILE / part.name if part.parent.name == FACTS else folder / FILE, rows)


def read(path: Path) -> list[Json]:
    """The chains that `write` wrote.

    Raises:
        LegatoError: the file is missing, or a line is no such chain; the first one is named.
    """
    rows = read_jsonl(path)
    for number, row in enumerate(rows, start=1):
        if not _is_record(row):
            raise LegatoError(f"{path}: line {number}: must be a track's provenance; `dvc repro collect` writes it")
    return rows


def text_of(found: Json) -> str:
    """A record, human-readable."""
    lines = [f"{found['id']}  ({found['category']}, {found['license']})"]
    for step in found["chain"]:
        commit = commit_of(step["activity"], step["code"])
        lines += ["", f"{step['activity']}  by {commit}" + (f", {step['agent']}" if "agent" in step else "")]
        lines.append(f"  parameters {json.dumps(step['parameters'], sort_keys=True)}")
        lines += [f"  {key} {step[key]}" for key in ("index", "gain_db", "limiter_db", "frames") if key in step]
        for entity in step["used"]:
            lines.append(f"  from {_line(entity)}")
            lines += [f"    {layer}: {words}" for layer, words in entity.get("rights", {}).items()]
            if signed := entity.get("review"):
                lines.append(f"    reviewed by {signed['who']}, {signed['when']}: {signed['reason']}")
        lines.append(f"  made {_line(step['generated'])}")
    return "\n".join(printable(line, most=None) for line in lines)


def commit_of(stage: str, code: str) -> str:
    """The last Git commit whose code for a stage has this hash, in words where there is none."""
    try:
        listed = _git("log", "--format=%H", "-S", code, "--", str(CODE.path)).split()
        for commit in listed:
            if json.loads(_git("show", f"{commit}:{CODE.path.as_posix()}")).get(stage) == code:
                return f"commit {commit}"
    except (OSError, subprocess.CalledProcessError, ValueError):
        pass
    return f"code {code[:12]}, which no commit of this repository has"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout


def _activity(stage: str, stages: Mapping[str, Json], used: list[Json], generated: Json, **more: Any) -> Json:
    return {"activity": stage, **stages[stage], "used": used, "generated": generated, **more}


def _entity(path: Path | str | None, sha256: str, license_id: str | None = None) -> Json:
    name = path.as_posix() if isinstance(path, Path) else path
    return {"entity": name, "sha256": sha256} | ({"license": license_id} if license_id else {})


def _is_record(row: Json) -> bool:
    """Whether it has all that every chain has; what else it has is shown as it is."""

    def has_texts(value: Any, *names: str) -> bool:
        return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in names)

    def is_step(step: Any) -> bool:
        return (
            has_texts(step, "activity", "code")
            and isinstance(step.get("used"), list)
            and all(has_texts(entity, "entity", "sha256") for entity in [*step["used"], step.get("generated")])
            and "parameters" in step
            and len(step["used"]) >= N_USED.get(step["activity"], 0)
        )

    chain = row.get("chain")
    if not (isinstance(chain, list) and all(map(is_step, chain))):
        return False
    return tuple(step["activity"] for step in chain) == CHAIN_STAGES and has_texts(row, "id", "category", "license")


def _line(entity: Json) -> str:
    return f"{entity['entity']}  sha256 {entity['sha256']}" + (f"  {entity['license']}" if "license" in entity else "")

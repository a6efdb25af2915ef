"""Build single tracks again from nothing, and see whether they are what the dataset's provenance says."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from legato import shards
from legato.dataset import provenance
from legato.errors import LegatoError
from legato.files import Json, sha256_of
from legato.soundfont.config import SoundfontParams
from legato.words import counted
from legato.work import code_version, item_cache, items
from legato.workspace import categories, params
from legato.workspace.layout import CHAIN, CHAIN_STAGES, FETCHED, MANIFESTS, RENDERERS, SOURCES, SYNTHS, WEIGHTS

WORDS = {made.stage: made.words for made in CHAIN}


def verify(records: Sequence[Json]) -> Iterable[tuple[str, list[str]]]:
    """Build tracks again in a temporary folder; give each one's id and what differs: nothing, where all is true.

    Raises:
        LegatoError: parameters, code, SoundFont or weights are no longer those of the records, or a stage fails.
    """
    for record in records:
        _check_same_inputs(record)
    with tempfile.TemporaryDirectory() as folder:
        for category in sorted({record["category"] for record in records}):
            of_category = [record for record in records if record["category"] == category]
            workspace = Path(folder) / category
            _rebuild(workspace, category, [record["id"] for record in of_category])
            for record in of_category:
                yield record["id"], list(_differences(workspace, record))


def _check_same_inputs(record: Json) -> None:
    """See that what the chain names is what is here, so that a difference is not for a plain reason."""
    name, category = record["id"], record["category"]
    if category not in categories.names():
        raise LegatoError(f"{name}: params.yaml no longer has its category {category!r}: check out its version")
    now = provenance.made_by(category)
    for step in record["chain"]:
        stage = step["activity"]
        for what in ("parameters", "code"):
            if step[what] != now[stage][what]:
                raise LegatoError(f"{name}: {stage}: its {what} are others now: check out its version, or `dvc repro`")
    font, weights = Path(params.load("soundfont", SoundfontParams).path), WEIGHTS.path
    for stage, path in (("render", font), ("encode", weights)):
        used = next((step["used"][1:] or [None])[0] for step in record["chain"] if step["activity"] == stage)
        if used is None:  # a recording, which no SoundFont played
            continue
        if not path.is_file():
            raise LegatoError(f"{path}: no such file; run `dvc pull` or `dvc repro soundfont codec`")
        if sha256_of(path) != used["sha256"]:
            raise LegatoError(f"{path}: its sha256 is not {used['sha256']}, with which {name} was made")


def _rebuild(workspace: Path, category: str, names: Sequence[str]) -> None:
    """Run a category's stages for some tracks, with nothing that was kept before."""
    font = Path(params.load("soundfont", SoundfontParams).path)
    for path in (params.PARAMS, font, WEIGHTS.path, MANIFESTS.path, RENDERERS.path, SOURCES, FETCHED.path, SYNTHS):
        if path.exists() and not path.is_absolute():
            (workspace / path).parent.mkdir(parents=True, exist_ok=True)
            (workspace / path).symlink_to(path.absolute())
    environment = os.environ | {
        item_cache.VARIABLE: str(workspace / "cache"),
        items.SCHEDULER_VARIABLE: "",
        "PYTHONPATH": os.pathsep.join([str(code_version.SOURCE), os.environ.get("PYTHONPATH", "")]),
    }
    for stage in CHAIN_STAGES:
        print(f"{stage}@{category}: {counted(len(names), 'track')} again", file=sys.stderr, flush=True)
        script = Path("stages").absolute() / f"{stage}.py"
        command = [sys.executable, str(script), category, *(names if stage == "compose" else ())]
        done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
            raise LegatoError(f"trace: {stage}@{category}: {said[-1]}")


def _differences(workspace: Path, record: Json) -> Iterable[str]:
    for step in record["chain"]:
        made = step["generated"]
        if shards.sha256_of(workspace / made["entity"]) != made["sha256"]:
            yield WORDS[step["activity"]]

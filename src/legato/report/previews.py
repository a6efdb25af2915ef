"""How tracks sound before and after the codec, as files that the page plays.

They are a step of their own: what changes of a track but its audio and its codes decodes nothing again.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from legato import shards
from legato.files import sha256_of, write_bytes
from legato.page.preview import compressed, preview
from legato.report.tracks import AFTER, BEFORE, Found, Track
from legato.tokens import HOP_LENGTH, SAMPLE_RATE
from legato.work import items
from legato.workspace.layout import PAGE


def write_previews(category: str, tracks: Sequence[Found], weights: Path | None, seconds: float) -> dict[str, Any]:
    """Write the first `seconds` of those tracks of a category that are heard; return which sides each one has.

    Raises:
        LegatoError: a file cannot be read.
    """

    def work(found: Found, out: Path) -> dict[str, Any]:
        track, name, sides = found.load(), found.name, []
        if track.audio:
            write_bytes(out / f"{name}.{BEFORE}.mp3", preview(track.audio, seconds))
            sides.append(BEFORE)
        if track.codes and weights:
            write_bytes(out / f"{name}.{AFTER}.mp3", compressed(_decoded(track.codes, weights, seconds), SAMPLE_RATE))
            sides.append(AFTER)
        return {"id": name, "sides": sides}

    step = items.Step[Found](
        stage="preview",
        category=category,
        work=work,
        name=lambda found: found.name,
        reads=lambda found: _content(found.load()),
        settings={"seconds": seconds, "weights": sha256_of(weights) if weights else None},
        outs=[PAGE.path / "previews" / category],
    )
    heard = [track for track in tracks if track.is_heard]
    return {facts["id"]: facts["sides"] for facts in items.build(step, heard)}


def _content(track: Track) -> list[Any]:
    return [shards.sha256_of(path) if path else None for path in (track.audio, track.codes)]


def source_of(category: str, name: str, side: str) -> str:
    """The address of a preview, as the page at `reports/index.html` names it."""
    return f"page/previews/{category}/{name}.{side}.mp3"


def _decoded(codes: Path, weights: Path, seconds: float) -> np.ndarray:
    import torch

    from legato.codec import model as codec
    from legato.contract.codes import read_codes

    torch.set_num_threads(1)
    n_frames = max(1, math.ceil(seconds * SAMPLE_RATE / HOP_LENGTH))
    return codec.decode(codec.loaded(weights), read_codes(codes)[:n_frames])[: round(seconds * SAMPLE_RATE)]

"""The small codec that ships with legato: trained, measured on tracks that it never heard, and put where Git keeps it.

A run that was broken off continues: its corpus and its checkpoint are in a folder named by all that they depend on.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from legato.audio.normalize import NormalizeParams
from legato.codec import model
from legato.codec.encode import EncodeParams, encode_tracks
from legato.codec_training import corpus
from legato.codec_training.recipe import TrainCodecParams
from legato.codec_training.training import train
from legato.compose.config import MusicParams
from legato.files import require_file, sha256_of, write_bytes, write_json
from legato.measure import quality
from legato.render.production import RenderParams
from legato.workspace import categories, params
from legato.workspace.layout import CODEC_CORPUS, CODEC_RUNS, SMALL_CODEC, SMALL_CODEC_FIGURES, SOUNDFONT

EXCERPT_FRAMES = 861  # 10 s of each held-out track


def train_small_codec(code: str) -> None:
    """Write the weights and their figures to `models/codec`.

    Args:
        code: a hash of the code that runs, for the figures.

    Raises:
        LegatoError: the SoundFont is not built, or a parameter breaks a rule; or the loss diverges.
    """
    wanted = params.load("train_codec", TrainCodecParams)
    composed = [name for name in categories.names() if not categories.is_source(name)]
    music = corpus.read_music(
        CODEC_CORPUS, {name: params.load(f"categories.{name}.music", MusicParams) for name in composed}
    )
    studio = corpus.Studio(
        SOUNDFONT.path,
        params.load("render", RenderParams),
        params.load("normalize", NormalizeParams),
    )
    made_of: list[Any] = [{name: one.model_dump() for name, one in music.items()}, sha256_of(studio.font)]
    made_of += [studio.render.model_dump(), studio.normalize.model_dump(), wanted.seed]
    folder = CODEC_RUNS / f"corpus-{_digest(made_of)}"
    audio = corpus.make_corpus(folder, music, studio, seed=wanted.seed, tracks=wanted.tracks, held_out=wanted.held_out)

    start = sha256_of(require_file(Path(wanted.start))) if wanted.start else None
    run = CODEC_RUNS / f"run-{_digest([made_of, wanted.model_dump(), start])}"
    trained = train(wanted, [path for paths in audio.trained_on.values() for path in paths], run / "checkpoint.pt")
    model.save(run / "small.pth", trained.state_dict(), wanted.architecture())
    figures = {
        "sha256": sha256_of(run / "small.pth"),
        "start_sha256": start,
        "steps": wanted.steps,
        "made_of": {
            "train_codec": wanted.model_dump(),
            "soundfont_sha256": sha256_of(studio.font),
            "code": code,
        },
        "held_out": _measure({name: audio.held_out[name] for name in composed}, run),
        "held_out_corpus": _measure({name: audio.held_out[name] for name in music if name not in composed}, run),
    }
    write_bytes(SMALL_CODEC, (run / "small.pth").read_bytes())
    write_json(SMALL_CODEC_FIGURES, figures)


def _measure(held_out: dict[str, list[Path]], run: Path) -> dict[str, Any]:
    """What `quality` says of held-out tracks, in total and per category."""
    weights, codes = run / "small.pth", run / "codes"
    pairs = {}
    for name, paths in held_out.items():
        rows = encode_tracks(paths, codes, weights, EncodeParams())
        pairs[name] = [(path, codes / f"{row['id']}.pt") for path, row in zip(paths, rows, strict=True)]
    n_most = max(map(len, pairs.values()))
    return quality.codec_metrics(pairs, weights, tracks=n_most, excerpt_frames=EXCERPT_FRAMES)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]

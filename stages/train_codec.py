"""train_codec: train the small codec that ships with legato, and measure it on tracks that it never heard.

No stage of dvc.yaml: its weights are in Git, and `dvc repro` must not train for hours. docs/codec.md has the command.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from legato.audio.normalize import NormalizeParams
from legato.codec import model
from legato.codec.encode import EncodeParams, encode_tracks
from legato.codec_training import corpus
from legato.codec_training.recipe import CORPUS, FIGURES, SMALL, TrainCodecParams
from legato.codec_training.training import train
from legato.compose.config import MusicParams
from legato.errors import stage
from legato.files import require_file, sha256_of, write_bytes, write_json
from legato.measure import quality
from legato.render.production import RenderParams
from legato.soundfont.config import BUILT_FONT
from legato.work.code_version import stage_version
from legato.workspace import categories, params

WORK = Path("dataset/train_codec")  # kept, so that what was interrupted goes on
EXCERPT_FRAMES = 861  # 10 s of each held-out track


def main() -> None:
    wanted = params.load("train_codec", TrainCodecParams)
    composed = [name for name in categories.names() if not categories.is_source(name)]
    music = corpus.read_music(CORPUS, {name: params.load(f"categories.{name}.music", MusicParams) for name in composed})
    studio = corpus.Studio(
        Path(BUILT_FONT),
        params.load("render", RenderParams),
        params.load("normalize", NormalizeParams),
    )
    made_of: list[Any] = [{name: one.model_dump() for name, one in music.items()}, sha256_of(studio.font)]
    made_of += [studio.render.model_dump(), studio.normalize.model_dump(), wanted.seed]
    folder = WORK / f"corpus-{digest(made_of)}"
    audio = corpus.make_corpus(folder, music, studio, seed=wanted.seed, tracks=wanted.tracks, heldout=wanted.heldout)

    start = sha256_of(require_file(Path(wanted.start))) if wanted.start else None
    run = WORK / f"run-{digest([made_of, wanted.model_dump(), start])}"
    trained = train(wanted, [path for paths in audio.learnt.values() for path in paths], run / "checkpoint.pt")
    model.save(run / "small.pth", trained.state_dict(), wanted.architecture())
    figures = {
        "sha256": sha256_of(run / "small.pth"),
        "start_sha256": start,
        "steps": wanted.steps,
        "made_of": {
            "train_codec": wanted.model_dump(),
            "soundfont_sha256": sha256_of(studio.font),
            "code": stage_version(Path(__file__)),
        },
        "heldout": measure({name: audio.heldout[name] for name in composed}, run),
        "heldout_corpus": measure({name: audio.heldout[name] for name in music if name not in composed}, run),
    }
    write_bytes(SMALL, (run / "small.pth").read_bytes())
    write_json(FIGURES, figures)


def measure(heldout: dict[str, list[Path]], run: Path) -> dict[str, Any]:
    """What `quality` says of held-out tracks, in total and per category."""
    weights, codes = run / "small.pth", run / "codes"
    pairs = {}
    for name, paths in heldout.items():
        rows = encode_tracks(paths, codes, weights, EncodeParams())
        pairs[name] = [(path, codes / f"{row['id']}.pt") for path, row in zip(paths, rows, strict=True)]
    n_most = max(map(len, pairs.values()))
    return quality.codec_metrics(pairs, weights, tracks=n_most, excerpt_frames=EXCERPT_FRAMES)


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


if __name__ == "__main__":
    stage(main)

"""normalize@category: trim each rendered track and bring it to one loudness."""

from pathlib import Path
from typing import Any

from legato.audio.normalize import NormalizeParams, normalize_file
from legato.audio.samples import LIBSNDFILE
from legato.errors import stage
from legato.files import sha256_of
from legato.tokens import SAMPLE_RATE
from legato.work import items
from legato.work.recorded import verified
from legato.workspace import params
from legato.workspace.track import facts_path


def main(category: str) -> None:
    settings = params.load("normalize", NormalizeParams)
    rendered = sorted((Path("dataset/rendered") / category).glob("*.flac"))

    def normalize_track(path: Path, folder: Path) -> dict[str, Any]:
        target = folder / f"{path.stem}.{settings.format}"
        facts = normalize_file(path, target, SAMPLE_RATE, settings)
        return {"id": path.stem, "audio_sha256": sha256_of(target), **facts}

    step = items.Step(
        stage="normalize",
        category=category,
        work=normalize_track,
        name=lambda path: path.stem,
        reads=sha256_of,
        settings={"normalize": settings.model_dump(), "libsndfile": LIBSNDFILE},
        outs=[Path("dataset/raw_audio") / category],
    )
    items.record(facts_path(category, "normalize"), lambda: items.build(step, rendered))


if __name__ == "__main__":
    stage(verified(main))

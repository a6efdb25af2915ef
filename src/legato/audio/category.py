"""A category's rendered tracks at one loudness."""

from collections.abc import Collection
from pathlib import Path

from legato.audio.normalize import NormalizeParams, normalize_file
from legato.audio.samples import LIBSNDFILE
from legato.files import Json, sha256_of
from legato.tokens import SAMPLE_RATE
from legato.work import items, listings
from legato.workspace import params
from legato.workspace.layout import AUDIO, RENDERED, settings_of


def normalize_category(category: str) -> Collection[Json]:
    """Trim and level each track into the workspace and return each one's facts.

    Raises:
        LegatoError: tracks failed: each is named, the others are written.
    """
    settings = params.load("normalize", NormalizeParams)

    def normalize_track(path: Path, folder: Path) -> Json:
        target = folder / f"{path.stem}.{settings.format}"
        facts = normalize_file(path, target, SAMPLE_RATE, settings)
        return {"id": path.stem, "audio_sha256": sha256_of(target), **facts}

    step = items.Step[Path](
        stage="normalize",
        category=category,
        work=normalize_track,
        name=lambda path: path.stem,
        reads=listings.sha256_of,
        settings=settings_of("normalize", params.read(), category) | {"libsndfile": LIBSNDFILE},
        outs=[AUDIO.folder(category)],
    )
    return items.build(step, RENDERED.files(category))

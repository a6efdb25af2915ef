"""quality: what the codes keep of the audio, as metrics."""

from pathlib import Path

from legato.codec.weights import WEIGHTS
from legato.errors import LegatoError, stage
from legato.files import write_json
from legato.measure import quality
from legato.work import recorded
from legato.work.recorded import verified
from legato.workspace import categories

REPORT = Path("reports/codec.json")


def main() -> None:
    names = categories.names()
    recorded.verify(Path("dataset", kind, name) for name in names for kind in ("encoded", "raw_audio"))
    pairs = {name: list(tracks_of(name)) for name in names}
    write_json(REPORT, quality.codec_metrics(pairs, WEIGHTS))


def tracks_of(category: str) -> list[tuple[Path, Path]]:
    """A category's tracks, as paths of (audio, codes)."""
    audio = {path.stem: path for path in sorted(Path("dataset/raw_audio", category).iterdir())}
    codes = sorted(Path("dataset/encoded", category).glob("*.pt"))
    for path in codes:
        if path.stem not in audio:
            raise LegatoError(f"{path}: its audio is missing in dataset/raw_audio/{category}; run `dvc repro`")
    return [(audio[path.stem], path) for path in codes]


if __name__ == "__main__":
    stage(verified(main))

"""encode@category: each track's audio to DAC codes."""

from pathlib import Path
from typing import Any

from legato import items, params
from legato.codec_weights import WEIGHTS
from legato.encode import EncodeParams, encode_file
from legato.errors import stage
from legato.files import sha256_of, write_jsonl
from legato.track import facts_path


def main(category: str) -> None:
    settings = params.load("encode", EncodeParams)
    folder = items.clear(Path("dataset/encoded") / category)
    tracks = sorted((Path("dataset/raw_audio") / category).iterdir())

    def encode_track(audio: Path) -> dict[str, Any]:
        return {"id": audio.stem, **encode_file(audio, WEIGHTS, folder / f"{audio.stem}.pt", settings)}

    rows = items.run(encode_track, tracks, stage="encode", name=lambda audio: audio.stem)
    made_with = {"codec_sha256": sha256_of(WEIGHTS)}
    write_jsonl(facts_path(category, "encode"), (row | made_with for row in rows))


if __name__ == "__main__":
    stage(main)

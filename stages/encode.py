"""encode@category: each track's audio to DAC codes."""

import time
from pathlib import Path

from legato import params
from legato.codec.weights import WEIGHTS
from legato.encode import EncodeParams, encode_tracks
from legato.errors import stage
from legato.files import sha256_of, write_jsonl
from legato.recorded import verified
from legato.tokens import HOP_LENGTH, SAMPLE_RATE
from legato.track import facts_path


def main(category: str) -> None:
    settings = params.load("encode", EncodeParams)
    tracks = sorted((Path("dataset/raw_audio") / category).iterdir())
    started = time.monotonic()
    rows = encode_tracks(tracks, Path("dataset/encoded") / category, WEIGHTS, settings)
    made_with = {"codec_sha256": sha256_of(WEIGHTS), "codec_precision": settings.precision}
    write_jsonl(facts_path(category, "encode"), (row | made_with for row in rows))
    audio_s, took_s = sum(row["frames"] for row in rows) * HOP_LENGTH / SAMPLE_RATE, time.monotonic() - started
    print(f"encoded {audio_s:.0f} s of audio in {took_s:.1f} s: {audio_s / took_s:.1f} s a second")


if __name__ == "__main__":
    stage(verified(main))

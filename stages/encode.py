"""encode@category: each track's audio to DAC codes."""

import time
from pathlib import Path

from legato import items, params
from legato.codec.weights import WEIGHTS
from legato.encode import EncodeParams, encode_tracks
from legato.errors import stage
from legato.files import sha256_of
from legato.recorded import verified
from legato.tokens import HOP_LENGTH, SAMPLE_RATE
from legato.track import facts_path
from legato.words import minutes, real_time


def main(category: str) -> None:
    settings = params.load("encode", EncodeParams)
    tracks = sorted((Path("dataset/raw_audio") / category).iterdir())
    started = time.monotonic()
    made_with = {"codec_sha256": sha256_of(WEIGHTS), "codec_precision": settings.precision}
    rows = items.record(
        facts_path(category, "encode"),
        lambda: encode_tracks(tracks, Path("dataset/encoded") / category, WEIGHTS, settings),
        made_with,
    )
    audio_s, took_s = sum(row["frames"] for row in rows) * HOP_LENGTH / SAMPLE_RATE, time.monotonic() - started
    print(f"encoded {minutes(audio_s)} min of audio in {took_s:.1f} s: {real_time(audio_s, took_s)}")


if __name__ == "__main__":
    stage(verified(main))

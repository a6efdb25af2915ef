"""encode@category: each track's audio to DAC codes."""

import time

from legato.codec.encode import EncodeParams, encode_category
from legato.errors import stage
from legato.files import sha256_of
from legato.tokens import HOP_LENGTH, SAMPLE_RATE
from legato.words import minutes, real_time
from legato.work import items
from legato.work.recorded import verified
from legato.workspace import params
from legato.workspace.layout import WEIGHTS, facts_path


def main(category: str) -> None:
    started, precision = time.monotonic(), params.load("encode", EncodeParams).precision
    made_with = {"codec_sha256": sha256_of(WEIGHTS.path), "codec_precision": precision}
    rows = items.record(facts_path(category, "encode"), lambda: encode_category(category), made_with)
    audio_s, took_s = sum(row["frames"] for row in rows) * HOP_LENGTH / SAMPLE_RATE, time.monotonic() - started
    print(f"encoded {minutes(audio_s)} min of audio in {took_s:.1f} s: {real_time(audio_s, took_s)}")


if __name__ == "__main__":
    stage(verified(main))

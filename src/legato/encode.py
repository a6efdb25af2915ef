"""A track's audio to a file of codes, in the client's format."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from legato.audio import read_audio
from legato.files import sha256_of
from legato.params import Strict
from legato.tokens import SAMPLE_RATE

MIN_WINDOW_FRAMES = 64


class EncodeParams(Strict):
    """`encode` in params.yaml."""

    window_frames: Annotated[int, Field(ge=MIN_WINDOW_FRAMES)]  # sets the memory; the codes are the same


def encode_file(audio: Path, weights: Path, target: Path, params: EncodeParams) -> dict[str, Any]:
    """Write the codes of `audio` to `target`: a bare int16 (T, 18) tensor. Return its length and hash.

    One thread does the work, so that the codes do not depend on the number of cores.

    Raises:
        LegatoError: the audio or the weights cannot be used.
    """
    import torch  # here, so that reading the parameters does not pay for it

    from legato import codec
    from legato.codes import write_codes

    torch.set_num_threads(1)
    codes_TK = codec.encode(_model(weights), read_audio(audio, SAMPLE_RATE), params.window_frames)
    write_codes(target, codes_TK)
    return {"frames": len(codes_TK), "codes_sha256": sha256_of(target)}


@cache
def _model(weights: Path) -> Any:
    from legato import codec

    return codec.load(weights)

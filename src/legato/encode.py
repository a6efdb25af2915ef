"""Tracks' audio to files of codes, in the client's format.

On a CPU each process of the pool encodes a track with one thread; on a GPU threads of one process read and write
while the model takes windows of all their tracks in one batch. Torch is imported by who encodes, so that reading the
parameters does not pay for it.
"""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal

import soundfile
from pydantic import Field

from legato import items
from legato.codec.windows import read_windows
from legato.files import sha256_of
from legato.params import Strict

MIN_WINDOW_FRAMES = 64
GPU_DRIVERS = tuple(map(Path, ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")))  # NVIDIA, WSL, ROCm
GPU_TRACKS = 16  # that are read, encoded and written at a time


class EncodeParams(Strict):
    """`encode` in params.yaml."""

    precision: Literal["exact", "fast"] = "exact"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compile: Literal["auto", True, False] = "auto"  # of `fast`; `exact` is never compiled
    window_frames: Annotated[int, Field(ge=MIN_WINDOW_FRAMES)] = 256  # sets the memory; exact codes are the same
    batch: Annotated[int, Field(ge=0)] = 0  # windows at a time on a GPU; 0 is what suits it


def encode_tracks(tracks: Sequence[Path], folder: Path, weights: Path, params: EncodeParams) -> list[dict[str, Any]]:
    """Write the codes of each track to `folder`; return each one's id, length and hash.

    Raises:
        LegatoError: a GPU is asked for and there is none, or tracks failed: each is named, the others are written.
    """
    device = find_device(params.device)
    lengths_s = {audio: seconds_of(audio) for audio in tracks}
    n_processes = 1 if device == "cuda" else max(1, min(items.workers(), len(tracks)))
    load = partial(_engine, weights, params, device, sum(lengths_s.values()) / n_processes)
    shared = _merged(load()) if device == "cuda" else None
    return items.run(
        lambda audio: encode_track(audio, folder, shared or load(), params.window_frames),
        tracks,
        stage="encode",
        name=lambda audio: audio.stem,
        seconds=lengths_s.__getitem__,
        threads=GPU_TRACKS if shared else 0,
    )


def encode_track(audio: Path, folder: Path, engine: Any, window_frames: int) -> dict[str, Any]:
    """Write the codes of `audio` to `folder`: a bare int16 (T, 18) tensor. Return its id, length and hash.

    Args:
        engine: a `codec.engine.Engine` or `Merged`.

    Raises:
        LegatoError: the audio cannot be used, or memory does not hold one window.
    """
    from legato.codec.engine import track_codes
    from legato.codes import write_codes

    codes_TK = track_codes(engine, read_windows(audio, max(window_frames, engine.least_frames)))
    target = folder / f"{audio.stem}.pt"
    write_codes(target, codes_TK)
    return {"id": audio.stem, "frames": len(codes_TK), "codes_sha256": sha256_of(target)}


def find_device(asked: str) -> str:
    """`cpu` or `cuda`; torch is asked only where there is a GPU's driver, or a GPU is asked for.

    Raises:
        LegatoError: a GPU is asked for and there is none.
    """
    if asked == "cpu" or (asked == "auto" and not any(path.exists() for path in GPU_DRIVERS)):
        return "cpu"
    from legato.codec.engine import device_of

    return device_of(asked)


def seconds_of(audio: Path) -> float:
    """A file's length by its header; 0 where it cannot be read, which reading it will say."""
    try:
        return soundfile.info(audio).duration
    except soundfile.LibsndfileError:
        return 0.0


@cache
def _engine(weights: Path, params: EncodeParams, device: str, share_s: float) -> Any:
    from legato.codec import model as codec
    from legato.codec.engine import Engine, worth_compiling

    model = codec.load(weights)
    asked = params.compile
    compiled = worth_compiling(model, device, share_s) if asked == "auto" else asked
    batch = params.batch if device == "cuda" else 1  # on a CPU a batch would be other arithmetic, and no faster
    return Engine(
        model, params.precision, device, compiled_frames=params.window_frames if compiled else None, batch=batch
    )


def _merged(engine: Any) -> Any:
    from legato.codec.engine import Merged

    return Merged(engine)

"""Tracks' audio to files of codes, in the trainer's format.

On a CPU each process of the pool encodes a track, by more than one thread where there are fewer tracks than cores; on a
GPU threads of one process read and write while the model takes windows of all their tracks in one batch. Torch is
imported by the encoder alone, so that reading the parameters does not pay for it.
"""

import threading
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import soundfile
from pydantic import Field

from legato.codec.windows import read_windows
from legato.files import sha256_of
from legato.shards import Layout
from legato.work import items, listings, packing
from legato.work.compiler_cache import c_compiler
from legato.work.pool import Place, n_cores
from legato.workspace import params
from legato.workspace.layout import AUDIO, CODES, SMALL_CODEC, WEIGHTS, settings_of
from legato.workspace.params import Strict
from legato.workspace.track import DatasetParams

MIN_WINDOW_FRAMES = 64
GPU_DRIVERS = tuple(map(Path, ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")))  # NVIDIA, WSL, ROCm
_MAKING = threading.Lock()
# Audio per process, times how wide its encoder is against ours, squared.
COMPILE_FROM_S = {"cpu": 1_000, "cuda": 500_000}
SMALL_ENCODER_DIM = 12
GPU_TRACKS = 16  # that are read, encoded and written at a time


class EncodeParams(Strict):
    """`encode` in params.yaml."""

    precision: Literal["exact", "fast"] = "exact"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compile: Literal["auto", True, False] = "auto"  # of `fast`; `exact` is never compiled
    window_frames: Annotated[int, Field(ge=MIN_WINDOW_FRAMES, le=65_536)] = (
        256  # sets the memory; exact codes are the same
    )
    batch: Annotated[int, Field(ge=0, le=4096)] = 0  # windows at a time on a GPU; 0 is what suits it


def encode_tracks(
    tracks: Sequence[Path], folder: Path, weights: Path, settings: EncodeParams, layout: Layout = "files"
) -> Collection[dict[str, Any]]:
    """Put the codes of each track into `folder`, named as its category; return each one's id, length and hash.

    Args:
        layout: whether they are files there or members of archives.

    Raises:
        LegatoError: a GPU is asked for and there is none here, or tracks failed: each is named, the others are written.
    """
    device = _cluster_device(settings.device) if items.scheduler() else find_device(settings.device)
    lengths_s = {audio: seconds_of(audio) for audio in tracks}
    n_processes = 1 if device == "cuda" else max(1, min(items.workers(), len(tracks)))
    compiled = _is_compiled(weights, settings, device, sum(lengths_s.values()) / n_processes)
    find_engine = _shared_engine if device == "cuda" else _engine
    with packing.stored(layout, len(tracks), folder) as outs:
        step = items.Step(
            stage="encode",
            category=folder.name,
            work=lambda audio, out: encode_track(
                audio, out, find_engine(weights, settings, device, compiled), settings.window_frames
            ),
            name=lambda audio: audio.stem,
            reads=listings.sha256_of,
            settings=settings_of("encode", {"encode": settings.model_dump()}, folder.name)
            | {"weights": sha256_of(weights), "device": device, "compiled": compiled}
            | ({"snake": "C"} if settings.precision == "fast" and device == "cpu" and c_compiler() else {}),
            outs=outs,
        )
        return items.build(step, tracks, seconds=lengths_s.__getitem__, place=_place(device))


def encode_category(category: str) -> Collection[dict[str, Any]]:
    """Encode a category's audio into the workspace; see `encode_tracks`."""
    settings, layout = params.load("encode", EncodeParams), params.load("dataset", DatasetParams).layout
    return encode_tracks(AUDIO.files(category), CODES.folder(category), WEIGHTS.path, settings, layout)


def encode_track(audio: Path, folder: Path, engine: Any, window_frames: int) -> dict[str, Any]:
    """Write the codes of `audio` to `folder`: a bare int16 (T, 18) tensor. Return its id, length and hash.

    Args:
        engine: a `codec.engine.Engine` or `Merged`.

    Raises:
        LegatoError: the audio cannot be used, or memory does not hold one window.
    """
    from legato.codec.engine import track_codes
    from legato.contract.codes import write_codes

    most = max(min(window_frames, engine.most_frames or window_frames), engine.least_frames)
    least = engine.least_frames if engine.takes_any_length else None
    codes_TK = track_codes(engine, read_windows(audio, most, least))
    target = folder / f"{audio.stem}.pt"
    write_codes(target, codes_TK)
    return {"id": audio.stem, "frames": len(codes_TK), "codes_sha256": sha256_of(target)}


def _cluster_device(asked: str) -> str:
    """The device of a cluster's workers, about which this machine's own GPU says nothing."""
    return "cpu" if asked == "auto" else asked


def _place(device: str) -> Place:
    """Processes for CPUs; for a GPU as many tracks at a time as share its batches."""
    if device == "cpu":
        return items.default_place()
    if items.scheduler():
        return items.default_place({"GPU": 1 / GPU_TRACKS})
    return Place(GPU_TRACKS, "threads")


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


def _is_compiled(weights: Path, settings: EncodeParams, device: str, share_s: float) -> bool:
    """Whether the network is compiled; of all tracks together, so that what is in the cache changes no code."""
    if settings.precision == "exact" or settings.compile != "auto":
        return settings.precision == "fast" and bool(settings.compile)
    if SMALL_CODEC.is_file() and sha256_of(weights) == sha256_of(SMALL_CODEC):
        return worth_compiling(SMALL_ENCODER_DIM, device, share_s)  # known without torch
    from legato.codec.skeleton import loaded_encoder

    return worth_compiling(loaded_encoder(weights).encoder_dim, device, share_s)


def worth_compiling(encoder_dim: int, device: str, seconds: float) -> bool:
    """Whether this much audio pays for the compiler's time: the work grows with the square of the encoder's width."""
    return seconds * (encoder_dim / SMALL_ENCODER_DIM) ** 2 >= COMPILE_FROM_S[device]


@cache
def _engine(weights: Path, settings: EncodeParams, device: str, compiled: bool) -> Any:
    from legato.codec.engine import Engine
    from legato.codec.skeleton import loaded_encoder

    batch = settings.batch if device == "cuda" else 1  # on a CPU a batch would be other arithmetic, and no faster
    compiled_frames = settings.window_frames if compiled else None
    return Engine(
        loaded_encoder(weights),
        settings.precision,
        device,
        compiled_frames=compiled_frames,
        batch=batch,
        n_threads=n_cores(),
    )


def _shared_engine(*arguments: Any) -> Any:
    """The engine that all threads use, made by the first one that needs it."""
    with _MAKING:
        return _merged(_engine(*arguments))


@cache
def _merged(engine: Any) -> Any:
    from legato.codec.engine import Merged

    return Merged(engine)

"""A prompt to audio, for who just wants to hear: by a trained model, through the codec whose codes it speaks."""

import time
from pathlib import Path
from typing import Any, NamedTuple

from legato.codec.weights import download_folder
from legato.dia import record
from legato.dia.config import SampleParams
from legato.errors import LegatoError
from legato.files import sha256_of
from legato.tokens import HOP_LENGTH, SAMPLE_RATE
from legato.workspace import params
from legato.workspace.layout import MODEL, SMALL_CODEC, START, WEIGHTS

SUFFIXES = (".wav", ".flac")
SETTINGS = {"guidance": 2.0, "temperature": 1.0, "top_k": 200}


class Heard(NamedTuple):
    """What was made."""

    seconds: float  # of audio
    took_s: float  # to sample them
    device: str


def settings_of(prompt: str, seconds: float, seed: int) -> SampleParams:
    """What is to be sampled: one clip, and so the first that the `sample` stage would make of the same values.

    Raises:
        LegatoError: the prompt is empty or too long, or a number is out of its range.
    """
    values: dict[str, Any] = {"prompts": [prompt], "seconds": seconds, "seed": seed} | SETTINGS
    if not prompt.strip():
        raise LegatoError("legato sample: the prompt must not be empty")
    return params.checked(values, SampleParams, "sample", "legato sample")


def find_model(asked: Path | None) -> Path:
    """The folder that is asked for; else the workspace's own model, else the one that ships.

    Raises:
        LegatoError: there is none.
    """
    for folder in [asked] if asked else [MODEL.path, START]:
        if (folder / "config.json").is_file():
            return folder
    if asked:
        raise LegatoError(f"{asked}: no model there: a folder with config.json and model.safetensors")
    raise LegatoError(
        f"no model in {MODEL.path} or {START}: run this inside a legato project, or name one with --model"
    )


def find_codec(model: Path, asked: Path | None) -> Path:
    """The codec weights whose codes a model speaks.

    Raises:
        LegatoError: none of those that are here is, or the one that is asked for is not.
    """
    if asked:
        if not asked.is_file():
            raise LegatoError(f"{asked}: no such codec weights")
        record.check_codec(model, sha256_of(asked), str(asked))
        return asked
    wanted = record.read(model).codec_sha256
    here = [path for path in (WEIGHTS.path, SMALL_CODEC, *sorted(download_folder().glob("*.pth"))) if path.is_file()]
    if wanted is None:
        raise LegatoError(f"{model}: does not say whose codes it speaks: name the codec's weights with --codec")
    for path in here:
        if sha256_of(path) == wanted:
            return path
    names = ", ".join(map(str, here)) or "those here"
    raise LegatoError(
        f"{model}: speaks the codes of the codec {wanted}, none of {names}: name its weights with --codec"
    )


def check_target(path: Path) -> None:
    """Whether audio can be written there.

    Raises:
        LegatoError: it is of another kind, or a folder.
    """
    if path.suffix not in SUFFIXES:
        raise LegatoError(f"{path}: must end in {' or '.join(SUFFIXES)}")
    if path.is_dir():
        raise LegatoError(f"{path}: is a folder")


def listen(model: Path, weights: Path, settings: SampleParams, target: Path) -> Heard:
    """Write the audio of one clip, 16 bits, whole or not at all.

    Raises:
        LegatoError: the model or the weights cannot be used.
    """
    from legato.audio.samples import write_audio  # here, so that a mistake in a word does not wait for torch
    from legato.codec import model as codec
    from legato.dia import model as dia
    from legato.dia import sampling

    dac, device = codec.loaded(weights), dia.pick_device("auto")
    loaded = dia.on(dia.load(model), device)
    started = time.monotonic()
    (codes_TK,) = sampling.sample(loaded, settings)
    took_s = time.monotonic() - started
    write_audio(target, sampling.below_ceiling(codec.decode(dac, codes_TK)), SAMPLE_RATE, "PCM_16")
    return Heard(len(codes_TK) * HOP_LENGTH / SAMPLE_RATE, took_s, device.type)

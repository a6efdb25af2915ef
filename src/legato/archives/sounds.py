"""An original's audio as the dataset has it, 44.1 kHz stereo, and what can be measured on the way.

Nothing that a file says of itself is believed but its format: it is decoded to its end. It is read, resampled and
written in blocks, so memory does not grow with its length.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import soundfile
import soxr

from legato.audio.samples import SILENCE_DBFS, loudest_channel
from legato.tokens import SAMPLE_RATE

AT_A_TIME = 2**18  # samples of the original
LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000  # Hz
LOW_RATE = 32_000  # under it, the highest octave of hearing is missing
BLOCK = 2205  # samples: 50 ms, of which `Decoded.peaks` has one each
LOSSY = ("MP3", "OGG")
EIGHT_BIT = ("PCM_S8", "PCM_U8", "ULAW", "ALAW")


class UnusableSoundError(Exception):
    """Audio that cannot be used; the message says why, in a few words."""


@dataclass(frozen=True)
class Decoded:
    """An original at 44.1 kHz, in a file without a name."""

    audio: np.ndarray  # float32 (n_samples, 2), mapped from the disk
    peaks: np.ndarray  # of each 50 ms, (n_blocks,)
    facts: dict[str, Any]  # of the original


@contextmanager
def decoded(path: Path, scratch: Path, most_seconds: float) -> Iterator[Decoded]:
    """Decode an original to its end.

    Args:
        scratch: a folder for the samples.
        most_seconds: a longer one is refused.

    Raises:
        UnusableSoundError: it is not audio, has no samples, more than two channels, a rate that no music has, samples
            that are not finite, or is silent or too long.
    """
    try:
        with soundfile.SoundFile(path) as file, TemporaryFile(dir=scratch) as raw:
            facts = _facts_of(file)
            peaks = []
            n_samples, rest = 0, np.zeros((0, 2), np.float32)
            for block in _resampled(file):
                n_samples += len(block)
                if n_samples > most_seconds * SAMPLE_RATE:
                    raise UnusableSoundError(f"is longer than {most_seconds:g} s")
                raw.write(block.tobytes())
                rest = np.concatenate([rest, block])
                whole = len(rest) // BLOCK * BLOCK
                peaks.append(loudest_channel(rest[:whole]).reshape(-1, BLOCK).max(axis=1))
                rest = rest[whole:]
            raw.flush()
            if len(rest):
                peaks.append(np.array([loudest_channel(rest).max()], np.float32))
            found = np.concatenate([*peaks, np.zeros(0, np.float32)])
            if not n_samples:
                raise UnusableSoundError("has no samples")
            if not found.max() > 10 ** (SILENCE_DBFS / 20):
                raise UnusableSoundError("is silent")
            audio = np.memmap(raw, np.float32, "r", shape=(n_samples, 2))
            yield Decoded(audio, found, facts | {"original_seconds": round(n_samples / SAMPLE_RATE, 3)})
    except soundfile.LibsndfileError as error:
        raise UnusableSoundError(f"cannot be read as audio: {error.error_string}") from None


def _facts_of(file: soundfile.SoundFile) -> dict[str, Any]:
    if file.channels > 2:
        raise UnusableSoundError(f"has {file.channels} channels")
    if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
        raise UnusableSoundError(f"has a sample rate of {file.samplerate} Hz")
    return {
        "original_format": f"{file.format} {file.subtype}",
        "original_sample_rate": file.samplerate,
        "original_channels": file.channels,
        "is_lossy": file.format in LOSSY or "MPEG" in file.subtype or "VORBIS" in file.subtype,
        "fidelity": [
            name
            for name, holds in (
                ("mono", file.channels == 1),
                ("eight_bit", file.subtype in EIGHT_BIT),
                ("low_rate", file.samplerate < LOW_RATE),
            )
            if holds
        ],
    }


def _resampled(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """All samples, stereo, at 44.1 kHz."""
    resampler = None
    if file.samplerate != SAMPLE_RATE:
        resampler = soxr.ResampleStream(file.samplerate, SAMPLE_RATE, 2, dtype="float32", quality="HQ")
    while True:
        block = file.read(AT_A_TIME, dtype="float32", always_2d=True)
        if not np.isfinite(block).all():
            raise UnusableSoundError("holds NaN or infinite samples")
        stereo = np.repeat(block, 2, axis=1) if block.shape[1] == 1 else block
        is_last = len(block) < AT_A_TIME
        out = resampler.resample_chunk(stereo, last=is_last) if resampler else stereo
        if len(out):
            yield np.ascontiguousarray(out, np.float32)
        if is_last:
            return

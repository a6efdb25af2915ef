"""Stereo audio in files and in memory, whole or block by block.

Conventions: float32 (n_samples, 2), full scale at 1.0; `sample_rate` in Hz; levels in dB relative to full scale.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from legato.errors import LegatoError
from legato.files import replacing

Subtype = Literal["PCM_16", "PCM_24"]
Write = Callable[[np.ndarray], None]  # takes the next block, (n_samples, 2)
LIBSNDFILE = soundfile.__libsndfile_version__  # the bytes of a .flac are its
SILENCE_DBFS = -60.0
SILENCE_BLOCK_S = 0.05
WRITTEN_BYTES = 2**20  # at a time: libsndfile gives a few kB
KEPT_SAMPLES = 2**23  # a file of up to 3 minutes is decoded once: 64 MiB
PCM_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Audio that is read piece by piece, so that memory does not grow with its length."""

    n_samples: int
    read: Callable[[int, int], np.ndarray]  # from a sample up to another, both within the audio
    step: float = 0.0  # the smallest that two samples can differ, where a file's format rounds

    def around(self, start: int, stop: int) -> np.ndarray:
        """Samples from `start` up to `stop`, which may be outside: there is silence."""
        inside = self.read(min(max(start, 0), self.n_samples), max(min(stop, self.n_samples), 0))
        outside = max(-start, 0), max(stop - max(start, self.n_samples), 0)
        return np.pad(inside, (outside, (0, 0))) if any(outside) else inside

    def blocks(self, n_block: int) -> Iterator[np.ndarray]:
        """All of it in blocks of `n_block` samples; the last one is what is left."""
        for start in range(0, self.n_samples, n_block):
            yield self.read(start, min(start + n_block, self.n_samples))


def in_memory(audio: np.ndarray) -> Source:
    """An array, (n_samples, 2), as a source."""
    return Source(n_samples=len(audio), read=lambda start, stop: audio[start:stop])


@contextmanager
def open_audio(path: Path, sample_rate: int) -> Iterator[Source]:
    """A file as a source; mono is duplicated to both channels. A short one stays in memory once it is read.

    Raises:
        LegatoError: no such file, not audio, another sample rate, more than two channels; reading: not finite.
    """
    with _naming(path):
        file = soundfile.SoundFile(path)
    with file:
        if file.samplerate != sample_rate:
            raise LegatoError(f"{path}: sample rate {file.samplerate}: must be {sample_rate}")
        if file.channels > 2:
            raise LegatoError(f"{path}: {file.channels} channels: must be 1 or 2")

        step = 2.0 ** (1 - PCM_BITS[file.subtype]) if file.subtype in PCM_BITS else 0.0
        at = 0

        def read(start: int, stop: int) -> np.ndarray:
            nonlocal at
            with _naming(path):
                if start != at:  # in a .flac, seeking is searching
                    file.seek(start)
                at = stop
                try:
                    audio = file.read(stop - start, dtype="float32", always_2d=True)
                except MemoryError:
                    raise LegatoError(f"{path}: says it has {file.frames} samples: memory does not hold them") from None
            if len(audio) < stop - start:
                raise LegatoError(f"{path}: ends before its time")
            if not step and not np.isfinite(audio).all():
                raise LegatoError(f"{path}: holds NaN or infinite samples")
            return np.repeat(audio, 2, axis=1) if audio.shape[1] == 1 else audio

        if file.frames <= KEPT_SAMPLES:
            whole = read(0, file.frames)
            yield Source(n_samples=file.frames, read=lambda start, stop: whole[start:stop], step=step)
        else:
            yield Source(n_samples=file.frames, read=read, step=step)


def read_audio(path: Path, sample_rate: int, start: int = 0, stop: int | None = None) -> np.ndarray:
    """A file's samples, or some of them, as float32 (n_samples, 2); mono is duplicated to both channels.

    Raises:
        LegatoError: no such file, not audio, another sample rate, more than two channels, or not finite.
    """
    with open_audio(path, sample_rate) as source:
        return source.read(start, source.n_samples if stop is None else min(stop, source.n_samples))


@contextmanager
def create_audio(path: Path, sample_rate: int, subtype: Subtype) -> Iterator[Write]:
    """Write a .wav or .flac block by block; it gets its name when the block ends well, and not before.

    Raises:
        OSError: the disk is full, say.
    """
    with replacing(path) as temporary, temporary.open("wb", buffering=0) as raw:
        told = _Told(raw)
        form = path.suffix.removeprefix(".")
        with soundfile.SoundFile(told, "w", sample_rate, 2, subtype, format=form) as file:

            def write(audio: np.ndarray) -> None:
                file.write(_levels(audio, 16).astype(np.int16) if subtype == "PCM_16" else audio)
                told.check()

            yield write
        told.check()


def write_audio(path: Path, audio: np.ndarray, sample_rate: int, subtype: Subtype) -> None:
    """Write (n_samples, 2) to .wav or .flac, whole or not at all."""
    with create_audio(path, sample_rate, subtype) as write:
        write(audio)


class _Told:
    """A file whose errors are kept, for libsndfile would not say that the disk is full, and that is written in bulk."""

    def __init__(self, file: RawIOBase) -> None:
        self._error: OSError | None = None
        self._file, self._waiting = file, bytearray()

    def write(self, content: bytes) -> int:
        self._waiting += content
        if len(self._waiting) >= WRITTEN_BYTES:
            self._flush()
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._flush()
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell() + len(self._waiting)

    def check(self) -> None:
        """Write what waits, and raise the first error there was."""
        self._flush()
        if self._error:
            raise self._error

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, bytearray()
        left = memoryview(waiting)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self._error = self._error or error


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """What libsndfile refuses is reported with the file's name."""
    try:
        yield
    except soundfile.LibsndfileError as error:
        reason = "no such file" if not path.exists() else error.error_string
        raise LegatoError(f"{path}: cannot be read as audio: {reason}") from None


def quantize(audio: np.ndarray, bits: int = 16) -> np.ndarray:
    """Round to the levels that a PCM file of `bits` holds, so that what is measured is what is read back."""
    levels = _levels(audio, bits)
    levels *= np.float32(2.0 ** (1 - bits))
    return levels


def _levels(audio: np.ndarray, bits: int) -> np.ndarray:
    """The nearest levels of `bits`, float32: faster than libsndfile's own rounding."""
    half = 2 ** (bits - 1)
    levels = audio * np.float32(half)
    np.rint(levels, out=levels)
    return np.clip(levels, -half, half - 1, out=levels)


def decibels(amplitude: float) -> float:
    """An amplitude in dB relative to full scale; zero is -inf.

    >>> round(decibels(0.5), 2)
    -6.02
    """
    return 20 * float(np.log10(amplitude)) if amplitude > 0 else float("-inf")


def loudest_channel(audio: np.ndarray) -> np.ndarray:
    """The magnitude of each sample's louder channel, (n_samples, 2) to (n_samples,).

    NumPy's own maximum along an axis of this length takes many times as long.
    """
    return np.maximum(np.abs(audio[:, 0]), np.abs(audio[:, 1]))


def silence_share(audio: np.ndarray, sample_rate: int) -> float:
    """The share of 50 ms blocks whose peak is under -60 dBFS."""
    n_block = round(SILENCE_BLOCK_S * sample_rate)
    n_blocks = max(1, len(audio) // n_block)
    peaks = [np.abs(block).max(initial=0) for block in np.array_split(audio, n_blocks)]
    return float(np.mean(np.array(peaks) < 10 ** (SILENCE_DBFS / 20)))

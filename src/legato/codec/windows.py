"""How a track is cut into equal windows of frames, so that what comes out of them is what comes out of the whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path

import numpy as np
import soundfile
import soxr

from legato.errors import LegatoError
from legato.tokens import HOP_LENGTH, SAMPLE_RATE, n_frames

MARGIN_FRAMES = 8  # the encoder's receptive field reaches 6.9 frames to each side
MIN_SAMPLE_RATE = 16000  # Hz: below, more than half of what the codec models is missing


def windows(n_codes: int, window_frames: int, margin: int = MARGIN_FRAMES) -> list[tuple[int, slice]]:
    """Where each window starts, and which of its frames are kept; together they keep every frame once.

    All windows have the same length (or the track's, if it is shorter): the last one starts early.

    >>> windows(100, 60)
    [(0, slice(0, 52, None)), (40, slice(12, 60, None))]
    """
    if n_codes <= window_frames:
        return [(0, slice(0, n_codes))]
    last = n_codes - window_frames
    stride = window_frames - 2 * margin
    kept, found = 0, []
    for start in [*range(0, last, stride), last]:
        end = window_frames if start == last else window_frames - margin
        found.append((start, slice(kept - start, end)))
        kept = start + end
    return found


def fitted(n_codes: int, most: int, least: int, margin: int = MARGIN_FRAMES) -> int:
    """The shortest windows of which a track needs no more than of `most` frames, and which have at least `least`.

    Together they hold hardly a frame twice but for their margins, where the last of the longer ones would start early.

    >>> windows(300, 256)[1][0], fitted(300, 256, 107), windows(300, 158)[1][0]
    (44, 158, 142)
    """
    if n_codes <= most:
        return most
    n_windows = ceil((n_codes - 2 * margin) / (most - 2 * margin))
    return max(least, ceil((n_codes - 2 * margin) / n_windows) + 2 * margin)


def read_windows(path: Path, window_frames: int, least_frames: int | None = None) -> Iterator[tuple[slice, np.ndarray]]:
    """Each window's kept frames and its samples, float32 (channels, frames * 512), as the file is read.

    Args:
        least_frames: windows are as short as suits the track, but no shorter; None has all `window_frames` long.

    Memory holds a window, whatever the file's length, unless it has to be resampled: then all of it. A window
    has one channel where the file has, or where left and right are the same to the bit. The last frame is
    padded with silence.

    Raises:
        LegatoError: no such file, not audio, empty, a rate under 16 kHz, more than two channels, not finite, cut short.
    """
    with _opened(path) as file:
        n_codes, buffer, begin = n_frames(file.frames), np.zeros((0, file.channels), np.float32), 0
        if least_frames is not None:
            window_frames = fitted(n_codes, window_frames, least_frames)
        for start, keep in windows(n_codes, window_frames):
            end = min(n_codes, start + window_frames) * HOP_LENGTH
            buffer, begin = buffer[start * HOP_LENGTH - begin :], start * HOP_LENGTH
            fresh = _read(path, file, min(end, file.frames) - begin - len(buffer))
            silence = np.zeros((end - begin - len(buffer) - len(fresh), file.channels), np.float32)
            buffer = np.concatenate([buffer, fresh, silence])
            same = (buffer[:, :1] == buffer[:, 1:]).all()
            yield keep, np.ascontiguousarray(buffer.T[:1] if same else buffer.T)


class _Resampled:
    """A file of another sample rate, resampled whole; it is read as a file is."""

    def __init__(self, file: soundfile.SoundFile) -> None:
        samples = file.read(dtype="float32", always_2d=True)
        self.samples = soxr.resample(samples, file.samplerate, SAMPLE_RATE, quality="VHQ").astype(np.float32)
        (self.frames, self.channels), self.position = self.samples.shape, 0

    def read(self, frames: int, **_: object) -> np.ndarray:
        self.position += frames
        return self.samples[self.position - frames : self.position]


@contextmanager
def _opened(path: Path) -> Iterator[soundfile.SoundFile | _Resampled]:
    try:
        file = soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        reason = "no such file" if not path.exists() else error.error_string
        raise LegatoError(f"{path}: cannot be read as audio: {reason}") from None
    with file:
        if file.channels > 2:
            raise LegatoError(f"{path}: {file.channels} channels: must be 1 or 2")
        if file.samplerate < MIN_SAMPLE_RATE:
            raise LegatoError(f"{path}: sample rate {file.samplerate}: must be at least {MIN_SAMPLE_RATE}")
        source = file if file.samplerate == SAMPLE_RATE else _Resampled(file)
        if not source.frames:
            raise LegatoError(f"{path}: holds no samples")
        yield source


def _read(path: Path, file: soundfile.SoundFile | _Resampled, n_samples: int) -> np.ndarray:
    try:
        fresh = file.read(n_samples, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise LegatoError(f"{path}: cannot be read as audio: {error.error_string}") from None
    if len(fresh) < n_samples:
        raise LegatoError(f"{path}: ends {n_samples - len(fresh)} samples before its header says")
    if not np.isfinite(fresh).all():
        raise LegatoError(f"{path}: holds NaN or infinite samples")
    return fresh

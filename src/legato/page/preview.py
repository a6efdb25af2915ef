"""Audio as a web page carries it: compressed, and not too long."""

import io
from pathlib import Path

import numpy as np
import soundfile

LONGEST_S = 40
COMPRESSION = 0.75  # about 90 kbit/s in stereo
MIME_TYPE = "audio/mpeg"


def preview(path: Path, longest_s: float = LONGEST_S) -> bytes:
    """The first seconds of an audio file as MP3."""
    with soundfile.SoundFile(path) as source:
        audio = source.read(round(longest_s * source.samplerate), dtype="float32", always_2d=True)
        return compressed(audio, source.samplerate)


def compressed(audio: np.ndarray, rate: int) -> bytes:
    """Audio, (n_samples, channels), as MP3, which every browser plays."""
    encoded = io.BytesIO()
    with soundfile.SoundFile(
        encoded, "w", rate, audio.shape[1], subtype="MPEG_LAYER_III", format="MP3", compression_level=COMPRESSION
    ) as target:
        target.write(audio)
    return encoded.getvalue()

"""The token format of a dataset: what every codec, trainer and reader here agrees on.

Conventions: a track's codes are int16 (T, 18): columns 0–8 are the left channel's DAC codebooks, 9–17 the
right's, one row every `HOP_LENGTH` samples.
"""

import math

SAMPLE_RATE = 44100  # Hz
HOP_LENGTH = 512  # samples in a frame
N_CODEBOOKS = 9  # a channel
N_CHANNELS = 2 * N_CODEBOOKS  # what a Dia calls channels
CODEBOOK_SIZE = 1024
MAX_TEXT_BYTES = 512  # of a prompt
CODEBOOK_NAMES = tuple(f"{side}{number}" for side in "LR" for number in range(N_CODEBOOKS))


def n_frames(n_samples: int) -> int:
    """Frames that cover `n_samples`, the last one padded with silence.

    >>> n_frames(513)
    2
    """
    return math.ceil(n_samples / HOP_LENGTH)

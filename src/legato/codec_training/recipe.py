"""What training the small codec can be asked for. Torch-free, so that checking params.yaml does not pay for torch."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from legato.tokens import CODEBOOK_SIZE, N_CODEBOOKS, SAMPLE_RATE
from legato.workspace.params import FilePath, FloatRange, Seed, Strict
from legato.workspace.track import INDEX_DIGITS

MAX_STEPS = 10**7
MAX_GAIN_DB = 60

Steps = Annotated[int, Field(ge=1, le=MAX_STEPS)]
Tracks = Annotated[int, Field(ge=1, lt=10**INDEX_DIGITS)]
Weight = Annotated[float, Field(ge=0, le=1e6)]


def _within_db(pair: Sequence[float]) -> Sequence[float]:
    if not -MAX_GAIN_DB <= pair[0] <= pair[1] <= MAX_GAIN_DB:
        raise ValueError(f"must lie within -{MAX_GAIN_DB} and {MAX_GAIN_DB}")
    return pair


class LossWeights(Strict):
    """What each term counts for."""

    mel: Weight
    stft: Weight
    waveform: Weight
    codebook: Weight
    commitment: Weight


class TrainCodecParams(Strict):
    """`train_codec` in params.yaml."""

    start: FilePath | None  # weights to continue from; null: from nothing
    seed: Seed  # of the corpus, the batches and new weights
    tracks: Tracks  # of each category, to learn from
    held_out: Tracks  # of each category, to measure
    device: Literal["auto", "cpu", "cuda"]
    compile: bool
    encoder_dim: Annotated[int, Field(ge=1, le=64)]
    decoder_dim: Annotated[int, Field(ge=16, le=1536, multiple_of=16)]
    steps: Steps
    batch: Annotated[int, Field(ge=1, le=4096)]  # segments of one channel
    segment_frames: Annotated[int, Field(ge=8, le=8192)]
    gain_db: Annotated[FloatRange, AfterValidator(_within_db)]  # drawn per segment
    learning_rate: Annotated[float, Field(gt=0, le=1)]  # at its peak
    warmup_steps: Annotated[int, Field(ge=0, le=MAX_STEPS)]
    clip_norm: Annotated[float, Field(gt=0, le=1e12)]
    ema: Annotated[float, Field(ge=0, lt=1)]  # of the weights that are kept; 0: the last ones
    reset_below: Annotated[float, Field(ge=0, lt=1)]  # of an entry's fair share: used less often, it moves to the data
    loss: LossWeights
    checkpoint_every: Steps

    def architecture(self) -> dict[str, object]:
        """The arguments of `dac.DAC`: the token format of the 44.1 kHz codec, at another width."""
        return {
            "encoder_dim": self.encoder_dim,
            "encoder_rates": [2, 4, 8, 8],
            "decoder_dim": self.decoder_dim,
            "decoder_rates": [8, 8, 4, 2],
            "n_codebooks": N_CODEBOOKS,
            "codebook_size": CODEBOOK_SIZE,
            "codebook_dim": 8,
            "quantizer_dropout": 0.0,
            "sample_rate": SAMPLE_RATE,
        }

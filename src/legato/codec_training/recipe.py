"""What training the small codec can be asked for. Torch-free, so that checking params.yaml does not pay for torch."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from legato.tokens import CODEBOOK_SIZE, N_CODEBOOKS, SAMPLE_RATE
from legato.workspace.params import FloatRange, Strict

CORPUS = Path("models/codec/corpus.yaml")
SMALL = Path("models/codec/small.pth")
FIGURES = Path("models/codec/small.json")

Positive = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0)]


class LossWeights(Strict):
    """What each term counts for."""

    mel: Weight
    stft: Weight
    waveform: Weight
    codebook: Weight
    commitment: Weight


class TrainCodecParams(Strict):
    """`train_codec` in params.yaml."""

    start: str | None  # weights to continue from; null: from nothing
    seed: Annotated[int, Field(ge=0)]  # of the corpus, the batches and new weights
    tracks: Positive  # of each category, to learn from
    heldout: Positive  # of each category, to measure
    device: Literal["auto", "cpu", "cuda"]
    compile: bool
    encoder_dim: Annotated[int, Field(ge=1, le=64)]
    decoder_dim: Annotated[int, Field(ge=16, le=1536, multiple_of=16)]
    steps: Positive
    batch: Positive  # segments of one channel
    segment_frames: Annotated[int, Field(ge=8)]
    gain_db: FloatRange  # drawn per segment
    learning_rate: Annotated[float, Field(gt=0)]  # at its peak
    warmup_steps: Annotated[int, Field(ge=0)]
    clip_norm: Annotated[float, Field(gt=0)]
    ema: Annotated[float, Field(ge=0, lt=1)]  # of the weights that are kept; 0: the last ones
    reset_below: Annotated[float, Field(ge=0, lt=1)]  # of an entry's fair share: used less often, it moves to the data
    loss: LossWeights
    checkpoint_every: Positive  # steps

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

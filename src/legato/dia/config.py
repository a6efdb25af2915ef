"""What training and sampling can be asked for, the sizes of the model, and the numbers of its token format.

Torch-free, so that checking params.yaml does not pay for torch.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from legato.tokens import CODEBOOK_SIZE, MAX_TEXT_BYTES, N_CODEBOOKS
from legato.workspace.params import FilePath, Seed, Strict
from legato.workspace.track import INDEX_DIGITS

VOCABULARY = 1028  # the codes, the three special tokens and one unused, as in Dia
EOS, PAD, BOS = 1024, 1025, 1026
DELAY_PATTERN = 2 * tuple(range(N_CODEBOOKS))  # frames by which each codebook lags, left and right

TEXT_VOCABULARY = 256  # bytes of UTF-8
SHOWN_CHARACTERS = 40  # of a long prompt, in an error


@dataclass(frozen=True, kw_only=True)
class Size:
    """The shape of a Dia: a text encoder and an audio decoder that attends to it."""

    encoder_layers: int
    encoder_width: int
    encoder_heads: int
    decoder_layers: int
    decoder_width: int
    decoder_heads: int
    decoder_kv_heads: int  # of self-attention, each shared by several heads
    head_dim: int
    mlp_ratio: int  # hidden width of each gated MLP, in widths


SIZES = {
    "tiny": Size(  # 5.4 M parameters, nearly all of them the codes' embeddings and heads: a minute on two cores
        encoder_layers=2,
        encoder_width=64,
        encoder_heads=2,
        decoder_layers=2,
        decoder_width=128,
        decoder_heads=4,
        decoder_kv_heads=2,
        head_dim=32,
        mlp_ratio=3,
    ),
    "mini": Size(  # 21.3 M: what models/start is
        encoder_layers=4,
        encoder_width=256,
        encoder_heads=4,
        decoder_layers=8,
        decoder_width=256,
        decoder_heads=4,
        decoder_kv_heads=2,
        head_dim=64,
        mlp_ratio=3,
    ),
    "small": Size(  # 146 M: for one GPU
        encoder_layers=4,
        encoder_width=512,
        encoder_heads=8,
        decoder_layers=6,
        decoder_width=1024,
        decoder_heads=16,
        decoder_kv_heads=8,
        head_dim=64,
        mlp_ratio=3,
    ),
    "base": Size(  # 1.6 B: the shape of Dia-1.6B, with 18 codebooks
        encoder_layers=12,
        encoder_width=1024,
        encoder_heads=16,
        decoder_layers=18,
        decoder_width=2048,
        decoder_heads=16,
        decoder_kv_heads=4,
        head_dim=128,
        mlp_ratio=4,
    ),
}


def _known_size(name: str) -> str:
    if name not in SIZES:
        raise ValueError(f"must be one of {', '.join(SIZES)}")
    return name


MAX_STEPS = 10**7
MAX_FRAMES = 8192  # in a window: 95 s
MAX_STEP_FRAMES = 2**22  # in a step, of all its windows
MAX_CLIPS = 10_000  # of all prompts
MAX_WEIGHT = 1e6

Probability = Annotated[float, Field(ge=0, le=1)]
Steps = Annotated[int, Field(ge=1, le=MAX_STEPS)]


def _some_weight(weights: list[float]) -> list[float]:
    if not any(weights):
        raise ValueError("at least one codebook must have a weight above 0")
    return weights


Weight = Annotated[float, Field(ge=0, le=MAX_WEIGHT, allow_inf_nan=False)]
CodebookWeights = Annotated[
    list[Weight], Field(min_length=N_CODEBOOKS, max_length=N_CODEBOOKS), AfterValidator(_some_weight)
]


class TrainParams(Strict):
    """`train` in params.yaml."""

    size: Annotated[str, AfterValidator(_known_size)]  # a row of SIZES
    start: FilePath | None = None  # a folder with a pretrained Dia of 9 or 18 channels, whose shape replaces `size`
    start_license: str | None = None  # SPDX or an address; of a start whose training.json does not say
    device: Literal["auto", "cpu", "cuda"]  # auto: a GPU where there is one
    precision: Literal["auto", "fp32", "bf16"] = "auto"  # auto: bf16 on a GPU that has it
    compile: Literal["auto", True, False] = "auto"  # auto: on a GPU
    seed: Seed
    steps: Steps
    batch: Annotated[int, Field(ge=1, le=65_536)]  # windows in a step, of all processes together
    accumulate: Annotated[int, Field(ge=1, le=65_536)] = (
        1  # parts in which a process takes its windows of a step, one after another
    )
    frames: Annotated[int, Field(ge=1, le=MAX_FRAMES)]  # in a window
    learning_rate: Annotated[float, Field(gt=0, le=1e3)]  # at its peak
    warmup_steps: Annotated[int, Field(ge=0, le=MAX_STEPS)]
    weight_decay: Annotated[float, Field(ge=0, le=1e3)]  # of matrices
    clip_norm: Annotated[float, Field(gt=0, le=1e12)]  # of the gradient
    ema: Annotated[float, Field(ge=0, lt=1)] = 0  # decay of the averaged weights, which are then measured and saved
    text_dropout: Probability  # of a window: trained without its text, for guidance
    tag_dropout: Probability  # of a tag; one is always kept
    codebook_weights: CodebookWeights = [1.0] * N_CODEBOOKS  # in the loss, left and right alike
    eos_weight: Weight = 1.0  # in the loss, of where a track ends
    eval_every: Steps
    checkpoint_every: Steps = 1000
    keep: Annotated[int, Field(ge=1, le=10_000)] = 2  # checkpoints
    tensorboard: bool = False  # curves in logs/train too

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        if self.batch % self.accumulate:
            raise ValueError(f"batch: {self.batch}: must be a multiple of accumulate, {self.accumulate}")
        return self

    @model_validator(mode="after")
    def _check_step(self) -> Self:
        if self.batch * self.frames > MAX_STEP_FRAMES:
            rule = f"with frames of {self.frames} must be at most {MAX_STEP_FRAMES // self.frames}"
            raise ValueError(f"batch: {self.batch}: {rule}: a step has at most {MAX_STEP_FRAMES} frames")
        return self


class PretrainParams(Strict):
    """`pretrain` in params.yaml: how the start model that ships is made."""

    seed: Seed  # of its music
    tracks: Annotated[int, Field(ge=1, lt=10**INDEX_DIGITS)]  # of each category of models/start/corpus.yaml
    held_out: Annotated[float, Field(ge=0, lt=1)]  # fraction of each category's tracks
    clips: Annotated[int, Field(ge=1, le=MAX_CLIPS)]  # of each category's phrase, to measure it by
    seconds: Annotated[float, Field(gt=0, le=600)]  # of each
    train: TrainParams


class SampleParams(Strict):
    """`sample` in params.yaml."""

    prompts: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"\S")]], Field(min_length=1, max_length=MAX_CLIPS)
    ]
    clips: Annotated[int, Field(ge=1, le=MAX_CLIPS)] = 1  # of each prompt
    batch: Annotated[int, Field(ge=1, le=1024)] = 8  # clips at a time
    seconds: Annotated[float, Field(gt=0, le=600)]  # at most; the model may end earlier
    guidance: Annotated[float, Field(ge=0, le=100)]  # 1 is none
    temperature: Annotated[float, Field(ge=0.01, le=100)]
    top_k: Annotated[int, Field(ge=1, le=CODEBOOK_SIZE)]
    seed: Seed

    @model_validator(mode="after")
    def _check_prompts(self) -> Self:
        if len(self.prompts) * self.clips > MAX_CLIPS:
            rule = f"of {len(self.prompts)} prompts must be at most {MAX_CLIPS // len(self.prompts)}"
            raise ValueError(f"clips: {self.clips}: {rule}: {MAX_CLIPS} clips in all")
        for index, prompt in enumerate(self.prompts):
            shown = repr(prompt if len(prompt) <= SHOWN_CHARACTERS else prompt[:SHOWN_CHARACTERS] + "...")
            if (n_bytes := len(prompt.encode())) > MAX_TEXT_BYTES:
                rule = f"must be at most {MAX_TEXT_BYTES} bytes of UTF-8, what the model reads, and has {n_bytes}"
                raise ValueError(f"prompts.{index}: {shown}: {rule}")
            if prompt in self.prompts[:index]:
                raise ValueError(f"prompts.{index}: {shown}: stands there twice; `clips` asks for more of each")
        return self

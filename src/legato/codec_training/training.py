"""The small codec's training, read from top to bottom.

Notable choices, beside the training of the 44.1 kHz DAC (its `conf/final/44khz.yml`):

- No discriminator: an adversarial phase was not tried, for want of a GPU. Losses on complex spectra and on the
  waveform take its place; without the complex spectra the phase was never learned (docs/codec.md, "What was tried").
- No quantizer dropout (0.5 there): all nine codebooks are always used.
- Entries that hardly a frame uses move to where the data is. 932 dead entries became 1 (models/codec/README.md).
- What is kept is a moving average of the weights, not the last ones.
- The learning rate warms up and falls by half a cosine to 0; there it decays by a constant factor from the start. The
  optimizer's betas are DAC's.
- Segments are of one channel, each at a random gain; DAC brings all to one loudness.

Batches depend on (seed, step) alone and a checkpoint holds all that a step changes, so that a run that was killed
reaches the same weights as one that was not. Axis suffixes: B batch, N samples, T frames, K codebooks, D dimensions
of a codebook, V its entries.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from legato.codec.engine import device_of
from legato.codec.model import new_model, read_checkpoint
from legato.codec_training.corpus import segments
from legato.codec_training.losses import mel_loss, stft_loss
from legato.codec_training.recipe import TrainCodecParams
from legato.contract.tensors import read_sealed, write_sealed
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CODEBOOKS
from legato.work import compiler_cache
from legato.workspace.params import PARAMS

BETAS = (0.8, 0.99)
USE_DECAY = 0.99  # of the share of frames in which each entry is used
RESET_EVERY = 20  # steps
LOG_EVERY = 20


@dataclass
class State:
    """All that a step of training changes."""

    model: nn.Module
    average: nn.Module  # exponential moving average of the model: what is kept
    optimizer: torch.optim.Optimizer
    use_KV: Tensor  # how often each entry is used, relative to its fair share
    step: int = 0

    @classmethod
    def new(cls, params: TrainCodecParams, device: str) -> Self:
        """The state before the first step.

        Raises:
            LegatoError: the weights to continue from are missing or of another architecture.
        """
        torch.manual_seed(params.seed)
        model = new_model(params.architecture())
        if params.start is not None:
            _start_from(model, Path(params.start))
        model.to(device)
        kept = new_model(params.architecture()).to(device).requires_grad_(False)
        kept.load_state_dict(model.state_dict())
        optimizer = torch.optim.AdamW(model.parameters(), lr=params.learning_rate, betas=BETAS)
        use_KV = torch.ones(N_CODEBOOKS, CODEBOOK_SIZE, device=device)
        return cls(model, kept, optimizer, use_KV)

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        modules = {name: getattr(self, name).state_dict() for name in ("model", "average", "optimizer")}
        write_sealed(path, {**modules, "use": self.use_KV, "step": self.step})

    def load(self, path: Path) -> None:
        """Continue from a checkpoint.

        Raises:
            LegatoError: it is damaged.
        """
        saved = read_sealed(path, "not a checkpoint", self.use_KV.device)
        for name in ("model", "average", "optimizer"):
            getattr(self, name).load_state_dict(saved[name])
        self.use_KV, self.step = saved["use"], saved["step"]


def train(params: TrainCodecParams, tracks: list[Path], checkpoint: Path) -> nn.Module:
    """Train on audio files and return the averaged weights; `checkpoint` is continued where it exists.

    Raises:
        LegatoError: the device is not there, weights cannot be used, or the loss is no longer a number.
    """
    device = device_of(params.device, key="train_codec.device")
    state = State.new(params, device)
    if checkpoint.exists():
        state.load(checkpoint)
    learner = Learner(state, params)
    draw = partial(_draw, params, tracks)
    with (
        ThreadPoolExecutor(1) as ahead,
        tqdm(desc="train_codec", unit=" steps", total=params.steps, initial=state.step) as bar,
    ):
        upcoming = ahead.submit(draw, state.step + 1)
        while state.step < params.steps:
            audio_BN = upcoming.result().to(device)
            upcoming = ahead.submit(draw, state.step + 2)
            terms = learner.update(audio_BN)
            bar.update()
            if state.step % LOG_EVERY == 0:
                bar.set_postfix({name: f"{value.item():.3f}" for name, value in terms.items()})
            if state.step % params.checkpoint_every == 0 or state.step == params.steps:
                state.save(checkpoint)
    return state.average.cpu().eval()


class Learner:
    """One step of training after another on a `State`."""

    def __init__(self, state: State, params: TrainCodecParams) -> None:
        self.state, self.params = state, params
        device = next(state.model.parameters()).device.type
        is_compiled = params.compile and compiler_cache.can_compile(device)
        compiled: Callable[[Any], Any] = torch.compile if is_compiled else lambda module: module
        self.encode, self.decode = compiled(state.model.encoder), compiled(state.model.decoder)

    def update(self, audio_BN: Tensor) -> dict[str, Tensor]:
        """Learn from a batch and return the loss's terms, not weighted.

        Raises:
            LegatoError: the loss is no longer a number; the weights are left as they were.
        """
        state, params = self.state, self.params
        step, model = state.step + 1, state.model.train()
        quantize: Any = model.quantizer
        quantized, codes_BKT, projected, commitment, codebook = quantize(self.encode(audio_BN[:, None]))
        decoded_BN = self.decode(quantized)[:, 0]
        terms = {
            "mel": mel_loss(decoded_BN, audio_BN),
            "stft": stft_loss(decoded_BN, audio_BN),
            "waveform": functional.l1_loss(decoded_BN, audio_BN),
            "codebook": codebook,
            "commitment": commitment,
        }
        loss = sum(getattr(params.loss, name) * value for name, value in terms.items())
        if not torch.isfinite(loss):
            raise LegatoError(
                f"{PARAMS}: train_codec: the loss is {loss.item()} at step {step}; lower train_codec.learning_rate"
            )
        state.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), params.clip_norm)
        for group in state.optimizer.param_groups:
            group["lr"] = params.learning_rate * lr_factor(step, params)
        state.optimizer.step()
        state.step = step
        self._count(codes_BKT)
        if params.reset_below and step % RESET_EVERY == 0:
            reset_unused(model, state.use_KV, projected, params, step)
        average(state.average, model, params.ema, step)
        return {name: value.detach() for name, value in terms.items()}

    def _count(self, codes_BKT: Tensor) -> None:
        for use_V, codes_BT in zip(self.state.use_KV, codes_BKT.transpose(0, 1), strict=True):
            counts_V = torch.bincount(codes_BT.flatten(), minlength=CODEBOOK_SIZE)
            use_V.mul_(USE_DECAY).add_(counts_V * (CODEBOOK_SIZE / codes_BT.numel()), alpha=1 - USE_DECAY)


@torch.no_grad()
def reset_unused(model: Any, use_KV: Tensor, projected_BDT: Tensor, params: TrainCodecParams, step: int) -> None:
    """Move entries used less than `reset_below` of their fair share to where the data is (Dhariwal et al., 2020).

    Args:
        projected_BDT: what each codebook was asked to quantize, the codebooks' dimensions one after another.
    """
    generator = torch.Generator().manual_seed((params.seed * 1_000_003 + step) % 2**63)
    parts = projected_BDT.transpose(1, 2).flatten(0, 1).split([book.codebook_dim for book in books(model)], dim=1)
    for book, use_V, vectors_ND in zip(books(model), use_KV, parts, strict=True):
        dead_V = use_V < params.reset_below
        n_dead = min(int(dead_V.sum()), len(vectors_ND))
        chosen = torch.randperm(len(vectors_ND), generator=generator)[:n_dead].to(vectors_ND.device)
        where = dead_V.nonzero()[:n_dead, 0]
        book.codebook.weight[where] = vectors_ND[chosen]
        use_V[where] = 1.0


def books(model: Any) -> Any:
    """The codebooks of a codec, in their order."""
    return model.quantizer.quantizers


@torch.no_grad()
def average(target: nn.Module, source: nn.Module, decay: float, step: int) -> None:
    """Bring each averaged weight nearer to the model's; at first faster, so that the beginning is forgotten."""
    share = 1 - min(decay, (1 + step) / (10 + step))
    for kept, new in zip(target.parameters(), source.parameters(), strict=True):
        kept.lerp_(new, share)


def lr_factor(step: int, params: TrainCodecParams) -> float:
    """Share of the peak learning rate at a step from 1: a straight way up, then half a cosine down to 0."""
    if step <= params.warmup_steps:
        return step / params.warmup_steps
    return 0.5 + 0.5 * math.cos(math.pi * (step - params.warmup_steps) / (params.steps - params.warmup_steps))


def _draw(params: TrainCodecParams, tracks: list[Path], step: int) -> Tensor:
    low, high = params.gain_db
    audio_BN = segments(
        tracks,
        np.random.default_rng([params.seed, step]),
        batch=params.batch,
        n_samples=params.segment_frames * HOP_LENGTH,
        gain_db=(low, high),
    )
    return torch.from_numpy(audio_BN)


def _start_from(model: nn.Module, path: Path) -> None:
    weights = {name: value.float() for name, value in read_checkpoint(path)["state_dict"].items()}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise LegatoError(f"{PARAMS}: train_codec.start: {str(path)!r}: of another architecture: {reason}") from None

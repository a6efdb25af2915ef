"""Transformers' Dia with 18 codebooks, by configuration alone: built, saved, loaded, and its loss taken.

Notable choices, beside Dia-1.6B as transformers has it:

- 18 codebooks instead of 9, left before right, with no new module: one table of embeddings, whose 18 of a row are added
  up, and a head for each. So `DiaForConditionalGeneration.from_pretrained` loads what is saved here.
- Delays of 0 to 8 on each side instead of 0, 8, 9 … 15: the pattern of stereo Dia trainers. Both sides of a frame are
  predicted in the same row.
- The text is tags as bytes, up to 512; it may be all zeros, which is what guidance steers away from.
- The loss is taken here and not by the model's own `labels`, which give one mean: each label has its loss, so that
  codebooks and ends can be weighted while what is reported is not, by codebook and by category.
- Weights, optimizer and loss are float32 everywhere; bf16 is for the forward pass alone (autocast).
- Model and loss are one module, so that they are compiled together and shared by processes as one.
"""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.nn import functional
from transformers import DiaConfig, DiaForConditionalGeneration

from legato.dia.batches import IGNORED, Batch
from legato.dia.config import BOS, DELAY_PATTERN, EOS, PAD, TEXT_VOCABULARY, VOCABULARY, Size
from legato.dia.halves import halves
from legato.dia.heads import HeadLosses
from legato.dia.pretrained import read_pretrained
from legato.errors import LegatoError
from legato.files import naming, write_json
from legato.tokens import N_CHANNELS


def dia_config(size: Size) -> DiaConfig:
    """The configuration of a Dia of `size` that reads and writes 18 codebooks."""
    encoder = {
        "vocab_size": TEXT_VOCABULARY,
        "num_hidden_layers": size.encoder_layers,
        "hidden_size": size.encoder_width,
        "intermediate_size": size.encoder_width * size.mlp_ratio,
        "num_attention_heads": size.encoder_heads,
        "num_key_value_heads": size.encoder_heads,
        "head_dim": size.head_dim,
    }
    decoder = {
        "vocab_size": VOCABULARY,
        "num_channels": N_CHANNELS,
        "num_hidden_layers": size.decoder_layers,
        "hidden_size": size.decoder_width,
        "intermediate_size": size.decoder_width * size.mlp_ratio,
        "num_attention_heads": size.decoder_heads,
        "num_key_value_heads": size.decoder_kv_heads,
        "head_dim": size.head_dim,
        "cross_hidden_size": size.encoder_width,
        "cross_num_attention_heads": size.decoder_heads,
        "cross_num_key_value_heads": size.decoder_heads,
        "cross_head_dim": size.head_dim,
        "eos_token_id": EOS,
        "pad_token_id": PAD,
        "bos_token_id": BOS,
    }
    return DiaConfig(encoder_config=encoder, decoder_config=decoder, delay_pattern=list(DELAY_PATTERN))


def build(size: Size, seed: int) -> DiaForConditionalGeneration:
    """A new model; the same seed gives the same weights."""
    torch.manual_seed(seed)
    return DiaForConditionalGeneration(dia_config(size))


def n_parameters(model: torch.nn.Module) -> int:
    """How many numbers the model learns."""
    return sum(parameter.numel() for parameter in model.parameters())


def losses(model: DiaForConditionalGeneration, batch: Batch) -> Tensor:
    """Cross-entropy in nats of every label, (B, T, K); 0 where the label is ignored."""
    logits = model.logits_dense(last_states(model, batch)).view(*batch.labels_BTK.shape, -1)
    labels = batch.labels_BTK.reshape(-1)
    found = functional.cross_entropy(logits.flatten(0, 2).float(), labels, ignore_index=IGNORED, reduction="none")
    return found.view(batch.labels_BTK.shape)


def last_states(model: DiaForConditionalGeneration, batch: Batch) -> Tensor:
    """What the heads read, (B, T, width).

    The model's own forward pass would copy the logits, to put codebooks beside windows.
    """
    return model.model(
        input_ids=batch.text_BL,
        attention_mask=batch.text_mask_BL,
        decoder_input_ids=batch.inputs_BTK,
        use_cache=False,
    )[0]


class Learner(torch.nn.Module):
    """A model and its loss as one forward pass: what is compiled, and what many processes share.

    Args:
        precision: what the pass computes in; weights and losses are float32.
    """

    def __init__(self, model: DiaForConditionalGeneration, precision: torch.dtype) -> None:
        super().__init__()
        self.model = model
        self.precision = precision

    def forward(self, *batch_and_weights: Tensor) -> tuple[Tensor, Tensor]:
        """Each label's loss, (B, T, K), and the sum of all, each times its weight: the sum alone has a gradient.

        Args:
            batch_and_weights: the tensors of a `Batch`, and each label's weight, (B, T, K).
        """
        *tensors, weights_BTK = batch_and_weights
        batch = Batch(*tensors)
        if weights_BTK.device.type == "cpu" and self.precision == torch.float32 and not torch.compiler.is_compiling():
            return self._losses_of_heads(batch, weights_BTK)
        losses_BTK = self.losses(batch)
        return losses_BTK.detach(), (losses_BTK * weights_BTK).sum()

    def losses(self, batch: Batch) -> Tensor:
        """Each label's loss, (B, T, K)."""
        with torch.autocast(batch.text_BL.device.type, self.precision, enabled=self.precision != torch.float32):
            return losses(self.model, batch)

    def _losses_of_heads(self, batch: Batch, weights_BTK: Tensor) -> tuple[Tensor, Tensor]:
        """The same in fp32 on a CPU, in a third of the time of the heads: a compiler does as much on a GPU."""
        shape, width = batch.labels_BTK.shape, self.model.logits_dense.in_features
        losses_RK, total = HeadLosses.apply(
            last_states(self.model, batch).view(-1, width),
            self.model.logits_dense.weight.view(shape[2], -1, width),
            batch.labels_BTK.reshape(-1, shape[2]),
            weights_BTK.reshape(-1, shape[2]),
        )
        return losses_RK.view(shape), total


def codebook_weights(of_a_side: Sequence[float], device: torch.device) -> Tensor:
    """What each codebook's labels count in the loss, (K,), left and right alike."""
    return torch.tensor(2 * list(of_a_side), dtype=torch.float32, device=device)


def label_weights(labels_BTK: Tensor, weights_K: Tensor, eos_weight: float) -> Tensor:
    """What each label counts in the loss, (B, T, K): 0 where it is ignored."""
    weights_BTK = weights_K * (labels_BTK != IGNORED)
    return torch.where(labels_BTK == EOS, weights_BTK * eos_weight, weights_BTK)


def on(model: DiaForConditionalGeneration, device: torch.device) -> DiaForConditionalGeneration:
    """The model on a device."""
    untyped: Any = model  # transformers' decorator hides the arguments of `to`
    return untyped.to(device)


def pick_device(asked: str) -> torch.device:
    """The device that `auto`, `cpu` or `cuda` means here.

    Raises:
        LegatoError: `cuda`, and there is none.
    """
    found = torch.cuda.is_available()
    if asked == "cuda" and not found:
        raise LegatoError("params.yaml: train.device: 'cuda': torch finds no GPU here; use auto or cpu")
    return torch.device("cuda" if found and asked != "cpu" else "cpu")


def pick_precision(asked: str, device: torch.device) -> torch.dtype:
    """The number format that `auto`, `fp32` or `bf16` means on a device."""
    if asked == "auto":
        asked = "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "fp32"
    return {"bf16": torch.bfloat16, "fp32": torch.float32}[asked]


def save(model: DiaForConditionalGeneration, folder: Path, facts: dict[str, Any] | None = None) -> None:
    """Write the model as transformers does, and `facts` beside it as training.json.

    `folder` is replaced when all is written, and never half.

    Raises:
        OSError: the disk is full, say.
    """
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        with naming(folder):
            try:
                model.save_pretrained(temporary)
            except SafetensorError as error:
                raise _os_error(error) from None
        if facts is not None:
            write_json(temporary / "training.json", facts)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _os_error(error: SafetensorError) -> Exception:
    """What the system has told safetensors, which tells it as text."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(found[1]), os.strerror(int(found[1]))) if found else error


def load(folder: Path) -> DiaForConditionalGeneration:
    """The model that `save` wrote, for inference.

    Raises:
        LegatoError: there is none, or it cannot be read.
    """
    if not (folder / "config.json").is_file():
        raise LegatoError(f"{folder}: no model; the train stage makes it")
    return read_pretrained(folder, lambda config: check_tokens(config, folder)).eval()


def check_tokens(config: DiaConfig, folder: Path, n_channels: tuple[int, ...] = (N_CHANNELS,)) -> None:
    """Whether a model reads and writes our tokens.

    Raises:
        LegatoError: it has other ones, or another number of channels.
    """
    encoder, decoder = halves(config)
    rules = (
        ("num_channels", decoder.num_channels, n_channels),
        ("decoder vocab_size", decoder.vocab_size, (VOCABULARY,)),
        ("encoder vocab_size", encoder.vocab_size, (TEXT_VOCABULARY,)),
        ("eos_token_id", decoder.eos_token_id, (EOS,)),
        ("pad_token_id", decoder.pad_token_id, (PAD,)),
        ("bos_token_id", decoder.bos_token_id, (BOS,)),
    )
    for name, value, allowed in rules:
        if value not in allowed:
            raise LegatoError(f"{folder}: {name}: {value}: must be {' or '.join(map(str, allowed))}")

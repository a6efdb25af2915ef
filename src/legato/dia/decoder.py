"""A Dia's decoder for generation: a row at a time, with keys and values in memory that is set aside once.

It computes what transformers' own forward pass computes, to the rounding: nothing is looked up, masked, joined or
allocated that a row does not need. Of a text it keeps each layer's keys and values, so it is encoded once. Several
decoders go through the layers together, each for itself: so a layer's weights are fetched from memory once for all,
and no decoder's result turns on the others. Axis suffixes: B sequences, L bytes of text, T rows, K codebooks, V entries
of a codebook, D width, H heads, G heads of queries to each head of keys and values, E width of a head, N others.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from transformers import DiaForConditionalGeneration

from legato.dia.halves import halves

MASKED = -1e9  # what a place that is not looked at gets: exp of it is 0


class _Layer(NamedTuple):
    """A layer's weights, as rows are multiplied with them."""

    own_norm_D: Tensor
    own_in_DN: Tensor  # to queries, keys and values
    own_out_ND: Tensor
    text_norm_D: Tensor
    text_in_DN: Tensor  # to queries
    text_out_ND: Tensor
    mlp_norm_D: Tensor
    gate_up_DN: Tensor
    down_ND: Tensor


class _Kept(NamedTuple):
    """A layer's keys and values: of the rows so far, and of the text."""

    keys_BHTE: Tensor
    values_BHTE: Tensor
    text_keys_BHLE: Tensor
    text_values_BHLE: Tensor


class Weights:
    """What all decoders of a model share."""

    def __init__(self, model: DiaForConditionalGeneration) -> None:
        decoder: Any = model.get_decoder()
        self.model, self.decoder = model, decoder
        self.heads_DV = _turned(model.logits_dense.weight)
        self.layers = [_weights_of(layer) for layer in decoder.layers]


class Decoder:
    """A Dia that has read prompts, and of the rows so far keeps keys and values.

    Args:
        text_BL: bytes, (B, L) int64.
        mask_BL: 1 where there is a byte.
        n_rows: the most that will follow.
    """

    def __init__(self, weights: Weights, text_BL: Tensor, mask_BL: Tensor, n_rows: int) -> None:
        decoder, (_, config) = weights.decoder, halves(weights.model.config)
        encoded_BLD = weights.model.get_encoder()(input_ids=text_BL, attention_mask=mask_BL).last_hidden_state
        self._weights, self._eps, self._n_codebooks = weights, config.norm_eps, config.num_channels
        self._n_heads, self._n_kv_heads = config.num_attention_heads, config.num_key_value_heads
        self._n_text_heads, self._n_text_kv_heads = config.cross_num_attention_heads, config.cross_num_key_value_heads
        cos_1TE, sin_1TE = decoder.rotary_emb(
            encoded_BLD, position_ids=torch.arange(n_rows, device=text_BL.device)[None]
        )
        half = cos_1TE.shape[-1] // 2
        sign_E = torch.cat([-torch.ones(half), torch.ones(half)]).to(sin_1TE)
        self._cos_TE, self._sin_TE = cos_1TE[0], sin_1TE[0] * sign_E
        shut_BL = (mask_BL == 0).to(encoded_BLD.dtype) * MASKED
        self._text_mask_B11L = shut_BL[:, None, None] if bool(shut_BL.any()) else None
        self._kept = [self._keep(layer, encoded_BLD, n_rows) for layer in decoder.layers]
        self._t = 0

    def _keep(self, layer: Any, encoded_BLD: Tensor, n_rows: int) -> _Kept:
        text = layer.cross_attention
        rows = encoded_BLD.new_zeros(2, len(encoded_BLD), self._n_kv_heads, n_rows, layer.self_attention.head_dim)
        shape = (*encoded_BLD.shape[:2], self._n_text_kv_heads, text.head_dim)
        keys, values = (one(encoded_BLD).view(shape).transpose(1, 2) for one in (text.k_proj, text.v_proj))
        return _Kept(rows[0], rows[1], keys.contiguous(), values.contiguous())

    def begin(self, row_BK: Tensor) -> Tensor:
        """A row as the first layer takes it, (B, D)."""
        embeddings = self._weights.decoder.embeddings
        return functional.embedding(row_BK + embeddings.offsets, embeddings.embed.weight).sum(dim=1)

    def layer(self, at: int, hidden_BD: Tensor) -> Tensor:
        """A row through one layer."""
        layer, kept = self._weights.layers[at], self._kept[at]
        hidden_BD = hidden_BD + self._own(layer, kept, self._normed(hidden_BD, layer.own_norm_D))
        hidden_BD = hidden_BD + self._text(layer, kept, self._normed(hidden_BD, layer.text_norm_D))
        gate_BN, up_BN = (self._normed(hidden_BD, layer.mlp_norm_D) @ layer.gate_up_DN).chunk(2, dim=-1)
        activation = self._weights.decoder.layers[at].mlp.activation_fn
        return hidden_BD + (up_BN * activation(gate_BN)) @ layer.down_ND

    def end(self, hidden_BD: Tensor) -> Tensor:
        """The next row's logits from what the last layer gives, (B, K, V)."""
        self._t += 1
        logits_BN = self._normed(hidden_BD, self._weights.decoder.norm.weight) @ self._weights.heads_DV
        return logits_BN.view(len(hidden_BD), self._n_codebooks, -1)

    def _normed(self, hidden_BD: Tensor, gain_D: Tensor) -> Tensor:
        return functional.rms_norm(hidden_BD, gain_D.shape, gain_D, self._eps)

    def _own(self, layer: _Layer, kept: _Kept, hidden_BD: Tensor) -> Tensor:
        """What a row takes from itself and the rows before it."""
        n_turned, until = self._n_heads + self._n_kv_heads, self._t + 1
        all_BHE = (hidden_BD @ layer.own_in_DN).view(len(hidden_BD), n_turned + self._n_kv_heads, -1)
        turned_BHE = self._turn(all_BHE[:, :n_turned])
        kept.keys_BHTE[:, :, self._t] = turned_BHE[:, self._n_heads :]
        kept.values_BHTE[:, :, self._t] = all_BHE[:, n_turned:]
        keys_BHTE, values_BHTE = kept.keys_BHTE[:, :, :until], kept.values_BHTE[:, :, :until]
        return _attend(turned_BHE[:, : self._n_heads], keys_BHTE, values_BHTE) @ layer.own_out_ND

    def _text(self, layer: _Layer, kept: _Kept, hidden_BD: Tensor) -> Tensor:
        """What a row takes from the text."""
        queries_BHE = (hidden_BD @ layer.text_in_DN).view(len(hidden_BD), self._n_text_heads, -1)
        found_BN = _attend(queries_BHE, kept.text_keys_BHLE, kept.text_values_BHLE, self._text_mask_B11L)
        return found_BN @ layer.text_out_ND

    def _turn(self, heads_BHE: Tensor) -> Tensor:
        """Rotary position embedding (Su et al., 2021), halves of a head against each other."""
        half = heads_BHE.shape[-1] // 2
        return heads_BHE * self._cos_TE[self._t] + heads_BHE.roll(half, dims=-1) * self._sin_TE[self._t]


def next_rows(decoders: Sequence[Decoder], rows: Sequence[Tensor]) -> list[Tensor]:
    """The logits of each decoder's row after the one it is given, (B, K) to (B, K, V); all are of one model."""
    hidden = [decoder.begin(row_BK) for decoder, row_BK in zip(decoders, rows, strict=True)]
    for at in range(len(decoders[0]._weights.layers)):
        hidden = [decoder.layer(at, hidden_BD) for decoder, hidden_BD in zip(decoders, hidden, strict=True)]
    return [decoder.end(hidden_BD) for decoder, hidden_BD in zip(decoders, hidden, strict=True)]


def _attend(queries_BHE: Tensor, keys_BHTE: Tensor, values_BHTE: Tensor, mask_B11T: Tensor | None = None) -> Tensor:
    """Attention of one row as Dia has it, without a scale; (B, H * E)."""
    n_sequences, n_kv_heads = keys_BHTE.shape[:2]
    queries_BHGE = queries_BHE.reshape(n_sequences, n_kv_heads, -1, queries_BHE.shape[-1])
    scores_BHGT = queries_BHGE @ keys_BHTE.transpose(2, 3)
    if mask_B11T is not None:
        scores_BHGT = scores_BHGT + mask_B11T
    return (scores_BHGT.softmax(dim=-1) @ values_BHTE).reshape(n_sequences, -1)


def _weights_of(layer: Any) -> _Layer:
    own, text, mlp = layer.self_attention, layer.cross_attention, layer.mlp
    return _Layer(
        own_norm_D=layer.pre_sa_norm.weight,
        own_in_DN=_turned(torch.cat([own.q_proj.weight, own.k_proj.weight, own.v_proj.weight])),
        own_out_ND=_turned(own.o_proj.weight),
        text_norm_D=layer.pre_ca_norm.weight,
        text_in_DN=_turned(text.q_proj.weight),
        text_out_ND=_turned(text.o_proj.weight),
        mlp_norm_D=layer.pre_mlp_norm.weight,
        gate_up_DN=_turned(mlp.gate_up_proj.weight),
        down_ND=_turned(mlp.down_proj.weight),
    )


def _turned(weight: Tensor) -> Tensor:
    """A layer's weight as the right side of a product, which is the faster one for a row or two."""
    return weight.t().contiguous()

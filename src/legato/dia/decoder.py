"""A Dia's decoder for generation: a row at a time, with keys and values in memory that is set aside once.

It computes what transformers' own forward pass computes, to the rounding, in less time: nothing is looked up, masked,
joined or allocated that a row does not need. Of a text it keeps each layer's keys and values, so it is encoded once.
Axis suffixes: B sequences, L bytes of text, T rows, K codebooks, V entries of a codebook, D width, H heads, G heads of
queries to each head of keys and values, E width of a head, N others.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from transformers import DiaForConditionalGeneration

from legato.dia.halves import halves

MASKED = -1e9  # what a place that is not looked at gets: exp of it is 0


class _Attention(NamedTuple):
    queries_DN: Tensor  # with those of keys and values beside it where they are of the same row
    out_ND: Tensor
    keys_BHTE: Tensor
    values_BHTE: Tensor


class _Layer(NamedTuple):
    own: _Attention
    own_norm_D: Tensor
    text: _Attention
    text_norm_D: Tensor
    gate_up_DN: Tensor
    down_ND: Tensor
    mlp_norm_D: Tensor


class Decoder:
    """A Dia that has read prompts, and of the rows so far keeps keys and values.

    Args:
        text_BL: bytes, (B, L) int64.
        mask_BL: 1 where there is a byte.
        n_rows: the most that will follow.
    """

    def __init__(self, model: DiaForConditionalGeneration, text_BL: Tensor, mask_BL: Tensor, n_rows: int) -> None:
        _, config = halves(model.config)
        decoder: Any = model.get_decoder()
        encoded_BLD = model.get_encoder()(input_ids=text_BL, attention_mask=mask_BL).last_hidden_state
        self._n_heads, self._n_kv_heads = config.num_attention_heads, config.num_key_value_heads
        self._n_text_heads, self._n_text_kv_heads = config.cross_num_attention_heads, config.cross_num_key_value_heads
        self._eps, self._n_codebooks = config.norm_eps, config.num_channels
        self._activation = decoder.layers[0].mlp.activation_fn
        self._table_VD, self._offsets_K = decoder.embeddings.embed.weight, decoder.embeddings.offsets
        self._norm_D, self._heads_DV = decoder.norm.weight, _turned(model.logits_dense.weight)
        places_1T = torch.arange(n_rows, device=text_BL.device)[None]
        cos_1TE, sin_1TE = decoder.rotary_emb(encoded_BLD, position_ids=places_1T)
        half = cos_1TE.shape[-1] // 2
        sign_E = torch.cat([-torch.ones(half), torch.ones(half)]).to(sin_1TE)
        self._cos_TE, self._sin_TE = cos_1TE[0], sin_1TE[0] * sign_E
        shut_BL = (mask_BL == 0).to(encoded_BLD.dtype) * MASKED
        self._text_mask_B11L = shut_BL[:, None, None] if bool(shut_BL.any()) else None
        self._layers = [self._layer(layer, encoded_BLD, n_rows) for layer in decoder.layers]
        self._t = 0

    def _layer(self, layer: Any, encoded_BLD: Tensor, n_rows: int) -> _Layer:
        own, text = layer.self_attention, layer.cross_attention
        cache = encoded_BLD.new_zeros(2, len(encoded_BLD), self._n_kv_heads, n_rows, own.head_dim)
        shape = (*encoded_BLD.shape[:2], self._n_text_kv_heads, text.head_dim)
        text_keys, text_values = (one(encoded_BLD).view(shape).transpose(1, 2) for one in (text.k_proj, text.v_proj))
        own_weights = torch.cat([own.q_proj.weight, own.k_proj.weight, own.v_proj.weight])
        return _Layer(
            own=_Attention(_turned(own_weights), _turned(own.o_proj.weight), cache[0], cache[1]),
            own_norm_D=layer.pre_sa_norm.weight,
            text=_Attention(
                _turned(text.q_proj.weight),
                _turned(text.o_proj.weight),
                text_keys.contiguous(),
                text_values.contiguous(),
            ),
            text_norm_D=layer.pre_ca_norm.weight,
            gate_up_DN=_turned(layer.mlp.gate_up_proj.weight),
            down_ND=_turned(layer.mlp.down_proj.weight),
            mlp_norm_D=layer.pre_mlp_norm.weight,
        )

    def next(self, row_BK: Tensor) -> Tensor:
        """The logits of the row after `row_BK`, (B, K, V)."""
        hidden_BD = functional.embedding(row_BK + self._offsets_K, self._table_VD).sum(dim=1)
        for layer in self._layers:
            hidden_BD = hidden_BD + self._own(layer.own, self._normed(hidden_BD, layer.own_norm_D))
            hidden_BD = hidden_BD + self._text(layer.text, self._normed(hidden_BD, layer.text_norm_D))
            gate_BN, up_BN = (self._normed(hidden_BD, layer.mlp_norm_D) @ layer.gate_up_DN).chunk(2, dim=-1)
            hidden_BD = hidden_BD + (up_BN * self._activation(gate_BN)) @ layer.down_ND
        self._t += 1
        return (self._normed(hidden_BD, self._norm_D) @ self._heads_DV).view(len(row_BK), self._n_codebooks, -1)

    def _normed(self, hidden_BD: Tensor, gain_D: Tensor) -> Tensor:
        return functional.rms_norm(hidden_BD, gain_D.shape, gain_D, self._eps)

    def _own(self, at: _Attention, hidden_BD: Tensor) -> Tensor:
        """What a row takes from itself and the rows before it."""
        n_turned = self._n_heads + self._n_kv_heads
        all_BHE = (hidden_BD @ at.queries_DN).view(len(hidden_BD), n_turned + self._n_kv_heads, -1)
        turned_BHE = self._turn(all_BHE[:, :n_turned])
        at.keys_BHTE[:, :, self._t] = turned_BHE[:, self._n_heads :]
        at.values_BHTE[:, :, self._t] = all_BHE[:, n_turned:]
        until = self._t + 1
        return (
            _attend(turned_BHE[:, : self._n_heads], at.keys_BHTE[:, :, :until], at.values_BHTE[:, :, :until])
            @ at.out_ND
        )

    def _text(self, at: _Attention, hidden_BD: Tensor) -> Tensor:
        """What a row takes from the text."""
        queries_BHE = (hidden_BD @ at.queries_DN).view(len(hidden_BD), self._n_text_heads, -1)
        return _attend(queries_BHE, at.keys_BHTE, at.values_BHTE, self._text_mask_B11L) @ at.out_ND

    def _turn(self, heads_BHE: Tensor) -> Tensor:
        """Rotary position embedding (Su et al., 2021), halves of a head against each other."""
        half = heads_BHE.shape[-1] // 2
        return heads_BHE * self._cos_TE[self._t] + heads_BHE.roll(half, dims=-1) * self._sin_TE[self._t]


def _attend(queries_BHE: Tensor, keys_BHTE: Tensor, values_BHTE: Tensor, mask_B11T: Tensor | None = None) -> Tensor:
    """Attention of one row as Dia has it, without a scale; (B, H * E)."""
    n_sequences, n_kv_heads = keys_BHTE.shape[:2]
    queries_BHGE = queries_BHE.reshape(n_sequences, n_kv_heads, -1, queries_BHE.shape[-1])
    scores_BHGT = queries_BHGE @ keys_BHTE.transpose(2, 3)
    if mask_B11T is not None:
        scores_BHGT = scores_BHGT + mask_B11T
    return (scores_BHGT.softmax(dim=-1) @ values_BHTE).reshape(n_sequences, -1)


def _turned(weight: Tensor) -> Tensor:
    """A layer's weight as the right side of a product, which is the faster one for a row or two."""
    return weight.t().contiguous()

"""From prompts to codes: row by row with a key-value cache, the delay undone, the end cut off.

A row holds frame t of the codebooks that do not lag, and earlier frames of those that do. Axis suffixes: B clips,
L bytes of text, T rows or frames, K codebooks, V entries of a codebook.
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import DiaForConditionalGeneration, DynamicCache, EncoderDecoderCache

from legato.dia import delay
from legato.dia.batches import NO_BYTE, pad_texts, text_bytes
from legato.dia.config import BOS, DELAY_PATTERN, EOS, PAD, SampleParams
from legato.dia.halves import halves
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CHANNELS, SAMPLE_RATE
from legato.workspace.track import track_rng

MAX_DELAY = max(DELAY_PATTERN)
CEILING = 10 ** (-1 / 20)  # -1 dBFS


class Clip(NamedTuple):
    """One of the clips of a prompt."""

    id: str
    prompt: str
    number: int


def clips_of(params: SampleParams) -> list[Clip]:
    """Every clip that is asked for, prompt by prompt."""
    return [
        Clip(f"{index:02d}_{number}", prompt, number)
        for index, prompt in enumerate(params.prompts)
        for number in range(params.clips)
    ]


def sample(model: DiaForConditionalGeneration, params: SampleParams) -> list[Tensor]:
    """Codes of each of `clips_of(params)`, int16 (T, 18) with T at most `frames_of(params.seconds)` and at least 1.

    A clip's codes depend on the model, the seed, its prompt and its number, and not on what else is in its batch: each
    clip has its own random stream, and on a CPU the model computes in double precision, so that no draw turns on how
    a batch's sums are rounded. On a GPU it keeps its own precision, and a draw may turn on that.
    """
    if model.device.type == "cpu":
        model = copy.deepcopy(model).double()
    clips = clips_of(params)
    batches = [clips[start : start + params.batch] for start in range(0, len(clips), params.batch)]
    return [codes_of_rows(rows_TK) for batch in batches for rows_TK in _rows(model, batch, params).cpu()]


def frames_of(seconds: float) -> int:
    """Frames that cover a length of time, at least one.

    >>> frames_of(1.0)
    86
    """
    return max(1, round(seconds * SAMPLE_RATE / HOP_LENGTH))


def guide(logits_BKV: Tensor, unprompted_BKV: Tensor, guidance: float) -> Tensor:
    """Classifier-free guidance (Ho and Salimans, 2022): away from what the model says without text; 1 is none."""
    return unprompted_BKV + guidance * (logits_BKV - unprompted_BKV)


def draw(logits_BKV: Tensor, draws_BK: Tensor, *, temperature: float, top_k: int) -> Tensor:
    """An entry of each codebook, among the `top_k` most probable, by the inverse of its cumulative distribution.

    Args:
        draws_BK: uniform from 0 to 1.

    >>> logits, draws = torch.tensor([[[0.5, 0.2, 0.3]]]).log(), torch.tensor([[0.6]])
    >>> draw(logits, draws, temperature=1.0, top_k=3).item(), draw(logits, draws, temperature=1.0, top_k=2).item()
    (1, 0)
    """
    least_BK1 = logits_BKV.topk(top_k).values[..., -1:]
    kept_BKV = logits_BKV.masked_fill(logits_BKV < least_BK1, -torch.inf)
    cumulative_BKV = (kept_BKV.double() / temperature).softmax(dim=-1).cumsum(dim=-1)
    return (cumulative_BKV[..., :-1] <= draws_BK[..., None]).sum(dim=-1)


def codes_of_rows(rows_TK: Tensor) -> Tensor:
    """Generated rows, BOS first, as int16 codes (T, 18) up to the first frame that holds a special token.

    That frame is where the track ends: EOS is the one special token the model may choose, in the first
    codebook, and the others are then given it at their delay. A frame with any other has no
    sound either, so nothing after it is kept.
    """
    frames_TK = delay.undo(rows_TK, DELAY_PATTERN)[1:]
    is_sound_T = (frames_TK < CODEBOOK_SIZE).all(dim=1)
    n_frames = int(is_sound_T.cumprod(dim=0).sum())
    return frames_TK[:n_frames].to(torch.int16).contiguous().clone()


def below_ceiling(audio: np.ndarray) -> np.ndarray:
    """The audio as it is, or turned down as a whole until its peak is at -1 dBFS."""
    peak = np.abs(audio).max()
    return audio * np.float32(CEILING / peak) if peak > CEILING else audio


def facts(params: SampleParams, clip: Clip, codes_TK: Tensor) -> dict[str, Any]:
    """What is worth knowing of a clip: `ended` says that the model ended it, not the time given."""
    n_frames, asked = len(codes_TK), frames_of(params.seconds)
    return {
        "id": clip.id,
        "prompt": clip.prompt,
        "clip": clip.number,
        "frames": n_frames,
        "frames_asked": asked,
        "ended": n_frames < asked,
    }


@torch.inference_mode()
def _rows(model: DiaForConditionalGeneration, clips: Sequence[Clip], params: SampleParams) -> Tensor:
    """The rows of a batch of clips, BOS first, (B, T, K)."""
    n_rows = frames_of(params.seconds) + MAX_DELAY
    predictor = _Predictor(model, [clip.prompt for clip in clips], params.guidance)
    rngs = [track_rng(params.seed, clip.prompt, clip.number, "sample") for clip in clips]
    draws_BTK = torch.from_numpy(np.stack([rng.random((n_rows, N_CHANNELS)) for rng in rngs])).to(model.device)
    lag_K = torch.tensor(DELAY_PATTERN, device=model.device)
    rows = [torch.full((len(clips), N_CHANNELS), BOS, device=model.device)]
    end_B1 = torch.full((len(clips), 1), n_rows, device=model.device)  # the frame in which a clip has EOS
    for t in range(n_rows):
        logits_BKV = predictor.next(rows[-1])
        codes_BK = draw(
            logits_BKV[..., :CODEBOOK_SIZE], draws_BTK[:, t], temperature=params.temperature, top_k=params.top_k
        )
        if t > 0:  # so that a clip has a first frame; it ends, as Dia has it, only where nothing is likelier
            ends_B1 = logits_BKV[:, :1, : EOS + 1].argmax(dim=-1) == EOS
            end_B1 = torch.where(ends_B1, end_B1.clamp(max=t), end_B1)
        frame_K = t - lag_K
        codes_BK = torch.where(frame_K < 0, BOS, codes_BK)
        codes_BK = torch.where(frame_K == end_B1, EOS, codes_BK)
        rows.append(torch.where(frame_K > end_B1, PAD, codes_BK))
        if int(end_B1.max()) + MAX_DELAY <= t:
            break
    return torch.stack(rows, dim=1)


class _Predictor:
    """A Dia that has read a batch of prompts, and of the rows so far keeps keys and values."""

    def __init__(self, model: DiaForConditionalGeneration, prompts: Sequence[str], guidance: float) -> None:
        text_BL, mask_BL = (one.to(model.device) for one in pad_texts([text_bytes(prompt) for prompt in prompts]))
        if guidance != 1:  # each clip once more, without its text
            text_BL = torch.cat([text_BL, torch.full_like(text_BL, NO_BYTE)])
            mask_BL = torch.cat([mask_BL, mask_BL])
        _, config = halves(model.config)
        self.model, self.guidance, self.mask_BL = model, guidance, mask_BL
        self.encoded = model.get_encoder()(input_ids=text_BL, attention_mask=mask_BL)
        self.cache = EncoderDecoderCache(DynamicCache(config=config), DynamicCache(config=config))

    def next(self, row_BK: Tensor) -> Tensor:
        """The logits of the row after `row_BK`, guided, (B, K, V)."""
        twice = 2 if self.guidance != 1 else 1
        logits_BKV = self.model(
            attention_mask=self.mask_BL,
            encoder_outputs=self.encoded,
            decoder_input_ids=row_BK.repeat(twice, 1)[:, None],
            past_key_values=self.cache,
            use_cache=True,
        ).logits.view(twice * len(row_BK), N_CHANNELS, -1)
        if twice == 1:
            return logits_BKV
        prompted_BKV, unprompted_BKV = logits_BKV.chunk(2)
        return guide(prompted_BKV, unprompted_BKV, self.guidance)

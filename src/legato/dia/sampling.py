"""From prompts to codes: one batch through transformers' generate, the delay undone, the end cut off."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DiaForConditionalGeneration

from legato.dia import delay
from legato.dia.batches import pad_texts, text_bytes
from legato.dia.config import BOS, DELAY_PATTERN, PAD, SampleParams
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CHANNELS, SAMPLE_RATE

MAX_DELAY = max(DELAY_PATTERN)
CEILING = 10 ** (-1 / 20)  # -1 dBFS


def sample(model: DiaForConditionalGeneration, params: SampleParams) -> list[Tensor]:
    """Codes of each prompt, int16 (T, 18) with T at most `frames_of(params.seconds)` and at least 1.

    The same seed, model, prompts and device give the same codes. Prompts are one batch, so a prompt's
    codes also depend on the others.
    """
    frames = frames_of(params.seconds)
    text_BL, mask_BL = pad_texts([text_bytes(prompt) for prompt in params.prompts])
    start_BTK = first_rows(len(params.prompts))
    torch.manual_seed(params.seed)
    rows_BTK = model.generate(
        input_ids=text_BL.to(model.device),
        attention_mask=mask_BL.to(model.device),
        decoder_input_ids=start_BTK.to(model.device),
        decoder_attention_mask=torch.ones(start_BTK.shape[:2], dtype=torch.long, device=model.device),
        max_new_tokens=frames + 1 + MAX_DELAY,  # the frames, EOS, and what the longest delay adds
        min_new_tokens=1,  # so that a track has a first frame
        do_sample=True,
        guidance_scale=params.guidance,
        temperature=params.temperature,
        top_k=params.top_k,
    )
    return [codes_of_rows(rows_TK) for rows_TK in rows_BTK.cpu()]


def frames_of(seconds: float) -> int:
    """Frames that cover a length of time, at least one.

    >>> frames_of(1.0)
    86
    """
    return max(1, round(seconds * SAMPLE_RATE / HOP_LENGTH))


def first_rows(n_prompts: int) -> Tensor:
    """What generation starts from, (B, 1 + longest delay, K): BOS until each codebook may speak, then PAD.

    transformers forces the BOS and lets the model fill the PAD.
    """
    bos_BTK = torch.full((n_prompts, 1, N_CHANNELS), BOS)
    return delay.apply(bos_BTK, DELAY_PATTERN, before=BOS, after=PAD)


def codes_of_rows(rows_TK: Tensor) -> Tensor:
    """Generated rows, BOS first, as int16 codes (T, 18) up to the first frame that holds a special token.

    That frame is where the track ends: EOS is the one special token the model may choose, in the first
    codebook, and generation then gives it to the others at their delay. A frame with any other has no
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


def facts(params: SampleParams, index: int, codes_TK: Tensor) -> dict[str, Any]:
    """What is worth knowing of a prompt's sample: `ended` says that the model ended it, not the time given."""
    n_frames = len(codes_TK)
    ended = n_frames < frames_of(params.seconds)
    return {"id": f"{index:02d}", "prompt": params.prompts[index], "frames": n_frames, "ended": ended}

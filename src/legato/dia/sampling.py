"""From prompts to codes: row by row with a key-value cache, the delay undone, the end cut off.

On a CPU each clip is computed alone by one thread, in float32: so its codes are the same whatever is sampled beside it,
and as many processes as there are cores each take the next clip. A GPU takes a batch of clips at a time, in which a
draw may turn on how a batch's sums are rounded.

A row holds frame t of the codebooks that do not lag, and earlier frames of those that do. Axis suffixes: B clips,
L bytes of text, T rows or frames, K codebooks, V entries of a codebook.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import DiaForConditionalGeneration

from legato.dia import delay
from legato.dia import model as dia
from legato.dia.batches import NO_BYTE, pad_texts, text_bytes
from legato.dia.config import BOS, DELAY_PATTERN, EOS, PAD, SampleParams
from legato.dia.decoder import Decoder
from legato.files import Json
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CHANNELS, SAMPLE_RATE
from legato.work import items
from legato.work.pool import Place
from legato.work.progress import Progress
from legato.workspace.track import track_rng

MAX_DELAY = max(DELAY_PATTERN)
CEILING = 10 ** (-1 / 20)  # -1 dBFS
LOOK_EVERY = 8  # rows, for whether all clips of a batch have ended: looking makes a GPU wait
MOST_BYTES = 2**32  # of the weights of all processes together


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

    A clip's codes depend on the model, the seed, its prompt and its number: each clip has its own random stream. On a
    CPU they depend on nothing else; on a GPU a draw may turn on what else is in the batch.
    """
    clips, at_a_time = clips_of(params), 1 if model.device.type == "cpu" else params.batch
    batches = [clips[start : start + at_a_time] for start in range(0, len(clips), at_a_time)]
    with Progress("sample", len(clips) * params.seconds, is_audio=True) as progress, one_thread():
        return [codes_TK for batch in batches for codes_TK in generate(model, batch, params, progress.add)]


def sample_folder(folder: Path, params: SampleParams, device: torch.device) -> list[Tensor]:
    """What `sample` gives for the model in a folder; on a CPU by as many processes as `compute.workers` says.

    Raises:
        LegatoError: the model cannot be read.
    """
    n_bytes = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    n_workers = min(items.workers(), max(1, MOST_BYTES // max(1, n_bytes)))
    clips = clips_of(params)
    if device.type != "cpu" or min(n_workers, len(clips)) == 1:
        return sample(dia.on(dia.load(folder), device), params)

    def work(clip: Clip) -> Json:
        with one_thread():
            (codes_TK,) = generate(_loaded(folder, n_bytes), [clip], params)
        return {"codes": codes_TK.numpy()}

    lengths_s = [params.seconds] * len(clips)
    made = items.run(work, clips, stage="sample", name=lambda clip: clip.id, seconds=lengths_s, place=Place(n_workers))
    return [torch.from_numpy(one["codes"]) for one in made]


@cache
def _loaded(folder: Path, _n_bytes: int) -> DiaForConditionalGeneration:
    return dia.load(folder)


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums of two threads may be added in another order than those of one, and a row is too little for two."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


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
def generate(
    model: DiaForConditionalGeneration,
    clips: Sequence[Clip],
    params: SampleParams,
    tell: Callable[[float], object] = lambda _: None,
) -> list[Tensor]:
    """The codes of clips in one batch, as `sample` has them.

    Args:
        tell: is given the seconds of audio that were made since it was last called.
    """
    n_rows = frames_of(params.seconds) + MAX_DELAY
    row_s = len(clips) * params.seconds / n_rows
    predictor = _Predictor(model, [clip.prompt for clip in clips], params.guidance, n_rows)
    rngs = [track_rng(params.seed, clip.prompt, clip.number, "sample") for clip in clips]
    draws_BTK = torch.from_numpy(np.stack([rng.random((n_rows, N_CHANNELS)) for rng in rngs])).to(model.device)
    lag_K = torch.tensor(DELAY_PATTERN, device=model.device)
    rows = [torch.full((len(clips), N_CHANNELS), BOS, device=model.device)]
    end_B1 = torch.full((len(clips), 1), n_rows, device=model.device)  # the frame in which a clip has EOS
    told = 0
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
        if t % LOOK_EVERY == LOOK_EVERY - 1:
            if int(end_B1.max()) + MAX_DELAY <= t:
                break
            told = t + 1
            tell(LOOK_EVERY * row_s)
    tell((n_rows - told) * row_s)
    return [codes_of_rows(rows_TK) for rows_TK in torch.stack(rows, dim=1).cpu()]


class _Predictor:
    """A Dia that has read a batch of prompts, and with guidance each of them once more without its text."""

    def __init__(
        self, model: DiaForConditionalGeneration, prompts: Sequence[str], guidance: float, n_rows: int
    ) -> None:
        text_BL, mask_BL = (one.to(model.device) for one in pad_texts([text_bytes(prompt) for prompt in prompts]))
        self.guidance, self.twice = guidance, 1 if guidance == 1 else 2
        if self.twice == 2:
            text_BL = torch.cat([text_BL, torch.full_like(text_BL, NO_BYTE)])
            mask_BL = torch.cat([mask_BL, mask_BL])
        self.decoder = Decoder(model, text_BL, mask_BL, n_rows)

    def next(self, row_BK: Tensor) -> Tensor:
        """The logits of the row after `row_BK`, guided, (B, K, V)."""
        logits_BKV = self.decoder.next(row_BK.repeat(self.twice, 1))
        if self.twice == 1:
            return logits_BKV
        prompted_BKV, unprompted_BKV = logits_BKV.chunk(2)
        return guide(prompted_BKV, unprompted_BKV, self.guidance)

"""What decides a clip's codes, and what does not."""

import copy

import pytest
import torch
from transformers import DiaForConditionalGeneration

from helpers.micro_dia import MICRO, SAMPLE, load_changed, sample_params
from legato.dia import delay, model, sampling
from legato.dia.batches import pad_texts, text_bytes
from legato.dia.config import BOS, DELAY_PATTERN, EOS, PAD, VOCABULARY, SampleParams
from legato.dia.decoder import Decoder
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS

pytestmark = pytest.mark.usefixtures("one_thread")
LONG = "a prompt of many more bytes than the others have, so that they are padded"


@pytest.fixture(scope="module")
def opinionated() -> DiaForConditionalGeneration:
    """A micro model with strong preferences, which its text sways: so that a leak between rows would show."""
    built = model.build(MICRO, seed=3).eval()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.mul_(4.0 if parameter.ndim > 1 else 1.0)
        built.logits_dense.weight.view(N_CHANNELS, VOCABULARY, -1)[:, CODEBOOK_SIZE:] = 0  # no special token is likely
    return built


def codes_of(dia, **changes) -> dict[tuple[str, int], torch.Tensor]:
    """The codes of each prompt's clips."""
    settings = sample_params(**changes)
    clips = sampling.clips_of(settings)
    found = sampling.sample(dia, settings)
    return {(clip.prompt, clip.number): codes_TK for clip, codes_TK in zip(clips, found, strict=True)}


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one, other)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_a_clip_depends_on_seed_prompt_and_number_alone(opinionated, guidance) -> None:
    alone = codes_of(opinionated, prompts=["pad"], batch=1, guidance=guidance)["pad", 0]
    mixed = {"prompts": [LONG, "808 bass melody", "pad"], "clips": 3, "guidance": guidance}
    batches = [codes_of(opinionated, **mixed, batch=batch) for batch in (2, 4, 9)]
    for batch in batches:
        assert same(batch["pad", 0], alone)
        assert all(same(codes_TK, batches[0][clip]) for clip, codes_TK in batch.items())
    assert len({tuple(codes_TK.flatten().tolist()) for codes_TK in batches[0].values()}) == 9


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_a_batch_as_a_gpu_takes_it_leaks_nothing_from_clip_to_clip(opinionated, guidance) -> None:
    """In double precision, so that nothing but the rounding of a batch's sums is left out."""
    exact = copy.deepcopy(opinionated).double()
    settings = sample_params(prompts=[LONG, "808 bass melody", "pad"], clips=3, guidance=guidance)
    clips = sampling.clips_of(settings)
    for clip, codes_TK in zip(clips, sampling.generate(exact, clips, settings), strict=True):
        assert same(codes_TK, sampling.generate(exact, [clip], settings)[0])


def test_more_threads_give_the_same_codes(opinionated) -> None:
    one = codes_of(opinionated, seconds=0.05)
    torch.set_num_threads(2)
    try:
        two = codes_of(opinionated, seconds=0.05)
    finally:
        torch.set_num_threads(1)
    assert all(same(codes_TK, two[clip]) for clip, codes_TK in one.items())


def test_a_longer_clip_begins_as_the_shorter_one(opinionated) -> None:
    short, long = (codes_of(opinionated, seconds=seconds)["pad", 0] for seconds in (0.2, 0.3))
    assert len(long) > len(short)
    assert same(long[: len(short)], short)


def test_a_prompt_sways_its_own_clip(opinionated) -> None:
    """With the same random numbers, so that nothing but the text makes a difference."""
    pad, long = (
        sampling.generate(opinionated, [sampling.Clip("00_0", prompt, 0)], sample_params(top_k=1))[0]
        for prompt in ("pad", LONG)
    )
    assert not same(pad, long)


@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_the_likeliest_codes_are_those_of_transformers_own_generation(opinionated, guidance) -> None:
    """Cache, delay, guidance and padding: theirs adds guidance - 1 to what the text says, and ends all at the end."""
    prompts, n_frames = ["pad", LONG], 17
    ours = sampling.sample(opinionated, sample_params(prompts=prompts, guidance=guidance, top_k=1))
    text_BL, mask_BL = pad_texts([text_bytes(prompt) for prompt in prompts])
    first_BTK = delay.apply(torch.full((2, 1, N_CHANNELS), BOS), DELAY_PATTERN, before=BOS, after=PAD)
    rows_BTK = (
        copy.deepcopy(opinionated)
        .double()
        .generate(
            input_ids=text_BL,
            attention_mask=mask_BL,
            decoder_input_ids=first_BTK,
            decoder_attention_mask=torch.ones(first_BTK.shape[:2], dtype=torch.long),
            max_new_tokens=n_frames + 2 * max(DELAY_PATTERN),
            min_new_tokens=1,
            do_sample=False,
            top_k=1,  # so that its guidance, which chooses the likeliest and no more, decides
            guidance_scale=guidance - 1 if guidance > 1 else None,
        )
    )
    for rows_TK, codes_TK in zip(rows_BTK, ours, strict=True):
        assert len(codes_TK) == n_frames
        assert torch.equal(delay.undo(rows_TK, DELAY_PATTERN)[1 : n_frames + 1].to(torch.int16), codes_TK)


def test_draws_follow_the_probabilities_of_the_likeliest() -> None:
    logits = torch.randn(1, 1, 40, generator=torch.Generator().manual_seed(0))
    uniform_BK = (torch.arange(20_000) + 0.5)[:, None] / 20_000
    found = sampling.draw(logits.expand(20_000, 1, 40), uniform_BK, temperature=0.7, top_k=10)
    kept = logits.flatten().topk(10)
    wanted = torch.zeros(40).scatter(0, kept.indices, (kept.values / 0.7).softmax(0))
    assert torch.allclose(found.flatten().bincount(minlength=40) / 20_000, wanted, atol=2e-4)


def test_the_ends_of_a_draw_are_entries_that_may_be_drawn() -> None:
    logits = torch.full((2, 1, 5), -torch.inf)
    logits[:, 0, 2:4] = 0
    ends_BK = torch.tensor([[0.0], [1 - 2**-53]], dtype=torch.float64)
    assert sampling.draw(logits, ends_BK, temperature=1.0, top_k=2).tolist() == [[2], [3]]


def test_guidance_is_none_at_1_and_without_text_at_0() -> None:
    prompted, unprompted = torch.tensor([1.0, 3.0]), torch.tensor([2.0, 2.0])
    assert sampling.guide(prompted, unprompted, 1.0).tolist() == [1.0, 3.0]
    assert sampling.guide(prompted, unprompted, 0.0).tolist() == [2.0, 2.0]
    assert sampling.guide(prompted, unprompted, 3.0).tolist() == [-1.0, 5.0]


def swayed(monkeypatch, change) -> None:
    """Have `change` alter every row's logits, (B, K, V), in place."""
    honest = Decoder.next

    def then(decoder: Decoder, row_BK: torch.Tensor) -> torch.Tensor:
        logits_BKV = honest(decoder, row_BK).clone()
        change(logits_BKV)
        return logits_BKV

    monkeypatch.setattr(Decoder, "next", then)


def test_an_end_in_one_clip_of_a_batch_ends_no_other(opinionated, monkeypatch) -> None:
    """The model is made to end the first clip behind its third frame: the other goes on as if nothing were."""
    exact, settings = copy.deepcopy(opinionated).double(), sample_params(guidance=1.0)
    before = sampling.generate(exact, sampling.clips_of(settings), settings)
    calls = []

    def end_the_first(logits_BKV: torch.Tensor) -> None:
        calls.append(1)
        if len(calls) == 4:
            logits_BKV[0, 0, EOS] += 1e9

    swayed(monkeypatch, end_the_first)
    after = sampling.generate(exact, sampling.clips_of(settings), settings)
    assert len(after[0]) == 3
    assert same(after[0][:, :1], before[0][:3, :1])  # those that lag hear of the end
    assert same(after[1], before[1])


def test_only_codes_and_never_special_tokens_are_drawn(opinionated, monkeypatch) -> None:
    def prefer_special(logits_BKV: torch.Tensor) -> None:
        logits_BKV[..., EOS + 1 :] += 1e9
        logits_BKV[:, 1:, EOS] += 1e9

    swayed(monkeypatch, prefer_special)
    found = codes_of(opinionated)
    assert all(codes_TK.shape == (17, N_CHANNELS) and codes_TK.max() < CODEBOOK_SIZE for codes_TK in found.values())


def test_the_model_is_left_as_it_was(opinionated) -> None:
    codes_of(opinionated)
    assert {parameter.dtype for parameter in opinionated.parameters()} == {torch.float32}


BAD_PROMPTS = {
    "of 10,000 characters": (["pad", "a" * 10_000], f"prompts.1: '{'a' * 40}...': must be at most 512 bytes of UTF-8"),
    "of 513 bytes": (["\u00e9" * 256 + "a"], "must be at most 512 bytes of UTF-8, what the model reads, and has 513"),
    "twice": (["pad", "pad"], "prompts.1: 'pad': stands there twice; `clips` asks for more of each"),
}


@pytest.mark.parametrize(("prompts", "line"), BAD_PROMPTS.values(), ids=BAD_PROMPTS)
def test_a_prompt_that_breaks_a_rule_is_one_short_line(tmp_path, prompts, line) -> None:
    with pytest.raises(LegatoError) as error:
        load_changed(tmp_path, "sample", SAMPLE, {"prompts": prompts}, SampleParams)
    assert "params.yaml: sample.prompts." in str(error.value)
    assert line in str(error.value)
    assert len(str(error.value)) < 400


def test_a_prompt_of_512_bytes_is_read_whole(tmp_path) -> None:
    loaded = load_changed(tmp_path, "sample", SAMPLE, {"prompts": ["\u00e9" * 256]}, SampleParams)
    assert text_bytes(loaded.prompts[0]) == ("\u00e9" * 256).encode()

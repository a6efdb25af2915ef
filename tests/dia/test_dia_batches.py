"""From tracks to batches: the delay pattern, windows, text, and how steps are shared out."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.micro_dia import a_track, random_codes, train_params
from legato.dia import batches, delay
from legato.dia.batches import IGNORED
from legato.dia.config import BOS, DELAY_PATTERN, EOS, PAD
from legato.dia.loader import Steps, load_steps
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS

pytestmark = pytest.mark.usefixtures("micro_size", "one_thread")


# Delay


@given(st.lists(st.integers(0, 12), min_size=1, max_size=20), st.integers(0, 30), st.integers(0, 3))
def test_undoing_a_delay_gives_back_every_token(pattern, n_frames, n_windows):
    tokens_BTK = torch.randint(CODEBOOK_SIZE, (n_windows, n_frames, len(pattern)))
    delayed_BTK = delay.apply(tokens_BTK, pattern, before=BOS, after=PAD)
    assert torch.equal(delay.undo(delayed_BTK, pattern), tokens_BTK)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=20), st.integers(1, 30))
def test_each_codebook_lags_by_its_delay_between_bos_and_pad(pattern, n_frames):
    tokens_TK = torch.arange(n_frames)[:, None].expand(n_frames, len(pattern))
    delayed_TK = delay.apply(tokens_TK, pattern, before=-1, after=-2)
    for k, lag in enumerate(pattern):
        wanted = [-1] * lag + list(range(n_frames)) + [-2] * (max(pattern) - lag)
        assert delayed_TK[:, k].tolist() == wanted


def test_a_delay_for_another_number_of_codebooks_is_refused():
    with pytest.raises(ValueError, match="2 delays for 3 codebooks"):
        delay.apply(torch.zeros(4, 3), [0, 1], before=BOS, after=PAD)


# Windows


def test_a_window_of_a_whole_track_gives_the_track_back():
    codes_TK = random_codes(20)
    rows_TK = batches.window_rows(codes_TK, 0, batches.n_rows(20))
    frames_TK = delay.undo(rows_TK, DELAY_PATTERN)
    assert (frames_TK[0] == BOS).all()
    assert torch.equal(frames_TK[1:21], codes_TK.long())
    assert (frames_TK[21] == EOS).all()
    assert len(frames_TK) == 22


@given(st.integers(1, 60), st.integers(1, 40), st.data())
def test_eos_is_in_a_window_only_where_the_track_ends_in_it(n_frames, frames, data):
    start = data.draw(st.integers(0, batches.last_start(n_frames, frames)))
    rows_TK = batches.window_rows(random_codes(n_frames), start, frames)
    assert rows_TK.shape == (frames + 1, N_CHANNELS)
    for k, lag in enumerate(DELAY_PATTERN):
        eos_row = 1 + n_frames - start + lag
        wanted = [eos_row] if eos_row <= frames else []
        assert (rows_TK[:, k] == EOS).nonzero()[:, 0].tolist() == wanted
        assert (rows_TK[: min(lag, frames) + 1, k] == BOS).all()
        assert (rows_TK[eos_row + 1 :, k] == PAD).all()
        assert (rows_TK[lag + 1 : eos_row, k] < CODEBOOK_SIZE).all()


@pytest.mark.parametrize("n_frames", [30, 60])
def test_the_last_window_ends_with_the_last_codebooks_eos(n_frames):
    rows_TK = batches.window_rows(random_codes(n_frames), batches.last_start(n_frames, 25), 25)
    assert rows_TK[-1].tolist() == [EOS if lag == max(DELAY_PATTERN) else PAD for lag in DELAY_PATTERN]


def test_labels_are_the_next_inputs_with_bos_and_pad_ignored():
    rows_BTK = torch.stack([batches.window_rows(random_codes(40), start, 30) for start in (0, 18)])
    batch = batches.make_batch([b"a", b"longer"], rows_BTK)
    assert torch.equal(batch.inputs_BTK, rows_BTK[:, :-1])
    special = (rows_BTK[:, 1:] == BOS) | (rows_BTK[:, 1:] == PAD)
    assert special.any()
    assert (batch.labels_BTK[special] == IGNORED).all()
    assert torch.equal(batch.labels_BTK[~special], rows_BTK[:, 1:][~special])
    assert batch.text_BL.shape == batch.text_mask_BL.shape == (2, batches.TEXT_MULTIPLE)
    assert batch.text_BL[:, :7].tolist() == [[97, 0, 0, 0, 0, 0, 0], [*b"longer", 0]]
    assert batch.text_mask_BL.sum(dim=1).tolist() == [1, 6]


def test_a_step_draws_the_same_batch_whatever_came_before():
    steps = Steps(train_params(), [a_track(50, seed) for seed in range(3)])
    later, other = [list(load_steps(steps, 5, 7)) for _ in range(2)]
    (alone,) = load_steps(steps, 7, 7)
    assert len(later) == 3
    assert same(later[2][0].batch, alone[0].batch)
    assert same(later[1][0].batch, other[1][0].batch)
    assert not same(later[0][0].batch, later[1][0].batch)


def test_batches_made_ahead_are_the_same_in_the_same_order():
    steps = Steps(train_params(), [a_track(50, seed) for seed in range(3)])
    here, ahead = list(load_steps(steps, 3, 9)), list(load_steps(steps, 3, 9, n_workers=2))
    assert len(here) == len(ahead) == 7
    assert all(same(a.batch, b.batch) for (a,), (b,) in zip(here, ahead, strict=True))


@pytest.mark.parametrize(("n_processes", "accumulate"), [(2, 1), (1, 3), (2, 3)])
def test_processes_and_parts_share_out_the_windows_of_a_step(n_processes, accumulate):
    tracks = [a_track(50, seed, category) for seed, category in enumerate("abc")]
    ((whole,),) = load_steps(Steps(train_params(batch=6), tracks), 4, 4)
    wanted = train_params(batch=6, accumulate=accumulate)
    parts = [part for process in range(n_processes) for part in Steps(wanted, tracks, process, n_processes)[4]]
    assert len(parts) == n_processes * accumulate
    assert torch.equal(torch.cat([part.batch.inputs_BTK for part in parts]), whole.batch.inputs_BTK)
    assert torch.equal(torch.cat([part.batch.labels_BTK for part in parts]), whole.batch.labels_BTK)
    assert sum((part.categories for part in parts), ()) == whole.categories


def test_a_batch_that_cannot_be_shared_out_is_named():
    with pytest.raises(LegatoError, match=r"train\.batch: 6: must be a multiple of 4"):
        Steps(train_params(batch=6, accumulate=2), [a_track(50)], 0, 2)


def same(batch: batches.Batch, other: batches.Batch) -> bool:
    return all(torch.equal(value, vars(other)[name]) for name, value in vars(batch).items())


def test_fixed_windows_reach_from_the_start_to_the_end():
    batch = batches.fixed_batch(a_track(100), windows=4, frames=30)
    assert len(batch.inputs_BTK) == 4
    assert torch.equal(batch.inputs_BTK[0, 1:, 0], random_codes(100)[:29, 0].long())
    assert [(window == EOS).any().item() for window in batch.labels_BTK] == [False, False, False, True]


# Text


@given(st.text(max_size=700))
def test_text_is_a_beginning_of_at_most_512_bytes_and_whole_characters(text):
    cut = batches.text_bytes(text).decode()
    assert text.startswith(cut)
    assert len(cut.encode()) <= 512
    if cut != text:
        assert len((cut + text[len(cut)]).encode()) > 512


@given(st.lists(st.text("abc", min_size=1), min_size=1, max_size=8), st.floats(0, 1), st.integers(0, 99))
def test_shuffled_tags_are_some_of_the_tags_and_at_least_one(tags, tag_dropout, seed):
    text = batches.shuffled_text(tags, tag_dropout, np.random.default_rng(seed))
    kept = text.split(", ")
    assert kept
    assert all(kept.count(tag) <= tags.count(tag) for tag in kept)
    if tag_dropout == 0:
        assert sorted(kept) == sorted(tags)


@pytest.mark.parametrize(("text_dropout", "dropped"), [(0.0, 0), (1.0, 8)])
def test_a_dropped_text_is_zero_bytes_of_its_own_length(text_dropout, dropped):
    wanted = train_params(text_dropout=text_dropout, tag_dropout=0.0, batch=8)
    (part,) = Steps(wanted, [a_track(50)])[1]
    batch = part.batch
    assert (batch.text_BL == 0).all(dim=1).sum() == dropped
    assert batch.text_mask_BL.sum(dim=1).tolist() == [len("808 bass melody, 140 BPM, A minor")] * 8

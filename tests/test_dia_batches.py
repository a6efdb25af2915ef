"""From a dataset folder to batches: the delay pattern, windows, text and what is refused."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from legato.dia import batches, delay, training
from legato.dia.batches import IGNORED
from legato.dia.config import BOS, DELAY_PATTERN, EOS, PAD
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS
from micro_dia import a_track, random_codes, train_params, write_dataset

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
    assert batch.text_BL.tolist() == [[97, 0, 0, 0, 0, 0], list(b"longer")]
    assert batch.text_mask_BL.tolist() == [[1, 0, 0, 0, 0, 0], [1] * 6]


def test_a_step_draws_the_same_batch_whatever_came_before():
    tracks = [a_track(50, seed) for seed in range(3)]
    wanted = train_params()
    later = [training.step_batch(wanted, tracks, step) for step in (5, 6, 7)]
    alone = training.step_batch(wanted, tracks, 7)
    assert all(torch.equal(vars(later[2])[name], value) for name, value in vars(alone).items())
    assert not torch.equal(later[0].inputs_BTK, later[1].inputs_BTK)


def test_fixed_windows_reach_from_the_start_to_the_end():
    (batch,) = batches.fixed_batches([a_track(100)], windows=4, frames=30)
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
    batch = training.step_batch(wanted, [a_track(50)], 1)
    assert (batch.text_BL == 0).all(dim=1).sum() == dropped
    assert batch.text_mask_BL.sum(dim=1).tolist() == [len("808 bass melody, 140 BPM, A minor")] * 8


# Dataset


def test_a_dataset_reads_back_as_it_was_written(tmp_path):
    tracks = [a_track(30, seed) for seed in range(3)]
    found = batches.read_dataset(write_dataset(tmp_path / "d", tracks))
    assert [track.id for track in found] == ["t_0", "t_1", "t_2"]
    assert found[0].tags == ("808 bass melody", "140 BPM", "A minor")
    assert all(torch.equal(a.codes_TK, b.codes_TK) for a, b in zip(found, tracks, strict=True))


def _out_of_range() -> torch.Tensor:
    codes_TK = random_codes(30)
    codes_TK[3, 4] = EOS
    return codes_TK


BAD_CODES = {
    "dict": ({"codes": random_codes(30)}, "must be a bare tensor"),
    "int64": (random_codes(30).long(), "must be int16"),
    "9 codebooks": (random_codes(30)[:, :9].clone(), r"must be of shape \(T, 18\)"),
    "3 axes": (random_codes(30)[None].clone(), r"must be of shape \(T, 18\)"),
    "no frames": (random_codes(0), "must have at least one frame"),
    "special token": (_out_of_range(), "codes must be 0 to 1023"),
    "length": (random_codes(29), "has 29 frames, but .*metadata.json says 30"),
}


@pytest.mark.parametrize(("value", "rule"), BAD_CODES.values(), ids=BAD_CODES)
def test_codes_that_break_a_rule_are_named_with_it(tmp_path, value, rule):
    folder = write_dataset(tmp_path / "d", [a_track(30)])
    torch.save(value, folder / "encoded_audio" / "t_0.pt")
    with pytest.raises(LegatoError, match=rf"t_0\.pt: {rule}"):
        batches.read_dataset(folder)


@pytest.mark.parametrize("content", [b"", b"not a tensor", b"PK\x03\x04half"])
def test_an_unreadable_file_is_named(tmp_path, content):
    folder = write_dataset(tmp_path / "d", [a_track(30)])
    (folder / "encoded_audio" / "t_0.pt").write_bytes(content)
    with pytest.raises(LegatoError, match=r"t_0\.pt: truncated, or not a tensor"):
        batches.read_dataset(folder)


BAD_ENTRIES = {
    "text missing": ({"text": None}, "text: must not be empty"),
    "text of commas": ({"text": " , "}, "text: must not be empty"),
    "long text": ({"text": "é" * 257}, "text: must be at most 512 bytes"),
    "rate": ({"sr": 48000}, "sr: must be 44100"),
    "mono": ({"channels": 9}, "channels: must be 18"),
}


@pytest.mark.parametrize(("change", "rule"), BAD_ENTRIES.values(), ids=BAD_ENTRIES)
def test_metadata_that_breaks_a_rule_is_named_with_it(tmp_path, change, rule):
    folder = write_dataset(tmp_path / "d", [a_track(30)])
    metadata = json.loads((folder / "metadata.json").read_text())
    metadata["t_0.pt"] |= change
    (folder / "metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(LegatoError, match=rf"metadata\.json: t_0\.pt: {rule}"):
        batches.read_dataset(folder)


def test_a_file_without_metadata_and_metadata_without_a_file_are_named(tmp_path):
    folder = write_dataset(tmp_path / "d", [a_track(30)])
    (folder / "encoded_audio" / "t_0.pt").rename(folder / "encoded_audio" / "stray.pt")
    with pytest.raises(LegatoError, match=r"stray\.pt: not in .*metadata\.json"):
        batches.read_dataset(folder)
    (folder / "encoded_audio" / "stray.pt").unlink()
    with pytest.raises(LegatoError, match=r"t_0\.pt: no such file"):
        batches.read_dataset(folder)


@pytest.mark.parametrize(("text", "rule"), [("{}", "at least one track"), ("[", "not JSON"), (None, "no such file")])
def test_an_empty_or_missing_dataset_is_named(tmp_path, text, rule):
    if text is not None:
        (tmp_path / "metadata.json").write_text(text)
    with pytest.raises(LegatoError, match=rf"metadata\.json: .*{rule}"):
        batches.read_dataset(tmp_path)

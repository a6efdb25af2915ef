"""The Dia rooms: the delay pattern, windows and batches, the model, its training and its sampling."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from dvc.repo import Repo
from hypothesis import given
from hypothesis import strategies as st
from scmrepo.git import Git

from legato import params
from legato.codes import read_codes, write_codes
from legato.dia import batches, delay, model, sampling, training
from legato.dia.batches import IGNORED, Track
from legato.dia.config import BOS, DELAY_PATTERN, EOS, PAD, SIZES, VOCABULARY, SampleParams, Size, TrainParams
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, N_CHANNELS

MICRO = Size(
    encoder_layers=1,
    encoder_width=16,
    encoder_heads=2,
    decoder_layers=1,
    decoder_width=32,
    decoder_heads=2,
    mlp_ratio=2,
)
TRAIN = {
    "size": "micro",
    "device": "cpu",
    "seed": 0,
    "steps": 6,
    "batch": 2,
    "frames": 12,
    "learning_rate": 0.01,
    "warmup_steps": 2,
    "weight_decay": 0.0,
    "clip_norm": 1.0,
    "text_dropout": 0.1,
    "tag_dropout": 0.1,
    "eval_every": 3,
}
SAMPLE = {
    "prompts": ["pad", "808 bass melody"],
    "seconds": 0.2,
    "guidance": 2.0,
    "temperature": 1.0,
    "top_k": 50,
    "seed": 0,
}


@pytest.fixture(autouse=True)
def _micro_size(monkeypatch):
    monkeypatch.setitem(SIZES, "micro", MICRO)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """A micro model is slower on two threads, and far slower where another process wants the core."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def random_codes(n_frames: int, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(CODEBOOK_SIZE, size=(n_frames, N_CHANNELS), dtype=np.int16))


def a_track(n_frames: int, seed: int = 0) -> Track:
    return Track(f"t_{seed}", ("808 bass melody", "140 BPM", "A minor"), random_codes(n_frames, seed))


def write_dataset(folder: Path, tracks: list[Track]) -> Path:
    (folder / "encoded_audio").mkdir(parents=True)
    entries = {}
    for track in tracks:
        torch.save(track.codes_TK, folder / "encoded_audio" / f"{track.id}.pt")
        entries[f"{track.id}.pt"] = {
            "text": ", ".join(track.tags),
            "sr": 44100,
            "channels": 18,
            "length": len(track.codes_TK),
        }
    (folder / "metadata.json").write_text(json.dumps(entries))
    return folder


def train_params(**changes) -> TrainParams:
    return TrainParams.model_validate(TRAIN | changes)


def sample_params(**changes) -> SampleParams:
    return SampleParams.model_validate(SAMPLE | changes)


def load_changed(folder: Path, key: str, section: dict, change: dict, kind: type):
    """A section of a params.yaml, changed, as a stage reads it."""
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump({key: section | change}))
    return params.load(key, kind, path)


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


# Model and training


@pytest.fixture(scope="module")
def micro():
    return model.build(MICRO, seed=0).eval()


def fixed_batch() -> batches.Batch:
    (batch,) = batches.fixed_batches([a_track(40)], windows=2, frames=16)
    return batch


@pytest.mark.parametrize("size", ["tiny", "micro"])
def test_a_new_model_has_18_codebooks_and_knows_nothing(size):
    built = model.build(SIZES[size], seed=0).eval()
    assert built.config.decoder_config.num_channels == N_CHANNELS
    assert built.config.delay_pattern == list(DELAY_PATTERN)
    with torch.inference_mode():
        loss = model.mean_loss(built, fixed_batch()).item()
    assert loss == pytest.approx(math.log(VOCABULARY), abs=0.15)


def test_our_loss_is_the_one_transformers_takes(micro):
    batch = fixed_batch()
    with torch.inference_mode():
        theirs = micro(
            input_ids=batch.text_BL,
            attention_mask=batch.text_mask_BL,
            decoder_input_ids=batch.inputs_BTK,
            labels=batch.labels_BTK.transpose(1, 2).flatten(0, 1),
        ).loss
        ours = model.mean_loss(micro, batch)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_the_loss_at_a_row_does_not_depend_on_later_rows(micro):
    batch = fixed_batch()
    changed = batches.Batch(batch.text_BL, batch.text_mask_BL, batch.inputs_BTK.clone(), batch.labels_BTK)
    changed.inputs_BTK[:, 10:] = 0
    with torch.inference_mode():
        before_BTK, after_BTK = model.losses(micro, batch), model.losses(micro, changed)
    assert torch.allclose(before_BTK[:, :10], after_BTK[:, :10], atol=1e-5)
    assert not torch.allclose(before_BTK[:, 10:], after_BTK[:, 10:], atol=1e-3)


def test_the_same_seed_gives_the_same_weights():
    first, again, other = (model.build(MICRO, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_one_small_batch_is_learnt_by_heart():
    built, batch = model.build(MICRO, seed=0), fixed_batch()
    settings = train_params(steps=60, warmup_steps=5, learning_rate=0.02)
    optimizer = torch.optim.AdamW(built.parameters())
    losses = [training.update(built, optimizer, batch, settings, step) for step in range(1, 61)]
    assert losses[-1] < losses[0] / 4


def test_held_out_losses_weigh_every_label_alike(micro):
    long, short = batches.fixed_batches([a_track(40), a_track(5, seed=1)], windows=2, frames=16)
    losses_K = training.heldout_losses(micro, [long, short])
    with torch.inference_mode():
        both = torch.cat([model.losses(micro, batch) for batch in (long, short)])
    asked = torch.cat([batch.labels_BTK for batch in (long, short)]) != IGNORED
    assert torch.allclose(losses_K, both.sum(dim=(0, 1)) / asked.sum(dim=(0, 1)), atol=1e-5)


@given(st.integers(1, 50), st.integers(0, 60))
def test_the_learning_rate_stays_between_nothing_and_its_peak(steps, warmup_steps):
    factors = [training.lr_factor(step, warmup_steps=warmup_steps, steps=steps) for step in range(1, steps + 1)]
    assert all(0 <= factor <= 1 for factor in factors)
    if warmup_steps < steps:
        assert factors[-1] == pytest.approx(0, abs=1e-12)


def _train_and_save(folder: Path) -> dict[str, bytes]:
    tracks = [a_track(40, seed) for seed in range(3)]
    trained = training.train(train_params(), tracks[:2], tracks[2:], folder / "reports")
    model.save(trained, folder / "model")
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_training_again_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # away from this repository, which DVCLive would look at
    first, again = _train_and_save(tmp_path / "a"), _train_and_save(tmp_path / "b")
    assert first == again
    metrics = json.loads(first["reports/metrics.json"])
    assert {"loss", "loss_start", "codebook"} == metrics["heldout"].keys()
    assert len(metrics["heldout"]["codebook"]) == N_CHANNELS
    curve = first["reports/plots/metrics/heldout/loss.tsv"].decode().split()
    assert curve[::2] == ["step", "0", "3", "6"]
    assert {name for name in first if name.startswith("model/")} >= {"model/config.json", "model/model.safetensors"}


def test_a_git_repository_without_a_commit_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Git.init(str(tmp_path)).close()
    Repo.init(str(tmp_path))
    with pytest.raises(LegatoError, match="reports: DVCLive needs a Git repository with a commit"):
        training.curves(tmp_path / "reports")


def test_a_saved_model_replaces_the_old_one_and_loads_as_it_was(tmp_path, micro):
    (tmp_path / "dia").mkdir()
    (tmp_path / "dia" / "old.bin").write_bytes(b"")
    model.save(micro, tmp_path / "dia")
    loaded = model.load(tmp_path / "dia").state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in micro.state_dict().items())
    assert [path.name for path in tmp_path.iterdir()] == ["dia"]
    assert not (tmp_path / "dia" / "old.bin").exists()


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(LegatoError, match="models/dia: no model"):
        model.load(tmp_path / "models/dia")


def test_a_loss_that_is_no_number_stops_the_training_with_its_step():
    built = model.build(MICRO, seed=0)
    torch.nn.init.constant_(built.logits_dense.weight, math.nan)
    before = {name: value.clone() for name, value in built.state_dict().items()}
    with pytest.raises(LegatoError, match="the loss is nan at step 3"):
        training.update(built, torch.optim.AdamW(built.parameters()), fixed_batch(), train_params(), 3)
    after = built.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before if name != "logits_dense.weight")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_one_line():
    with pytest.raises(LegatoError, match=r"train\.device: 'cuda'"):
        model.pick_device("cuda")
    assert model.pick_device("auto").type == "cpu"


# Sampling


def test_samples_are_codes_of_the_length_asked_and_the_seed_decides_them(micro):
    settings = sample_params()
    first, again = sampling.sample(micro, settings), sampling.sample(micro, settings)
    other = sampling.sample(micro, sample_params(seed=1))
    assert [codes_TK.dtype for codes_TK in first] == [torch.int16, torch.int16]
    assert all(codes_TK.shape == (17, N_CHANNELS) for codes_TK in first)
    assert all(codes_TK.min() >= 0 and codes_TK.max() < CODEBOOK_SIZE for codes_TK in first)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def _prefer(token: int, margin: float):
    def hook(_module, _inputs, logits):
        logits.view(*logits.shape[:-1], N_CHANNELS, VOCABULARY)[..., token] += margin

    return hook


def test_a_model_that_ends_at_once_still_gives_a_frame(micro):
    handle = micro.logits_dense.register_forward_hook(_prefer(EOS, 100.0))
    try:
        found = sampling.sample(micro, sample_params())
    finally:
        handle.remove()
    assert [len(codes_TK) for codes_TK in found] == [1, 1]
    assert sampling.facts(sample_params(), 1, found[1]) == {
        "id": "01",
        "prompt": "808 bass melody",
        "frames": 1,
        "ended": True,
    }


@pytest.mark.parametrize("special", [EOS, PAD, BOS])
@pytest.mark.parametrize("codebook", [0, 5, 17])
def test_nothing_is_kept_from_the_first_frame_with_a_special_token(special, codebook):
    codes_TK = random_codes(20).long()
    codes_TK[12, codebook] = special
    bos_1K = torch.full((1, N_CHANNELS), BOS)
    rows_TK = delay.apply(torch.cat([bos_1K, codes_TK]), DELAY_PATTERN, before=BOS, after=PAD)
    assert torch.equal(sampling.codes_of_rows(rows_TK), codes_TK[:12].to(torch.int16))


def test_a_sample_learnt_by_heart_is_what_was_learnt():
    """Training's windows and generation agree on every row: delay, BOS, EOS and the cut at the end."""
    track = a_track(12)
    built, (batch,) = model.build(MICRO, seed=0), batches.fixed_batches([track], windows=1, frames=batches.n_rows(12))
    settings = train_params(steps=150, warmup_steps=5, learning_rate=0.02)
    optimizer = torch.optim.AdamW(built.parameters())
    for step in range(1, 151):
        training.update(built, optimizer, batch, settings, step)
    prompt = ", ".join(track.tags)
    asked = sample_params(prompts=[prompt], seconds=0.3, top_k=1, guidance=1.0)
    (codes_TK,) = sampling.sample(built.eval(), asked)
    assert torch.equal(codes_TK, track.codes_TK)


def test_the_same_codes_are_the_same_bytes_wherever_they_are_written(tmp_path):
    for folder, name in (("a", "00"), ("b", "longer_name")):
        write_codes(tmp_path / folder / f"{name}.pt", random_codes(9))
    assert torch.equal(read_codes(tmp_path / "a/00.pt"), random_codes(9))
    assert (tmp_path / "a/00.pt").read_bytes() == (tmp_path / "b/longer_name.pt").read_bytes()


def test_only_loud_audio_is_turned_down():
    quiet = np.linspace(-0.5, 0.5, 100, dtype=np.float32).reshape(-1, 2)
    assert np.array_equal(sampling.below_ceiling(quiet), quiet)
    assert np.abs(sampling.below_ceiling(quiet * 6)).max() == pytest.approx(10 ** (-1 / 20))
    assert np.array_equal(sampling.below_ceiling(quiet * 0), quiet * 0)


# Parameters


BAD_PARAMS = {
    "size": ({"size": "huge"}, "train.size: 'huge': must be one of tiny, small"),
    "device": ({"device": "tpu"}, "train.device: 'tpu'"),
    "steps": ({"steps": 0}, "train.steps: 0"),
    "dropout": ({"text_dropout": 1.5}, "train.text_dropout: 1.5"),
    "unknown": ({"ema": 0.9}, "train.ema: unknown key"),
}


@pytest.mark.parametrize(("change", "line"), BAD_PARAMS.values(), ids=BAD_PARAMS)
def test_a_parameter_that_breaks_a_rule_is_named(tmp_path, change, line):
    with pytest.raises(LegatoError, match=re.escape(line)):
        load_changed(tmp_path, "train", TRAIN, change, TrainParams)


@pytest.mark.parametrize("change", [{"prompts": []}, {"prompts": [" "]}, {"temperature": 0.8}, {"guidance": 0.5}])
def test_a_sampling_parameter_that_breaks_a_rule_is_named(tmp_path, change):
    with pytest.raises(LegatoError, match=rf"sample\.{next(iter(change))}"):
        load_changed(tmp_path, "sample", SAMPLE, change, SampleParams)

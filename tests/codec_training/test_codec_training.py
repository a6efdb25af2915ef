"""Training the small codec: its corpus, its losses, and that it goes on where it was killed."""

import json
import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from helpers.checkout import ROOT, SHIPPED_PARAMS, SMALL_CODEC
from helpers.waiting import until
from legato.audio.normalize import NormalizeParams
from legato.audio.samples import write_audio
from legato.codec.model import load, new_model, save
from legato.codec_training import corpus, training
from legato.codec_training.losses import mel_loss, stft_loss
from legato.codec_training.recipe import TrainCodecParams
from legato.compose.config import MusicParams
from legato.errors import LegatoError
from legato.files import sha256_of
from legato.midi.gm import KITS, PROGRAMS
from legato.render.production import RenderParams
from legato.tokens import CODEBOOK_SIZE, N_CODEBOOKS, SAMPLE_RATE
from legato.workspace import categories, params
from legato.workspace.layout import CODEC_CORPUS, SMALL_CODEC_FIGURES

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
SHIPPED = params.load("train_codec", TrainCodecParams, SHIPPED_PARAMS)
MICRO = SHIPPED.model_copy(
    update={
        "start": None,
        "compile": False,
        "encoder_dim": 1,
        "decoder_dim": 16,
        "steps": 4,
        "batch": 2,
        "segment_frames": 8,
        "warmup_steps": 1,
        "checkpoint_every": 1,
        "device": "cpu",
    }
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three short stereo tracks of noise."""
    folder, rng = tmp_path_factory.mktemp("tracks"), np.random.default_rng(0)
    paths = [folder / f"{number}.wav" for number in range(3)]
    for path in paths:
        write_audio(path, (0.1 * rng.standard_normal((SAMPLE_RATE, 2))).astype(np.float32), SAMPLE_RATE, "PCM_16")
    return paths


def noise(seed: int = 0) -> Tensor:
    return 0.1 * torch.randn(2, 8192, generator=torch.Generator().manual_seed(seed))


def test_the_losses_are_nothing_where_nothing_differs() -> None:
    assert mel_loss(noise(), noise()) == stft_loss(noise(), noise()) == 0


def test_ten_times_as_loud_is_one_decade_in_every_band_and_bin() -> None:
    assert mel_loss(10 * noise(), noise()).item() == pytest.approx(1 + 0.2, abs=1e-3)


def test_only_the_complex_spectrum_hears_a_turned_phase() -> None:
    assert mel_loss(-noise(), noise()).item() == pytest.approx(0, abs=1e-5)
    assert stft_loss(-noise(), noise()).item() == pytest.approx(2, abs=1e-5)
    assert stft_loss(torch.zeros_like(noise()), noise()).item() == pytest.approx(1, abs=1e-5)


def test_unused_entries_move_to_the_data_and_used_ones_stay() -> None:
    model: Any = new_model(MICRO.architecture())
    before = [book.codebook.weight.detach().clone() for book in training.books(model)]
    use_KV = torch.ones(N_CODEBOOKS, CODEBOOK_SIZE)
    use_KV[:, 5:8] = 0.0
    projected_BDT = torch.arange(2 * 72 * 6.0).reshape(2, 72, 6)
    training.reset_unused(model, use_KV, projected_BDT, MICRO, step=20)
    assert (use_KV == 1).all()
    for number, (book, old_VD) in enumerate(zip(training.books(model), before, strict=True)):
        new_VD = book.codebook.weight.detach()
        data_ND = projected_BDT[:, 8 * number : 8 * number + 8].transpose(1, 2).flatten(0, 1)
        assert all((data_ND == new_D).all(dim=1).any() for new_D in new_VD[5:8])
        kept = [entry for entry in range(CODEBOOK_SIZE) if entry not in range(5, 8)]
        assert (new_VD[kept] == old_VD[kept]).all()


def test_a_codebook_with_more_dead_entries_than_data_takes_what_there_is() -> None:
    model: Any = new_model(MICRO.architecture())
    use_KV = torch.zeros(N_CODEBOOKS, CODEBOOK_SIZE)
    training.reset_unused(model, use_KV, torch.randn(1, 72, 6), MICRO, step=20)
    assert (use_KV.sum(dim=1) == 6).all()


def test_an_average_without_decay_is_the_model() -> None:
    model, kept = new_model(MICRO.architecture()), new_model(MICRO.architecture())
    training.average(kept, model, decay=0.0, step=100)
    assert all((left == right).all() for left, right in zip(kept.parameters(), model.parameters(), strict=True))


def test_the_learning_rate_rises_falls_and_ends_at_nothing() -> None:
    recipe = MICRO.model_copy(update={"steps": 10, "warmup_steps": 4})
    factors = [training.lr_factor(step, recipe) for step in range(1, 11)]
    assert factors[:4] == [0.25, 0.5, 0.75, 1.0]
    assert factors[3:] == sorted(factors[3:], reverse=True)
    assert math.isclose(factors[-1], 0, abs_tol=1e-12)


def test_segments_come_from_the_tracks_at_the_gain_that_is_asked(tmp_path: Path) -> None:
    sine = np.repeat(0.5 * np.sin(np.arange(SAMPLE_RATE)[:, None]), 2, axis=1).astype(np.float32)
    write_audio(tmp_path / "sine.wav", sine, SAMPLE_RATE, "PCM_16")
    drawn_BN = corpus.segments(
        [tmp_path / "sine.wav"], np.random.default_rng(0), batch=4, n_samples=4096, gain_db=(-6.0206, -6.0206)
    )
    assert drawn_BN.shape == (4, 4096)
    assert np.abs(drawn_BN).max(axis=1) == pytest.approx(0.25, abs=1e-3)
    assert not (drawn_BN[0] == drawn_BN[1]).all()


def test_a_track_shorter_than_a_segment_is_followed_by_silence(tmp_path: Path) -> None:
    write_audio(tmp_path / "a.wav", np.full((100, 2), 0.5, np.float32), SAMPLE_RATE, "PCM_16")
    drawn_BN = corpus.segments([tmp_path / "a.wav"], np.random.default_rng(0), batch=1, n_samples=256, gain_db=(0, 0))
    assert (drawn_BN[0, :100] == 0.5).all()
    assert not drawn_BN[0, 100:].any()


def test_the_corpus_plays_every_program_and_kit() -> None:
    shipped = {
        name: MusicParams.model_validate(row["music"])
        for name, row in params.read(SHIPPED_PARAMS)["categories"].items()
    }
    music = corpus.read_music(ROOT / CODEC_CORPUS, shipped)
    played = {name for one in music.values() for names in one.parts.values() for name in names}
    assert played >= {*PROGRAMS, *KITS}


def test_a_category_that_exists_is_refused_in_the_corpus() -> None:
    music = {"keys": MusicParams(bpm=[80, 90], seconds=[4, 8], parts={"keys": ["celesta"]})}
    with pytest.raises(LegatoError, match=r"corpus\.yaml: keys: params\.yaml has a category of this name"):
        corpus.read_music(ROOT / CODEC_CORPUS, music)


def test_a_corpus_is_made_once_and_its_held_out_tracks_are_not_learnt(font: Path, tmp_path: Path) -> None:
    music = {"short": MusicParams(bpm=[120, 140], seconds=[3, 4], parts={"keys": ["celesta"]})}
    sections = [
        params.load(*section, SHIPPED_PARAMS) for section in (("render", RenderParams), ("normalize", NormalizeParams))
    ]
    studio = corpus.Studio(font, *sections)
    first = corpus.make_corpus(tmp_path / "a", music, studio, seed=1, tracks=2, held_out=1)
    assert [path.name for path in first.trained_on["short"]] == ["short_00000.wav", "short_00001.wav"]
    assert [path.name for path in first.held_out["short"]] == ["short_00002.wav"]
    whole = [path.read_bytes() for path in first.trained_on["short"]]
    first.trained_on["short"][0].unlink()
    first.trained_on["short"][1].write_bytes(b"as it was")
    again = corpus.make_corpus(tmp_path / "a", music, studio, seed=1, tracks=2, held_out=1)
    assert [path.read_bytes() for path in again.trained_on["short"]] == [whole[0], b"as it was"]


KILLED = """
import sys
from pathlib import Path
import torch
from legato.codec_training.recipe import TrainCodecParams
from legato.codec_training.training import train
torch.set_num_threads(1)
recipe = TrainCodecParams.model_validate_json(sys.argv[1])
train(recipe, [Path(name) for name in sys.argv[3:]], Path(sys.argv[2]))
"""


def test_killed_training_goes_on_and_ends_as_if_it_had_not_been(tracks: list[Path], tmp_path: Path) -> None:
    recipe = MICRO.model_copy(update={"steps": 40, "reset_below": 0.5})
    whole = training.train(recipe, tracks, tmp_path / "whole.pt")
    path = tmp_path / "killed.pt"
    arguments = [recipe.model_dump_json(), str(path), *map(str, tracks)]
    process = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], stderr=subprocess.DEVNULL)
    until(lambda: path.exists() or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 0 < torch.load(path, weights_only=True)["step"] < recipe.steps
    resumed = training.train(recipe, tracks, path)
    for (name, left), right in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert (left == right).all(), name


def test_training_lowers_its_loss(tracks: list[Path]) -> None:
    recipe = MICRO.model_copy(update={"steps": 30, "learning_rate": 0.003})
    learner = training.Learner(training.State.new(recipe, "cpu"), recipe)
    audio_BN = torch.from_numpy(
        corpus.segments(tracks, np.random.default_rng(0), batch=2, n_samples=4096, gain_db=(0, 0))
    )
    found = [learner.update(audio_BN)["mel"].item() for _ in range(recipe.steps)]
    assert found[-1] < 0.7 * found[0]


def test_a_loss_that_is_no_number_is_one_line_and_leaves_the_weights() -> None:
    state = training.State.new(MICRO, "cpu")
    before = [parameter.clone() for parameter in state.model.parameters()]
    with pytest.raises(LegatoError, match=r"train_codec: the loss is nan at step 1; lower train_codec\.learning_rate"):
        training.Learner(state, MICRO).update(torch.full((2, 4096), math.nan))
    assert all((old == new).all() for old, new in zip(before, state.model.parameters(), strict=True))


def test_weights_to_go_on_from_must_exist_and_fit(tmp_path: Path) -> None:
    with pytest.raises(LegatoError, match=r"none\.pth: no such codec weights"):
        training.State.new(MICRO.model_copy(update={"start": str(tmp_path / "none.pth")}), "cpu")
    line = re.escape(f"params.yaml: train_codec.start: '{SMALL_CODEC}': of another architecture")
    with pytest.raises(LegatoError, match=line):
        training.State.new(MICRO.model_copy(update={"start": str(SMALL_CODEC)}), "cpu")


def test_saved_weights_load_as_a_codec_and_are_the_same_bytes_again(tmp_path: Path) -> None:
    model = new_model(MICRO.architecture())
    for name in ("a.pth", "b.pth"):
        save(tmp_path / name, model.state_dict(), MICRO.architecture())
    assert load(tmp_path / "a.pth").encoder_dim == 1
    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "b.pth").read_bytes()


def test_what_is_shipped_is_what_was_measured_and_as_small_as_promised() -> None:
    figures = json.loads((ROOT / SMALL_CODEC_FIGURES).read_text())
    assert figures["sha256"] == sha256_of(SMALL_CODEC)
    assert figures["start_sha256"] == (sha256_of(ROOT / SHIPPED.start) if SHIPPED.start else None)
    assert sum(path.stat().st_size for path in SMALL_CODEC.parent.glob("*.pth")) < 12e6
    assert sum(value.numel() for value in load(SMALL_CODEC).state_dict().values()) < 3e6
    assert set(figures["held_out"]) >= {"total", *categories.names()}

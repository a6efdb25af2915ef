"""Exact codes are those of `dac` itself over a whole track, channel by channel, however the track is cut."""

import itertools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dac
import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.checkout import SMALL_CODEC
from helpers.signals import SAMPLE_RATE, drum_loop, silence, sine
from legato.codec import model as codec
from legato.codec.encode import MIN_WINDOW_FRAMES
from legato.codec.engine import AHEAD, Engine, Merged, track_codes
from legato.codec.skeleton import load_encoder
from legato.codec.windows import MARGIN_FRAMES, fitted, read_windows, windows
from legato.errors import LegatoError
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CHANNELS, N_CODEBOOKS, n_frames


@pytest.fixture(scope="module")
def plain() -> Any:
    """The small codec as dac's users load it."""
    return dac.DAC.load(SMALL_CODEC).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def exact() -> Engine:
    return Engine(load_encoder(SMALL_CODEC), "exact")


def noise(n_samples: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal((n_samples, 2))).astype(np.float32)


def plain_codes(model: Any, audio: np.ndarray) -> np.ndarray:
    """Channel by channel over the whole track in one call, as the codec's own documentation does it."""
    sides = []
    with torch.inference_mode():
        for channel in audio.T:
            signal = model.preprocess(torch.from_numpy(channel.copy())[None, None], SAMPLE_RATE)
            sides.append(model.encode(signal)[1][0].T)
    return torch.cat(sides, dim=1).numpy()


def our_codes(engine: Engine | Merged, audio: np.ndarray, window_frames: int, folder: Path) -> np.ndarray:
    """Through a file, as the pipeline does it."""
    path = folder / "track.wav"
    soundfile.write(path, audio, SAMPLE_RATE, "FLOAT")
    return track_codes(engine, read_windows(path, max(window_frames, engine.least_frames))).numpy()


@given(st.integers(1, 4000), st.integers(MIN_WINDOW_FRAMES, 500))
def test_windows_keep_every_frame_once_and_away_from_their_cuts(n_codes: int, window_frames: int) -> None:
    kept = 0
    for start, keep in windows(n_codes, window_frames):
        assert start + keep.start == kept
        assert start == 0 or keep.start >= MARGIN_FRAMES
        length = min(window_frames, n_codes)
        assert start + length == n_codes or keep.stop <= length - MARGIN_FRAMES
        assert start + length <= n_codes
        kept = start + keep.stop
    assert kept == n_codes


@given(st.integers(1, 4000), st.integers(MIN_WINDOW_FRAMES, 500), st.integers(1, 200))
def test_fitted_windows_are_as_many_and_none_is_longer_than_it_must(n_codes: int, most: int, least: int) -> None:
    least = min(least, most)
    found = fitted(n_codes, most, least)
    assert least <= found <= most
    assert len(windows(n_codes, found)) == len(windows(n_codes, most))
    if n_codes > most and found > least:
        assert len(windows(n_codes, found - 1)) > len(windows(n_codes, found))


def test_the_margin_covers_what_a_frame_hears(codec_model: Any) -> None:
    audio = torch.zeros(1, 1, 41 * HOP_LENGTH, requires_grad=True)
    with torch.enable_grad():
        codec_model.encoder(audio)[0, :, 20].sum().backward()
    heard = torch.nonzero(audio.grad[0, 0])
    assert 20 * HOP_LENGTH - heard.min() <= MARGIN_FRAMES * HOP_LENGTH
    assert heard.max() < (21 + MARGIN_FRAMES) * HOP_LENGTH


@pytest.mark.parametrize("window_frames", [64, 128, 200])
@pytest.mark.parametrize("n_samples", [1, 511, 512, 128 * 512, 128 * 512 + 1, 3 * SAMPLE_RATE + 77])
def test_windowed_codes_are_the_whole_tracks(
    plain: Any, exact: Engine, tmp_path: Path, n_samples: int, window_frames: int
) -> None:
    audio = noise(n_samples)
    codes = our_codes(exact, audio, window_frames, tmp_path)
    expected = plain_codes(plain, audio)
    np.testing.assert_array_equal(codes, expected)
    shortest = read_windows(tmp_path / "track.wav", max(window_frames, exact.least_frames), exact.least_frames)
    np.testing.assert_array_equal(track_codes(exact, shortest), expected)


@pytest.mark.parametrize("audio", [silence(4), sine(4, -6), drum_loop(4)], ids=["silence", "sine", "drums"])
def test_codes_are_the_whole_tracks_whatever_sounds(
    plain: Any, exact: Engine, tmp_path: Path, audio: np.ndarray
) -> None:
    np.testing.assert_array_equal(our_codes(exact, audio, 128, tmp_path), plain_codes(plain, audio))


def test_ten_minutes_in_windows_are_ten_minutes_in_one_call(tiny_codec: Any, tmp_path: Path) -> None:
    loop = noise(7 * SAMPLE_RATE)
    audio = np.tile(loop, (86, 1))[: 600 * SAMPLE_RATE, :1]
    audio *= np.linspace(0.1, 1, len(audio), dtype=np.float32)[:, None]
    expected = np.tile(plain_codes(tiny_codec, audio), 2)
    found = our_codes(Engine(tiny_codec, "exact"), audio, 2000, tmp_path)
    assert len(np.unique(expected[:, 0])) > 10
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("precision", ["exact", "fast"])
@pytest.mark.parametrize(
    "audio", [drum_loop(4), noise(4 * SAMPLE_RATE), sine(4, -6)[:, :1]], ids=["drums", "noise", "mono"]
)
def test_threads_share_a_tracks_windows_and_change_no_code(
    codec_model: Any, tmp_path: Path, precision: str, audio: np.ndarray
) -> None:
    expected = our_codes(Engine(codec_model, precision), audio, 64, tmp_path)
    engine = Engine(codec_model, precision, n_threads=2)
    engine.network = meeting = Meeting(engine.network)
    np.testing.assert_array_equal(our_codes(engine, audio, 64, tmp_path), expected)
    assert meeting.has_been


class Meeting(torch.nn.Module):
    """An encoder whose first two windows have to be in hand at the same time."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network, self.has_been = network, False
        self.barrier = threading.Barrier(2, action=self.note)

    def note(self) -> None:
        self.has_been = True

    def forward(self, audio_BN: torch.Tensor) -> torch.Tensor:
        if not self.has_been:
            self.barrier.wait(timeout=60)
        return self.network(audio_BN)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_tracks_that_share_batches_keep_their_codes(
    exact: Engine, codec_model: Any, tmp_path: Path, batch: int
) -> None:
    shared = Merged(Engine(codec_model, "exact", batch=batch))
    tracks = [drum_loop(4, seed=seed) for seed in range(3)] + [noise(700)]
    alone = [our_codes(exact, audio, 128, tmp_path) for audio in tracks]
    for number, audio in enumerate(tracks):
        soundfile.write(tmp_path / f"{number}.wav", audio, SAMPLE_RATE, "FLOAT")
    from joblib import Parallel, delayed

    together = Parallel(n_jobs=4, backend="threading")(
        delayed(lambda path: track_codes(shared, read_windows(path, 128)))(tmp_path / f"{number}.wav")
        for number in range(len(tracks))
    )
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other.numpy())


@pytest.mark.parametrize("audio", [silence(1), sine(1, -6), drum_loop(1)])
def test_codes_have_the_clients_format(exact: Engine, tmp_path: Path, audio: np.ndarray) -> None:
    path = tmp_path / "track.wav"
    soundfile.write(path, audio, SAMPLE_RATE)
    codes = track_codes(exact, read_windows(path, 64))
    assert codes.dtype == torch.int16
    assert codes.shape == (n_frames(len(audio)), N_CHANNELS)
    assert codes.is_contiguous()
    assert codes.untyped_storage().nbytes() == codes.numel() * codes.element_size()
    assert 0 <= codes.min() <= codes.max() < CODEBOOK_SIZE


def test_left_comes_before_right(exact: Engine, tmp_path: Path) -> None:
    left, right = sine(0.5, -6)[:, 0], drum_loop(0.5)[:, 0]
    codes = our_codes(exact, np.stack([left, right], axis=1), 128, tmp_path)
    for side, channel in enumerate((left, right)):
        mono = our_codes(exact, channel[:, None], 128, tmp_path)
        np.testing.assert_array_equal(codes[:, side * N_CODEBOOKS :][:, :N_CODEBOOKS], mono[:, :N_CODEBOOKS])


class Slow:
    """A device that answers when it is asked, and notes what it is given."""

    batch = least_frames = 1

    def __init__(self) -> None:
        self.given, self.answered, self.most = 0, 0, 0

    def begin(self, found: Sequence[torch.Tensor]) -> Callable[[], list[torch.Tensor]]:
        self.given += 1
        self.most = max(self.most, self.given - self.answered)

        def answer() -> list[torch.Tensor]:
            self.answered += 1
            return [torch.full((1, N_CODEBOOKS), int(window[0]), dtype=torch.int16) for window in found]

        return answer


def test_a_device_has_its_next_batch_before_it_answers() -> None:
    device = Slow()
    codes = Merged(device).codes([torch.full((HOP_LENGTH,), float(number)) for number in range(9)])
    assert [int(one[0, 0]) for one in codes] == list(range(9))
    assert device.given == device.answered == 9
    assert device.most == AHEAD > 1


def test_a_bug_beside_the_model_leaves_nobody_waiting() -> None:
    device = Slow()
    device.batch = "a bug"
    merged = Merged(device)
    for _ in range(2):
        with pytest.raises(TypeError):
            merged.codes([torch.zeros(HOP_LENGTH)])


class Counting:
    """An engine that counts windows."""

    n_at_once = least_frames = 1

    def __init__(self) -> None:
        self.n_windows = 0

    def codes(self, found: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        self.n_windows += len(found)
        return [torch.zeros(len(window) // HOP_LENGTH, N_CODEBOOKS, dtype=torch.int16) for window in found]


def test_equal_channels_are_encoded_once(tmp_path: Path) -> None:
    counts = []
    for audio in (noise(20_000)[:, :1], sine(0.5, -6), noise(20_000)):
        engine = Counting()
        assert our_codes(engine, audio, 64, tmp_path).shape[1] == N_CHANNELS
        counts.append(engine.n_windows)
    assert counts == [1, 1, 2]


class Starved(torch.nn.Module):
    """A network for which memory holds `most` windows."""

    def __init__(self, network: torch.nn.Module, most: int, error: Exception) -> None:
        super().__init__()
        self.network, self.most, self.error = network, most, error

    def forward(self, audio_BN: torch.Tensor) -> torch.Tensor:
        if len(audio_BN) > self.most:
            raise self.error
        return self.network(audio_BN)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("[enforce fail] can't allocate memory")]
)
def test_out_of_memory_halves_the_batch_and_goes_on(codec_model: Any, error: Exception) -> None:
    engine = Engine(codec_model, "exact", batch=8)
    found = [torch.from_numpy(window) for _, window in itertools.islice(_windows_of(noise(5_000)), 8)] * 4
    expected = engine.codes(found)
    engine.network = Starved(engine.network, 2, error)
    for one, other in zip(engine.codes(found), expected, strict=True):
        assert torch.equal(one, other)
    assert engine.batch == 2


def _windows_of(audio: np.ndarray) -> Any:
    for channel in audio[: len(audio) // HOP_LENGTH * HOP_LENGTH].T:
        yield slice(None), np.ascontiguousarray(channel)


def test_no_memory_for_one_window_is_one_line(codec_model: Any) -> None:
    engine = Engine(codec_model, "exact", batch=4)
    engine.network = Starved(engine.network, 0, torch.OutOfMemoryError("CUDA out of memory."))
    with pytest.raises(LegatoError, match="out of memory on cpu with one window of 3 frames: lower encode.window_fr"):
        engine.codes([torch.zeros(3 * HOP_LENGTH)])


def test_another_failure_of_the_model_is_not_hidden(codec_model: Any) -> None:
    engine = Engine(codec_model, "exact", batch=4)
    engine.network = Starved(engine.network, 0, RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        Merged(engine).codes([torch.zeros(3 * HOP_LENGTH)])


def test_fast_codes_are_nearly_the_exact_ones(codec_model: Any, exact: Engine, tmp_path: Path) -> None:
    audio = drum_loop(4)
    fast = our_codes(Engine(codec_model, "fast"), audio, 128, tmp_path)
    assert (fast != our_codes(exact, audio, 128, tmp_path)).mean() < 0.005


def test_loading_changes_no_code(plain: Any, codec_model: Any) -> None:
    audio = torch.from_numpy(noise(SAMPLE_RATE // HOP_LENGTH * HOP_LENGTH).T.copy())[:, None]
    with torch.inference_mode():
        assert torch.equal(codec_model.encode(audio)[1], plain.encode(audio)[1])
        assert torch.equal(codec.load(SMALL_CODEC).encoder(audio), plain.encoder(audio))

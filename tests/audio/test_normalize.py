"""Every track at one loudness, measured on what is written by slow and plain means: pyloudnorm, and a true peak of all.

The law: never over the ceiling, never louder than the target, and at it unless the limiter has done all that it may.
"""

import os
import subprocess
import sys
import tracemalloc
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyloudnorm
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.checkout import SHIPPED_PARAMS
from helpers.signals import SAMPLE_RATE, drum_loop, noise, silence, sine, true_peak
from legato.audio.normalize import NormalizeParams, normalize, normalize_file
from legato.audio.samples import decibels, read_audio, write_audio
from legato.audio.second_opinion import integrated_lufs
from legato.errors import LegatoError
from legato.workspace import params

PARAMS = params.load("normalize", NormalizeParams, SHIPPED_PARAMS)
MOST_DB = PARAMS.limiter.max_reduction_db
STEP_DB = 0.0015  # a gain's, and half of a rounded fact's


def normalized(audio: np.ndarray, settings: NormalizeParams = PARAMS) -> tuple[np.ndarray, dict[str, Any]]:
    """A track's result, which has been held to the law."""
    written, facts = normalize(audio, SAMPLE_RATE, settings)
    lufs = pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(written.astype(np.float64))
    dbtp = decibels(true_peak(written))
    assert facts["lufs"] == pytest.approx(lufs, abs=0.001)
    assert facts["dbtp"] == pytest.approx(dbtp, abs=0.001)
    assert dbtp <= settings.ceiling_dbtp
    assert lufs <= settings.target_lufs
    assert facts["at_target"] == (lufs >= settings.target_lufs - 0.1)
    most_db = settings.limiter.max_reduction_db
    assert facts["limiter_db"] <= most_db + 1e-3
    assert facts["at_target"] or facts["limiter_db"] >= most_db - STEP_DB
    assert facts["seconds"] == pytest.approx(max(len(written) / SAMPLE_RATE, 0.4), abs=0.001)
    np.testing.assert_array_equal(written * 32768, np.round(written * 32768))
    return written, facts


def tiers(seconds: float, first_db: float, second_db: float, hz: float = 440.0) -> np.ndarray:
    """A sine whose second half has another level."""
    return np.concatenate([sine(seconds / 2, first_db, hz), sine(seconds / 2, second_db, hz)])


def test_the_facts_are_those_of_the_written_audio() -> None:
    for track in (sine(3, -40), drum_loop(3), drum_loop(3, decay_per_s=8.0) * 4):
        _, facts = normalized(np.concatenate([silence(1), track, silence(1)]))
        assert facts["trimmed_s"] > 0.9
        assert facts["padded_s"] == 0


@pytest.mark.parametrize(
    "track",
    [tiers(10, -75, -75), tiers(10, -90, -90), tiers(10, -66, -74), tiers(10, -62, -70.5), tiers(10, -68, -68)],
    ids=["-75", "-90", "-66 then -74", "-62 then -70.5", "-68"],
)
def test_the_gates_act_behind_the_gain(track: np.ndarray) -> None:
    """Under -70 LUFS before it, all or in part: once -1.75 and -16.3 LUFS, all the same "at target"."""
    assert normalized(track)[1]["at_target"]


LEVELS = st.floats(-100, 0)
SECONDS = st.floats(0.05, 3)
SOUNDS = {
    "tone": lambda seconds, seed: sine(seconds, 0, 40 * 2 ** (seed % 9)),
    "noise": lambda seconds, seed: noise(seconds, -12, seed),
    "drums": lambda seconds, seed: drum_loop(seconds, 5.0 + 5 * seed, seed) * 4,
    "clicks": lambda seconds, seed: clicks(seconds, 50 + 1000 * seed),
    "one hit": lambda seconds, seed: np.concatenate([drum_loop(0.3, 60.0, seed), silence(seconds)]) * 4,
}


def clicks(seconds: float, every: int) -> np.ndarray:
    """Single samples, of both signs."""
    audio = silence(seconds)
    audio[::every] = 1.0
    audio[1 :: 2 * every] = -1.0
    return audio


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(SOUNDS)), SECONDS, st.floats(-60, 0)), min_size=1, max_size=3),
    LEVELS,
    st.sampled_from([0.0, 0.0, 1e-5, 0.1, -0.5]),
    st.sampled_from([0.0, 0.0, 5.0]),
    st.integers(0, 9),
)
def test_the_law_holds_for_any_sound_at_any_level(
    parts: list[tuple[str, float, float]], level_db: float, offset: float, pause_s: float, seed: int
) -> None:
    """Levels from -100 to 0 dBFS, dynamics of up to 60 dB, clicks, an offset, one hit, long pauses."""
    pieces = [
        piece
        for sound, seconds, db in parts
        for piece in (SOUNDS[sound](seconds, seed) * 10 ** (db / 20), silence(pause_s))
    ]
    audio = np.concatenate(pieces)
    audio = audio / max(np.abs(audio).max(), 1e-9) * 10 ** (level_db / 20) * (1 - abs(offset)) + offset
    with nullcontext() if is_measurable(audio) else suppress(LegatoError):
        normalized(audio.astype(np.float32))


def is_measurable(audio: np.ndarray) -> bool:
    """Whether a gate lets something through with more gain than there is room for: not of next to nothing but an
    offset, say, nor where all that is loud comes in the last tenth of a second, which no block holds."""
    loudest = np.pad(audio, ((0, round(0.4 * SAMPLE_RATE)), (0, 0))) if len(audio) < 0.4 * SAMPLE_RATE else audio
    return bool(np.isfinite(integrated_lufs(loudest / np.abs(loudest).max() * 10 ** (MOST_DB / 20) / 2, SAMPLE_RATE)))


@pytest.mark.parametrize("target_lufs", [-40.0, -23.0, -8.0])
@pytest.mark.parametrize("ceiling_dbtp", [-20.0, -6.0, -0.1])
@pytest.mark.parametrize(("lookahead_ms", "release_ms", "most_db"), [(0.1, 1.0, 24.0), (5.0, 100.0, 6.0)])
def test_the_law_holds_whatever_is_asked_for(
    target_lufs: float, ceiling_dbtp: float, lookahead_ms: float, release_ms: float, most_db: float
) -> None:
    limiter = PARAMS.limiter.model_copy(
        update={"lookahead_ms": lookahead_ms, "release_ms": release_ms, "max_reduction_db": most_db}
    )
    asked = PARAMS.model_copy(update={"target_lufs": target_lufs, "ceiling_dbtp": ceiling_dbtp, "limiter": limiter})
    normalized(np.concatenate([drum_loop(2), noise(0.5, -50), sine(0.5, -12)]), asked)


def test_an_hour_of_silence_is_nothing_to_a_loudness() -> None:
    """Between two sounds; scaled down to a minute."""
    _, facts = normalized(np.concatenate([noise(0.5, -60), silence(60), noise(0.5, -70)]))
    assert facts["at_target"]
    assert facts["silence"] > 0.97


def test_beyond_the_limiter_the_ceiling_wins() -> None:
    audio = clicks(5, SAMPLE_RATE // 2)
    _, facts = normalized(audio)
    assert facts["limiter_db"] == pytest.approx(MOST_DB, abs=STEP_DB)
    assert facts["lufs"] < -20


def test_what_needs_no_limiter_is_only_scaled() -> None:
    quiet = sine(5, -40)
    written, facts = normalized(quiet)
    assert facts["limiter_db"] == 0
    middle = slice(SAMPLE_RATE, 4 * SAMPLE_RATE)
    np.testing.assert_allclose(written[middle], quiet[middle] * 10 ** (facts["gain_db"] / 20), atol=5e-5)


def test_the_result_does_not_depend_on_the_level_of_the_input() -> None:
    loop = drum_loop(4)
    soft, loud = (normalized(loop * np.float32(10 ** (gain_db / 20)))[0] for gain_db in (-40, 6))
    np.testing.assert_allclose(soft, loud, atol=2e-3)


def test_a_limited_track_has_no_clicks() -> None:
    """A steady tone under hits that the limiter takes: its gain moves, and no faster than asked."""
    hits = clicks(4, SAMPLE_RATE // 2) * 0.9
    tone = sine(4, -30, 1000)
    written, facts = normalized(tone + hits)
    assert facts["limiter_db"] > 5
    calm = np.abs(hits[: len(written)]).max(axis=1) == 0
    spectrum = np.abs(np.diff(written[:, 0].astype(np.float64), 2))
    scale = 10 ** (facts["gain_db"] / 20) * 10 ** (-30 / 20) * (2 * np.pi * 1000 / SAMPLE_RATE) ** 2
    away = np.convolve(~calm, np.ones(7), "same")[1:-1] == 0
    assert spectrum[away].max() <= 1.1 * scale + 2**-14


@pytest.mark.parametrize("seconds", [0.001, 0.1, 0.35, 0.399])
def test_what_is_too_short_to_be_measured_is_made_longer(seconds: float) -> None:
    """One hit of a hi-hat, say."""
    settings = PARAMS.model_copy(update={"silence": PARAMS.silence.model_copy(update={"hold_s": 0.0, "fade_s": 0.0})})
    written, facts = normalized(sine(seconds, -20, phase=1.0), settings)
    assert facts["seconds"] == 0.4
    assert facts["padded_s"] == pytest.approx(0.4 - seconds, abs=0.001)
    assert not written[round(seconds * SAMPLE_RATE) + 1 :].any()


@pytest.mark.parametrize(
    ("track", "line"),
    [
        (silence(2), "the audio is silent"),
        (silence(0), "the audio is silent"),
        (sine(2, -110), "the audio is silent: its peak is -110 dBFS"),
        (np.full((SAMPLE_RATE, 2), np.nan, np.float32), "holds NaN or infinite samples"),
    ],
)
def test_unusable_audio_says_why(track: np.ndarray, line: str) -> None:
    with pytest.raises(LegatoError, match=line):
        normalize(track, SAMPLE_RATE, PARAMS)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
@pytest.mark.parametrize("kept_samples", [0, 10**6])
def test_a_file_comes_out_as_its_samples_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, kept_samples: int
) -> None:
    monkeypatch.setattr("legato.audio.samples.KEPT_SAMPLES", kept_samples)
    write_audio(tmp_path / "a.flac", drum_loop(6), SAMPLE_RATE, "PCM_24")
    target = tmp_path / f"b.{suffix}"
    facts = normalize_file(tmp_path / "a.flac", target, SAMPLE_RATE, PARAMS)
    written, same = normalized(read_audio(tmp_path / "a.flac", SAMPLE_RATE))
    assert facts == same
    np.testing.assert_array_equal(read_audio(target, SAMPLE_RATE), written)
    assert soundfile.info(target).subtype == "PCM_16"


@pytest.mark.parametrize(
    ("audio", "line"),
    [(silence(1), "the audio is silent"), (sine(5, -3, hz=0.1), "the audio is too quiet to be measured")],
    ids=["silent", "far too low"],
)
def test_a_refused_file_leaves_nothing(tmp_path: Path, audio: np.ndarray, line: str) -> None:
    write_audio(tmp_path / "a.flac", audio, SAMPLE_RATE, "PCM_24")
    asked = PARAMS.model_copy(update={"ceiling_dbtp": -20.0})
    with pytest.raises(LegatoError, match=line):
        normalize_file(tmp_path / "a.flac", tmp_path / "a.wav", SAMPLE_RATE, asked)
    assert {path.suffix for path in tmp_path.iterdir()} == {".flac"}


@pytest.mark.parametrize("n_bins", [3, 71, 10_000])
def test_the_result_does_not_depend_on_the_blocks_it_is_made_in(monkeypatch: pytest.MonkeyPatch, n_bins: int) -> None:
    audio = np.concatenate([silence(0.5), drum_loop(1.5, decay_per_s=40.0), sine(0.5, -40), silence(1)])
    written, facts = normalized(audio)
    assert facts["limiter_db"] > 1
    monkeypatch.setattr("legato.audio.loudness.BINS_AT_A_TIME", n_bins)
    monkeypatch.setattr("legato.audio.peaks.BINS_AT_A_TIME", n_bins)
    monkeypatch.setattr("legato.audio.peaks.BOUNDED_AT_A_TIME", n_bins)
    monkeypatch.setattr("legato.audio.limiter.AT_A_TIME", n_bins)
    again, same = normalized(audio)
    np.testing.assert_array_equal(again, written)
    assert same == facts


def test_the_result_does_not_depend_on_the_processor(tmp_path: Path) -> None:
    """BLAS has other kernels for each kind, which differ in the last bits; a gain is a whole number of steps."""
    write_audio(
        tmp_path / "a.flac", np.concatenate([drum_loop(3, decay_per_s=40.0), sine(1, -30)]), SAMPLE_RATE, "PCM_24"
    )
    facts = normalize_file(tmp_path / "a.flac", tmp_path / "b.wav", SAMPLE_RATE, PARAMS)
    code = "\n".join(
        [
            "from pathlib import Path",
            "from legato.audio.normalize import NormalizeParams, normalize_file",
            f"params = NormalizeParams.model_validate_json({PARAMS.model_dump_json()!r})",
            f"print(normalize_file(Path('a.flac'), Path('c.wav'), {SAMPLE_RATE}, params))",
        ]
    )
    environment = os.environ | {"OPENBLAS_CORETYPE": "Nehalem"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines()[-1] == str(facts)
    assert (tmp_path / "c.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert facts["limiter_db"] > 1


def test_memory_does_not_grow_with_the_track(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legato.audio.samples.KEPT_SAMPLES", 0)
    monkeypatch.setattr("legato.audio.peaks.BOUNDED_AT_A_TIME", 1000)
    monkeypatch.setattr("legato.audio.peaks.WANTED_AT_A_TIME", 50)
    monkeypatch.setattr("legato.audio.limiter.AT_A_TIME", 1000)
    peaks = []
    for seconds in (15, 60):
        write_audio(
            tmp_path / "a.wav", np.tile(drum_loop(5, decay_per_s=8.0), (seconds // 5, 1)), SAMPLE_RATE, "PCM_24"
        )
        tracemalloc.start()
        assert normalize_file(tmp_path / "a.wav", tmp_path / "b.wav", SAMPLE_RATE, PARAMS)["at_target"]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 45 * SAMPLE_RATE / 105 * 80  # 240 MB for two hours, whose samples are 2.5 GB

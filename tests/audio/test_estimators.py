"""What is measured by ear on signals of which the answer is known."""

import numpy as np
import pytest

from legato.audio.estimators import RATE, fundamentals, heard_bpm, mono, percussion

SAMPLE_RATE = 44100


def clicks(bpm: float, seconds: float = 20) -> np.ndarray:
    """A noise burst on every beat, the first of four louder."""
    wave = np.zeros(round(seconds * RATE), dtype=np.float32)
    burst = np.random.default_rng(0).standard_normal(1000) * np.exp(-np.arange(1000) / 150)
    for beat, start in enumerate(np.arange(0, seconds - 0.1, 60 / bpm)):
        at = round(start * RATE)
        wave[at : at + 1000] += (0.8 if beat % 4 == 0 else 0.4) * burst
    return wave


def tones(*keys: float, seconds: float = 20) -> np.ndarray:
    """Held saw-like notes, struck anew every two seconds."""
    time = np.arange(round(seconds * RATE)) / RATE
    swell = np.minimum((time % 2) / 0.05, 1) * np.exp(-(time % 2) / 2)
    hz = [440 * 2 ** ((key - 69) / 12) for key in keys]
    return (swell * sum(np.sin(2 * np.pi * f * n * time) / n for f in hz for n in range(1, 9))).astype(np.float32)


@pytest.mark.parametrize("bpm", [84, 101, 120, 147])
def test_a_click_track_is_heard_at_its_bpm_or_its_octave(bpm: float) -> None:
    heard = heard_bpm(clicks(bpm))
    assert heard is not None
    assert min(abs(heard / (bpm * ratio) - 1) for ratio in (0.5, 1, 2)) < 0.005


def test_too_few_beats_are_no_bpm() -> None:
    assert heard_bpm(np.zeros(RATE, dtype=np.float32)) is None


def test_noise_bursts_are_percussive_and_held_notes_are_not() -> None:
    beat, chord = percussion(clicks(120)), percussion(tones(48, 55, 64))
    both = percussion(tones(48, 55, 64) + clicks(120))
    assert beat.share > 0.1 > 0.01 > both.share > chord.share
    assert beat.hiss > both.hiss > 1e-3 > 1e-5 > chord.hiss
    assert beat.over_bass > 0.3 > 0.1 > chord.over_bass
    assert percussion(np.zeros(RATE, dtype=np.float32)) == (0, 0, 0)


@pytest.mark.parametrize("key", [24, 33, 48, 60])
def test_a_lone_bass_sounds_at_its_fundamental(key: int) -> None:
    cents = 1200 * np.log2(fundamentals(tones(key, seconds=6)) / (440 * 2 ** ((key - 69) / 12)))
    assert np.mean(np.abs(cents) < 30) > 0.95


def test_silent_frames_have_no_fundamental() -> None:
    wave = np.concatenate([tones(40, seconds=4), np.zeros(4 * RATE, dtype=np.float32)])
    assert len(fundamentals(wave)) < 0.6 * len(wave) / 1024


def test_mono_keeps_length_in_seconds_and_the_mean_of_channels() -> None:
    audio = np.stack([np.full(SAMPLE_RATE, 0.5), np.full(SAMPLE_RATE, -0.1)], axis=1).astype(np.float32)
    wave = mono(audio, SAMPLE_RATE)
    assert len(wave) == RATE
    assert wave[RATE // 2] == pytest.approx(0.2, abs=1e-3)


def noise() -> np.ndarray:
    """White, 20 s."""
    return (0.1 * np.random.default_rng(1).standard_normal(20 * RATE)).astype(np.float32)


CHORD = (48, 55, 64)
BY_LIBROSA = [  # what version 0.11 answers: bpm, shares of percussion and hiss, three of the fundamentals in Hz
    (clicks(61), 60.999079304371826, (1.0, 0.57966352), ()),
    (clicks(101), 101.2709801653301, (1.0, 0.57966250), ()),
    (clicks(147), 73.49618071129296, (1.0, 0.57966244), ()),
    (tones(*CHORD), 30.113177375781337, (0.00185615104, 2.88812e-06), ()),
    (
        tones(*CHORD) + clicks(120),
        120.05496270559476,
        (0.00327209011, 0.00105622993),
        (65.710297, 65.736122, 65.750665),
    ),
    (tones(24, seconds=6), None, None, (32.719173, 32.718993, 32.737371)),
    (noise(), 106.55464292822079, (0.01334405690, 0.00843482465), (25.428933, 30.032154, 25.582936)),
    (np.concatenate([clicks(97, 60), clicks(131, 120)]), 65.15981678346334, (1.0, 0.57966173), ()),
]


@pytest.mark.parametrize(("wave", "bpm", "shares", "some_hz"), BY_LIBROSA)
def test_answers_are_those_of_librosa(
    wave: np.ndarray, bpm: float | None, shares: tuple[float, float] | None, some_hz: tuple[float, ...]
) -> None:
    assert heard_bpm(wave) == (bpm and pytest.approx(bpm, rel=1e-12))
    if shares:
        assert percussion(wave)[:2] == pytest.approx(shares, rel=1e-5)
    if some_hz:
        assert fundamentals(wave)[[3, 20, -5]] == pytest.approx(some_hz, rel=1e-6)


@pytest.mark.parametrize("n_samples", [0, 1, 100, 3000, 30_000])
def test_the_shortest_waves_have_an_answer(n_samples: int) -> None:
    wave = noise()[:n_samples]
    assert heard_bpm(wave) is None
    assert 0 <= percussion(wave).share <= 1
    assert np.isfinite(fundamentals(wave)).all()

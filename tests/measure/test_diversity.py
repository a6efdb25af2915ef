"""Diversity counts what differs: copies add nothing, new sounds do, and near-duplicates are found."""

from pathlib import Path

import numpy as np
import pytest

from legato.audio.samples import write_audio
from legato.measure import diversity
from legato.measure.diversity import Features, features, figures, has_near, nearest_db, track_features, vendi_score
from legato.tokens import SAMPLE_RATE

RNG = np.random.default_rng(0)


def tone(path: Path, hz: list[float], gain: float = 0.3, seconds: float = 4) -> Path:
    """A few tones, one after another."""
    time_s = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    part = np.minimum((time_s / seconds * len(hz)).astype(int), len(hz) - 1)
    mono = gain * np.sin(2 * np.pi * np.array(hz)[part] * time_s)
    write_audio(path, np.stack([mono, mono], axis=1).astype(np.float32), SAMPLE_RATE, "PCM_16")
    return path


@pytest.mark.parametrize("n_kinds", [1, 2, 5])
def test_the_score_is_the_number_of_kinds_whatever_the_copies(n_kinds: int) -> None:
    kinds = 1000 * RNG.standard_normal((n_kinds, 7))
    assert vendi_score(np.repeat(kinds, 4, axis=0)) == pytest.approx(n_kinds, rel=1e-6)


def test_the_score_grows_with_distance_and_not_with_order() -> None:
    points = RNG.standard_normal((12, 5))
    scores = [vendi_score(points * spread) for spread in (0.1, 1, 3, 10)]
    assert scores == sorted(scores)
    assert vendi_score(points[::-1] * 3) == pytest.approx(scores[2])


def test_the_nearest_is_found_in_any_block() -> None:
    points = RNG.standard_normal((50, 6))
    plain = [
        min(np.sqrt(np.mean((a - b) ** 2)) for at, b in enumerate(points) if at != n) for n, a in enumerate(points)
    ]
    for at_a_time in (1, 7, 50, 100):
        assert nearest_db(points, at_a_time) == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize("n_alike", [0, 1, 40])
@pytest.mark.parametrize("n_numbers", [1, 5, 60])
def test_who_has_another_nearby_is_found_as_by_comparing_all(n_numbers: int, n_alike: int) -> None:
    """Rows apart, copies to the bit, copies within the distance, and at either side of it."""
    rng = np.random.default_rng(n_numbers)
    rows = 20 * rng.standard_normal((300, n_numbers))
    rows[100 : 100 + n_alike] = rows[0]
    for start, distance in ((150, 0.5), (200, 0.999), (250, 1.001)):
        step = rng.standard_normal((n_alike, n_numbers))
        step *= distance / np.sqrt((step**2).mean(axis=1, keepdims=True))
        rows[start : start + n_alike] = rows[50 : 50 + n_alike] + step
    assert (has_near(rows, 1.0) == (nearest_db(rows) < 1.0)).all()
    assert has_near(rows, 1.0).sum() >= 2 * n_alike


def test_the_search_compares_few_of_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    plain = diversity._mean_squares
    monkeypatch.setattr(
        diversity, "_mean_squares", lambda one, others: compared.append(len(others)) or plain(one, others)
    )
    rng = np.random.default_rng(0)
    for n in (1000, 4000):
        compared.clear()
        mixes = 4 * rng.standard_normal((12, 200))
        rows = rng.standard_normal((n, 12)) @ mixes + rng.standard_normal((n, 200))
        rows[1::100] = rows[::100] + 0.1
        assert has_near(rows).sum() == 2 * n // 100
        assert n // 100 <= sum(compared) < n


def test_a_copy_is_a_near_duplicate_and_another_tune_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_item_cache: Path
) -> None:
    assert not own_item_cache.exists()
    monkeypatch.setenv("LEGATO_WORKERS", "1")
    monkeypatch.setenv("LEGATO_SCHEDULER", "")
    tracks = [
        tone(tmp_path / "a.wav", [220, 330, 440, 550]),
        tone(tmp_path / "a_a_little_louder.wav", [220, 330, 440, 550], gain=0.31),
        tone(tmp_path / "b.wav", [220, 440, 330, 550]),
        tone(tmp_path / "c.wav", [880, 1320]),
    ]
    rows = Features.empty().add(features("tones", tracks))
    again = Features.empty().add(map(track_features, tracks))
    assert all(np.array_equal(one, other) for one, other in zip(rows, again, strict=True))
    found = figures(rows, ["1", "2", "3", "4"])
    assert found["near_duplicates"] == 2
    assert 1 < found["vendi"] < 3
    assert figures(rows, ["1", "2", "3", "3"])["near_duplicates"] == 4
    assert figures(rows.part(2, 3), ["1"]) == {"vendi": 1.0, "near_duplicates": 0}

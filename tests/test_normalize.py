"""Every track at one loudness, measured on what is written."""

from pathlib import Path

import numpy as np
import pytest

from legato import params
from legato.errors import LegatoError
from legato.loudness import integrated_lufs, true_peak_dbtp
from legato.normalize import NormalizeParams, normalize
from signals import SAMPLE_RATE, drum_loop, silence, sine

PARAMS = params.load("normalize", NormalizeParams, Path(__file__).parent.parent / "params.yaml")


@pytest.mark.parametrize("track", [sine(3, -40), drum_loop(3), drum_loop(3, decay_per_s=8.0) * 4])
def test_the_facts_are_those_of_the_written_audio(track: np.ndarray) -> None:
    audio, facts = normalize(np.concatenate([silence(1), track, silence(1)]), SAMPLE_RATE, PARAMS)
    assert facts["lufs"] == pytest.approx(integrated_lufs(audio, SAMPLE_RATE), abs=0.001)
    assert facts["dbtp"] == pytest.approx(true_peak_dbtp(audio), abs=0.001)
    assert facts["dbtp"] <= -1
    assert facts["at_target"] == (abs(facts["lufs"] + 14) <= 0.1)
    assert facts["at_target"] or facts["limiter_db"] >= 5.9
    assert facts["seconds"] == pytest.approx(len(audio) / SAMPLE_RATE, abs=0.001)
    assert facts["trimmed_s"] > 0.9
    np.testing.assert_array_equal(audio * 32768, np.round(audio * 32768))


@pytest.mark.parametrize(
    ("track", "line"),
    [
        (silence(2), "the audio is silent"),
        (
            np.concatenate([sine(0.2, -6), silence(2)])[: SAMPLE_RATE // 4],
            "lasts 0.25 s: loudness takes at least 0.4 s",
        ),
        (np.full((SAMPLE_RATE, 2), np.nan, np.float32), "holds NaN or infinite samples"),
        (silence(0), "the audio is silent"),
    ],
)
def test_unusable_audio_says_why(track: np.ndarray, line: str) -> None:
    with pytest.raises(LegatoError, match=line):
        normalize(track, SAMPLE_RATE, PARAMS)

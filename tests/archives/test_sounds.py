"""Audio of any form becomes 44.1 kHz stereo or is refused; it is cut where it is quiet; the same audio is found."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.archive_packs import RATE, audio_bytes, beat, tone
from helpers.checkout import ROOT
from legato.archives.content import is_what_it_says
from legato.archives.cutting import audio_of, pieces
from legato.archives.duplicates import fingerprint, first_of_each
from legato.archives.sounds import BLOCK, UnusableSoundError, decoded

FORMS = {
    "16.wav": ("WAV", None),
    "24.wav": ("WAV", "PCM_24"),
    "32.wav": ("WAV", "PCM_32"),
    "float.wav": ("WAV", "FLOAT"),
    "8.wav": ("WAV", "PCM_U8"),
    "extensible.wav": ("WAVEX", "PCM_16"),
    "x.aif": ("AIFF", None),
    "x.flac": ("FLAC", None),
    "x.ogg": ("OGG", None),
    "x.mp3": ("MP3", None),
}


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def why_not(path: Path) -> str:
    with pytest.raises(UnusableSoundError) as raised, decoded(path, path.parent, 600):
        pass
    assert list(path.parent.iterdir()) == [path]  # nothing is left of the decoding
    return str(raised.value)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [44100, 22050, 48000])
def test_any_form_becomes_the_same_sound(tmp_path: Path, name: str, channels: int, rate: int) -> None:
    form, subtype = FORMS[name]
    audio = tone(3, rate=rate, channels=channels)
    path = write(tmp_path / name, audio_bytes(audio, form, rate, subtype))
    assert is_what_it_says(path) is None
    with decoded(path, tmp_path, 60) as found:
        heard = np.array(found.audio)
        facts, n_peaks = found.facts, len(found.peaks)
    assert abs(len(heard) - 3 * RATE) <= (3000 if name == "x.mp3" else 2)
    assert n_peaks == -(-len(heard) // BLOCK)
    assert np.allclose(heard[:, 0], heard[:, 1])
    assert facts["original_channels"] == channels
    assert facts["original_sample_rate"] == rate
    assert facts["is_lossy"] == (name in ("x.ogg", "x.mp3"))
    assert facts["fidelity"] == ["mono"] * (channels == 1) + ["eight_bit"] * (name == "8.wav") + ["low_rate"] * (
        rate < 32000
    )
    spectrum = np.abs(np.fft.rfft(heard[:RATE, 0] * np.hanning(RATE)))
    expected = np.abs(np.fft.rfft(tone(1)[:, 0] * np.hanning(RATE)))
    assert abs(int(spectrum[100:2000].argmax()) - int(expected[100:2000].argmax())) <= 1


def test_what_is_no_music_is_refused_in_a_few_words(tmp_path: Path) -> None:
    noise = tone(2)
    broken = noise.copy()
    broken[500] = np.nan
    forever = noise.copy()
    forever[500] = np.inf
    cases = {
        "nan.wav": (audio_bytes(broken, subtype="FLOAT"), "holds NaN or infinite samples"),
        "inf.wav": (audio_bytes(forever, subtype="DOUBLE"), "holds NaN or infinite samples"),
        "silent.wav": (audio_bytes(np.zeros((RATE, 2))), "is silent"),
        "nearly.wav": (audio_bytes(np.full((RATE, 2), 1e-4)), "is silent"),
        "empty.wav": (audio_bytes(np.zeros((0, 2))), "has no samples"),
        "six.wav": (audio_bytes(np.tile(noise[:, :1], 6), "WAVEX"), "has 6 channels"),
        "slow.wav": (audio_bytes(noise, rate=1000), "has a sample rate of 1000 Hz"),
        "program.wav": (b"MZ\x90\x00" * 500, "cannot be read as audio"),
        "cut.flac": (audio_bytes(noise, "FLAC")[:20], "cannot be read as audio"),
        "short.mp3": (b"\xff\xfb\x90\x00" + bytes(1748), "cannot be read as audio"),
    }
    for name, (content, words) in cases.items():
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        assert words in why_not(write(folder / name, content)), name


def test_what_is_too_long_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    path = write(tmp_path / "long.wav", audio_bytes(tone(20)))
    with pytest.raises(UnusableSoundError, match="is longer than 5 s"), decoded(path, tmp_path, 5):
        pass


def test_a_header_that_lies_of_its_length_is_not_believed(tmp_path: Path) -> None:
    content = bytearray(audio_bytes(tone(2)))
    at = content.index(b"data") + 4
    for size in (2**32 - 1, 2**31, len(content) * 9):
        content[at : at + 4] = struct.pack("<I", size)
        with decoded(write(tmp_path / "lie.wav", bytes(content)), tmp_path, 60) as found:
            assert found.facts["original_seconds"] == 2.0


def test_an_mp3_that_lies_of_its_length_is_decoded_to_its_end(tmp_path: Path) -> None:
    whole = audio_bytes(tone(10), "MP3")
    with decoded(write(tmp_path / "cut.mp3", whole[: len(whole) // 2]), tmp_path, 60) as found:
        assert 4 < found.facts["original_seconds"] < 6


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.wav", b"MZ\x90\x00"),
        ("x.wav", b"\x7fELF\x02\x01"),
        ("x.mp3", b"<!DOCTYPE html>"),
        ("x.mp3", b""),
        ("x.mid", b"RIFF\x00\x00\x00\x00WAVE"),
        ("x.wav", b"MThd\x00\x00\x00\x06"),
        ("x.flac", b"PK\x03\x04"),
        ("x.exe", b"MZ"),
        ("x.m4a", b"\x00\x00\x00\x20ftypM4A "),
    ],
)
def test_what_is_not_what_its_name_says(tmp_path: Path, name: str, content: bytes) -> None:
    why = is_what_it_says(write(tmp_path / name, content))
    assert why is not None
    assert why.code == "not what its name says"


@example(n_samples=3627226, low=10, ratio=2.0, seed=0, short="repeat")  # whose end is part of a block
@given(
    n_samples=st.integers(1, 400 * RATE),
    low=st.integers(10, 60),
    ratio=st.floats(2, 4),
    seed=st.integers(0, 9),
    short=st.sampled_from(["repeat", "skip"]),
)
def test_pieces_are_of_a_length_and_follow_one_another(
    n_samples: int, low: int, ratio: float, seed: int, short: str
) -> None:
    high = low * ratio
    peaks = np.random.default_rng(seed).random(-(-n_samples // BLOCK)).astype(np.float32)
    found = pieces(peaks, n_samples, (low, high), short)
    if n_samples < 10 * RATE:
        assert len(found) == (short == "repeat")
        for piece in found:
            assert 10 * RATE <= piece.times * n_samples < 10 * RATE + n_samples
        return
    assert found[0].start == 0
    assert [piece.stop for piece in found[:-1]] == [piece.start for piece in found[1:]]
    assert found[-1].stop == n_samples
    for piece in found:
        assert piece.stop - piece.start <= high * RATE + BLOCK
        if len(found) > 1:
            assert piece.stop - piece.start >= (low - 0.1) * RATE


def test_cuts_are_where_it_is_quiet() -> None:
    peaks = np.ones(100 * 20, np.float32)
    peaks[45 * 20] = 0
    first, second = pieces(peaks, 100 * RATE, (30, 60), "skip")
    assert first.stop == second.start == 45 * RATE
    audio = np.ones((100 * RATE, 2), np.float32)
    heard = audio_of(audio, first)
    assert heard[-1, 0] == 0
    assert heard[0, 0] == 1  # the recording's own beginning is left as it is
    assert audio_of(audio, second)[0, 0] == 0


def test_a_loop_is_repeated_whole(tmp_path: Path) -> None:
    with decoded(write(tmp_path / "loop.wav", audio_bytes(beat(3))), tmp_path, 60) as found:
        (piece,) = pieces(found.peaks, len(found.audio), (30, 60), "repeat")
        heard = audio_of(found.audio, piece)
    assert piece.times == 4
    assert np.array_equal(heard[: 3 * RATE], heard[3 * RATE : 6 * RATE])


def test_the_same_audio_in_another_encoding_is_found(tmp_path: Path) -> None:
    originals = [tone(15, seed=seed, hz=hz) for seed, hz in ((1, 300), (2, 420), (3, 250))] + [beat(15, 4), beat(15, 5)]
    prints = [fingerprint(audio) for audio in originals]
    assert first_of_each(prints) == [0, 1, 2, 3, 4]
    for at, audio in enumerate(originals):
        for form, gain, lead in (("MP3", 0.4, 0), ("OGG", 1.0, 0), ("FLAC", 0.1, RATE // 10)):
            late = np.pad(audio * gain, ((lead, 0), (0, 0)))
            name = f"{at}{form}.{form.lower()}"
            with decoded(write(tmp_path / name, audio_bytes(late, form)), tmp_path, 60) as found:
                assert first_of_each([*prints, fingerprint(found.audio)])[-1] == at, name


MEMORY = """
import resource, sys
from pathlib import Path
from legato.archives.sounds import decoded
path = Path(sys.argv[1])
with decoded(path, path.parent, 10**6) as found:
    print(len(found.audio))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_a_recording(tmp_path: Path) -> None:
    """Twenty minutes are 420 MB as samples; a minute and twenty need the same, within 60 MB."""
    peaks = []
    for minutes in (1, 20):
        audio = np.tile(tone(60, rate=8000, channels=1), (minutes, 1))
        path = write(tmp_path / f"{minutes}.flac", audio_bytes(audio, "FLAC", 8000))
        command = [sys.executable, "-c", MEMORY, str(path)]
        done = subprocess.run(
            command, env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True
        )
        n_samples, most_kib = map(int, done.stdout.split())
        assert abs(n_samples - minutes * 60 * RATE) < 100
        peaks.append(most_kib / 1024)
    assert peaks[1] - peaks[0] < 60

"""The SoundFont: a sound file structure, in tune, free of clicks and folded partials, and refused when it is none."""

import struct
from pathlib import Path

import fluidsynth
import numpy as np
import pytest
from pydantic import ValidationError
from sf2utils.sf2parse import Sf2File

from legato.audio import decibels
from legato.compose.patterns import FILLS, GROOVES
from legato.errors import LegatoError
from legato.gm import DRUM_BANK, DRUMS, KITS, MELODIC_BANK, PROGRAMS
from legato.loudness import integrated_lufs
from legato.soundfont.config import BUILT_FONT, SoundfontParams
from legato.soundfont.font import built_presets, key_zones, write_font
from legato.soundfont.presets import TONALS, Tonal
from legato.soundfont.reader import read_presets
from legato.soundfont.synthesis import LOOP_LEAD, TOP_HZ, key_hz
from signals import SAMPLE_RATE

ROWS = pytest.mark.parametrize("row", TONALS, ids=lambda row: row.program)
LOOPED = pytest.mark.parametrize(
    "row", [row for row in TONALS if row.make(60, np.random.default_rng(0))[1]], ids=lambda row: row.program
)
SUSTAINED = {"warm_pad", "polysynth_pad", "saw_lead", "square_lead", "synth_bass_1"}
RECORD_BYTES = {"phdr": 38, "pbag": 4, "pmod": 10, "pgen": 4, "inst": 22, "ibag": 4, "imod": 10, "igen": 4, "shdr": 46}


class Player:
    """A dry FluidSynth with the font in it."""

    def __init__(self, font: Path) -> None:
        self.synth = fluidsynth.Synth(gain=0.5, samplerate=SAMPLE_RATE, channels=16)
        self.font = self.synth.sfload(str(font))
        assert self.font >= 0

    def play(self, bank: int, program: int, keys: list[int], seconds: float, velocity: int = 100) -> np.ndarray:
        """Keys one after the other, `seconds` each, in a fresh state; (n_samples, 2)."""
        channel = 9 if bank == DRUM_BANK else 0
        self.synth.system_reset()
        assert self.synth.program_select(channel, self.font, bank, program) == 0
        self.synth.cc(channel, 91, 0)
        self.synth.cc(channel, 93, 0)
        blocks = []
        for key in keys:
            self.synth.noteon(channel, key, velocity)
            blocks.append(self.synth.get_samples(round(seconds * SAMPLE_RATE)))
            self.synth.noteoff(channel, key)
        return np.concatenate(blocks).reshape(-1, 2) / 32768


@pytest.fixture(scope="module")
def player(font: Path) -> Player:
    return Player(font)


def chunks(content: bytes) -> dict[str, bytes]:
    """The RIFF chunks that fill `content` exactly; lists by their form."""
    found, at = {}, 0
    while at < len(content):
        kind, size = struct.unpack_from("<4sI", content, at)
        body = content[at + 8 : at + 8 + size]
        assert len(body) == size
        name = body[:4].decode() if kind == b"LIST" else kind.decode()
        found[name] = body[4:] if kind == b"LIST" else body
        at += 8 + size + size % 2
    assert at == len(content)
    return found


def rms_db(audio: np.ndarray) -> float:
    return decibels(float(np.sqrt(np.mean(audio**2))))


def spectrum_db(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz, and levels in dB under the highest."""
    levels = np.abs(np.fft.rfft(wave * np.blackman(len(wave))))
    return np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE), 20 * np.log10(levels / levels.max() + 1e-12)


def test_two_builds_have_the_same_bytes(font: Path, tmp_path: Path) -> None:
    write_font(tmp_path / "again.sf2")
    assert (tmp_path / "again.sf2").read_bytes() == font.read_bytes()


def test_the_riff_structure_is_exact(font: Path) -> None:
    content = font.read_bytes()
    riff = chunks(content)["RIFF"]
    assert riff[:4] == b"sfbk"
    lists = chunks(riff[4:])
    assert list(lists) == ["INFO", "sdta", "pdta"]
    assert chunks(lists["INFO"])["ifil"] == struct.pack("<HH", 2, 4)
    assert b"CC0-1.0" in chunks(lists["INFO"])["ICOP"]
    hydra = chunks(lists["pdta"])
    assert list(hydra) == list(RECORD_BYTES)
    assert all(len(hydra[name]) % size == 0 for name, size in RECORD_BYTES.items())
    n_samples = len(chunks(lists["sdta"])["smpl"]) // 2
    ends = [struct.unpack_from("<20sIIII", hydra["shdr"], at) for at in range(0, len(hydra["shdr"]) - 46, 46)]
    for (_, start, end, loop_start, loop_end), following in zip(
        ends, [*(s[1] for s in ends[1:]), n_samples], strict=True
    ):
        assert start < loop_start < loop_end < end
        assert following - end == 46


def test_three_readers_see_the_same_presets(font: Path, player: Player) -> None:
    ours = read_presets(font)
    with font.open("rb") as file:
        theirs = {(p.bank, p.preset): p.name for p in Sf2File(file).presets if hasattr(p, "bank")}
    assert theirs == ours
    assert {k: player.synth.sfpreset_name(player.font, *k) for k in ours} == ours
    assert set(ours) == built_presets()


@ROWS
def test_every_key_belongs_to_one_zone_of_several(row: Tonal) -> None:
    zones = key_zones(row.roots)
    assert len(zones) >= 8
    assert [key for low, _, high in zones for key in range(low, high + 1)] == list(range(128))
    assert all(low <= root <= high for low, root, high in zones)
    assert all(abs(key - root) <= 3 for low, root, high in zones[1:-1] for key in (low, high))


@ROWS
def test_samples_are_in_tune_within_two_cents(row: Tonal) -> None:
    """The fundamental's place in a finely sampled spectrum; of detuned voices, their centre."""
    for root in (row.roots[0], row.roots[len(row.roots) // 2], row.roots[-1]):
        wave, loop = row.make(root, np.random.default_rng(1))
        if loop:
            period = wave[loop[0] : loop[1]]
            start = np.tile(period, 1 + 3 * SAMPLE_RATE // len(period))
        else:
            start = wave[SAMPLE_RATE // 10 :]
        hz = key_hz(root)
        band = np.fft.rfft(start * np.hanning(len(start)), 8 * len(start))
        frequencies = np.fft.rfftfreq(8 * len(start), 1 / SAMPLE_RATE)
        near = np.abs(1200 * np.log2(np.maximum(frequencies, 1e-3) / hz)) < 40
        power = np.abs(band[near]) ** 2
        centre = (power * frequencies[near]).sum() / power.sum() if loop else frequencies[near][power.argmax()]
        cents = 1200 * np.log2(centre / hz)
        assert abs(cents) < 2, root


def test_notes_are_in_tune_through_the_synth(player: Player) -> None:
    for program, key in [
        ("square_lead", 69),
        ("square_lead", 71),
        ("synth_bass_2", 36),
        ("finger_bass", 40),
        ("steel_guitar", 57),
    ]:
        audio = player.play(MELODIC_BANK, PROGRAMS[program], [key], 2.0)[SAMPLE_RATE // 5 :, 0]
        levels = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 16 * len(audio)))
        frequencies = np.fft.rfftfreq(16 * len(audio), 1 / SAMPLE_RATE)
        near = np.abs(1200 * np.log2(np.maximum(frequencies, 1e-3) / key_hz(key))) < 60
        assert abs(1200 * np.log2(frequencies[near][levels[near].argmax()] / key_hz(key))) < 2, program


@ROWS
def test_no_partial_folds_back(row: Tonal) -> None:
    """Above the highest partial there is nothing, and a looped wave has only its own partials."""
    wave, loop = row.make(row.roots[-1], np.random.default_rng(0))
    wave = np.tile(wave[loop[0] : loop[1]], 8) if loop else wave
    frequencies, levels = spectrum_db(wave)
    assert levels[frequencies > TOP_HZ * 1.02].max() < -80
    if row.program == "square_lead":
        hz = key_hz(row.roots[-1])
        distance = np.abs(frequencies / hz - np.round(frequencies / hz))
        assert levels[distance > 0.2].max() < -80


@LOOPED
def test_loops_have_no_click(row: Tonal) -> None:
    """The samples around both ends of the loop are the same, so that the jump back is no jump."""
    for root in row.roots:
        wave, (start, end) = row.make(root, np.random.default_rng(0))
        around = slice(-8, 8)
        lead = min(LOOP_LEAD, len(wave) - end, 8)
        assert around.stop <= lead
        np.testing.assert_allclose(wave[start - 8 : start + lead], wave[end - 8 : end + lead], atol=2e-3)


def test_sustained_presets_hold_and_the_others_die_away(player: Player) -> None:
    for row in TONALS:
        audio = player.play(MELODIC_BANK, PROGRAMS[row.program], [48], 6.0)
        early, late = rms_db(audio[SAMPLE_RATE // 2 : SAMPLE_RATE]), rms_db(audio[5 * SAMPLE_RATE :])
        if row.program in SUSTAINED:
            assert late > early - 9, row.program
        else:
            assert late < early - 30, row.program


def test_presets_have_similar_loudness(player: Player) -> None:
    levels = {}
    for row in TONALS:
        key = 40 if "bass" in row.program else 60
        levels[row.program] = integrated_lufs(player.play(MELODIC_BANK, PROGRAMS[row.program], [key], 2.0), SAMPLE_RATE)
    assert max(levels.values()) - min(levels.values()) < 9, levels


@pytest.mark.parametrize("kit", ["standard_kit", "tr808_kit"])
def test_every_drum_of_the_grooves_sounds(player: Player, kit: str) -> None:
    used = {drum for lines in [*GROOVES.values(), *FILLS] for drum in lines} | {"crash"}
    for drum in used:
        audio = player.play(DRUM_BANK, KITS[kit], [DRUMS[drum]], 0.3)
        assert decibels(float(np.abs(audio).max())) > -40, drum


def test_a_pedal_hat_chokes_an_open_one(player: Player) -> None:
    free = player.play(DRUM_BANK, 25, [DRUMS["open_hat"]], 0.2)
    choked = player.play(DRUM_BANK, 25, [DRUMS["open_hat"], DRUMS["pedal_hat"]], 0.1)
    behind = slice(round(0.17 * SAMPLE_RATE), round(0.2 * SAMPLE_RATE))
    assert rms_db(choked[behind]) < rms_db(free[behind]) - 5


def test_a_file_that_is_no_soundfont_is_named(font: Path, tmp_path: Path) -> None:
    content = font.read_bytes()
    cases = {
        "missing.sf2": (None, "cannot be read: No such file or directory"),
        "short.sf2": (content[: len(content) // 2], f"truncated: {len(content) // 2} bytes of {len(content)}"),
        "text.sf2": (b"SoundFont? no, text", "not a SoundFont: it does not begin with RIFF"),
        "empty.sf2": (b"", "not a SoundFont: it does not begin with RIFF"),
        "wave.sf2": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(28), "not a SoundFont: its RIFF form is not sfbk"),
        "hollow.sf2": (b"RIFF\x04\0\0\0sfbk", "not a SoundFont: it has no phdr chunk"),
        "chunk.sf2": (b"RIFF\x0c\0\0\0sfbkLIST\xff\0\0\0", "truncated: its chunk 'LIST' reaches over the end"),
    }
    for name, (content, line) in cases.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(LegatoError) as error:
            read_presets(tmp_path / name)
        assert str(error.value) == f"{tmp_path / name}: {line}"


def test_another_font_needs_its_licence_and_ours_has_its_own() -> None:
    assert SoundfontParams(path=BUILT_FONT).license_id == "CC0-1.0"
    assert SoundfontParams(path="/fonts/FluidR3_GM.sf2", license="MIT").license_id == "MIT"
    with pytest.raises(ValidationError, match="license: None: must name the licence of /fonts/a.sf2"):
        SoundfontParams(path="/fonts/a.sf2")
    with pytest.raises(ValidationError, match="must name the licence of /fonts/a.sf2"):
        SoundfontParams(path="/fonts/a.sf2", license=" ")
    with pytest.raises(ValidationError, match=r"legato\.sf2 is CC0-1\.0; leave the key out"):
        SoundfontParams(path=BUILT_FONT, license="MIT")

"""The SoundFont: a sound file structure, in tune, free of clicks and folded partials, and refused when it is none."""

import struct
from pathlib import Path

import fluidsynth
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.signal import find_peaks
from sf2utils.sf2parse import Sf2File

from legato.audio import decibels
from legato.compose.patterns import FILLS, GROOVES
from legato.errors import LegatoError
from legato.gm import DRUM_BANK, DRUMS, KITS, MELODIC_BANK, PROGRAMS
from legato.loudness import integrated_lufs
from legato.soundfont.config import BUILT_FONT, SoundfontParams
from legato.soundfont.drums import KIT
from legato.soundfont.font import built_presets, key_zones, write_font
from legato.soundfont.presets import TONALS, Tonal
from legato.soundfont.reader import read_presets
from legato.soundfont.synthesis import TOP_HZ, key_hz
from signals import SAMPLE_RATE

ROWS = pytest.mark.parametrize("row", TONALS, ids=lambda row: row.program)
LOOPED = pytest.mark.parametrize(
    "row", [row for row in TONALS if row.make(60, np.random.default_rng(0))[1]], ids=lambda row: row.program
)
STEREO = {"warm_pad", "polysynth_pad"}
SUSTAINED = {"warm_pad", "polysynth_pad", "saw_lead", "square_lead", "synth_bass_1"}
RECORD_BYTES = {"phdr": 38, "pbag": 4, "pmod": 10, "pgen": 4, "inst": 22, "ibag": 4, "imod": 10, "igen": 4, "shdr": 46}


# What General MIDI patterns strike, whether or not our own grooves do.
GM_DRUMS = {*range(35, 52), 54, 56, 62, 63, 64, 70, 75}
DRY = {"synth.reverb.active": 0, "synth.chorus.active": 0}  # controllers at 0 would leave the presets' own sends


class Player:
    """FluidSynth with the font in it, without reverb and chorus."""

    def __init__(self, font: Path) -> None:
        self.path = font
        self.synth, self.font = self.fresh()  # stays: FluidSynth shares its samples with those made later

    def fresh(self) -> tuple[fluidsynth.Synth, int]:
        synth = fluidsynth.Synth(gain=0.5, samplerate=SAMPLE_RATE, channels=16, **DRY)
        font = synth.sfload(str(self.path))
        assert font >= 0
        return synth, font

    def play(self, bank: int, program: int, keys: list[int], seconds: float, velocity: int = 100) -> np.ndarray:
        """Keys one after the other, `seconds` each, then as long a tail; (n_samples, 2).

        In a synth of its own: one that was reset still sounds the tails of what it played before.
        """
        channel = 9 if bank == DRUM_BANK else 0
        synth, font = self.fresh()
        assert synth.program_select(channel, font, bank, program) == 0
        blocks = []
        for key in keys:
            synth.noteon(channel, key, velocity)
            blocks.append(synth.get_samples(round(seconds * SAMPLE_RATE)))
            synth.noteoff(channel, key)
        blocks.append(synth.get_samples(round(seconds * SAMPLE_RATE)))
        synth.delete()
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


def sample_headers(font: Path) -> list[tuple[str, int, int, int, int]]:
    """(name, start, end, loop start, loop end) of each sample."""
    records = chunks(chunks(chunks(font.read_bytes())["RIFF"][4:])["pdta"])["shdr"]
    rows = struct.iter_unpack("<20sIIII10x", records[: -RECORD_BYTES["shdr"]])
    return [(name.split(b"\0")[0].decode(), *places) for name, *places in rows]


def samples_of(font: Path) -> np.ndarray:
    """The smpl chunk, (n_samples,) within -1 to 1."""
    return np.frombuffer(chunks(chunks(chunks(font.read_bytes())["RIFF"][4:])["sdta"])["smpl"], "<i2") / 32768


def seconds_of(audio: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    return audio[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]


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
    headers = sample_headers(font)
    nexts = [*(start for _, start, *_ in headers[1:]), n_samples]
    for (_, start, end, loop_start, loop_end), following in zip(headers, nexts, strict=True):
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


@ROWS
def test_notes_are_in_tune_through_the_synth(player: Player, row: Tonal) -> None:
    """On a root and at both edges of a zone; of detuned voices, midway between the outermost.

    Not their centre of power: the layers of a pad share their frequencies, so that each line's level depends on phases.
    """
    low, root, high = key_zones(row.roots)[3]
    for key in (low, root, high):
        audio = seconds_of(player.play(MELODIC_BANK, PROGRAMS[row.program], [key], 6.0), 0.3, 6.0)
        levels = np.abs(np.fft.rfft(audio[:, 0] * np.hanning(len(audio)), 8 * len(audio)))
        frequencies = np.fft.rfftfreq(8 * len(audio), 1 / SAMPLE_RATE)
        near = np.abs(1200 * np.log2(np.maximum(frequencies, 1e-3) / key_hz(key))) < 200
        lines, _ = find_peaks(levels[near], height=0.2 * levels[near].max())
        centre = np.sqrt(frequencies[near][lines[0]] * frequencies[near][lines[-1]])
        assert abs(1200 * np.log2(centre / key_hz(key))) < 2, key


@ROWS
def test_no_partial_folds_back(row: Tonal) -> None:
    """Above the highest partial there is nothing; a looped wave has only its own partials, each within its detune."""
    root = row.roots[-1]
    wave, loop = row.make(root, np.random.default_rng(0))
    if loop:
        period = wave[loop[0] : loop[1]]
        wave = np.tile(period, 1 + 4 * SAMPLE_RATE // len(period))
    frequencies, levels = spectrum_db(wave)
    assert levels[frequencies > TOP_HZ * 1.02].max() < -80
    if loop:
        partials = np.maximum(np.round(frequencies / key_hz(root)), 1) * key_hz(root)
        cents = np.abs(1200 * np.log2(np.maximum(frequencies, 1e-3) / partials))
        assert levels[cents > 25].max() < -80


@LOOPED
def test_loops_have_no_click(font: Path, row: Tonal) -> None:
    """As written: the samples around both ends of a loop are the same, so that the jump back is no jump."""
    samples = samples_of(font)
    headers = [header for header in sample_headers(font) if header[0].startswith(f"{row.name} ")]
    assert len(headers) == len(row.roots) * len(row.layers)
    for name, _, _, start, end in headers:
        around_start, around_end = (samples[at - 8 : at + 8] for at in (start, end))
        np.testing.assert_allclose(around_start, around_end, atol=2e-3, err_msg=name)


@ROWS
def test_sustained_presets_hold_and_the_others_die_away(player: Player, row: Tonal) -> None:
    audio = player.play(MELODIC_BANK, PROGRAMS[row.program], [48], 6.0)
    early, late = rms_db(seconds_of(audio, 0.5, 1)), rms_db(seconds_of(audio, 5, 6))
    if row.program in SUSTAINED:
        assert late > early - 9
    else:
        assert late < early - 30


@ROWS
def test_a_held_note_never_stops_dead(player: Player, row: Tonal) -> None:
    """No tenth of a second is more than 15 dB under the one before, down to 45 dB under the loudest."""
    for key in (28, 40, 52):
        audio = player.play(MELODIC_BANK, PROGRAMS[row.program], [key], 5.0)
        levels = np.array([rms_db(seconds_of(audio, at / 10, (at + 1) / 10)) for at in range(50)])
        heard = levels[:-1] > levels.max() - 45
        assert np.diff(levels)[heard].min() > -15, key


@ROWS
def test_a_released_note_fades_for_its_time(player: Player, row: Tonal) -> None:
    """The level falls by 100 dB in `release_s`, in a straight line (8.1.2, releaseVolEnv)."""
    audio = player.play(MELODIC_BANK, PROGRAMS[row.program], [48], 1.5)
    release_s = row.envelope.release_s
    held = rms_db(seconds_of(audio, 1.46, 1.5))
    assert -33 < rms_db(seconds_of(audio, 1.5 + 0.1 * release_s, 1.5 + 0.2 * release_s)) - held < -5
    assert rms_db(seconds_of(audio, 1.5 + release_s, 1.6 + release_s)) < -80


@ROWS
def test_pads_are_wide_and_the_others_in_the_middle(player: Player, row: Tonal) -> None:
    left, right = player.play(MELODIC_BANK, PROGRAMS[row.program], [60], 1.5).T
    correlation = np.corrcoef(left, right)[0, 1]
    assert 0.2 < correlation < 0.8 if row.program in STEREO else correlation > 0.999


def test_presets_have_similar_loudness(player: Player) -> None:
    levels = {}
    for row in TONALS:
        key = 40 if "bass" in row.program else 60
        audio = seconds_of(player.play(MELODIC_BANK, PROGRAMS[row.program], [key], 2.0), 0, 2)
        levels[row.program] = integrated_lufs(audio, SAMPLE_RATE)
    assert max(levels.values()) - min(levels.values()) < 7, levels


@pytest.mark.parametrize("kit", ["standard_kit", "tr808_kit"])
def test_every_drum_sounds(player: Player, kit: str) -> None:
    keys = {key for drum in KIT for key in drum.keys}
    used = {DRUMS[drum] for lines in [*GROOVES.values(), *FILLS] for drum in lines} | {DRUMS["crash"]}
    assert keys >= used | GM_DRUMS
    for key in keys:
        audio = player.play(DRUM_BANK, KITS[kit], [key], 0.3)
        assert decibels(float(np.abs(audio).max())) > -40, key


@pytest.mark.parametrize("closer", ["closed_hat", "pedal_hat"])
def test_a_closing_hat_chokes_an_open_one(player: Player, closer: str) -> None:
    free = player.play(DRUM_BANK, 25, [DRUMS["open_hat"]], 0.3)
    choked = player.play(DRUM_BANK, 25, [DRUMS["open_hat"], DRUMS[closer]], 0.1)
    assert rms_db(seconds_of(choked, 0.22, 0.3)) < rms_db(seconds_of(free, 0.22, 0.3)) - 10


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

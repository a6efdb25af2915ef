"""Listening to a SoundFont through FluidSynth, and measuring what is heard: for the tests and the page of instruments.

Conventions: audio is (n_samples, 2) within -1 to 1 at SAMPLE_RATE, without reverb and chorus.
"""

from pathlib import Path

import fluidsynth
import numpy as np

from legato.midi.gm import DRUM_BANK, PROGRAMS
from legato.soundfont.presets import Tonal
from legato.soundfont.synthesis import SAMPLE_RATE, Wave, key_hz, loudness_db

DRY = {"synth.reverb.active": 0, "synth.chorus.active": 0}  # controllers at 0 would leave the presets' own sends
DRUM_CHANNEL = 9
STEP_S = 0.005  # of an envelope
AIM_DB, SLOW_UNDER_DB = -28.0, 2.0  # K-weighted, of a key at velocity 100 and a synth's gain of 0.5
SLOW_S = 0.5  # an envelope that takes this long swells
LOW = {"slap_bass_1", "synth_bass_1", "synth_bass_2", "tuba", "timpani", "contrabass"}


class Player:
    """A synth with a font in it."""

    def __init__(self, font: Path) -> None:
        self.synth = fluidsynth.Synth(gain=0.5, samplerate=SAMPLE_RATE, channels=16, **DRY)
        self.font = self.synth.sfload(str(font))
        assert self.font >= 0, font

    def play(
        self, bank: int, program: int, keys: list[int], seconds: float, velocity: int = 100, tail_s: float = 0.0
    ) -> Wave:
        """Keys one after the other, `seconds` each, then a tail. What sounded before is silenced."""
        channel = DRUM_CHANNEL if bank == DRUM_BANK else 0
        self.synth.cc(channel, 120, 0)
        self.synth.get_samples(4096)
        assert self.synth.program_select(channel, self.font, bank, program) == 0
        blocks = []
        for key in keys:
            self.synth.noteon(channel, key, velocity)
            blocks.append(self.synth.get_samples(round(seconds * SAMPLE_RATE)))
            self.synth.noteoff(channel, key)
        blocks.append(self.synth.get_samples(round(tail_s * SAMPLE_RATE)))
        return np.concatenate(blocks).reshape(-1, 2) / 32768


def level_db(audio: Wave) -> float:
    """How loud both channels together are."""
    return float(10 * np.log10(sum(10 ** (loudness_db(side) / 10) for side in audio.T)))


def cents_off(audio: Wave, key: int, *, n_partials: int = 1, peak: bool = False) -> float:
    """How far a note is from its key: the centre of power around its partials, or where each is highest.

    Over several partials and both channels, because where detuned voices overlap a line's power depends on phases.
    """
    n = 4 * 2 ** int(np.ceil(np.log2(len(audio))))
    powers = np.abs(np.fft.rfft(audio.T * np.hanning(len(audio)), n)) ** 2
    hz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    found = []
    for number in range(1, n_partials + 1):
        near = (hz > key_hz(key) * number * 2 ** (-60 / 1200)) & (hz < key_hz(key) * number * 2 ** (60 / 1200))
        cents = 1200 * np.log2(hz[near] / (key_hz(key) * number))
        for power in powers:
            if power[near].max() > 1e-4 * powers.max():
                centre = (power[near] * cents).sum() / power[near].sum()
                found.append(cents[power[near].argmax()] if peak else centre)
    return float(np.mean(found)) if found else float("nan")


def envelope(audio: Wave) -> Wave:
    """The rms of each STEP_S, over twice that."""
    n = round(STEP_S * SAMPLE_RATE)
    power = np.square(audio).sum(axis=1)
    steps = power[: len(power) // n * n].reshape(-1, n).mean(axis=1)
    return np.sqrt((steps + np.concatenate([[0], steps[:-1]])) / 2)


def rise_s(audio: Wave) -> float:
    """The time until a note is within 3 dB of the loudest of its first 1.5 seconds' lasting level.

    The lasting level is the 80th percentile where a note holds; of a note that dies away it is the peak.
    """
    levels = envelope(audio[: round(1.5 * SAMPLE_RATE)])
    reference = levels.max() if levels[-20:].mean() < 0.25 * levels.max() else np.percentile(levels, 80)
    return float(np.argmax(levels > 10 ** (-3 / 20) * reference) * STEP_S)


def centroid_hz(audio: Wave) -> float:
    """The centre of the spectrum's power."""
    power = (np.abs(np.fft.rfft(audio, axis=0)) ** 2).sum(axis=1)
    return float((power * np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE)).sum() / power.sum())


def middle_key(row: Tonal) -> int:
    """A key in the middle of a preset's range: of basses and low instruments E2, of others C4."""
    return 40 if "_bass" in row.program or row.program in LOW else 60


def is_slow(row: Tonal) -> bool:
    """Whether every part of a preset swells instead of beginning."""
    return all(part.envelope.attack_s >= SLOW_S for part in row.parts)


def aim_db(row: Tonal) -> float:
    """The loudness that a preset should have at velocity 100: slow ones are softer than the others."""
    return AIM_DB - (SLOW_UNDER_DB if is_slow(row) else 0.0)


def preset_level_db(player: Player, row: Tonal) -> float:
    """A preset's mean loudness over the octave around its middle key."""
    keys = (middle_key(row) + step for step in (-7, 0, 7))
    powers = [10 ** (level_db(player.play(row.bank, PROGRAMS[row.program], [key], 1.6)) / 10) for key in keys]
    return float(10 * np.log10(np.mean(powers)))

"""Listening to a SoundFont through FluidSynth, and measuring what is heard: for the tests and the page of instruments.

Conventions: audio is (n_samples, 2) within -1 to 1 at SAMPLE_RATE, without reverb and chorus.
"""

from pathlib import Path

import fluidsynth
import numpy as np

from legato.gm import DRUM_BANK
from legato.soundfont.synthesis import SAMPLE_RATE, Wave, key_hz, loudness_db

DRY = {"synth.reverb.active": 0, "synth.chorus.active": 0}  # controllers at 0 would leave the presets' own sends
DRUM_CHANNEL = 9
STEP_S = 0.005  # of an envelope


class Player:
    """A synth with a font in it."""

    def __init__(self, font: Path) -> None:
        self.synth = fluidsynth.Synth(gain=0.5, samplerate=SAMPLE_RATE, channels=16, **DRY)
        self.font = self.synth.sfload(str(font))
        assert self.font >= 0, font

    def play(self, bank: int, program: int, keys: list[int], seconds: float, velocity: int = 100, tail_s: float = 0.0) -> Wave:
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


def cents_off(audio: Wave, key: int) -> float:
    """How far a note is from its key: the centre of power around its strongest low partial, in both channels."""
    window = np.hanning(len(audio))[:, None]
    power = (np.abs(np.fft.rfft(audio * window, 4 * len(audio), axis=0)) ** 2).sum(axis=1)
    hz = np.fft.rfftfreq(4 * len(audio), 1 / SAMPLE_RATE)
    cents = 1200 * np.log2(np.maximum(hz, 1e-3) / key_hz(key))
    near = np.abs(cents) < 60
    strongest = np.abs(cents - cents[near][power[near].argmax()]) < 45
    return float((power * cents)[strongest].sum() / power[strongest].sum())


def envelope(audio: Wave) -> Wave:
    """The rms of each STEP_S, over twice that."""
    n = round(STEP_S * SAMPLE_RATE)
    power = np.square(audio).sum(axis=1)
    steps = power[: len(power) // n * n].reshape(-1, n).mean(axis=1)
    return np.sqrt((steps + np.concatenate([[0], steps[:-1]])) / 2)


def attack_s(audio: Wave) -> float:
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

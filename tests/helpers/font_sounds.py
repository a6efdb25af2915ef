"""How presets are played and measured, and which of them no law of pitch holds for."""

import numpy as np

from helpers.signals import SAMPLE_RATE
from legato.audio.samples import decibels
from legato.midi.gm import PROGRAMS
from legato.soundfont.audition import Player
from legato.soundfont.families.guitars import GUITARS
from legato.soundfont.families.keys import PIANOS
from legato.soundfont.families.mallets import MALLETS
from legato.soundfont.presets import Tonal
from legato.soundfont.repertoire import TONALS

# What no law of pitch holds for: noise, an orchestra in octaves, and a resonance that sways over every partial.
UNPITCHED = {"Goblins", "Reverse Swell", "Breath", "Seashore", "Helicopter", "Gunshot", "Orchestra Hit"}
PITCHED = [row for row in TONALS if row.name not in UNPITCHED]
STRUCK = [row for row in (*PIANOS[:15], *MALLETS, *GUITARS) if "organ" not in row.program]
DIE_AWAY = {row.name for row in STRUCK} | {"FM Bells", "Rain", "Plucked Bass"}


def play(player: Player, row: Tonal, key: int, seconds: float, velocity: int = 100, tail_s: float = 0.0) -> np.ndarray:
    return player.play(row.bank, PROGRAMS[row.program], [key], seconds, velocity, tail_s)


def seconds_of(audio: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    return audio[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]


def rms_db(audio: np.ndarray) -> float:
    return decibels(float(np.sqrt(np.mean(audio**2))))

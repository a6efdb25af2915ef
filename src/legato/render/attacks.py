"""How fast a SoundFont's presets begin: measured on one dry note of each, once for all tracks.

A preset's attack is a fact of the font, the bank, the program and the pitch; no track changes it.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from legato.audio.features import ATTACK_WINDOW_S, HALF, attack_s
from legato.files import sha256_of
from legato.midi import smf
from legato.midi.contents import Contents
from legato.render.fluidsynth import BLOCK_SAMPLES, open_synth
from legato.render.production import PartProduction, Production
from legato.work import items

PROBE_VELOCITY, PROBE_GAIN, PROBE_POLYPHONY = 100, 0.2, 64
Times = dict[str, float | None]


def attacks(
    contents: Contents, production: Production, names: Sequence[str], font: Path, sample_rate: int
) -> dict[str, dict[str, float]]:
    """The attack times of each melodic instrument's preset, in seconds, in the middle of its part.

    Args:
        names: each instrument's role.

    Returns:
        `attack_s`, to 90 % of the maximum, and `attack_half_s`, to half of it, by role; a role whose preset does not
        reach it within `ATTACK_WINDOW_S` is left out.
    """
    found: dict[str, dict[str, float]] = {"attack_s": {}, "attack_half_s": {}}
    for role, instrument, part in zip(names, contents.instruments, production.parts, strict=True):
        if not instrument.is_drum:
            times = _remembered(font, part.bank, instrument.program, int(np.median(instrument.pitch)), sample_rate)
            for name, of_role in found.items():
                if (seconds := times[name]) is not None:
                    of_role[role] = round(seconds, 3)
    return found


@cache
def _remembered(font: Path, bank: int, program: int, pitch: int, sample_rate: int) -> Times:
    shared = [_sha256_of(font), bank, program, pitch, sample_rate]
    return items.remembered("attack", lambda: probe(font, bank, program, pitch, sample_rate), shared)


@cache
def _sha256_of(font: Path) -> str:
    return sha256_of(font)


def probe(font: Path, bank: int, program: int, pitch: int, sample_rate: int) -> Times:
    """The attack times of one dry note of a preset."""
    part = PartProduction(bank=bank, pan=0.0, gain_db=0.0, detune_cents=0.0, chorus_send=0.0)
    with open_synth(font, sample_rate, gain=PROBE_GAIN, polyphony=PROBE_POLYPHONY) as synth:
        synth.set_part(0, program, part)
        synth.send(0, smf.NOTE_ON, bytes([pitch, PROBE_VELOCITY]))
        note = synth.write(round(ATTACK_WINDOW_S * sample_rate / BLOCK_SAMPLES))
    return {"attack_s": attack_s(note, sample_rate), "attack_half_s": attack_s(note, sample_rate, to=HALF)}

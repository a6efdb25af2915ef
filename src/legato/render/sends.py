"""Which presets of a SoundFont are heard in the reverb: measured on one note of each, once for all tracks.

How much a preset sends is a fact of the font. It is heard rather than read, so that it is true of any font, whatever
its instruments, zones and modulators make of it.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from legato.audio.samples import decibels
from legato.files import sha256_of
from legato.midi import smf
from legato.midi.contents import Contents, Instrument
from legato.render.fluidsynth import BLOCK_SAMPLES, open_synth
from legato.render.production import PartProduction, Production, Reverb
from legato.work import items

CC_REVERB_SEND = 91
PROBE_S, PROBE_VELOCITY, PROBE_GAIN, PROBE_POLYPHONY = 1.0, 100, 0.2, 64
WHOLE = Reverb(room=0.5, damping=0.3, width=0.7, level=1.0)
N_DRUMS = 3  # that a kit plays most often: they are what is heard of it
FLOOR_DB = -100.0


def wet_db(
    contents: Contents, production: Production, names: Sequence[str], font: Path, sample_rate: int
) -> dict[str, float]:
    """The level of the whole reverb over each instrument's dry sound, in dB, at least `FLOOR_DB`, by role.

    Of a kit it is the wettest of the drums that it plays most often.

    Args:
        names: each instrument's role; of those that FluidSynth plays.
    """
    return {
        role: _of_part(font, part.bank, instrument, sample_rate)
        for role, instrument, part in zip(names, contents.instruments, production.parts, strict=True)
    }


def _of_part(font: Path, bank: int, instrument: Instrument, sample_rate: int) -> float:
    if instrument.is_drum:
        keys, counts = np.unique(instrument.pitch, return_counts=True)
        pitches = [int(key) for key in keys[np.argsort(-counts, kind="stable")][:N_DRUMS]]
    else:
        pitches = [int(np.median(instrument.pitch))]
    sent = (row.data[1] for row in instrument.controls if row.status == smf.CONTROL and row.data[0] == CC_REVERB_SEND)
    most = max(sent, default=0)  # that the file itself sends
    return max(_remembered(font, bank, instrument.program, pitch, most, sample_rate) for pitch in pitches)


@cache
def _remembered(font: Path, bank: int, program: int, pitch: int, sent: int, sample_rate: int) -> float:
    shared = [_sha256_of(font), bank, program, pitch, sent, sample_rate]
    found = items.remembered("wet", lambda: {"db": probe(font, bank, program, pitch, sent, sample_rate)}, shared)
    return float(found["db"])


@cache
def _sha256_of(font: Path) -> str:
    return sha256_of(font)


def probe(font: Path, bank: int, program: int, pitch: int, sent: int, sample_rate: int) -> float:
    """The level of the whole reverb over one dry note of a preset, in dB; `FLOOR_DB` where nothing is heard.

    Args:
        sent: controller 91, 0 to 127.
    """
    dry, both = (_note(font, bank, program, pitch, sent, sample_rate, reverb) for reverb in (None, WHOLE))
    wet, alone = (float(np.sum(audio.astype(np.float64) ** 2)) for audio in (both - dry, dry))
    return max(round(decibels((wet / alone) ** 0.5), 1), FLOOR_DB) if wet > 0 and alone > 0 else FLOOR_DB


def _note(
    font: Path, bank: int, program: int, pitch: int, sent: int, sample_rate: int, reverb: Reverb | None
) -> np.ndarray:
    part = PartProduction(bank=bank, pan=0.0, gain_db=0.0, detune_cents=0.0, chorus_send=0.0)
    with open_synth(font, sample_rate, gain=PROBE_GAIN, polyphony=PROBE_POLYPHONY, reverb=reverb) as synth:
        synth.set_part(0, program, part)
        synth.send(0, smf.CONTROL, bytes([CC_REVERB_SEND, sent]))
        synth.send(0, smf.NOTE_ON, bytes([pitch, PROBE_VELOCITY]))
        return synth.write(round(PROBE_S * sample_rate / BLOCK_SAMPLES))

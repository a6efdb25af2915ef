"""MIDI to audio: one fresh synth a track, so that no track hears another; a production drawn for each.

Conventions: audio is float32 (n_samples, 2).
"""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from legato import smf
from legato.audio import decibels
from legato.errors import LegatoError
from legato.listening import ATTACK_WINDOW_S, HALF, attack_s, width_db
from legato.midi_reader import Contents, read_contents
from legato.production import PartProduction, Production, RenderParams, produce, production_facts
from legato.synth import BLOCK_SAMPLES, MAX_CHANNELS, open_synth, play, ring_out, sounding_presets

FULL_SCALE = 0.999
ROLE = re.compile(r"[a-z0-9_]+")
PROBE_VELOCITY = 100


class Rendered(NamedTuple):
    audio: np.ndarray
    facts: dict[str, Any]
    stems: dict[str, np.ndarray]  # by role; empty where none are asked for


def render(midi: Path, font: Path, params: RenderParams, sample_rate: int, rng: np.random.Generator) -> Rendered:
    """Play `midi` to its end and until it has rung out; return the audio, facts about it, and its stems.

    The mix is turned down where it would exceed full scale, the stems with it, and `render_gain_db` says by how much.
    The stems sum to the mix within -100 dB.

    Raises:
        LegatoError: libfluidsynth is absent, the font cannot be used, or it lacks a program of the MIDI file.
    """
    contents = read_contents(midi)
    _check_presets(midi, contents, font)
    production = produce(params, contents, set(_presets(font)), rng)
    names = roles(contents)
    mix = _play(contents, production, font, params, sample_rate)
    scale = np.float32(min(1.0, FULL_SCALE / max(float(np.abs(mix).max()), 1e-9)))
    audio = mix * scale
    stems = {}
    if params.stems:
        apart = _play(contents, production, font, params, sample_rate, n_samples=len(mix)) * scale
        stems = {role: apart[:, 2 * at : 2 * at + 2] for at, role in enumerate(names)}
    facts = {
        "render_gain_db": round(decibels(float(scale)), 3),
        **production_facts(production, names),
        **_attacks(contents, production, names, font, sample_rate),
        "width_db": round(width_db(audio), 2),
    }
    return Rendered(audio, facts, stems)


def roles(contents: Contents) -> list[str]:
    """Each instrument's role: its track's name where that is one, else `part_1`, `part_2` … by its place."""
    names = [instrument.name for instrument in contents.instruments]
    return [
        name if ROLE.fullmatch(name) and names.count(name) == 1 else f"part_{at}" for at, name in enumerate(names, 1)
    ]


def _check_presets(midi: Path, contents: Contents, font: Path) -> None:
    missing = sorted(contents.presets - set(_presets(font)))
    if missing:
        listed = ", ".join(f"bank {bank} program {program}" for bank, program in missing)
        raise LegatoError(f"{midi}: plays {listed}, which the SoundFont {font} lacks")
    if len(contents.instruments) > MAX_CHANNELS:
        raise LegatoError(f"{midi}: has {len(contents.instruments)} instruments: at most {MAX_CHANNELS} can be played")


def _play(
    contents: Contents,
    production: Production,
    font: Path,
    params: RenderParams,
    sample_rate: int,
    n_samples: int = 0,
) -> np.ndarray:
    """The mix until it has rung out; for `n_samples`, all instruments side by side, (n_samples, 2 * n_instruments)."""
    n_channels = len(contents.instruments)
    with open_synth(
        font,
        sample_rate,
        gain=params.gain,
        polyphony=params.polyphony,
        reverb=production.reverb,
        chorus=production.chorus,
        n_channels=n_channels,
        n_stems=n_channels if n_samples else 0,
    ) as synth:
        blocks = list(play(contents, production, synth, sample_rate))
        if n_samples:
            blocks.append(synth.write((n_samples - sum(map(len, blocks))) // BLOCK_SAMPLES))
        else:
            blocks += ring_out(synth, sample_rate, params.tail_s)
        return np.concatenate(blocks)


def _attacks(
    contents: Contents, production: Production, names: Sequence[str], font: Path, sample_rate: int
) -> dict[str, dict[str, float]]:
    """The attack times of each melodic instrument's preset, in the middle of its part."""
    found: dict[str, dict[str, float]] = {"attack_s": {}, "attack_half_s": {}}
    for role, instrument, part in zip(names, contents.instruments, production.parts, strict=True):
        if not instrument.is_drum:
            times = _probe(font, part.bank, instrument.program, int(np.median(instrument.pitch)), sample_rate)
            for name, seconds in zip(found, times, strict=True):
                if seconds is not None:
                    found[name][role] = round(seconds, 3)
    return found


@cache
def _probe(font: Path, bank: int, program: int, pitch: int, sample_rate: int) -> tuple[float | None, float | None]:
    """The attack time of one dry note of a preset, to 90 % and to half of its maximum."""
    part = PartProduction(bank=bank, pan=0.0, gain_db=0.0, detune_cents=0.0, chorus_send=0.0)
    with open_synth(font, sample_rate, gain=0.2, polyphony=64) as synth:
        synth.set_part(0, program, part)
        synth.send(0, smf.NOTE_ON, bytes([pitch, PROBE_VELOCITY]))
        note = synth.write(round(ATTACK_WINDOW_S * sample_rate / BLOCK_SAMPLES))
    return attack_s(note, sample_rate), attack_s(note, sample_rate, to=HALF)


@cache
def _presets(font: Path) -> dict[tuple[int, int], str]:
    return sounding_presets(font)

"""SoundFont 2.04 files: the smallest correct writer.

Source: "SoundFont Technical Specification 2.04", Creative Technology, 2006; section numbers below are its.
Conventions: samples are int16, mono; a preset plays one instrument, and several presets may play the same one; times in
generators are timecents (1200 * log2 of seconds), attenuations centibels.
"""

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from legato.files import write_bytes

PADDING_SAMPLES = 46  # of silence after each sample (7.10)
UNLOOPED_EDGE = 8  # samples a reader wants around a loop, even one that is not played (7.10)

# Generators (8.1.2). A zone's key range comes first, its sample last.
GENERATORS = {
    "vib_lfo_to_pitch": 6,
    "filter_cutoff": 8,
    "filter_q": 9,
    "mod_lfo_to_filter": 10,
    "mod_env_to_filter": 11,
    "mod_lfo_to_volume": 13,
    "chorus_send": 15,
    "reverb_send": 16,
    "pan": 17,
    "delay_mod_lfo": 21,
    "freq_mod_lfo": 22,
    "delay_vib_lfo": 23,
    "freq_vib_lfo": 24,
    "attack_mod_env": 26,
    "decay_mod_env": 28,
    "sustain_mod_env": 29,
    "release_mod_env": 30,
    "attack_vol_env": 34,
    "hold_vol_env": 35,
    "decay_vol_env": 36,
    "sustain_vol_env": 37,
    "release_vol_env": 38,
    "attenuation": 48,
    "coarse_tune": 51,
    "fine_tune": 52,
    "sample_modes": 54,
    "scale_tuning": 56,
    "exclusive_class": 57,
    "root_key": 58,
}
INSTRUMENT, KEY_RANGE, VELOCITY_RANGE, SAMPLE_ID = 41, 43, 44, 53
SOFTNESS = 0x0102  # a modulator's source (8.2): 1 at velocity 0, 0 at 127, in a straight line
MONO = 1  # a sample's type
MOST = 0xFFFF  # bags and generators are counted in 16 bits


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A recording at the pitch of `root_key`, sharp by `-correction_cents`."""

    name: str
    data: np.ndarray  # (n_samples,) int16
    sample_rate: int
    root_key: int
    loop: tuple[int, int] | None = None  # first sample of the loop, first one after it
    correction_cents: int = 0


@dataclass(frozen=True, kw_only=True)
class Zone:
    """The keys and velocities at which a sample plays, and how.

    `softness` holds what low velocities add to a generator: all of it at velocity 0, nothing at 127.
    """

    sample: Sample
    low_key: int
    high_key: int
    low_velocity: int = 0
    high_velocity: int = 127
    generators: dict[str, int] = field(default_factory=dict)
    softness: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """Zones, and a human-readable name."""

    name: str
    zones: Sequence[Zone]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A program of a bank."""

    bank: int
    program: int
    name: str
    instrument: Instrument


def timecents(seconds: float) -> int:
    """A time as a generator holds it; 1 ms is the least.

    >>> timecents(1.0), timecents(0.5)
    (0, -1200)
    """
    return round(1200 * math.log2(max(seconds, 0.001)))


def absolute_cents(hz: float) -> int:
    """A frequency as a generator holds it, in cents over 8.176 Hz (key 0).

    >>> absolute_cents(440)
    6900
    """
    return round(6900 + 1200 * math.log2(hz / 440))


def write_sf2(path: Path, presets: Sequence[Preset], info: dict[str, str]) -> None:
    """Write a SoundFont, whole or not at all; the same presets give the same bytes.

    Args:
        info: texts by their chunk's name (5.1 to 5.11), such as `INAM` and `ICOP`.
    """
    instruments = _distinct(preset.instrument for preset in presets)
    samples = _distinct(zone.sample for instrument in instruments for zone in instrument.zones)
    texts = {"isng": "EMU8000", **info}
    chunks = [
        _list("INFO", [_chunk("ifil", struct.pack("<HH", 2, 4)), *(_chunk(n, _zstr(t)) for n, t in texts.items())]),
        _list("sdta", [_chunk("smpl", b"".join(_padded(sample) for sample in samples))]),
        _list("pdta", [*_presets(presets, instruments), *_instruments(instruments, samples), _sample_headers(samples)]),
    ]
    write_bytes(path, _chunk("RIFF", b"sfbk" + b"".join(chunks)))


def _distinct(things: Iterable[Any]) -> list[Any]:
    """Each object once, in the order of its first appearance; equal ones that are not the same stay apart."""
    return list({id(thing): thing for thing in things}.values())


def _presets(presets: Sequence[Preset], instruments: Sequence[Instrument]) -> list[bytes]:
    """The chunks that say which instrument a program plays (7.2 to 7.5), each ended by its terminal record."""
    numbers = {id(instrument): number for number, instrument in enumerate(instruments)}
    rows = sorted(presets, key=lambda preset: (preset.bank, preset.program))
    headers = [_preset_header(row.name, row.program, row.bank, number) for number, row in enumerate(rows)]
    generators = [struct.pack("<HH", INSTRUMENT, numbers[id(row.instrument)]) for row in rows]
    return [
        _chunk("phdr", b"".join([*headers, _preset_header("EOP", 0, 0, len(rows))])),
        _chunk("pbag", b"".join(struct.pack("<HH", number, 0) for number in range(len(rows) + 1))),
        _chunk("pmod", bytes(10)),
        _chunk("pgen", b"".join([*generators, bytes(4)])),
    ]


def _instruments(instruments: Sequence[Instrument], samples: Sequence[Sample]) -> list[bytes]:
    """The chunks that say which sample sounds for which key, and how (7.6 to 7.9)."""
    numbers = {id(sample): number for number, sample in enumerate(samples)}
    inst: list[bytes] = []
    ibag: list[bytes] = []
    imod: list[bytes] = []
    igen: list[bytes] = []
    for instrument in instruments:
        inst.append(struct.pack("<20sH", _name(instrument.name), len(ibag)))
        common = _common(instrument.zones)
        if common:  # a global zone (7.7): what all zones have alike is written once
            ibag.append(struct.pack("<HH", len(igen), len(imod)))
            igen += _amounts(common)
        for zone in instrument.zones:
            ibag.append(struct.pack("<HH", len(igen), len(imod)))
            igen += _zone_generators(zone, numbers[id(zone.sample)], common)
            imod += [struct.pack("<HHhHH", SOFTNESS, GENERATORS[k], v, 0, 0) for k, v in sorted(zone.softness.items())]
    inst.append(struct.pack("<20sH", _name("EOI"), len(ibag)))
    ibag.append(struct.pack("<HH", min(len(igen), MOST), len(imod)))
    if max(len(ibag), len(igen), len(imod)) > MOST:
        raise ValueError(f"{len(ibag)} zones and {len(igen)} generators; a SoundFont counts them in 16 bits")
    return [
        _chunk("inst", b"".join(inst)),
        _chunk("ibag", b"".join(ibag)),
        _chunk("imod", b"".join([*imod, bytes(10)])),
        _chunk("igen", b"".join([*igen, bytes(4)])),
    ]


def _settings(zone: Zone) -> dict[str, int]:
    return zone.generators | {"sample_modes": 1 if zone.sample.loop else 0}


def _common(zones: Sequence[Zone]) -> dict[str, int]:
    """The generators that have the same amount in every zone."""
    return dict(set.intersection(*(set(_settings(zone).items()) for zone in zones)))


def _zone_generators(zone: Zone, sample_number: int, common: dict[str, int]) -> list[bytes]:
    ranges = [struct.pack("<HBB", KEY_RANGE, zone.low_key, zone.high_key)]
    if (zone.low_velocity, zone.high_velocity) != (0, 127):
        ranges.append(struct.pack("<HBB", VELOCITY_RANGE, zone.low_velocity, zone.high_velocity))
    own = {name: amount for name, amount in _settings(zone).items() if name not in common}
    return [*ranges, *_amounts(own), struct.pack("<HH", SAMPLE_ID, sample_number)]


def _amounts(generators: dict[str, int]) -> list[bytes]:
    rows = sorted((GENERATORS[name], amount) for name, amount in generators.items())
    return [struct.pack("<Hh", number, amount) for number, amount in rows]


def _sample_headers(samples: Sequence[Sample]) -> bytes:
    """The chunk that says where each sample is (7.10)."""
    records, start = [], 0
    for sample in samples:
        end = start + len(sample.data)
        loop_start, loop_end = sample.loop or (UNLOOPED_EDGE, len(sample.data) - UNLOOPED_EDGE)
        places = start, end, start + loop_start, start + loop_end
        pitch = sample.root_key, sample.correction_cents
        records.append(struct.pack("<20sIIIIIBbHH", _name(sample.name), *places, sample.sample_rate, *pitch, 0, MONO))
        start = end + PADDING_SAMPLES
    return _chunk("shdr", b"".join([*records, struct.pack("<20s26x", _name("EOS"))]))


def _preset_header(name: str, program: int, bank: int, first_bag: int) -> bytes:
    return struct.pack("<20sHHHIII", _name(name), program, bank, first_bag, 0, 0, 0)


def _name(text: str) -> bytes:
    """At most 19 characters, so that a zero ends the 20 bytes."""
    return text.encode("ascii")[:19]


def _zstr(text: str) -> bytes:
    """Zero-terminated text of an even length."""
    raw = text.encode("ascii") + b"\0"
    return raw + b"\0" * (len(raw) % 2)


def _padded(sample: Sample) -> bytes:
    return sample.data.astype("<i2").tobytes() + bytes(2 * PADDING_SAMPLES)


def _chunk(kind: str, content: bytes) -> bytes:
    return kind.encode() + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _list(kind: str, chunks: Iterable[bytes]) -> bytes:
    return _chunk("LIST", kind.encode() + b"".join(chunks))

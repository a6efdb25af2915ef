"""SoundFont 2.04 files: the smallest correct writer.

Source: "SoundFont Technical Specification 2.04", Creative Technology, 2006; section numbers below are its.
Conventions: samples are int16, mono; a preset has one instrument of its own; times in generators are
timecents (1200 * log2 of seconds), attenuations centibels.
"""

import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from legato.files import write_bytes

PADDING_SAMPLES = 46  # of silence behind each sample (7.10)
UNLOOPED_EDGE = 8  # samples a reader wants around a loop, even one that is not played (7.10)

# Generators (8.1.2). A zone's key range comes first, its sample last.
GENERATORS = {
    "filter_cutoff": 8,
    "filter_q": 9,
    "mod_env_to_filter": 11,
    "chorus_send": 15,
    "reverb_send": 16,
    "pan": 17,
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
    "sample_modes": 54,
    "scale_tuning": 56,
    "exclusive_class": 57,
}
INSTRUMENT, KEY_RANGE, SAMPLE_ID = 41, 43, 53


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A recording at the pitch of `root_key`, sharp by `-correction_cents`."""

    name: str
    data: np.ndarray  # (n_samples,) int16
    sample_rate: int
    root_key: int
    loop: tuple[int, int] | None = None  # first sample of the loop, first one behind it
    correction_cents: int = 0


@dataclass(frozen=True, kw_only=True)
class Zone:
    """The keys that a sample plays, and how."""

    sample: Sample
    low_key: int
    high_key: int
    generators: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A program of a bank."""

    bank: int
    program: int
    name: str
    zones: Sequence[Zone]


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
    samples = list({id(zone.sample): zone.sample for preset in presets for zone in preset.zones}.values())
    texts = {"isng": "EMU8000", **info}
    chunks = [
        _list("INFO", [_chunk("ifil", struct.pack("<HH", 2, 4)), *(_chunk(n, _zstr(t)) for n, t in texts.items())]),
        _list("sdta", [_chunk("smpl", b"".join(_padded(sample) for sample in samples))]),
        _list("pdta", _hydra(presets, samples)),
    ]
    write_bytes(path, _chunk("RIFF", b"sfbk" + b"".join(chunks)))


def _hydra(presets: Sequence[Preset], samples: Sequence[Sample]) -> list[bytes]:
    """The nine chunks that say which sample sounds for which key (7), each ended by its terminal record."""
    phdr, pbag, pgen, inst, ibag, igen = [], [], [], [], [], []
    for number, preset in enumerate(sorted(presets, key=lambda preset: (preset.bank, preset.program))):
        phdr.append(_preset_header(preset.name, preset.program, preset.bank, len(pbag)))
        pbag.append(struct.pack("<HH", len(pgen), 0))
        pgen.append(struct.pack("<HH", INSTRUMENT, number))
        inst.append(struct.pack("<20sH", _name(preset.name), len(ibag)))
        for zone in preset.zones:
            ibag.append(struct.pack("<HH", len(igen), 0))
            igen += _zone_generators(zone, next(i for i, sample in enumerate(samples) if sample is zone.sample))
    phdr.append(_preset_header("EOP", 0, 0, len(pbag)))
    pbag.append(struct.pack("<HH", len(pgen), 0))
    inst.append(struct.pack("<20sH", _name("EOI"), len(ibag)))
    ibag.append(struct.pack("<HH", len(igen), 0))
    records = {
        "phdr": phdr,
        "pbag": pbag,
        "pmod": [bytes(10)],
        "pgen": [*pgen, bytes(4)],
        "inst": inst,
        "ibag": ibag,
        "imod": [bytes(10)],
        "igen": [*igen, bytes(4)],
        "shdr": [*_sample_headers(samples), struct.pack("<20s26x", _name("EOS"))],
    }
    return [_chunk(name, b"".join(rows)) for name, rows in records.items()]


def _zone_generators(zone: Zone, sample_number: int) -> list[bytes]:
    modes = {"sample_modes": 1 if zone.sample.loop else 0}
    middle = sorted((GENERATORS[name], amount) for name, amount in (zone.generators | modes).items())
    return [
        struct.pack("<HBB", KEY_RANGE, zone.low_key, zone.high_key),
        *(struct.pack("<Hh", number, amount) for number, amount in middle),
        struct.pack("<HH", SAMPLE_ID, sample_number),
    ]


def _sample_headers(samples: Sequence[Sample]) -> Iterable[bytes]:
    start = 0
    for sample in samples:
        end = start + len(sample.data)
        loop_start, loop_end = sample.loop or (UNLOOPED_EDGE, len(sample.data) - UNLOOPED_EDGE)
        yield struct.pack(
            "<20sIIIIIBbHH",
            _name(sample.name),
            start,
            end,
            start + loop_start,
            start + loop_end,
            sample.sample_rate,
            sample.root_key,
            sample.correction_cents,
            0,
            1,  # mono
        )
        start = end + PADDING_SAMPLES


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

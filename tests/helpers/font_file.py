"""What independent readers find in a SoundFont file."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RECORD_BYTES = {"phdr": 38, "pbag": 4, "pmod": 10, "pgen": 4, "inst": 22, "ibag": 4, "imod": 10, "igen": 4, "shdr": 46}


@dataclass(frozen=True)
class Use:
    """A zone as an independent reader finds it in the file."""

    instrument: str
    low_key: int
    high_key: int
    low_velocity: int
    high_velocity: int
    sample: int
    root_key: int
    looped: bool
    tuned_cents: int
    follows_keys: bool

    @property
    def highest_ratio(self) -> float:
        """How far up the sample is played, at most."""
        semitones = self.high_key - self.root_key if self.follows_keys else 0
        return 2 ** ((semitones + self.tuned_cents / 100) / 12)


def use_of(instrument: object, bag: object, numbers: dict[int, int]) -> Use:
    common = instrument.bags[0] if not instrument.bags[0].sample else bag

    def amount(number: int, otherwise: int) -> int:
        found = bag.gens.get(number) or common.gens.get(number)
        return found.short if found else otherwise

    keys = bag.key_range or (0, 127)
    velocities = bag.velocity_range or (0, 127)
    root = amount(58, bag.sample.original_pitch)
    cents = 100 * amount(51, 0) + amount(52, 0)
    return Use(
        instrument.name,
        *keys,
        *velocities,
        numbers[id(bag.sample)],
        root,
        amount(54, 0) == 1,
        cents,
        amount(56, 100) == 100,
    )


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


def sample_rates(font: Path) -> list[int]:
    """The sample rate of each sample."""
    records = chunks(chunks(chunks(font.read_bytes())["RIFF"][4:])["pdta"])["shdr"]
    return [rate for (rate,) in struct.iter_unpack("<36xI6x", records[: -RECORD_BYTES["shdr"]])]


def samples_of(font: Path) -> np.ndarray:
    """The smpl chunk, (n_samples,) within -1 to 1."""
    return np.frombuffer(chunks(chunks(chunks(font.read_bytes())["RIFF"][4:])["sdta"])["smpl"], "<i2") / 32768

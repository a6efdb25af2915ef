"""A SoundFont of one sine, chunk by chunk, so that odd and broken ones can be written too."""

import io
import struct
from collections.abc import Sequence

import numpy as np
import soundfile

RATE = 44100
N_SAMPLES = 2205
GENERATOR_INSTRUMENT, GENERATOR_KEYS, GENERATOR_MODES, GENERATOR_SAMPLE = 41, 43, 54, 53
MONO, VORBIS, ROM = 1, 0x10, 0x8000
Row = tuple[int, int, str]  # bank, program, name


def chunk(kind: bytes, body: bytes, *, padded: bool = True) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2 if padded else 0)


def small_font(
    rows: Sequence[Row] = ((0, 0, "Sine"), (128, 0, "Kit")),
    *,
    keys: tuple[int, int] = (0, 127),
    vorbis: bool = False,
    padded: bool = True,
    instrument: int = 0,
    sample_type: int = MONO,
    level: float = 0.5,
) -> bytes:
    """A font whose presets all play one sine; compressed ones are made of an odd number of bytes.

    Args:
        padded: whether a byte is added to chunks of an odd length, as RIFF wants it.
        instrument: which one the presets name; there is just number 0.
    """
    sine = level * np.sin(2 * np.pi * 262 * np.arange(N_SAMPLES) / RATE)
    if vorbis:
        packed = io.BytesIO()
        soundfile.write(packed, sine, RATE, format="OGG", subtype="VORBIS")
        samples = packed.getvalue() + bytes(1 - len(packed.getvalue()) % 2)
        places, sample_type = (0, len(samples), 8, N_SAMPLES - 8), sample_type | VORBIS
    else:
        samples = (sine * 32767).astype("<i2").tobytes() + bytes(92)
        places = (0, len(sine), 8, len(sine) - 8)
    n_rows = len(rows)
    headers = [
        struct.pack("<20sHHH12x", name.encode(), program, bank, at) for at, (bank, program, name) in enumerate(rows)
    ]
    hydra = {
        b"phdr": b"".join([*headers, struct.pack("<20sHHH12x", b"EOP", 0, 0, n_rows)]),
        b"pbag": b"".join(struct.pack("<HH", at, 0) for at in range(n_rows + 1)),
        b"pmod": bytes(10),
        b"pgen": struct.pack("<HH", GENERATOR_INSTRUMENT, instrument) * n_rows + bytes(4),
        b"inst": struct.pack("<20sH20sH", b"sine", 0, b"EOI", 1),
        b"ibag": struct.pack("<HHHH", 0, 0, 3, 0),
        b"imod": bytes(10),
        b"igen": struct.pack("<HBBHHHH", GENERATOR_KEYS, *keys, GENERATOR_MODES, 1, GENERATOR_SAMPLE, 0) + bytes(4),
        b"shdr": struct.pack("<20sIIIIIBbHH", b"sine", *places, RATE, 60, 0, 0, sample_type) + b"EOS" + bytes(43),
    }
    info = {b"ifil": struct.pack("<HH", 3 if vorbis else 2, 1), b"isng": b"EMU8000\0", b"INAM": b"a sine\0\0"}
    lists = [
        chunk(b"LIST", b"INFO" + b"".join(chunk(kind, body) for kind, body in info.items())),
        chunk(b"LIST", b"sdta" + chunk(b"smpl", samples, padded=padded), padded=padded),
        chunk(b"LIST", b"pdta" + b"".join(chunk(kind, body) for kind, body in hydra.items())),
    ]
    return chunk(b"RIFF", b"sfbk" + b"".join(lists), padded=False)

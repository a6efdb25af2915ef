"""A SoundFont of few presets."""

from pathlib import Path

import numpy as np

from legato.soundfont.sf2 import Instrument, Preset, Sample, Zone, write_sf2


def write_small_font(path: Path, preset: tuple[int, int], keys: list[tuple[int, int]]) -> None:
    """A SoundFont of one preset with a sound on some keys."""
    click = Sample(name="click", data=np.ones(100, dtype=np.int16), sample_rate=44100, root_key=60)
    zones = [Zone(sample=click, low_key=low, high_key=high) for low, high in keys]
    instrument = Instrument(name="only", zones=zones)
    write_sf2(path, [Preset(bank=preset[0], program=preset[1], name="only", instrument=instrument)], {"INAM": "small"})

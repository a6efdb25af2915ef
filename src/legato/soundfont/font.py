"""legato.sf2 assembled from the tables of presets and drums."""

from pathlib import Path

import numpy as np

from legato.gm import DRUM_BANK, KITS, MELODIC_BANK, PROGRAMS
from legato.soundfont.drums import KIT, drum_wave
from legato.soundfont.presets import KIT_NAMES, TONALS, Tonal
from legato.soundfont.sf2 import Preset, Sample, Zone, absolute_cents, timecents, write_sf2
from legato.soundfont.synthesis import SAMPLE_RATE, pcm16

SEED = 808
INFO = {"INAM": "legato", "ICOP": "CC0-1.0 (public domain dedication)", "ISFT": "legato"}
HIGHEST_KEY = 127


def built_presets() -> set[tuple[int, int]]:
    """The (bank, program) of every preset, without building the font."""
    tonal = {(MELODIC_BANK, PROGRAMS[row.program]) for row in TONALS}
    return tonal | {(DRUM_BANK, KITS[name]) for name in KIT_NAMES}


def write_font(path: Path) -> None:
    """Synthesise every sample and write the font; the same bytes every time."""
    tonal = [tonal_preset(row, np.random.default_rng([SEED, number])) for number, row in enumerate(TONALS)]
    zones = drum_zones(np.random.default_rng([SEED, len(TONALS)]))
    kits = [Preset(bank=DRUM_BANK, program=KITS[name], name=name, zones=zones) for name in KIT_NAMES]
    write_sf2(path, [*tonal, *kits], INFO)


def tonal_preset(row: Tonal, rng: np.random.Generator) -> Preset:
    """A row's samples and zones; the outer zones reach to the ends of the keyboard."""
    zones = []
    for low_key, root, high_key in key_zones(row.roots):
        for layer, pan in enumerate(row.layers):
            wave, loop = row.make(root, rng)
            sample = Sample(
                name=f"{row.name} {root}{'LR'[layer] if len(row.layers) > 1 else ''}",
                data=pcm16(wave),
                sample_rate=SAMPLE_RATE,
                root_key=root,
                loop=loop,
            )
            generators = _generators(row) | ({"pan": pan} if pan else {})
            zones.append(Zone(sample=sample, low_key=low_key, high_key=high_key, generators=generators))
    return Preset(bank=MELODIC_BANK, program=PROGRAMS[row.program], name=row.name, zones=zones)


def key_zones(roots: range) -> list[tuple[int, int, int]]:
    """(low key, root, high key) of each root; together they cover every key once.

    >>> key_zones(range(60, 67, 6))
    [(0, 60, 62), (63, 66, 127)]
    """
    highs = [root + (roots.step - 1) // 2 for root in roots[:-1]] + [HIGHEST_KEY]
    lows = [0] + [high + 1 for high in highs[:-1]]
    return list(zip(lows, roots, highs, strict=True))


def drum_zones(rng: np.random.Generator) -> list[Zone]:
    """One zone a key; a drum on several keys has one sample. Drums play at their own pitch on every key."""
    zones = []
    for drum in KIT:
        data = pcm16(drum_wave(drum, rng), peak=0.9)
        sample = Sample(name=f"Drum {drum.keys[0]}", data=data, sample_rate=SAMPLE_RATE, root_key=drum.keys[0])
        generators = {
            "attenuation": centibels(drum.level_db),
            "pan": drum.pan,
            "scale_tuning": 0,
            "release_vol_env": timecents(4.0),  # one-shots sound to their end, however short the note
            "reverb_send": 60,
        }
        if drum.exclusive:
            generators["exclusive_class"] = drum.exclusive
        zones += [Zone(sample=sample, low_key=key, high_key=key, generators=generators) for key in drum.keys]
    return zones


def centibels(level_db: float) -> int:
    """A level as the generator initialAttenuation, of which synths take 0.4, as the EMU8000 did.

    >>> centibels(-4)
    100
    """
    return round(-level_db * 10 / 0.4)


def _generators(row: Tonal) -> dict[str, int]:
    envelope = row.envelope
    generators = {
        "attack_vol_env": timecents(envelope.attack_s),
        "decay_vol_env": timecents(envelope.decay_s),
        "sustain_vol_env": round(envelope.sustain_db * 10),
        "release_vol_env": timecents(envelope.release_s),
        "attenuation": centibels(row.level_db),
        "reverb_send": round(row.reverb * 1000),
        "chorus_send": round(row.chorus * 1000),
    }
    if row.filter:
        generators |= {
            "filter_cutoff": absolute_cents(row.filter.cutoff_hz),
            "filter_q": round(row.filter.q_db * 10),
            "mod_env_to_filter": row.filter.sweep_cents,
            "attack_mod_env": timecents(row.filter.attack_s),
            "decay_mod_env": timecents(row.filter.decay_s),
            "sustain_mod_env": 1000,
            "release_mod_env": timecents(envelope.release_s),
        }
    return generators

"""legato.sf2 assembled from the tables of presets and drums."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from legato.midi.gm import DRUM_BANK, KITS, MELODIC_BANK, PROGRAMS
from legato.soundfont.kits.sounds import Sound
from legato.soundfont.kits.tables import KITS_OF_DRUMS, Drum
from legato.soundfont.levels import LEVELS
from legato.soundfont.presets import Part, Tonal, Voice
from legato.soundfont.repertoire import NEAREST, TONALS
from legato.soundfont.sf2 import Instrument, Preset, Sample, Zone, absolute_cents, timecents, write_sf2
from legato.soundfont.synthesis import SAMPLE_RATE, TOP_HZ, Maker, Wave, loudness_db, pcm16
from legato.soundfont.thinning import thinned

SEED = 808
INFO = {"INAM": "legato", "ICOP": "CC0-1.0 (public domain dedication)", "ISFT": "legato"}
HIGHEST_HZ = 21_500.0  # of a partial as it is played, under half the sample rate
EVEN_DB = -14.0  # the loudness that a sample's attenuation brings it to
MOST_EVENED_DB = 8.0  # from a voice's median: a high key may stay softer than a low one
TAKE_WIDTH = 5  # velocities that one take covers before the next one's turn

Recorded = tuple[Sample, float]  # and its loudness in dB


def built_presets() -> set[tuple[int, int]]:
    """The (bank, program) of every preset, without building the font."""
    variants = {(row.bank, PROGRAMS[row.program]) for row in TONALS}
    return (
        variants
        | {(MELODIC_BANK, program) for program in PROGRAMS.values()}
        | {(DRUM_BANK, KITS[kit]) for kit in KITS_OF_DRUMS}
    )


def built_kit_keys() -> dict[tuple[int, int], set[int]]:
    """The keys of every kit, without building the font."""
    return {
        (DRUM_BANK, KITS[kit]): {key for drum in drums for key in drum.keys}
        for kit, (drums, _) in KITS_OF_DRUMS.items()
    }


def write_font(path: Path) -> None:
    """Synthesize every sample and write the font; the same bytes every time."""
    write_sf2(path, font_presets(), INFO)


def font_presets() -> list[Preset]:
    """Every preset; programs without a sound of their own share an instrument with the nearest that has one."""
    recordings = Recordings()
    instruments = {id(row): Instrument(name=row.name, zones=tonal_zones(row, recordings)) for row in TONALS}
    rows = [(MELODIC_BANK, PROGRAMS[program], row) for program, row in NEAREST.items()]
    rows += [(row.bank, PROGRAMS[row.program], row) for row in TONALS if row.bank != MELODIC_BANK]
    presets = [
        Preset(bank=bank, program=program, name=row.name, instrument=instruments[id(row)])
        for bank, program, row in rows
    ]
    for kit, (drums, _) in KITS_OF_DRUMS.items():
        instrument = Instrument(name=kit, zones=drum_zones(drums, recordings))
        presets.append(Preset(bank=DRUM_BANK, program=KITS[kit], name=kit, instrument=instrument))
    return presets


class Recordings:
    """Samples by what makes them, so that presets which play the same ones share them."""

    def __init__(self) -> None:
        self._voices: dict[tuple[Maker, tuple[int, ...], bool], list[tuple[Recorded, ...]]] = {}
        self._sounds: dict[str, list[list[Sample]]] = {}

    def of_voice(self, voice: Voice, maker: Maker, layer: str) -> list[tuple[Recorded, ...]]:
        """A voice's samples: for each root one, or one for each side."""
        key = maker, voice.roots, voice.stereo
        if key not in self._voices:
            sides = "LR" if voice.stereo else "M"
            self._voices[key] = [
                tuple(
                    _record(f"{voice.name} {layer}{side}", maker, root, root if voice.fixed else high) for side in sides
                )
                for _, root, high in voice.zones()
            ]
        return self._voices[key]

    def of_sound(self, sound: Sound) -> list[list[Sample]]:
        """A drum's samples: for each layer, its takes."""
        if sound.name not in self._sounds:
            layers = sound.waves(_rng(sound.name))
            self._sounds[sound.name] = [
                [_sample(f"{sound.name} {layer}{take}", wave, 60) for take, wave in enumerate(takes)]
                for layer, takes in enumerate(layers)
            ]
        return self._sounds[sound.name]


def _rng(name: str, root: int = 0) -> np.random.Generator:
    """Randomness of a sample's own: none changes when another comes or goes."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode()), root])


def _record(name: str, maker: Maker, root: int, high_key: int) -> Recorded:
    wave, loop = maker(root, top_hz(root, high_key), _rng(name, root))
    wave = wave / np.abs(wave).max()
    return _sample(f"{name}{root}", wave, root, loop), loudness_db(_held(wave, loop))


def top_hz(root: int, high_key: int) -> float:
    """The highest frequency of a sample that is played as far up as `high_key`."""
    return min(TOP_HZ, HIGHEST_HZ / 2 ** ((high_key - root) / 12))


def _held(wave: Wave, loop: tuple[int, int] | None) -> Wave:
    """The first second of a wave as a held key sounds it."""
    if loop is None:
        return wave[:SAMPLE_RATE]
    turns = -(-SAMPLE_RATE // (loop[1] - loop[0]))
    return np.concatenate([wave[: loop[1]], np.tile(wave[loop[0] : loop[1]], turns)])[:SAMPLE_RATE]


def _sample(name: str, wave: Wave, root: int, loop: tuple[int, int] | None = None) -> Sample:
    data, places, sample_rate = thinned(wave, loop)
    return Sample(name=name, data=pcm16(data), sample_rate=sample_rate, root_key=root, loop=places)


def tonal_zones(row: Tonal, recordings: Recordings) -> list[Zone]:
    """A preset's zones: for each part, its layers over the keyboard."""
    zones: list[Zone] = []
    for part in row.parts:
        voice = part.voice
        layers = [(voice.make, "", 0, 127)]
        if voice.hard:
            layers = [(voice.make, "", 0, voice.hard_from - 1), (voice.hard, "h", voice.hard_from, 127)]
        for maker, layer, low, high in layers:
            recorded = recordings.of_voice(voice, maker, layer)
            zones += _layer_zones(row, part, recorded, low, high)
    return zones


def _layer_zones(row: Tonal, part: Part, recorded: list[tuple[Recorded, ...]], low: int, high: int) -> Iterator[Zone]:
    offset_db = part.level_db + LEVELS.get((row.program, row.bank), 0.0)
    median_db = float(np.median([loud_db for sides in recorded for _, loud_db in sides]))
    generators, softness = part_generators(part, row)
    for (low_key, root, high_key), sides in zip(part.voice.zones(), recorded, strict=True):
        low_key = max(low_key - part.transpose, 0) if low_key else 0
        high_key = min(high_key - part.transpose, 127)  # what sounds far above its key is silent on the highest ones
        if low_key > high_key:
            continue
        loud_db = float(
            np.clip(np.mean([loud_db for _, loud_db in sides]), median_db - MOST_EVENED_DB, median_db + MOST_EVENED_DB)
        )
        own = {"attenuation": max(centibels(EVEN_DB - loud_db + offset_db), 0)}
        if part.transpose:
            own["root_key"] = root - part.transpose
        if part.filter:
            octaves = (root - part.transpose - 60) / 12
            own["filter_cutoff"] = min(
                absolute_cents(part.filter.cutoff_hz * 2 ** (octaves * part.filter.tracking)), 13500
            )
        for side, (sample, _) in zip((-1, 1), sides, strict=False):
            pan = part.pan + (side * part.width if len(sides) > 1 else 0)
            yield Zone(
                sample=sample, low_key=low_key, high_key=high_key, low_velocity=low, high_velocity=high,
                generators=generators | own | {"pan": pan}, softness=softness,
            )  # fmt: skip


def part_generators(part: Part, row: Tonal) -> tuple[dict[str, int], dict[str, int]]:
    """What all zones of a part have alike: its generators, and what softness adds to them."""
    envelope = part.envelope
    generators = {
        "attack_vol_env": timecents(envelope.attack_s),
        "decay_vol_env": timecents(envelope.decay_s),
        "sustain_vol_env": round(envelope.sustain_db * 10),
        "release_vol_env": timecents(envelope.release_s),
        "reverb_send": round(row.reverb * 1000),
        "chorus_send": round(row.chorus * 1000),
    }
    if part.voice.fixed:
        generators["scale_tuning"] = 0
    if part.cents:
        generators["fine_tune"] = round(part.cents)
    if part.filter:
        generators |= {
            "filter_q": round(part.filter.q_db * 10),
            "mod_env_to_filter": part.filter.sweep_cents,
            "attack_mod_env": timecents(part.filter.attack_s),
            "decay_mod_env": timecents(part.filter.decay_s),
            "sustain_mod_env": round(1000 * (1 - part.filter.sustain)),
            "release_mod_env": timecents(envelope.release_s),
            "mod_lfo_to_filter": part.filter.lfo_cents,
            "freq_mod_lfo": absolute_cents(part.filter.lfo_hz or 1),
        }
    if part.vibrato:
        generators |= {
            "vib_lfo_to_pitch": part.vibrato.cents,
            "freq_vib_lfo": absolute_cents(part.vibrato.hz),
            "delay_vib_lfo": timecents(part.vibrato.delay_s),
        }
        if part.vibrato.tremolo_db:
            generators["mod_lfo_to_volume"] = round(part.vibrato.tremolo_db * 10)
            generators["freq_mod_lfo"] = absolute_cents(part.vibrato.tremolo_hz)
    return generators, {"filter_cutoff": part.darkening_cents} if part.darkening_cents else {}


def drum_zones(drums: tuple[Drum, ...], recordings: Recordings) -> list[Zone]:
    """A zone for each key, layer and window of velocities. Drums play at their own pitch on every key.

    SoundFonts have no round robin: neighbouring windows of velocities alternate between takes instead.
    """
    zones = []
    for row in drums:
        generators = {
            "attenuation": centibels(row.level_db),
            "pan": row.pan,
            "scale_tuning": 0,
            "release_vol_env": timecents(4.0),  # one-shots sound to their end, however short the note
            "reverb_send": round(row.reverb * 1000),
            "coarse_tune": 0,
            "fine_tune": row.cents,
            "exclusive_class": row.exclusive,
        }
        for low, high, sample in velocity_windows(recordings.of_sound(row.sound)):
            zones += [
                Zone(
                    sample=sample,
                    low_key=key,
                    high_key=key,
                    low_velocity=low,
                    high_velocity=high,
                    generators=generators,
                )
                for key in row.keys
            ]
    return zones


def velocity_windows(layers: list[list[Sample]]) -> Iterator[tuple[int, int, Sample]]:
    """(lowest velocity, highest, sample): together they cover 0 to 127 once; louder layers have narrower ranges."""
    edges = [round(127 * (layer / len(layers)) ** 0.75) for layer in range(len(layers))] + [128]
    for takes, low, after in zip(layers, edges, edges[1:], strict=False):
        width = after - low if len(takes) == 1 else TAKE_WIDTH
        for number, start in enumerate(range(low, after, width)):
            yield start, min(start + width, after) - 1, takes[number % len(takes)]


def centibels(level_db: float) -> int:
    """A level as the generator initialAttenuation, synths apply 0.4 of it, as the EMU8000 did.

    >>> centibels(-4)
    100
    """
    return round(-level_db * 10 / 0.4)

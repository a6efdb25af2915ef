"""MIDI to audio: one fresh synth per track, so that no track hears another; a production drawn for each.

Conventions: audio is float32 (n_samples, 2).
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np

from legato.audio.features import mid_and_side, width_of
from legato.audio.samples import Subtype, create_audio, decibels
from legato.errors import LegatoError
from legato.midi.contents import Contents, read_contents
from legato.midi.roles import named_roles
from legato.render.attacks import attacks
from legato.render.chains import Effect, Processing, draw_chains, processed
from legato.render.fluidsynth import (
    BLOCK_SAMPLES,
    MAX_CHANNELS,
    QUIET,
    TAIL_BLOCKS,
    open_synth,
    play,
    ring_out,
    sounding_presets,
)
from legato.render.players import Renderers
from legato.render.production import Production, RenderParams, produce, production_facts
from legato.render.renderers import MIX, Chains, Stream
from legato.render.sends import wet_db
from legato.render.sounds import Playing, Sound, draw_sounds
from legato.soundfont.variants import same_instruments
from legato.workspace.track import check_length

FULL_SCALE = 0.999
WRITTEN_AS: Subtype = "PCM_24"
BYTES_AT_A_TIME = 2**20  # of the mix


@dataclass(frozen=True, kw_only=True)
class Studio:
    """What plays all tracks of a category."""

    font: Path
    params: RenderParams
    sample_rate: int
    renderers: Renderers = field(default_factory=dict)  # of roles that FluidSynth does not play
    chains: Chains = field(default_factory=dict)  # effects on such roles, and on the mix


def render(
    midi: Path, target: Path, stems: Path, studio: Studio, stream: Stream, *, max_minutes: float = math.inf
) -> dict[str, Any]:
    """Play `midi` to its end and until it has rung out, into `target`, a .flac of 24 bits; return facts about it.

    FluidSynth plays its parts in one pass; those of other renderers are added in the order of the file, and then the
    mix goes through its effects. It is turned down where it would exceed full scale, the stems with it, and
    `render_gain_db` says by how much. The stems sum to the mix within -100 dB where that has no effects. All is
    written in blocks: memory does not grow with the length.

    Args:
        stems: a folder for the audio of each role, where the parameters ask for it.
        stream: the track's random numbers, by the name of what is drawn.
        max_minutes: how long it may play.

    Raises:
        LegatoError: libfluidsynth is absent, the font cannot be used or lacks a program of the MIDI file, that is too
            long, or an instrument fails.
    """
    contents = read_contents(midi)
    check_length(midi, contents.seconds, max_minutes)
    track = _draw(contents, studio, stream)
    _check_presets(midi, track.fluid, studio.font)
    energies = np.zeros(2)
    with _mix(track, studio, beside=target) as mix:
        with create_audio(target, studio.sample_rate, WRITTEN_AS) as write:
            for block in mix.blocks():
                write(block)
                energies += mid_and_side(block)
        if studio.params.stems:
            _write_stems(stems, track, studio, mix)
    return {
        "render_gain_db": round(decibels(float(mix.scale)), 3),
        **production_facts(track.production, track.roles),
        "variant": track.variants,
        **_sound_facts(track),
        **_attacks(track, studio),
        "wet_db": wet_db(track.fluid, track.fluid_production, track.fluid_roles, studio.font, studio.sample_rate),
        "width_db": round(width_of(energies), 2),
    }


@dataclass(frozen=True, kw_only=True)
class _Track:
    """What one track plays, and by what."""

    roles: list[str]  # of the file's instruments, in its order
    production: Production  # of all of them
    fluid: Contents  # FluidSynth's part of the file
    fluid_production: Production
    fluid_roles: list[str]
    sounds: dict[str, Sound]  # of the other roles
    chains: dict[str, list[Effect]]

    @property
    def variants(self) -> dict[str, int]:
        """The bank of each preset that FluidSynth plays, by role."""
        banks = (part.bank for part in self.fluid_production.parts)
        return dict(zip(self.fluid_roles, banks, strict=True))


def _draw(contents: Contents, studio: Studio, stream: Stream) -> _Track:
    """Everything that a track draws. Who plays a part changes nothing of what the others draw."""
    roles = named_roles(contents)
    production = produce(studio.params, contents, _same_instruments(studio.font), stream("render"))
    places = dict(zip(roles, production.parts, strict=True))
    sounds = draw_sounds(
        studio.renderers,
        dict(zip(roles, contents.instruments, strict=True)),
        places,
        stream,
        studio.sample_rate,
        gain=studio.params.gain,
        tail_s=studio.params.tail_s,
    )
    kept = [at for at, role in enumerate(roles) if role not in sounds]
    fluid = replace(production, parts=tuple(production.parts[at] for at in kept))
    if not kept:  # and nothing that its effects could be heard on
        production = replace(production, reverb=None, chorus=None)
    return _Track(
        roles=roles,
        production=production,
        fluid=replace(contents, instruments=tuple(contents.instruments[at] for at in kept)),
        fluid_production=fluid,
        fluid_roles=[roles[at] for at in kept],
        sounds={role: sounds[role] for role in roles if role in sounds},
        chains=draw_chains(studio.chains, {*sounds, MIX}, stream),
    )


def _check_presets(midi: Path, contents: Contents, font: Path) -> None:
    missing = sorted(contents.presets - set(_presets(font)))
    if missing:
        listed = ", ".join(f"bank {bank} program {program}" for bank, program in missing)
        raise LegatoError(f"{midi}: plays {listed}, which the SoundFont {font} lacks")
    if len(contents.instruments) > MAX_CHANNELS:
        raise LegatoError(f"{midi}: has {len(contents.instruments)} instruments: at most {MAX_CHANNELS} can be played")


@dataclass(frozen=True)
class _Mix:
    """A mix that was played, before it is turned down."""

    raw: IO[bytes]  # float32, left and right in turn
    n_samples: int
    scale: np.float32  # brings it under full scale

    def blocks(self) -> Iterator[np.ndarray]:
        """The mix, turned down, (n_samples, 2) each."""
        self.raw.seek(0)
        while content := self.raw.read(BYTES_AT_A_TIME):
            yield np.frombuffer(content, np.float32).reshape(-1, 2) * self.scale


@contextmanager
def _mix(track: _Track, studio: Studio, beside: Path) -> Iterator[_Mix]:
    """Play the mix into a file without a name in the folder of `beside`."""
    beside.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=beside.parent) as raw:
        n_samples, peak = 0, 0.0
        for block in _play_all(track, studio) if track.sounds or MIX in track.chains else _play(track, studio):
            raw.write(np.ascontiguousarray(block).data)
            n_samples += len(block)
            peak = max(peak, float(np.abs(block).max()))
        yield _Mix(raw, n_samples, np.float32(min(1.0, FULL_SCALE / max(peak, 1e-9))))


def _play(track: _Track, studio: Studio, n_samples: int = 0) -> Iterator[np.ndarray]:
    """FluidSynth's parts until they have rung out; for `n_samples`, side by side, (n_samples, 2 * n_instruments)."""
    n_channels = len(track.fluid.instruments)
    with open_synth(
        studio.font,
        studio.sample_rate,
        gain=studio.params.gain,
        polyphony=studio.params.polyphony,
        reverb=track.fluid_production.reverb,
        chorus=track.fluid_production.chorus,
        n_channels=n_channels,
        n_stems=n_channels if n_samples else 0,
    ) as synth:
        n_left = n_samples
        for block in play(track.fluid, track.fluid_production, synth, studio.sample_rate):
            yield block
            n_left -= len(block)
        if n_samples:
            yield from synth.writes(n_left // BLOCK_SAMPLES)
        else:
            yield from ring_out(synth, studio.sample_rate, studio.params.tail_s)


def _play_all(track: _Track, studio: Studio) -> Iterator[np.ndarray]:
    """The parts of all renderers and the mix's effects, until the sound is quiet, or for `tail_s` after the end."""
    end = math.ceil(track.fluid.seconds * studio.sample_rate)
    last = end + math.ceil(studio.params.tail_s * studio.sample_rate)
    rate, seconds = studio.sample_rate, last / studio.sample_rate
    playing = [Playing(sound, rate, seconds, track.chains.get(role, ())) for role, sound in track.sounds.items()]
    effects = [Processing(effect, rate) for effect in track.chains.get(MIX, ())]
    fluid = _play(track, studio) if track.fluid.instruments else iter(())
    done = 0
    while done < last:
        block = next(fluid, None)
        if block is None:
            block = np.zeros((BLOCK_SAMPLES * TAIL_BLOCKS, 2), np.float32)
        for part in playing:
            block = block + part.read(len(block))
        block = processed(block, effects)
        yield block
        done += len(block)
        if done >= end and np.abs(block).max() < QUIET:
            return


def _write_stems(folder: Path, track: _Track, studio: Studio, mix: _Mix) -> None:
    """Write each part to its file: FluidSynth's side by side, the others one by one."""
    rate = studio.sample_rate
    with ExitStack() as stack:
        paths = [folder / f"{role}.flac" for role in track.fluid_roles]
        writes = [stack.enter_context(create_audio(path, rate, WRITTEN_AS)) for path in paths]
        for block in _play(track, studio, mix.n_samples) if writes else ():
            for at, write in enumerate(writes):
                write(block[:, 2 * at : 2 * at + 2] * mix.scale)
    for role, sound in track.sounds.items():
        part = Playing(sound, rate, mix.n_samples / rate, track.chains.get(role, ()))
        with create_audio(folder / f"{role}.flac", rate, WRITTEN_AS) as write:
            for done in range(0, mix.n_samples, BYTES_AT_A_TIME):
                write(part.read(min(BYTES_AT_A_TIME, mix.n_samples - done)) * mix.scale)


def _sound_facts(track: _Track) -> dict[str, Any]:
    """`renderers` and `effects`, where there are any."""
    renderers = {role: sound.facts() for role, sound in track.sounds.items()}
    effects = {where: [effect.facts() for effect in chain] for where, chain in track.chains.items()}
    return {name: value for name, value in (("renderers", renderers), ("effects", effects)) if value}


def _attacks(track: _Track, studio: Studio) -> dict[str, dict[str, float]]:
    found = attacks(track.fluid, track.fluid_production, track.fluid_roles, studio.font, studio.sample_rate)
    for role, sound in track.sounds.items():
        for name, seconds in sound.attack_s.items():
            if seconds is not None:
                found[name][role] = round(seconds, 3)
    return found


@cache
def _presets(font: Path) -> dict[tuple[int, int], str]:
    return sounding_presets(font)


@cache
def _same_instruments(font: Path) -> set[tuple[int, int]]:
    return same_instruments(font, _presets(font))

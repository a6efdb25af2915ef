"""MIDI to audio: one fresh synth per track, so that no track hears another; a production drawn for each.

Conventions: audio is float32 (n_samples, 2).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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
from legato.render.fluidsynth import BLOCK_SAMPLES, MAX_CHANNELS, open_synth, play, ring_out, sounding_presets
from legato.render.production import Production, RenderParams, produce, production_facts
from legato.render.sends import wet_db
from legato.soundfont.variants import same_instruments
from legato.workspace.track import check_length

FULL_SCALE = 0.999
WRITTEN_AS: Subtype = "PCM_24"
BYTES_AT_A_TIME = 2**20  # of the mix


def render(
    midi: Path,
    target: Path,
    stems: Path,
    font: Path,
    params: RenderParams,
    sample_rate: int,
    rng: np.random.Generator,
    *,
    max_minutes: float = math.inf,
) -> dict[str, Any]:
    """Play `midi` to its end and until it has rung out, into `target`, a .flac of 24 bits; return facts about it.

    The mix is turned down where it would exceed full scale, the stems with it, and `render_gain_db` says by how much.
    The stems sum to the mix within -100 dB. All is written in blocks: memory does not grow with the length.

    Args:
        stems: a folder for the audio of each role, where `params` asks for it.
        max_minutes: how long it may play.

    Raises:
        LegatoError: libfluidsynth is absent, the font cannot be used or lacks a program of the MIDI file, or that is
            too long.
    """
    contents = read_contents(midi)
    _check_presets(midi, contents, font)
    check_length(midi, contents.seconds, max_minutes)
    production = produce(params, contents, _same_instruments(font), rng)
    names = named_roles(contents)
    energies = np.zeros(2)
    with _mix(contents, production, font, params, sample_rate, beside=target) as mix:
        with create_audio(target, sample_rate, WRITTEN_AS) as write:
            for block in mix.blocks():
                write(block)
                energies += mid_and_side(block)
        if params.stems:
            paths = [stems / f"{role}.flac" for role in names]
            apart = _play(contents, production, font, params, sample_rate, mix.n_samples)
            _write_stems(paths, apart, mix.scale, sample_rate)
    return {
        "render_gain_db": round(decibels(float(mix.scale)), 3),
        **production_facts(production, names),
        **attacks(contents, production, names, font, sample_rate),
        "wet_db": wet_db(contents, production, names, font, sample_rate),
        "width_db": round(width_of(energies), 2),
    }


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
def _mix(
    contents: Contents, production: Production, font: Path, params: RenderParams, sample_rate: int, beside: Path
) -> Iterator[_Mix]:
    """Play the mix into a file without a name in the folder of `beside`."""
    beside.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=beside.parent) as raw:
        n_samples, peak = 0, 0.0
        for block in _play(contents, production, font, params, sample_rate):
            raw.write(block.data)
            n_samples += len(block)
            peak = max(peak, float(np.abs(block).max()))
        yield _Mix(raw, n_samples, np.float32(min(1.0, FULL_SCALE / max(peak, 1e-9))))


def _play(
    contents: Contents,
    production: Production,
    font: Path,
    params: RenderParams,
    sample_rate: int,
    n_samples: int = 0,
) -> Iterator[np.ndarray]:
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
        n_left = n_samples
        for block in play(contents, production, synth, sample_rate):
            yield block
            n_left -= len(block)
        if n_samples:
            yield from synth.writes(n_left // BLOCK_SAMPLES)
        else:
            yield from ring_out(synth, sample_rate, params.tail_s)


def _write_stems(paths: Sequence[Path], blocks: Iterable[np.ndarray], scale: np.float32, sample_rate: int) -> None:
    """Write instruments that are played side by side, each to its file."""
    with ExitStack() as stack:
        writes = [stack.enter_context(create_audio(path, sample_rate, WRITTEN_AS)) for path in paths]
        for block in blocks:
            for at, write in enumerate(writes):
                write(block[:, 2 * at : 2 * at + 2] * scale)


@cache
def _presets(font: Path) -> dict[tuple[int, int], str]:
    return sounding_presets(font)


@cache
def _same_instruments(font: Path) -> set[tuple[int, int]]:
    return same_instruments(font, _presets(font))

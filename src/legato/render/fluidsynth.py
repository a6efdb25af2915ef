"""FluidSynth, played event by event: what a MIDI file contains goes to a fresh synth, and float samples come back.

No MIDI player runs: events are given at the block of 64 samples (1.5 ms) that is nearest to them. So the result
depends neither on the machine's speed nor on how FluidSynth reads files, and every instrument has its own channel.

Stems come out of one pass, in which each channel has its own outputs and its own effects. To play the instruments one
by one would not do: a voice that FluidSynth uses again lacks the ramp of 64 samples that a new one begins with,
so how one instrument's notes begin depends on what all others play.

Conventions: audio is float32 (n_samples, 2); a generator is a SoundFont parameter, offset for all of a channel's notes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, c_float, c_int, c_void_p
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from legato.midi import smf
from legato.midi.channels import CC_RESET, PEDALS
from legato.midi.contents import Contents
from legato.render.fonts import synth_with
from legato.render.production import Chorus, PartProduction, Production, Reverb
from legato.soundfont import fluid
from legato.soundfont.reader import loaded_presets, sounding_keys

BLOCK_SAMPLES = 64  # FluidSynth's own
TAIL_BLOCKS = 64  # rendered at once while a tail rings out
MOST_BLOCKS = 256  # rendered at once: 0.4 s, with 128 stems 16 MiB
QUIET = 10 ** (-84 / 20)  # a tail under this has ended
MAX_CHANNELS = 128  # that FluidSynth gives outputs of their own
N_EFFECTS = 2  # reverb and chorus
GEN_CHORUS_SEND, GEN_PAN, GEN_ATTENUATION, GEN_FINE_TUNE = 15, 17, 48, 52  # SoundFont 2.04, 8.1.2
PAN_UNITS, SEND_UNITS = 500, 1000  # in 0.1 %: from the middle to a side; all of the signal


class Timed(NamedTuple):
    """A channel message at a moment."""

    s: float
    rank: int
    channel: int
    status: int
    data: bytes


class Synth:
    """One FluidSynth with one font. Make it with `open_synth`."""

    def __init__(self, binding: Any, font_id: int, n_stems: int) -> None:
        self._binding, self._font_id, self._n_stems = binding, font_id, n_stems
        self._calls = _calls()

    def set_part(self, channel: int, program: int, part: PartProduction) -> None:
        """Put a preset on a channel, at its place in the mix."""
        self._binding.program_select(channel, self._font_id, part.bank, program)
        self.place(channel, part)

    def place(self, channel: int, part: PartProduction) -> None:
        """Set a channel's pan, level, tuning and chorus. The "reset" controller takes them all back."""
        for generator, value in (
            (GEN_PAN, part.pan * PAN_UNITS),
            (GEN_ATTENUATION, -10 * part.gain_db),
            (GEN_FINE_TUNE, part.detune_cents),
            (GEN_CHORUS_SEND, part.chorus_send * SEND_UNITS),
        ):
            self._calls["set_gen"](self._binding.synth, channel, generator, value)

    def send(self, channel: int, status: int, data: bytes) -> None:
        """Pass a channel message on."""
        synth = self._binding.synth
        if status == smf.NOTE_ON:
            self._calls["noteon"](synth, channel, data[0], data[1])
        elif status == smf.NOTE_OFF:
            self._calls["noteoff"](synth, channel, data[0])
        elif status == smf.CONTROL:
            self._calls["cc"](synth, channel, data[0], data[1])
        elif status == smf.BEND:
            self._calls["pitch_bend"](synth, channel, data[1] << 7 | data[0])
        elif status == smf.PRESSURE:
            self._calls["channel_pressure"](synth, channel, data[0])
        elif status == smf.KEY_PRESSURE:
            self._calls["key_pressure"](synth, channel, data[0], data[1])

    def write(self, n_blocks: int) -> np.ndarray:
        """The next blocks, (n_blocks * 64, 2); with stems, (n_blocks * 64, 2 * n_stems), left and right in turn."""
        audio = self.room(n_blocks)
        self.write_into(audio, 0, n_blocks)
        return audio

    def room(self, n_blocks: int) -> np.ndarray:
        """Zeros for `n_blocks` of audio, in the shape that `write` gives them."""
        n_samples = n_blocks * BLOCK_SAMPLES
        if self._n_stems:
            return np.zeros((2 * self._n_stems, n_samples), dtype=np.float32).T
        return np.zeros((n_samples, 2), dtype=np.float32)

    def write_into(self, audio: np.ndarray, at: int, n_blocks: int) -> None:
        """Put the next blocks into `audio`, which is `room`, from its block `at` on."""
        n_samples = n_blocks * BLOCK_SAMPLES
        place = audio.ctypes.data + at * BLOCK_SAMPLES * audio.strides[0]
        if self._n_stems:
            sides = [place + side * audio.strides[1] for side in range(audio.shape[1])]
            wet = [sides[2 * stem + side] for stem in range(self._n_stems) for _ in range(N_EFFECTS) for side in (0, 1)]
            buffers = ((len(places), (c_void_p * len(places))(*places)) for places in (wet, sides))
            self._calls["process"](self._binding.synth, n_samples, *(value for pair in buffers for value in pair))
        else:  # the binding offers 16 bits only
            self._calls["write_float"](self._binding.synth, n_samples, place, 0, 2, place, 1, 2)

    def writes(self, n_blocks: int) -> Iterator[np.ndarray]:
        """As `write`, but never much at a time, however many blocks there are."""
        for done in range(0, n_blocks, MOST_BLOCKS):
            yield self.write(min(MOST_BLOCKS, n_blocks - done))


@contextmanager
def open_synth(
    font: Path,
    sample_rate: int,
    *,
    gain: float,
    polyphony: int,
    reverb: Reverb | None = None,
    chorus: Chorus | None = None,
    n_channels: int = 1,
    n_stems: int = 0,
) -> Iterator[Synth]:
    """A fresh synth: reverb and chorus carry state from track to track where one is used again.

    Args:
        n_stems: 0 for a mix, else the number of channels that each get outputs of their own.

    Raises:
        LegatoError: libfluidsynth is absent, or FluidSynth cannot load the font.
    """
    settings: dict[str, Any] = {
        "synth.polyphony": polyphony,
        "synth.reverb.active": int(reverb is not None),
        "synth.chorus.active": int(chorus is not None),
    }
    if reverb:
        settings |= {
            "synth.reverb.room-size": float(reverb.room),
            "synth.reverb.damp": float(reverb.damping),
            "synth.reverb.width": float(reverb.width),
            "synth.reverb.level": float(reverb.level),
        }
    if chorus:
        settings |= {
            "synth.chorus.nr": chorus.voices,
            "synth.chorus.level": float(chorus.level),
            "synth.chorus.speed": float(chorus.speed_hz),
            "synth.chorus.depth": float(chorus.depth_ms),
        }
    if n_stems:
        settings |= {f"synth.{name}": n_stems for name in ("audio-channels", "audio-groups", "effects-groups")}
    channels = -(-n_channels // 16) * 16
    settings |= {"gain": float(gain), "samplerate": sample_rate, "channels": channels}
    with synth_with(font, **settings) as (binding, font_id):
        yield Synth(binding, font_id, n_stems)


def play(contents: Contents, production: Production, synth: Synth, sample_rate: int) -> Iterator[np.ndarray]:
    """The audio up to the end of the last note, in pieces of whole blocks; then all pedals are up."""
    for channel, (instrument, part) in enumerate(zip(contents.instruments, production.parts, strict=True)):
        synth.set_part(channel, instrument.program, part)
    now = filled = 0
    audio = synth.room(MOST_BLOCKS)
    for event in timed_events(contents):
        block = round(event.s * sample_rate / BLOCK_SAMPLES)
        while now < block:
            n_blocks = min(block - now, MOST_BLOCKS - filled)
            synth.write_into(audio, filled, n_blocks)
            now, filled = now + n_blocks, filled + n_blocks
            if filled == MOST_BLOCKS:
                yield audio
                audio, filled = synth.room(MOST_BLOCKS), 0
        synth.send(event.channel, event.status, event.data)
        if event.status == smf.CONTROL and event.data[0] == CC_RESET:
            synth.place(event.channel, production.parts[event.channel])
    if filled:
        yield audio[: filled * BLOCK_SAMPLES]
    end = -(-round(contents.seconds * sample_rate) // BLOCK_SAMPLES)
    if end > now:
        yield from synth.writes(end - now)
    for channel in range(len(contents.instruments)):
        for pedal in PEDALS:
            synth.send(channel, smf.CONTROL, bytes([pedal, 0]))


def ring_out(synth: Synth, sample_rate: int, tail_s: float) -> Iterator[np.ndarray]:
    """Blocks until the sound is quiet, or for `tail_s`."""
    for _ in range(-(-round(tail_s * sample_rate) // (BLOCK_SAMPLES * TAIL_BLOCKS))):
        audio = synth.write(TAIL_BLOCKS)
        yield audio
        if np.abs(audio).max() < QUIET:
            return


def timed_events(contents: Contents) -> list[Timed]:
    """Every event up to the end in the order it is played; each instrument's index is its channel."""
    events: list[Timed] = []
    names = ("start_s", "start_rank", "end_s", "end_rank", "pitch", "velocity")
    for channel, instrument in enumerate(contents.instruments):
        events += (
            Timed(control.s, control.rank, channel, control.status, control.data)
            for control in instrument.controls
            if control.s <= contents.seconds
        )
        for start, start_rank, end, end_rank, pitch, velocity in zip(
            *(getattr(instrument, name).tolist() for name in names), strict=True
        ):
            events.append(Timed(start, start_rank, channel, smf.NOTE_ON, bytes([pitch, velocity])))
            events.append(Timed(end, end_rank, channel, smf.NOTE_OFF, bytes([pitch])))
    return sorted(events, key=lambda event: event.rank)


def sounding_presets(font: Path) -> dict[tuple[int, int], str]:
    """The name of each (bank, program) of a font that sounds on any key.

    Raises:
        LegatoError: libfluidsynth is absent, or FluidSynth cannot load the font.
    """
    with synth_with(font, channels=16) as (synth, font_id):
        named = list(loaded_presets(synth, font_id))
        return {place: name for place, name in named if next(sounding_keys(synth, font_id, place), None) is not None}


def fluidsynth_version() -> str:
    """The version of the libfluidsynth in use."""
    numbers = c_int(), c_int(), c_int()
    fluid.library().fluid_version(*numbers)
    return ".".join(str(number.value) for number in numbers)


@cache
def _calls() -> dict[str, Any]:
    """The library's functions `fluid_synth_…` that are called often or that the binding lacks."""
    address, addresses = c_void_p, POINTER(c_void_p)
    arguments = {
        "noteon": (c_int, c_int, c_int),  # channel, key, velocity
        "noteoff": (c_int, c_int),
        "cc": (c_int, c_int, c_int),
        "pitch_bend": (c_int, c_int),
        "channel_pressure": (c_int, c_int),
        "key_pressure": (c_int, c_int, c_int),
        "set_gen": (c_int, c_int, c_float),  # channel, generator, value
        "write_float": (c_int, address, c_int, c_int, address, c_int, c_int),  # n_samples, then where, at, step twice
        "process": (c_int, c_int, addresses, c_int, addresses),  # n_samples, then the effects' and the dry outputs
    }
    return {name: fluid.function(f"synth_{name}", c_int, c_void_p, *kinds) for name, kinds in arguments.items()}

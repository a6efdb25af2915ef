"""Music and sound written out in tests, as the evidence that tags are judged on."""

from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi

from legato.midi.contents import read_contents
from legato.midi.gm import DRUMS, KITS, PROGRAMS
from legato.truth.evidence import Evidence

SAMPLE_RATE = 44100
SECONDS = 12
Notes = list[tuple[float, float, int, int]]  # beat, beats, pitch, velocity


def evidence_of(path: Path, bpm: float = 120.0, audio: np.ndarray | None = None, **instruments: Any) -> Evidence:
    """The evidence of a track that plays instruments, {name: notes}, from a MIDI file that is written to `path`."""
    facts = instruments.pop("facts", {})
    midi = pretty_midi.PrettyMIDI(initial_tempo=bpm)
    for name, notes in instruments.items():
        part = pretty_midi.Instrument((PROGRAMS | KITS)[name], is_drum=name in KITS)
        part.notes = [
            pretty_midi.Note(velocity, pitch, beat * 60 / bpm, (beat + beats) * 60 / bpm)
            for beat, beats, pitch, velocity in notes
        ]
        part.pitch_bends = [pretty_midi.PitchBend(4096 * (n % 2), n * 0.3) for n in range(facts.get("bends", 0))]
        midi.instruments.append(part)
    midi.write(str(path))
    return Evidence(
        midi=read_contents(path),
        audio=held() if audio is None else audio,
        sample_rate=SAMPLE_RATE,
        facts=facts,
    )


def held(*, left: float = 1.0, right: float = 1.0, hz: float = 220.0) -> np.ndarray:
    """A quiet tone without attacks."""
    wave = 0.2 * np.sin(2 * np.pi * hz * np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE)
    return np.stack([left * wave, right * wave], axis=1).astype(np.float32)


def noise_beat(bpm: float) -> np.ndarray:
    """A noise burst on every beat."""
    audio, rng = np.zeros((SECONDS * SAMPLE_RATE, 2), dtype=np.float32), np.random.default_rng(0)
    for start in np.arange(0, SECONDS - 0.2, 60 / bpm):
        at = round(start * SAMPLE_RATE)
        audio[at : at + 2000] += (rng.standard_normal(2000) * np.exp(-np.arange(2000) / 300))[:, None]
    return audio


def chords(*classes: tuple[int, ...], beats: float = 4, spread: float = 0.0) -> Notes:
    """One chord every `beats`, its notes `spread` beats apart."""
    return [
        (n * beats + place * spread, beats - place * spread, 60 + pitch, 80)
        for n, chord in enumerate(classes)
        for place, pitch in enumerate(chord)
    ]


def line(*pitches: int, beats: float = 0.5) -> Notes:
    return [(n * beats, beats * 0.9, pitch, 90) for n, pitch in enumerate(pitches)]


def drums(bars: int = 4, velocity: int = 100, **steps: list[float]) -> Notes:
    """Hits on steps of 16ths in every bar."""
    return sorted(
        (4 * bar + s / 4, 0.1, DRUMS[name], velocity) for bar in range(bars) for name in steps for s in steps[name]
    )


C_MAJOR = chords((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7))
C_MINOR = chords((0, 3, 7), (5, 8, 12), (7, 10, 14), (0, 3, 7))
BACKBEAT = {"kick": [0, 8], "snare": [4, 12], "closed_hat": [0, 2, 4, 6, 8, 10, 12, 14]}

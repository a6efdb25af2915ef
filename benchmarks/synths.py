"""Our own instruments: `speed` times them with FluidSynth beside them, `golden` keeps for the tests what they sound
like, `page` writes docs/synths.md and its pictures. After src/legato/instruments/assets has changed:

    python benchmarks/synths.py golden && python benchmarks/synths.py page
"""

import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from legato.files import write_bytes, write_json
from legato.instruments import page
from legato.instruments.audition import DRUM_KEYS, SAMPLE_RATE, golden, middle_key, notes
from legato.instruments.catalogue import DRUMS, EFFECT, MELODIC, load, names
from legato.instruments.effects import process
from legato.instruments.parts import Part, part_of
from legato.instruments.playing import play
from legato.midi.contents import Contents, read_contents
from legato.midi.gm import KITS, PROGRAMS
from legato.midi.song import Note, Song, write_midi
from legato.midi.song import Part as SongPart

ROOT = Path(__file__).parent.parent
GOLDEN, PAGE = ROOT / "tests/data/instruments.json", ROOT / "docs/synths.md"
SECONDS = 32
ROUNDS = 3
TRACK = ("supersaw", "acid_bass", "square_lead", "drums_909")  # pad, bass, lead, drums
LIGHT_TRACK = ("pluck", "bass_808", "fm_piano", "drums_808")
START = """
import sys, time
from legato.instruments import catalogue, engine
started = time.perf_counter()
for name in sys.argv[1:]:
    engine.start(catalogue.load(name), 44100)
print(time.perf_counter() - started)
"""


def main() -> None:
    {"speed": print_speed, "golden": write_golden, "page": write_page}[sys.argv[1]](*map(Path, sys.argv[2:]))


def print_speed(font: Path | None = None) -> None:
    """Seconds of audio a second of one core, best of three; all with deadlines on."""
    for name in names(MELODIC, DRUMS):
        part = pattern(name)
        play(name, {}, part, 0.1, SAMPLE_RATE)  # compiles it
        print(
            f"{name:16} {times_real(lambda one=name, p=part: play(one, {}, p, SECONDS, SAMPLE_RATE)):6.0f} x",
            flush=True,
        )
    dry = play("supersaw", {}, pattern("supersaw"), SECONDS, SAMPLE_RATE)
    for name in names(EFFECT):
        print(f"{name:16} {times_real(lambda one=name: process(one, {}, dry, SAMPLE_RATE)):6.0f} x", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        contents = four_parts(Path(folder))
        for track in (TRACK, LIGHT_TRACK):
            print(f"{' + '.join(track)}: {times_real(lambda ours=track: ours_plays(contents, ours)):.0f} x")
        font = font or made_font(Path(folder))
        fluid_plays(contents, font)  # loads the font
        print(f"FluidSynth, the same four parts, no effects: {times_real(lambda: fluid_plays(contents, font)):.0f} x")
    for some in (TRACK, names()):
        words = [sys.executable, "-c", START, *some]
        took = float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
        print(f"a fresh process starts {len(some)} of them in {took:.2f} s")


def times_real(work: Callable[[], Any]) -> float:
    """Seconds of audio per second of processor time, the best of some rounds."""
    took = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        took.append(time.process_time() - started)
    return SECONDS / min(took)


def pattern(name: str) -> Part:
    """Chords of four held notes a second, a line of two notes a second of a lone voice, four drums a second."""
    instrument, key = load(name), middle_key(load(name))
    if instrument.kind == DRUMS:
        return notes(*((n / 4, n / 4 + 0.1, DRUM_KEYS[n % len(DRUM_KEYS)], 100) for n in range(4 * SECONDS)))
    if instrument.polyphony == 1:
        return notes(*((n / 2, n / 2 + 0.45, key + (0, 3, 7, 5)[n % 4], 100) for n in range(2 * SECONDS)))
    chord = (0, 7, 12, 15)
    return notes(*((n, n + 0.9, key + (0, -4, 3, -2)[n % 4] + step, 100) for n in range(SECONDS) for step in chord))


def four_parts(folder: Path) -> Contents:
    """A file of a pad, a bass, a lead and drums, 120 bpm."""
    beats = 2 * SECONDS
    roots = (0, -4, 3, -2)
    written = {
        "pad": [Note(b, 3.9, 57 + roots[b // 4 % 4] + step, 90) for b in range(0, beats, 4) for step in (0, 7, 12, 15)],
        "bass": [Note(h / 2, 0.4, 33 + roots[h // 8 % 4], 100) for h in range(2 * beats)],
        "lead": [Note(b, 0.9, 69 + (0, 3, 7, 5, 10)[b % 5], 100) for b in range(beats)],
        "drums": [
            *(Note(b, 0.1, (36, 38)[b % 2], 110) for b in range(beats)),
            *(Note(h / 2, 0.1, 42, 80) for h in range(2 * beats)),
        ],
    }
    programs = (PROGRAMS["polysynth_pad"], PROGRAMS["synth_bass_1"], PROGRAMS["square_lead"], KITS["tr909_kit"])
    parts = (
        SongPart(
            role=role, program=program, is_drum=role == "drums", volume=100, pan=64, reverb_send=0, notes=tuple(played)
        )
        for (role, played), program in zip(written.items(), programs, strict=True)
    )
    write_midi(folder / "four.mid", Song(bpm=120, n_bars=beats // 4, parts=tuple(parts)))
    return read_contents(folder / "four.mid")


def ours_plays(contents: Contents, track: tuple[str, ...]) -> np.ndarray:
    parts = (play(n, {}, part_of(i), SECONDS, SAMPLE_RATE) for n, i in zip(track, contents.instruments, strict=True))
    return sum(parts, start=np.zeros((SECONDS * SAMPLE_RATE, 2), np.float32))


def fluid_plays(contents: Contents, font: Path) -> np.ndarray:
    from legato.render import fluidsynth
    from legato.render.production import PartProduction, Production

    part = {"pan": 0.0, "gain_db": 0.0, "detune_cents": 0.0, "chorus_send": 0.0}
    places = tuple(PartProduction(bank=128 if i.is_drum else 0, **part) for i in contents.instruments)
    production = Production(reverb=None, chorus=None, parts=places)
    with fluidsynth.open_synth(font, SAMPLE_RATE, gain=0.4, polyphony=256, n_channels=len(places)) as synth:
        return np.concatenate(list(fluidsynth.play(contents, production, synth, SAMPLE_RATE)))


def made_font(folder: Path) -> Path:
    from legato.soundfont.font import write_font

    write_font(folder / "legato.sf2")
    return folder / "legato.sf2"


def write_golden() -> None:
    """The hash of what each instrument and effect plays."""
    write_json(GOLDEN, {name: golden(name) for name in names()})


def write_page() -> None:
    """The page's text and its pictures."""
    for title, kinds in (("instruments", (MELODIC, DRUMS)), ("effects", (EFFECT,))):
        write_bytes(PAGE.parent / f"synths/{title}.png", picture([(name, shown(name)) for name in names(*kinds)]))
    write_bytes(PAGE, page.text().encode())


def shown(name: str) -> np.ndarray:
    """Three octaves of a note, of drums each sound, of an effect a click and a chord."""
    instrument, key = load(name), middle_key(load(name))
    if instrument.kind == EFFECT:
        chord = play("supersaw", {}, notes(*((0.8, 2.2, 48 + step, 100) for step in (0, 7, 16))), 3.0, SAMPLE_RATE)
        chord[SAMPLE_RATE // 10] += 0.9
        return process(name, {}, chord, SAMPLE_RATE)
    if instrument.kind == DRUMS:
        return play(name, {}, notes(*((n / 4, n / 4 + 0.1, k, 110) for n, k in enumerate(DRUM_KEYS))), 4.0, SAMPLE_RATE)
    rows = [(n, n + 0.7, key + step, 100) for n, step in enumerate((-12, 0, 12))]
    return play(name, {}, notes(*rows), 3.5, SAMPLE_RATE)


def picture(sounds: list[tuple[str, np.ndarray]]) -> bytes:
    """Spectrograms side by side as a PNG: 40 Hz to 20 kHz in octaves, 75 dB."""
    from matplotlib.figure import Figure

    columns = 3
    rows = -(-len(sounds) // columns)
    figure = Figure(figsize=(13, 2.3 * rows))
    for axes in (grid := figure.subplots(rows, columns, squeeze=False)).flat:
        axes.axis("off")
    for axes, (name, audio) in zip(grid.flat, sounds, strict=False):
        axes.imshow(spectrogram(audio), origin="lower", aspect="auto", vmin=-75, vmax=0, cmap="magma")
        axes.set_title(name, fontsize=9, pad=2)
    figure.subplots_adjust(0.005, 0.005, 0.995, 0.97, 0.03, 0.14)
    png = io.BytesIO()
    figure.savefig(png, dpi=72)
    return png.getvalue()


def spectrogram(audio: np.ndarray) -> np.ndarray:
    """Levels in dB under the highest, (144 bands of a sixteenth of an octave, frames of 10 ms)."""
    mono = audio.mean(axis=1)
    size, hop = 4096, SAMPLE_RATE // 100
    frames = np.stack([mono[at : at + size] for at in range(0, len(mono) - size, hop)]) * np.hanning(size)
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = 40 * 2 ** (np.arange(145) / 16) * size / SAMPLE_RATE
    bands = [power[:, int(low) : max(int(high), int(low) + 1)].max(axis=1) for low, high in pairwise(edges)]
    return 10 * np.log10(np.stack(bands) / power.max() + 1e-9)


if __name__ == "__main__":
    main()

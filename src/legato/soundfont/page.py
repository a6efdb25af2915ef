"""docs/instruments.md: every preset, how it is made, and a small spectrogram of each."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from legato.files import write_bytes
from legato.midi.gm import DRUM_BANK, DRUMS, KITS, MELODIC_BANK, PROGRAMS
from legato.soundfont import audition
from legato.soundfont.kits.tables import KITS_OF_DRUMS
from legato.soundfont.presets import Tonal
from legato.soundfont.repertoire import NEAREST, TONALS
from legato.soundfont.synthesis import SAMPLE_RATE, Wave

COLUMNS, ROWS = 6, 7  # of a contact sheet
FLOOR_DB = -75.0
INTRODUCTION = """# Instruments

`legato.sf2` is made here: every sample is computed by `src/legato/soundfont`, nothing is recorded, and the font is
CC0-1.0. This page is written by `python benchmarks/instruments.py page`; a test compares it with the font.

- Bank 0 holds the 128 programs of General MIDI. A program without a sound of its own is played by the nearest that
  has one ("as"). Banks 1 and up hold variants of the same program: the same family, so that the same words are true of
  them.
- Bank 128 holds the drum kits. Every kit has a sound on each key from 35 to 82. SoundFonts have no round robin: where a
  drum has several takes, narrow neighbouring windows of velocity alternate between them.
- Velocity changes the loudness of everything, closes a filter on what is played softly, and chooses between the layers
  of what has them.
- Around its middle key every preset is equally loud within 1.5 dB (K-weighted); slow ones are 2 dB below the others,
  and a few very short ones cannot be that loud.
- "slow": the sound swells for a quarter of a second or more; all others speak within 0.08 s, struck and plucked ones
  within 0.015 s.
- The pictures show two seconds: an octave down, the middle key (C4; of basses E2) and an octave up; of kits a kick, a
  closed hat, a snare and an open hat. Frequency runs from 40 Hz to 20 kHz in octaves, colour over 75 dB.

## Presets

"""


def table() -> list[tuple[int, int, str, str, str]]:
    """(bank, program, program's name, preset's name, how it is made) of every preset in the font."""
    rows = []
    for program, row in NEAREST.items():
        alias = "" if row.program == program else f"as {row.program}: "
        rows.append((MELODIC_BANK, PROGRAMS[program], program, row.name, alias + described(row)))
    rows += [(row.bank, PROGRAMS[row.program], row.program, row.name, described(row)) for row in TONALS if row.bank]
    rows += [(DRUM_BANK, KITS[kit], kit, kit, how) for kit, (_, how) in KITS_OF_DRUMS.items()]
    return sorted(rows, key=lambda row: (row[0] == DRUM_BANK, row[1], row[0]))


def described(row: Tonal) -> str:
    """How a preset is made, and whether it is slow."""
    return row.how + (" (slow)" if audition.is_slow(row) else "")


def text() -> str:
    """The page."""
    lines = [INTRODUCTION, "| bank | program | GM name | preset | how it is made |\n|---|---|---|---|---|\n"]
    lines += [f"| {bank} | {program} | {gm} | {name} | {how} |\n" for bank, program, gm, name, how in table()]
    lines.append("\n## Spectrograms\n\n")
    lines += [f"![presets, sheet {number}](instruments/sheet_{number}.png)\n\n" for number in range(1, n_sheets() + 1)]
    return "".join(lines).rstrip("\n") + "\n"


def phrases() -> list[tuple[str, int, int, list[int]]]:
    """(label, bank, program, four keys half a second apart) of every sound that is different."""
    tonal = [
        (row.name, row.bank, PROGRAMS[row.program], [audition.middle_key(row) + step for step in (-12, 0, 12, 12)])
        for row in TONALS
    ]
    strokes = [DRUMS[name] for name in ("kick", "closed_hat", "snare", "open_hat")]
    return tonal + [(kit, DRUM_BANK, KITS[kit], strokes) for kit in KITS_OF_DRUMS]


def n_sheets() -> int:
    """How many contact sheets there are."""
    return -(-len(phrases()) // (COLUMNS * ROWS))


def write_pictures(player: audition.Player, folder: Path) -> None:
    """The contact sheets, sheet_1.png and so on."""
    import io

    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    waiting = phrases()
    for number in range(1, n_sheets() + 1):
        here, waiting = waiting[: COLUMNS * ROWS], waiting[COLUMNS * ROWS :]
        figure = Figure(figsize=(14, 11))
        for axes, (label, bank, program, keys) in zip(figure.subplots(ROWS, COLUMNS).flat, here, strict=False):
            sound = keys if bank == DRUM_BANK else keys[:3]
            audio = player.play(bank, program, sound, 0.5, tail_s=0.5)
            axes.imshow(
                spectrogram(audio),
                origin="lower",
                aspect="auto",
                vmin=FLOOR_DB,
                vmax=0,
                cmap="magma",
                extent=(0, 2, 0, 9),
            )
            axes.set_title(f"{bank}:{program} {label}", fontsize=8, pad=2)
        for axes in figure.axes:
            axes.axis("off")
        figure.subplots_adjust(0.005, 0.005, 0.995, 0.98, 0.04, 0.16)
        png = io.BytesIO()
        figure.savefig(png, dpi=72)
        write_bytes(folder / f"sheet_{number}.png", png.getvalue())


def spectrogram(audio: Wave) -> Wave:
    """Levels in dB under the highest, (144 bands of a sixteenth of an octave from 40 Hz, frames of 10 ms)."""
    mono = audio.sum(axis=1)
    size, hop = 4096, SAMPLE_RATE // 100
    starts = range(0, len(mono) - size, hop)
    frames = np.stack([mono[start : start + size] for start in starts]) * np.hanning(size)
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = 40 * 2 ** (np.arange(145) / 16) * size / SAMPLE_RATE
    bands = [power[:, int(low) : max(int(high), int(low) + 1)].max(axis=1) for low, high in pairwise(edges)]
    return 10 * np.log10(np.stack(bands) / max(power.max(), 1e-12) + 1e-9)

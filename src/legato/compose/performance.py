"""From score to song: swing, the players' places after or before the beat, human timing and touch, and bends.

Swing moves the off 16ths by exactly its amount; humanizing comes after it, the same for all notes of a chord.
"""

from collections.abc import Sequence

import numpy as np

from legato.compose.score import BEAT, GHOST, Tone
from legato.midi.song import Bend, Note

STEP = BEAT // 4
SHORTEST_BEATS = 0.03
BENDS_A_BEAT = 24
LONGEST_SLIDE_BEATS, SLIDE_SHARE = 0.75, 0.5  # how long a note glides before its end
LOUDEST_GHOST = 55


def swing_beats(swing: float) -> np.ndarray:
    """How late each of a beat's 24 ticks is at this swing: off 16ths by (swing - 0.5) / 2, triplets not at all."""
    late = np.zeros(BEAT)
    full = (swing - 0.5) * 0.5
    for tick in range(BEAT):
        within = tick % (2 * STEP)
        if within == STEP:
            late[tick] = full
        elif tick % (STEP // 2) == 0:  # odd 32nds are between
            late[tick] = full * (within if within < STEP else 2 * STEP - within) / STEP
    return late


def perform(
    tones: Sequence[Tone],
    swing: float,
    bpm: int,
    end_beat: float,
    humanize: tuple[float, float],
    is_drum: bool,
    rng: np.random.Generator,
) -> tuple[Note, ...]:
    """The notes of a part, by time; no pitch is struck before it has ended, nothing lasts beyond the song."""
    if not tones:
        return ()
    ticks, lengths, pitches, velocities, lates, _, marks = zip(*tones, strict=True)
    tick, length = np.array(ticks), np.array(lengths)
    table = swing_beats(swing)
    starts = tick / BEAT + table[tick % BEAT] + np.array(lates)
    ends = (tick + length) / BEAT + table[(tick + length) % BEAT]
    timing_ms, touch = humanize
    places = np.arange(len(tick)) if is_drum else np.unique(tick, return_inverse=True)[1]
    jitter = np.clip(rng.standard_normal(len(tick)), -2, 2)[places] * timing_ms / 1000 * bpm / 60
    starts = np.clip(starts + jitter, 0, end_beat - 2 * SHORTEST_BEATS)
    ends = np.minimum(np.maximum(ends, starts + SHORTEST_BEATS), end_beat)
    loud = np.array(velocities) + np.rint(np.clip(rng.standard_normal(len(tick)), -2, 2) * touch)
    loud = np.minimum(loud, np.where(np.array([mark == GHOST for mark in marks]), LOUDEST_GHOST, 127))
    loud = np.clip(loud, 1, 127).astype(int)
    pitch = np.array(pitches)
    ends = _released(starts, ends, pitch)
    order = np.lexsort((pitch, starts))
    return tuple(
        map(
            Note,
            starts[order].tolist(),
            np.maximum(ends - starts, SHORTEST_BEATS)[order].tolist(),
            pitch[order].tolist(),
            loud[order].tolist(),
        )
    )


def _released(starts: np.ndarray, ends: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """The ends, none later than the next start of the same pitch."""
    order = np.lexsort((starts, pitch))
    same = pitch[order][1:] == pitch[order][:-1]
    before, after = order[:-1][same], order[1:][same]
    ends = ends.copy()
    ends[before] = np.minimum(ends[before], starts[after])
    return ends


def one_voice(notes: Sequence[Note]) -> tuple[Note, ...]:
    """The notes of a line, each ending before the next begins."""
    ends = [note.beat for note in notes[1:]] + [float("inf")]
    return tuple(
        note._replace(beats=max(min(note.beats, end - note.beat), SHORTEST_BEATS))
        for note, end in zip(notes, ends, strict=True)
    )


def bends(tones: Sequence[Tone], notes: Sequence[Note]) -> tuple[Bend, ...]:
    """Glides at the ends of the notes that slide, and back to no bend where the next note begins."""
    written = sorted(tones, key=lambda tone: tone.tick)
    found: list[Bend] = []
    for at, (tone, note) in enumerate(zip(written, notes, strict=True)):
        if not tone.slide:
            continue
        length = min(note.beats * SLIDE_SHARE, LONGEST_SLIDE_BEATS)
        start, n_bends = note.beat + note.beats - length, max(round(length * BENDS_A_BEAT), 2)
        found += [
            Bend(round(start + length * step / n_bends, 4), round(tone.slide * step / n_bends, 3))
            for step in range(1, n_bends + 1)
        ]
        after = notes[at + 1].beat if at + 1 < len(notes) else note.beat + note.beats
        found.append(Bend(round(max(after, note.beat + note.beats), 4), 0.0))
    return tuple(found)

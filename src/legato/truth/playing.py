"""Whether some instrument plays as a tag says: by the spacing, the lengths, the leaps and the bends of its notes."""

from collections.abc import Callable

import numpy as np

from legato.midi.contents import Instrument
from legato.prompts.claims import GHOSTS, ROLLS, SLIDES
from legato.truth.evidence import HATS, SNARES, Evidence

GUITARS, BASSES = range(24, 32), range(32, 40)  # programs
CHORD_S = 0.012  # onsets nearer than this are one
STRUM_S = 0.15  # a strum's strings all sound within this


def _is_arpeggiated(evidence: Evidence) -> bool:
    """Some instrument plays single notes, most by leaps, two a second or more."""
    for part in evidence.melodic:
        order = np.argsort(part.start_s, kind="stable")
        gaps, leaps = np.diff(part.start_s[order]), np.abs(np.diff(part.pitch[order]))
        if len(gaps) >= 8 and np.mean(gaps > CHORD_S) >= 0.9 and np.median(gaps) <= 0.5 and np.mean(leaps >= 3) >= 0.5:
            return True
    return False


def _is_strummed(evidence: Evidence) -> bool:
    """A guitar's notes come in bunches of three and more, one string after the other."""
    for part in evidence.melodic:
        starts = np.sort(part.start_s)
        bunches = np.split(starts, np.flatnonzero(np.diff(starts) > STRUM_S / 3) + 1)
        spread = [bunch for bunch in bunches if len(bunch) >= 3 and 0 < bunch[-1] - bunch[0] <= STRUM_S]
        if part.program in GUITARS and sum(map(len, spread)) >= 0.5 * len(starts):
            return True
    return False


def _is_picked(evidence: Evidence) -> bool:
    """A guitar plays mostly one string at a time, three different pitches a bar or more."""
    bar_s = 240 / evidence.midi.bpm
    for part in evidence.melodic:
        gaps = np.diff(np.sort(part.start_s))
        if part.program in GUITARS and len(gaps) >= 8 and np.mean(gaps > 0.03) >= 0.6:
            bars = (part.start_s / bar_s).astype(int)
            if np.median([len(np.unique(part.pitch[bars == bar])) for bar in np.unique(bars)]) >= 3:
                return True
    return False


def _in_order(part: Instrument) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A part's gaps from note to note, lengths and pitches, by onset; seconds."""
    order = np.argsort(part.start_s, kind="stable")
    starts = part.start_s[order]
    return np.diff(starts), (part.end_s[order] - starts)[:-1], part.pitch[order]


def _is_palm_muted(evidence: Evidence) -> bool:
    """Most of a guitar's notes last no longer than a third of a beat."""
    short = 60 / evidence.midi.bpm * 0.34
    return any(part.program in GUITARS and np.median(part.end_s - part.start_s) <= short for part in evidence.melodic)


def _is_walking(evidence: Evidence) -> bool:
    """Four of five of a bass's notes come a beat behind the one before."""
    beat_s = 60 / evidence.midi.bpm
    return any(
        part.program in BASSES and np.mean(np.abs(_in_order(part)[0] / beat_s - 1) < 0.15) >= 0.8
        for part in evidence.melodic
    )


def _is_in_octaves(evidence: Evidence) -> bool:
    """A quarter of a bass's steps are octaves, and the others mostly repeat."""
    steps = [np.abs(np.diff(_in_order(part)[2])) for part in evidence.melodic if part.program in BASSES]
    return any(np.mean(step == 12) >= 0.25 for step in steps if len(step))


def _is_staccato(evidence: Evidence) -> bool:
    """Half of a melodic part's notes sound for at most 0.6 of the time until the next one."""
    for part in evidence.melodic:
        gaps, lengths, _ = _in_order(part)
        apart = gaps > CHORD_S * 2
        if apart.mean() > 0.8 and np.median(lengths[apart] / gaps[apart]) <= 0.6:
            return True
    return False


def _has_stabs(evidence: Evidence) -> bool:
    """Most of a part's notes are short and come three and more at a time."""
    short = 60 / evidence.midi.bpm * 0.55
    for part in evidence.melodic:
        starts = np.sort(part.start_s)
        bunches = np.split(starts, np.flatnonzero(np.diff(starts) > 0.04) + 1)
        in_chords = sum(len(bunch) for bunch in bunches if len(bunch) >= 3)
        if in_chords >= 0.6 * len(starts) and np.median(part.end_s - part.start_s) <= short:
            return True
    return False


def _has_bass_melody(evidence: Evidence) -> bool:
    return any(part.program in BASSES and len(np.unique(part.pitch)) >= 4 for part in evidence.melodic)


def _n_rolls(evidence: Evidence) -> int:
    """Runs of three hats and more, each less than a 16th behind the one before."""
    close = np.diff(evidence.hits(HATS)) < 0.8
    runs = np.split(close, np.flatnonzero(~close))
    return sum(run.sum() >= 2 for run in runs)


PLAYING: dict[str, Callable[[Evidence], bool]] = {
    "arpeggiated": _is_arpeggiated,
    "strummed": _is_strummed,
    "picked": _is_picked,
    "palm_muted": _is_palm_muted,
    "walking": _is_walking,
    "octaves": _is_in_octaves,
    "staccato": _is_staccato,
    "stabs": _has_stabs,
    "melody": _has_bass_melody,
    "slides": lambda e: e.n_slides >= SLIDES,
    "rolls": lambda e: _n_rolls(e) >= ROLLS,
    "ghosts": lambda e: (e.velocities(SNARES) <= 60).sum() >= GHOSTS,
}

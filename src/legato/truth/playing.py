"""Whether some instrument plays as a tag says: by the spacing, the lengths, the leaps and the bends of its notes."""

from collections.abc import Callable

import numpy as np

from legato.midi.contents import Instrument
from legato.prompts.claims import GHOSTS, ROLLS, SLIDES
from legato.truth import thresholds as at
from legato.truth.evidence import HATS, SNARES, Evidence

GUITARS, BASSES = range(24, 32), range(32, 40)  # programs


def _is_arpeggiated(evidence: Evidence) -> bool:
    """Some instrument plays single notes, most by leaps, two a second or more."""
    for part in evidence.melodic:
        order = np.argsort(part.start_s, kind="stable")
        gaps, leaps = np.diff(part.start_s[order]), np.abs(np.diff(part.pitch[order]))
        if len(gaps) < at.FEWEST_GAPS:
            continue
        is_single = np.mean(gaps > at.CHORD_S) >= at.ARPEGGIO_SINGLE_SHARE
        is_fast = np.median(gaps) <= at.ARPEGGIO_GAP_S
        if is_single and is_fast and np.mean(leaps >= at.LEAP_SEMITONES) >= at.ARPEGGIO_LEAP_SHARE:
            return True
    return False


def _is_strummed(evidence: Evidence) -> bool:
    """A guitar's notes come in bunches of three and more, one string after the other."""
    for part in evidence.by_font:
        starts = np.sort(part.start_s)
        bunches = np.split(starts, np.flatnonzero(np.diff(starts) > at.STRUM_GAP_S) + 1)
        spread = [bunch for bunch in bunches if len(bunch) >= at.STRUM_NOTES and 0 < np.ptp(bunch) <= at.STRUM_S]
        if part.program in GUITARS and sum(map(len, spread)) >= at.STRUM_SHARE * len(starts):
            return True
    return False


def _is_picked(evidence: Evidence) -> bool:
    """A guitar plays mostly one string at a time, three different pitches a bar or more."""
    bar_s = 240 / evidence.midi.bpm
    for part in evidence.by_font:
        gaps = np.diff(np.sort(part.start_s))
        if part.program not in GUITARS or len(gaps) < at.FEWEST_GAPS:
            continue
        if np.mean(gaps > at.PICK_GAP_S) >= at.PICK_SHARE:
            bars = (part.start_s / bar_s).astype(int)
            per_bar = [len(np.unique(part.pitch[bars == bar])) for bar in np.unique(bars)]
            if np.median(per_bar) >= at.PICK_PITCHES:
                return True
    return False


def _in_order(part: Instrument) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A part's gaps from note to note, lengths and pitches, by onset; seconds."""
    order = np.argsort(part.start_s, kind="stable")
    starts = part.start_s[order]
    return np.diff(starts), (part.end_s[order] - starts)[:-1], part.pitch[order]


def _is_palm_muted(evidence: Evidence) -> bool:
    """Most of a guitar's notes last no longer than a third of a beat."""
    short = 60 / evidence.midi.bpm * at.MUTED_BEATS
    return any(part.program in GUITARS and np.median(part.end_s - part.start_s) <= short for part in evidence.by_font)


def _is_walking(evidence: Evidence) -> bool:
    """Four of five of a bass's notes come a beat after the one before."""
    beat_s = 60 / evidence.midi.bpm
    off_beat = [np.abs(_in_order(part)[0] / beat_s - 1) for part in evidence.melodic if part.program in BASSES]
    return any(np.mean(beats < at.WALKING_ROOM_BEATS) >= at.WALKING_SHARE for beats in off_beat)


def _is_in_octaves(evidence: Evidence) -> bool:
    """A quarter of a bass's steps are octaves, and the others mostly repeat."""
    steps = [np.abs(np.diff(_in_order(part)[2])) for part in evidence.melodic if part.program in BASSES]
    return any(np.mean(step == 12) >= at.OCTAVE_SHARE for step in steps if len(step))


def _is_staccato(evidence: Evidence) -> bool:
    """Half of a melodic part's notes sound for at most 0.6 of the time until the next one."""
    for part in evidence.melodic:
        gaps, lengths, _ = _in_order(part)
        apart = gaps > at.STACCATO_GAP_S
        lasting = lengths[apart] / gaps[apart]
        if apart.mean() > at.STACCATO_APART_SHARE and np.median(lasting) <= at.STACCATO_LENGTH:
            return True
    return False


def _has_stabs(evidence: Evidence) -> bool:
    """Most of a part's notes are short and come three and more at a time."""
    short = 60 / evidence.midi.bpm * at.STAB_BEATS
    for part in evidence.melodic:
        starts = np.sort(part.start_s)
        bunches = np.split(starts, np.flatnonzero(np.diff(starts) > at.STAB_CHORD_S) + 1)
        in_chords = sum(len(bunch) for bunch in bunches if len(bunch) >= at.STAB_NOTES)
        if in_chords >= at.STAB_SHARE * len(starts) and np.median(part.end_s - part.start_s) <= short:
            return True
    return False


def _has_bass_melody(evidence: Evidence) -> bool:
    basses = [part for part in evidence.melodic if part.program in BASSES]
    return any(len(np.unique(part.pitch)) >= at.BASS_MELODY_PITCHES for part in basses)


def _n_rolls(evidence: Evidence) -> int:
    """Runs of three hats and more, each less than a 16th after the one before."""
    close = np.diff(evidence.hits(HATS)) < at.ROLL_GAP_STEPS
    runs = np.split(close, np.flatnonzero(~close))
    return sum(run.sum() >= at.ROLL_GAPS for run in runs)


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
    "ghosts": lambda e: (e.velocities(SNARES) <= at.GHOST_VELOCITY).sum() >= GHOSTS,
}

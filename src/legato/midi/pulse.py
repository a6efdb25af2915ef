"""Whether notes keep to the beat that their file states: a player's recording has some bpm in it, most often 120."""

import numpy as np

from legato.midi.contents import Contents

SLOWEST_BPM, FASTEST_BPM = 20, 400  # what a listener would call a bpm
FEWEST_ONSETS = 32  # fewer say nothing about chance
APART_BEATS = 0.05  # onsets that are nearer are one: a chord
PARTS_OF_A_BEAT = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16)
BY_CHANCE = 12.0  # n * concentration ** 2 is over this with a probability of exp(-12) where onsets fall by chance
LEAST_CONCENTRATION = 0.25


def told_bpm(contents: Contents) -> float | None:
    """The main tempo; None where the file states none, where it is no music's, and where notes fall off its beat."""
    bpm = contents.bpm
    is_told = contents.states_bpm and SLOWEST_BPM <= bpm <= FASTEST_BPM and keeps_beat(onset_beats(contents))
    return bpm if is_told else None


def onset_beats(contents: Contents) -> np.ndarray:
    """When something begins, in quarter notes of the file, chords once, (n_onsets,)."""
    ticks = np.unique(np.concatenate([instrument.start_tick for instrument in contents.instruments]))
    beats: list[float] = []
    for beat in (ticks / contents.ticks_per_beat).tolist():
        if not beats or beat - beats[-1] >= APART_BEATS:
            beats.append(beat)
    return np.array(beats)


def keeps_beat(beats: np.ndarray) -> bool:
    """Whether onsets prefer some places of an even division of the beat, more than they would by chance.

    Concentration is the mean resultant length of their phases, 1 where all are at one place and about n ** -0.5 where
    they fall anywhere (Mardia and Jupp, "Directional Statistics", 2000, 6.3.1: Rayleigh's test).

    Args:
        beats: onsets in beats, (n_onsets,).

    >>> keeps_beat(np.arange(64) / 3), keeps_beat(np.arange(64) * 0.5 + 0.137)
    (True, True)
    """
    if len(beats) < FEWEST_ONSETS:
        return True
    turns = np.outer(PARTS_OF_A_BEAT, beats)
    concentration = float(np.abs(np.exp(2j * np.pi * turns).mean(axis=1)).max())
    return concentration >= max(LEAST_CONCENTRATION, (BY_CHANCE / len(beats)) ** 0.5)

"""Scales and chords.

Conventions: a pitch class is 0–11 with C = 0; a degree counts scale steps from 0; a chord is a tuple of
pitch classes, root first.
"""

from collections.abc import Sequence

NOTE_NAMES = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic_minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}

# Semitones above the root, close position.
CHORDS = {
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "diminished": (0, 3, 6),
    "augmented": (0, 4, 8),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "major_7": (0, 4, 7, 11),
    "minor_7": (0, 3, 7, 10),
    "dominant_7": (0, 4, 7, 10),
    "half_diminished_7": (0, 3, 6, 10),
    "diminished_7": (0, 3, 6, 9),
    "minor_major_7": (0, 3, 7, 11),
    "augmented_major_7": (0, 4, 8, 11),
    "major_9": (0, 4, 7, 11, 2),
    "minor_9": (0, 3, 7, 10, 2),
    "dominant_9": (0, 4, 7, 10, 2),
}
_QUALITIES = {intervals: name for name, intervals in CHORDS.items()}


def quality(classes: Sequence[int]) -> str | None:
    """The name of a chord of pitch classes, root first; None where it has none in `CHORDS`.

    >>> quality((7, 11, 2, 5))
    'dominant_7'
    """
    return _QUALITIES.get(tuple((pitch_class - classes[0]) % 12 for pitch_class in classes))


def scale_pitch(tonic: int, scale: str, degree: int, octave: int) -> int:
    """The MIDI pitch of a degree, which may be outside one octave.

    >>> scale_pitch(0, "major", 0, 4), scale_pitch(0, "major", 8, 4), scale_pitch(9, "minor", -1, 3)
    (60, 74, 55)
    """
    octaves, step = divmod(degree, 7)
    return 12 * (octave + 1 + octaves) + tonic + SCALES[scale][step]


def chord(tonic: int, scale: str, degree: int, size: int = 3) -> tuple[int, ...]:
    """The pitch classes of the diatonic chord in thirds on a degree.

    >>> chord(0, "major", 4, size=4)
    (7, 11, 2, 5)
    """
    return tuple(scale_pitch(tonic, scale, degree + 2 * step, 4) % 12 for step in range(size))


def in_range(pitch: int, low: int, high: int) -> int:
    """The pitch moved by octaves into [low, high], which spans an octave at least.

    >>> in_range(30, 36, 48), in_range(90, 36, 48)
    (42, 42)
    """
    if pitch < low:
        return pitch + 12 * -((pitch - low) // 12)
    return pitch - 12 * -((high - pitch) // 12) if pitch > high else pitch

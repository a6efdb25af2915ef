"""Harmony as data: what each degree does in each mode, and how functions follow one another.

Conventions: degrees count scale steps from 0; T is tonic, P predominant, D dominant (in modes: what leads home by the
mode's own note); weights are relative. Degrees whose triad is diminished are left to the sevenths or left out.
"""

FUNCTIONS: dict[str, dict[str, dict[int, float]]] = {
    "major": {"T": {0: 6, 5: 1.8, 2: 0.5}, "P": {3: 3.5, 1: 2.2}, "D": {4: 6, 6: 0.3}},
    "minor": {"T": {0: 6, 5: 1.0, 2: 0.5}, "P": {3: 3.5, 5: 2.0, 1: 0.4}, "D": {4: 3, 6: 2.5}},
    "harmonic_minor": {"T": {0: 6, 5: 1.2}, "P": {3: 3.5, 1: 1.2, 5: 1.2}, "D": {4: 6, 6: 1}},
    "dorian": {"T": {0: 7, 2: 0.4}, "P": {3: 4, 1: 1.2}, "D": {4: 3, 6: 2}},
    "mixolydian": {"T": {0: 7, 5: 0.5}, "P": {3: 2.0, 1: 1.0}, "D": {6: 4, 4: 2.2}},
    "phrygian": {"T": {0: 7, 5: 0.5}, "P": {3: 2.5, 5: 1.0, 2: 0.5}, "D": {1: 4, 6: 1.5}},
}
FOLLOWS = {
    "T": {"T": 0.8, "P": 3.0, "D": 2.2},
    "P": {"P": 0.8, "D": 3.0, "T": 2.0},
    "D": {"T": 5.0, "P": 0.6, "D": 0.5},
}
OPENINGS = {"A": {"T": 1.0}, "B": {"T": 1.2, "P": 1.6, "D": 0.4}, "C": {"T": 1.5, "P": 1.5}}
CADENCES = {"D": 3.0, "T": 1.6, "P": 0.8}  # the function that a section ends on

# Beats of the chords of two bars, by how fast the harmony of a track moves.
HARMONIC_RHYTHMS: dict[str, dict[tuple[int, ...], float]] = {
    "slow": {(8,): 3, (4, 4): 4, (6, 2): 1},
    "medium": {(8,): 0.7, (4, 4): 5, (4, 2, 2): 1.5, (6, 2): 1, (2, 2, 4): 0.7, (3, 5): 0.4},
    "fast": {(4, 4): 2, (4, 2, 2): 3, (2, 2, 4): 2, (2, 2, 2, 2): 1.5, (6, 2): 1, (2, 4, 2): 0.7},
}
PACES = {"slow": 1.2, "medium": 4, "fast": 1.5}

COLORS = {  # how many thirds a chord has, by the colour drawn for a track
    "triads": {3: 1.0, 4: 0.06},
    "sevenths": {3: 1.0, 4: 1.2},
    "ninths": {3: 0.1, 4: 1.5, 5: 0.8},
}
SUSPENSION, INVERSION = 0.1, 0.16  # chances a chord

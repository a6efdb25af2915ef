"""The composer's vocabulary as data: roles, grooves, progressions, rhythms.

Conventions: a drum line has 16 steps, one bar of 16ths; `X` is an accent, `x` a hit, `o` a soft hit, `-` a
ghost note, `.` a rest. Rhythms are (beat, beats) pairs within one bar. Degrees count scale steps from 0.
"""

from dataclasses import dataclass

STEPS_PER_BAR = 16
STEP_VELOCITIES = {"X": 116, "x": 100, "o": 76, "-": 46}


@dataclass(frozen=True, kw_only=True)
class Role:
    """A part's range and its place in the mix (MIDI controllers 7, 10 and 91)."""

    low: int  # pitch
    high: int
    volume: int
    pan: int
    reverb_send: int
    in_intro: bool


ROLES = {
    "pad": Role(low=50, high=74, volume=84, pan=64, reverb_send=60, in_intro=True),
    "arp": Role(low=57, high=84, volume=74, pan=84, reverb_send=50, in_intro=False),
    "lead": Role(low=66, high=88, volume=88, pan=56, reverb_send=50, in_intro=False),
    "bass": Role(low=28, high=45, volume=100, pan=64, reverb_send=0, in_intro=True),
    "sub": Role(low=24, high=48, volume=112, pan=64, reverb_send=0, in_intro=True),
    "strum": Role(low=43, high=72, volume=88, pan=44, reverb_send=30, in_intro=True),
    "pick": Role(low=48, high=76, volume=84, pan=88, reverb_send=40, in_intro=True),
    "drums": Role(low=35, high=81, volume=104, pan=64, reverb_send=14, in_intro=True),
}

# One line for sections A and C, one for B.
GROOVES = {
    "boom_bap": {
        "kick": ("X..x......X.....", "X..x..x...Xx...."),
        "snare": ("....X..-....X..-", "....X..-.-..X..-"),
        "closed_hat": ("x.o.x.o.x.o.x.o.", "x.o.x.oox.o.x.o."),
        "open_hat": ("................", "..............x."),
    },
    "dusty": {
        "kick": ("X.....xx..X.....", "X....x.x..X..x.."),
        "snare": ("....X.......X...", "....X..-....X.--"),
        "closed_hat": ("x-o-x-o-x-o-x-o-", "x-o-x-o-x-o-x-o-"),
        "shaker": ("................", "..o...o...o...o."),
    },
    "trap": {
        "kick": ("X.....x...x.....", "X..x......x..x.."),
        "clap": ("........X.......", "........X......."),
        "closed_hat": ("x.x.x.x.x.x.xxxx", "xoxoxoxoxoxoxxxx"),
        "open_hat": ("................", "......x........."),
    },
    "pop": {
        "kick": ("X.......X.x.....", "X.....x.X.x....."),
        "snare": ("....X.......X...", "....X.......X..o"),
        "closed_hat": ("x.o.x.o.x.o.x.o.", "................"),
        "ride": ("................", "x.o.x.o.x.o.x.o."),
        "tambourine": ("................", "....o.......o..."),
    },
    "house": {
        "kick": ("X...X...X...X...", "X...X...X...X..o"),
        "clap": ("....X.......X...", "....X.......X..."),
        "open_hat": ("..x...x...x...x.", "..x...x...x...x."),
        "closed_hat": ("x-..x-..x-..x-..", "x-o-x-o-x-o-x-o-"),
    },
}

FILLS = (
    {"snare": "X.......x.x.xxXX"},
    {"snare": "....X...x.o.....", "high_tom": "..........x.x...", "low_tom": "..............XX"},
    {"high_tom": "........x.x.....", "mid_tom": "............x.x.", "low_tom": "..............xX"},
    {"snare": "....X.......XxxX", "kick": "X.......X......."},
)

# Four degrees, one a bar.
PROGRESSIONS = {
    "bright": ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 0, 4), (5, 3, 0, 4), (0, 2, 3, 4), (0, 3, 5, 4), (1, 4, 0, 5)),
    "dark": ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 6), (0, 5, 3, 4), (0, 2, 6, 3), (5, 6, 0, 0), (0, 3, 6, 2)),
}
SCALE_MOODS = {
    "major": "bright",
    "mixolydian": "bright",
    "minor": "dark",
    "harmonic_minor": "dark",
    "dorian": "dark",
    "phrygian": "dark",
}

# The letters of four-bar sections, by how many of them there are; longer songs go round ABAC.
FORMS = {0: ("",), 1: ("A",), 2: ("AB",), 3: ("AAB", "ABA", "ABB"), 4: ("AABA", "ABAB", "ABAC", "AABB")}
LONG_FORM = "ABAC"
SECTION_BARS = 4

BASS_RHYTHMS = (
    ((0, 0.5), (0.5, 0.5), (1, 0.5), (1.5, 0.5), (2, 0.5), (2.5, 0.5), (3, 0.5), (3.5, 0.5)),
    ((0, 1.5), (1.5, 0.5), (2, 1.5), (3.5, 0.5)),
    ((0, 0.75), (0.75, 0.75), (1.5, 0.5), (2, 0.75), (2.75, 0.75), (3.5, 0.5)),
    ((0, 1), (1, 1), (2, 1), (3, 1)),
    ((0.5, 0.5), (1, 0.5), (2, 0.5), (2.5, 0.5), (3.5, 0.5)),
)
SUB_RHYTHMS = (
    ((0, 1.5), (1.5, 1.5), (3, 1)),
    ((0, 2.5), (2.5, 0.5), (3, 1)),
    ((0, 0.75), (0.75, 1.75), (2.5, 1.5)),
    ((0, 3), (3, 0.5), (3.5, 0.5)),
    ((0, 0.5), (1.5, 1), (2.5, 1.5)),
)
LEAD_RHYTHMS = (
    ((0, 1), (1, 0.5), (1.5, 0.5), (2, 1.5)),
    ((0, 0.5), (0.5, 0.5), (1, 1), (2.5, 0.5), (3, 1)),
    ((0.5, 0.5), (1, 0.5), (1.5, 1), (3, 1)),
    ((0, 1.5), (1.5, 0.5), (2, 2)),
    ((0, 0.75), (0.75, 0.75), (1.5, 0.5), (2, 1), (3, 0.5)),
)
# (beat, is a down-stroke)
STRUM_RHYTHMS = (
    ((0, True), (1, True), (1.5, False), (2.5, False), (3, True), (3.5, False)),
    ((0, True), (0.5, False), (1, True), (1.5, False), (2, True), (2.5, False), (3, True), (3.5, False)),
    ((0, True), (1, True), (1.5, False), (2, True), (3, True), (3.5, False)),
    ((0, True), (1.5, False), (2, True), (3.5, False)),
)
ARP_ORDERS = ((0, 1, 2, 3), (3, 2, 1, 0), (0, 1, 2, 3, 2, 1), (0, 2, 1, 3), (0, 3, 1, 2, 3, 2))
PICK_ORDERS = ((0, 2, 1, 3, 0, 2, 1, 3), (0, 1, 2, 3, 2, 1, 2, 1), (0, 2, 3, 2, 1, 2, 3, 2))

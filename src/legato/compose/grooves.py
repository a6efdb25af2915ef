"""Grooves as data: not bars but the odds from which bars are drawn.

Conventions: a line is one bar of 16ths: `X` is always played, `1`–`9` with that many tenths, `.` never. A track draws
one drum for each layer, a letter of the form one line and its bars, and every bar draws some of its odds again.
"""

from dataclasses import dataclass
from typing import Any

STEPS_PER_BAR = 16
OFFBEAT_OPEN, NONE = "..2...3...2...4.", "................"
KICKS, SNARES, HATS = ("kick", "kick_2"), ("snare", "snare_2"), ("closed_hat", "pedal_hat")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One line of a groove."""

    drums: tuple[str, ...]  # one is drawn per track
    lines: tuple[str, ...]  # one is drawn per letter
    velocity: int = 100
    accent: int = 12  # how much softer the weak 16ths are
    late: float = 0.0  # beats late (push is negative)
    chance: float = 1.0  # that a track has this layer
    change: float = 0.15  # that a bar draws a step's odds again
    is_ghost: bool = False


@dataclass(frozen=True, kw_only=True)
class Groove:
    layers: dict[str, Layer]
    fills: tuple[str, ...]
    rolls: float = 0.0  # chance of a hat roll a bar
    open_hat: str = OFFBEAT_OPEN  # an open hat instead of a closed one, or alone
    crash: float = 0.6  # chance at a section's start


def _layer(drums: tuple[str, ...] | str, *lines: str, **rest: Any) -> Layer:
    return Layer(drums=(drums,) if isinstance(drums, str) else drums, lines=lines, **rest)


GHOSTS = _layer(
    SNARES, ".1.2.1.3.2.1.2.3", "...3..2..3..2..4", ".2.....5.3.....2", velocity=40, accent=6, change=0.4, is_ghost=True
)
HATS_8THS = ("X1X2X1X3X1X2X1X4", "X.X3X.X.X2X.X3X.", "X2X.X.X2X.X3X.X1", "XX.3X.X2X1.3X.X4")
HATS_16THS = ("XXXXXXXXXXXXXXXX", "X8X9X8X9X8X9X8X9", "XXX5XXX5XX5XXXX5", "X5XXX6X8X5XXX6XX")
SPARE_HATS = ("X...X.3.X...X.4.", "..X...X...X..3X.", "X..X..X.X..X..X2", "X.3.X..4X.2.X.5.")
PERCUSSION = {
    "shaker": _layer("shaker", "X5X5X5X5X5X5X5X5", "..X3..X4..X3..X5", "XXX.XXX.XX3.XXX.", velocity=62, chance=0.35),
    "percussion": _layer(
        ("mute_conga", "high_conga", "low_conga", "claves", "cowbell", "side_stick", "wood_block", "high_bongo"),
        "...4..3..2.4..3.",
        "3..3..3...3..3..",
        "..2..5....4.3..4",
        ".3..2..4.2...5..",
        velocity=66,
        chance=0.5,
        change=0.3,
    ),
    "tambourine": _layer("tambourine", "....X.......X...", "..X...X...X...X.", velocity=66, chance=0.25),
}
FILLS_ACOUSTIC = ("snare_roll", "toms", "kick_snare", "triplets", "stop")
FILLS_MACHINE = ("snare_roll", "kick_snare", "triplets", "stop", "claps")

GROOVES = {
    "boom_bap": Groove(
        layers={
            "kick": _layer(
                KICKS, "X.12..4.3.X4.2.1", "X..6.1.3..X3.1.2", "X.2...5X.2X..4.1", "X1.5..3.2.6X.3..", velocity=110
            ),
            "snare": _layer((*SNARES, "clap"), "....X.......X...", "....X.......X..1", velocity=108, late=0.02),
            "ghosts": GHOSTS,
            "hats": _layer(("closed_hat", "closed_hat", "pedal_hat", "ride"), *HATS_8THS, *SPARE_HATS, velocity=84),
            **PERCUSSION,
        },
        fills=FILLS_ACOUSTIC,
    ),
    "dusty": Groove(
        layers={
            "kick": _layer(KICKS, "X..3.2.5..X2.3.2", "X.2..4.5.5..X3..", "X...3.6..4X..2.4", velocity=104, late=0.015),
            "snare": _layer((*SNARES, "side_stick"), "....X.......X...", "....X..1....X.1.", velocity=96, late=0.045),
            "ghosts": GHOSTS,
            "hats": _layer(HATS, *HATS_8THS, *SPARE_HATS, velocity=72, late=0.015, accent=18),
            **PERCUSSION,
        },
        fills=("kick_snare", "stop", "snare_roll", "triplets"),
        crash=0.2,
    ),
    "trap": Groove(
        layers={
            "kick": _layer(
                KICKS, "X..3..4.2.5..3.2", "X.2...3X..4.1..4", "X..X..2...3.5..2", "X...2.5..3.4..6.", velocity=114
            ),
            "snare": _layer(("clap", "snare", "snare_2"), "........X.......", "........X.....2.", velocity=112),
            "ghosts": _layer(
                SNARES, "...2...2.....2.3", "......3....2...4", velocity=42, chance=0.6, is_ghost=True, change=0.4
            ),
            "hats": _layer("closed_hat", *HATS_8THS, *HATS_16THS, velocity=84, accent=20),
            **{name: PERCUSSION[name] for name in ("percussion", "shaker")},
        },
        fills=FILLS_MACHINE,
        rolls=0.45,
        crash=0.4,
    ),
    "house": Groove(
        layers={
            "kick": _layer("kick", "X...X...X...X...", "X...X...X...X.12", velocity=116, change=0.1),
            "snare": _layer(("clap", "snare", "snare_2"), "....X.......X...", "....X..1....X..2", velocity=104),
            "off_hats": _layer("open_hat", "..X...X...X...X.", velocity=88),
            "hats": _layer(
                "closed_hat", "X2.5X2.5X2.5X2.5", "3X.X3X.X3X.X3X.X", "5..X5..X5..X5..X", velocity=70, chance=0.85
            ),
            **PERCUSSION,
        },
        fills=FILLS_MACHINE,
        open_hat=NONE,
    ),
    "synthwave": Groove(
        layers={
            "kick": _layer("kick", "X.......X.......", "X...X...X...X...", "X.....2.X.3...1.", velocity=114),
            "snare": _layer(SNARES, "....X.......X...", velocity=114),
            "hats": _layer("closed_hat", *HATS_8THS[:2], *HATS_16THS[:2], velocity=76),
            "toms": _layer("low_tom", "..........3...4.", "......3.......5.", velocity=92, chance=0.4, change=0.4),
            **{name: PERCUSSION[name] for name in ("tambourine", "shaker")},
        },
        fills=("toms", "snare_roll", "stop", "kick_snare"),
    ),
    "halftime": Groove(
        layers={
            "kick": _layer(KICKS, "X..2..3...1...4.", "X.....5X..2..3..", "X.2.4.......6.3.", velocity=114),
            "snare": _layer(SNARES, "........X.......", velocity=114, late=0.02),
            "ghosts": GHOSTS,
            "hats": _layer(("closed_hat", "ride"), *HATS_8THS, *SPARE_HATS, velocity=80),
            **PERCUSSION,
        },
        fills=FILLS_ACOUSTIC,
    ),
    "pop": Groove(
        layers={
            "kick": _layer(
                "kick", "X.....3.X.4...1.", "X...2...X.5.2...", "X..3..X.2.X...2.", "X.....X.X.....4.", velocity=110
            ),
            "snare": _layer((*SNARES, "clap", "side_stick"), "....X.......X...", "....X.......X..2", velocity=108),
            "hats": _layer(
                ("closed_hat", "closed_hat", "ride"), *HATS_8THS, "X...X...X...X...", *HATS_16THS[:1], velocity=82
            ),
            **PERCUSSION,
        },
        fills=FILLS_ACOUSTIC,
    ),
    "rock": Groove(
        layers={
            "kick": _layer("kick", "X.....X.X.3...2.", "X.X...3.X.X...2.", "X.....2.XX4...1.", velocity=116),
            "snare": _layer(SNARES, "....X.......X...", velocity=118),
            "ghosts": _layer(SNARES, ".......2.1.....2", velocity=42, chance=0.5, is_ghost=True, change=0.4),
            "hats": _layer(("closed_hat", "open_hat", "ride"), *HATS_8THS[:2], "X...X...X...X...", velocity=92),
            "tambourine": PERCUSSION["tambourine"],
        },
        fills=("toms", "snare_roll", "kick_snare", "triplets"),
        crash=0.9,
    ),
    "lofi": Groove(
        layers={
            "kick": _layer(KICKS, "X..2..3..4X...2.", "X.....5..X2..3..", "X..5......X1.3.2", velocity=96, late=0.02),
            "snare": _layer((*SNARES, "side_stick"), "....X.......X...", "....X.....1.X..1", velocity=86, late=0.05),
            "ghosts": GHOSTS,
            "hats": _layer(HATS, *SPARE_HATS, *HATS_8THS, velocity=64, late=0.02, accent=18),
            **{name: PERCUSSION[name] for name in ("percussion", "shaker")},
        },
        fills=("stop", "kick_snare", "snare_roll"),
        crash=0.1,
    ),
    "funk": Groove(
        layers={
            "kick": _layer(
                "kick", "X.3...2.4.X3..2.", "X.X...3..4X..5..", "X..4..X..2.X.3..", "X3....4.3.6..X.2", velocity=110
            ),
            "snare": _layer(SNARES, "....X..2.2..X...", "....X..4.4..X..1", "....X....5..X.2.", velocity=110),
            "ghosts": _layer(SNARES, ".3.3.3.5.3.3.3.5", "...5.2.4.5.3.2.5", velocity=40, change=0.4, is_ghost=True),
            "hats": _layer(("closed_hat", "ride"), *HATS_16THS, *HATS_8THS, velocity=80, accent=20),
            **PERCUSSION,
        },
        fills=FILLS_ACOUSTIC,
    ),
    "sparse": Groove(
        layers={
            "kick": _layer(
                "kick", "X.......2.3.....", "X.....3...4.....", "X..2........3...", velocity=112, change=0.2
            ),
            "snare": _layer(("clap", "snare", "side_stick"), "........X.......", velocity=104),
            "hats": _layer("closed_hat", "..3...4...3...5.", "4...4...4...4...", velocity=62, chance=0.6, change=0.3),
        },
        fills=("stop", "claps"),
        open_hat=NONE,
        crash=0.0,
    ),
}

# Which drums a fill may hit; drums.fill says how.
FILLS = {
    "snare_roll": ("snare",),
    "toms": ("high_tom", "mid_tom", "low_tom", "floor_tom"),
    "kick_snare": ("kick", "snare"),
    "triplets": ("snare", "low_tom"),
    "claps": ("clap", "snare"),
    "stop": ("kick",),
}
CRASH, ENDING_DRUMS = "crash", ("kick", "crash")


def drums_of(groove: Groove) -> set[str]:
    """Every drum that a groove, its fills, its crashes and its ending may hit."""
    layers = {drum for layer in groove.layers.values() for drum in layer.drums}
    fills = {drum for fill in groove.fills for drum in FILLS[fill]}
    return layers | fills | {CRASH, *ENDING_DRUMS} | ({"open_hat"} if groove.open_hat != NONE else set())

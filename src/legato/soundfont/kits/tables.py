"""The kits: which sound each key strikes, how loud, where, and what it cuts off."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from legato.soundfont.kits import acoustic as a
from legato.soundfont.kits import machines as m
from legato.soundfont.kits import percussion as p
from legato.soundfont.kits.sounds import Sound

HATS, WHISTLES, GUIROS, CUICAS, TRIANGLES = 1, 2, 3, 4, 5  # exclusive groups
TOM_KEYS = (41, 43, 45, 47, 48, 50)


@dataclass(frozen=True, kw_only=True)
class Drum:
    """A sound on its keys."""

    keys: tuple[int, ...]
    sound: Sound
    level_db: float = 0.0  # of its peak
    pan: int = 0  # -500 left to 500 right
    exclusive: int = 0  # the group in which one hit cuts off another
    cents: int = 0  # out of tune; a fifth of an octave up at most
    reverb: float = 0.06


def drum(keys: int | tuple[int, ...], sound: Sound, level_db: float = 0.0, pan: int = 0, exclusive: int = 0) -> Drum:
    """A row of the tables below."""
    return Drum(
        keys=(keys,) if isinstance(keys, int) else keys, sound=sound, level_db=level_db, pan=pan, exclusive=exclusive
    )


def toms(sounds: Sequence[Sound], level_db: float = -4) -> tuple[Drum, ...]:
    """Six toms from the floor on the right to the left."""
    pans = (180, 140, 90, -30, -90, -150)
    return tuple(drum(key, sound, level_db, pan) for key, sound, pan in zip(TOM_KEYS, sounds, pans, strict=True))


PERCUSSION = (
    drum(54, p.TAMBOURINE, -10, 120),
    drum(56, p.COWBELL, -10, -100),
    drum(58, p.VIBRASLAP, -11, -160),
    drum(60, p.BONGOS[0], -6, 110),
    drum(61, p.BONGOS[1], -6, 140),
    drum(62, p.CONGAS[0], -6, 100),
    drum(63, p.CONGAS[1], -6, 100),
    drum(64, p.CONGAS[2], -6, 130),
    drum(65, p.TIMBALES[0], -8, -110),
    drum(66, p.TIMBALES[1], -8, -140),
    drum(67, p.AGOGOS[0], -12, -150),
    drum(68, p.AGOGOS[1], -12, -150),
    drum(69, p.CABASA, -12, -160),
    drum(70, p.MARACAS, -12, -160),
    drum(82, p.SHAKER, -12, 160),
    drum(71, p.WHISTLES[0], -15, 100, WHISTLES),
    drum(72, p.WHISTLES[1], -15, 100, WHISTLES),
    drum(73, p.GUIROS[0], -11, 120, GUIROS),
    drum(74, p.GUIROS[1], -11, 120, GUIROS),
    drum(75, p.CLAVES, -11, -60),
    drum(76, p.WOOD_BLOCKS[0], -10, 130),
    drum(77, p.WOOD_BLOCKS[1], -10, 130),
    drum(78, p.CUICAS[0], -13, -120, CUICAS),
    drum(79, p.CUICAS[1], -13, -120, CUICAS),
    drum(80, p.TRIANGLES[0], -15, 150, TRIANGLES),
    drum(81, p.TRIANGLES[1], -15, 150, TRIANGLES),
)
CYMBALS = (
    drum(49, a.CRASH, -9, -140),
    drum(57, a.CRASH_2, -9, 140),
    drum((51, 59), a.RIDE, -13, 150),
    drum(53, a.RIDE_BELL, -14, 150),
    drum(52, a.CHINA, -10, 160),
    drum(55, a.SPLASH, -11, -80),
)
STANDARD = (
    drum(35, a.KICK_2),
    drum(36, a.KICK),
    drum(37, a.CROSS_STICK, -7, -60),
    drum(38, a.SNARE, -2),
    drum(40, a.SNARE_2, -3),
    drum(39, m.CLAP_909, -7, 40),
    drum(42, a.CLOSED, -12, 90, HATS),
    drum(44, a.PEDAL, -15, 90, HATS),
    drum(46, a.OPEN, -13, 90, HATS),
    *toms(a.TOMS),
    *CYMBALS,
    *PERCUSSION,
)
TR808 = (
    drum(35, m.KICK_808_SHORT),
    drum(36, m.KICK_808),
    drum(37, m.RIM_808, -6, -60),
    drum((38, 40), m.SNARE_808, -2),
    drum(39, m.CLAP_808, -4, 40),
    drum(42, m.CLOSED_808, -12, 90, HATS),
    drum(44, m.PEDAL_808, -13, 90, HATS),
    drum(46, m.OPEN_808, -12, 90, HATS),
    *toms(m.TOMS_808),
    drum((49, 52, 57), m.CRASH_808, -10, -140),
    drum((51, 53, 59), m.RIDE_808, -14, 150),
    drum(55, a.SPLASH, -12, -80),
    drum(56, m.COWBELL_808, -9, -100),
    drum(75, m.CLAVES_808, -9, -60),
    *(drum(key, sound, -6, 100) for key, sound in zip((62, 63, 64), m.CONGAS_808, strict=True)),
)
TR909 = (
    drum((35, 36), m.KICK_909),
    drum(37, m.RIM_909, -6, -60),
    drum((38, 40), m.SNARE_909, -3),
    drum(39, m.CLAP_909, -5, 40),
    drum(42, m.CLOSED_909, -11, 90, HATS),
    drum(44, m.PEDAL_909, -12, 90, HATS),
    drum(46, m.OPEN_909, -12, 90, HATS),
    *toms(m.TOMS_909),
    drum((49, 57), m.CRASH_909, -10, -140),
    drum((51, 59), a.RIDE, -14, 150),
)
ELECTRONIC = (
    drum((35, 36), m.KICK_ZAP),
    drum(37, m.RIM_909, -6, -60),
    drum((38, 40), m.SNARE_ZAP, -3),
    drum(39, m.CLAP_909, -5, 40),
    drum(42, m.CLOSED_808, -12, 90, HATS),
    drum(44, m.PEDAL_808, -13, 90, HATS),
    drum(46, m.OPEN_909, -13, 90, HATS),
    *toms(m.TOMS_ZAP),
)
HIP_HOP = (
    drum(36, a.HIP_HOP_KICK),
    drum(35, a.old(a.KICK_2)),
    drum(38, a.HIP_HOP_SNARE, -2),
    drum(40, a.old(a.SNARE_2), -3),
    drum(37, a.old(a.CROSS_STICK), -7, -60),
    drum(39, a.old(m.CLAP_808), -6, 40),
    drum(42, a.old(a.CLOSED), -13, 70, HATS),
    drum(44, a.old(a.PEDAL), -15, 70, HATS),
    drum(46, a.old(a.OPEN), -14, 70, HATS),
)
LOFI = (
    drum(36, a.dusty(a.KICK)),
    drum(35, a.dusty(a.JAZZ_KICK)),
    drum(38, a.dusty(a.SNARE), -3),
    drum(40, a.dusty(a.SNARE_2), -4),
    drum(37, a.dusty(a.CROSS_STICK), -7, -60),
    drum(39, a.dusty(m.CLAP_808), -6, 40),
    drum(42, a.dusty(a.CLOSED), -12, 60, HATS),
    drum(44, a.dusty(a.PEDAL), -14, 60, HATS),
    drum(46, a.dusty(a.OPEN), -14, 60, HATS),
    drum((49, 57), a.dusty(a.CRASH_2), -11, -100),
    drum((51, 59), a.dusty(a.RIDE), -14, 100),
    drum(70, a.dusty(p.MARACAS), -12, -120),
)
JAZZ = (drum((35, 36), a.JAZZ_KICK), drum(38, a.SNARE_2, -4))
BRUSH = (drum((35, 36), a.JAZZ_KICK), drum(38, a.BRUSH, -4), drum(39, a.BRUSH_SLAP, -5), drum(40, a.BRUSH_SLAP, -5))


def over(base: Sequence[Drum], changes: Sequence[Drum], **everywhere: Any) -> tuple[Drum, ...]:
    """A kit with some keys struck otherwise, and something changed in the rest."""
    changed = {key for row in changes for key in row.keys}
    kept = (replace(row, keys=tuple(key for key in row.keys if key not in changed), **everywhere) for row in base)
    return (*changes, *(row for row in kept if row.keys))


KITS_OF_DRUMS: dict[str, tuple[tuple[Drum, ...], str]] = {
    "standard_kit": (
        STANDARD,
        "skins, shells, wires and plates as modes and noise; up to three layers of up to three takes",
    ),
    "room_kit": (over(STANDARD, (), reverb=0.35), "the standard kit in a room"),
    "hip_hop_kit": (over(STANDARD, HIP_HOP), "a tighter kit, driven and kept in 12 bits"),
    "lofi_kit": (over(STANDARD, LOFI), "the standard kit worn: 9 bits, nothing above 4 kHz"),
    "power_kit": (
        over(STANDARD, (drum(36, a.HIP_HOP_KICK), drum(38, a.HIP_HOP_SNARE, -1)), cents=-150, reverb=0.15),
        "the standard kit tuned down, the boom bap kick and snare",
    ),
    "electronic_kit": (over(STANDARD, ELECTRONIC), "sines that drop far, with noise"),
    "tr808_kit": (over(STANDARD, TR808), "sines that drop, two membrane modes, six squares of metal"),
    "tr909_kit": (over(STANDARD, TR909), "a driven sine that drops, brighter noise, metal"),
    "jazz_kit": (over(STANDARD, JAZZ, cents=100), "a smaller, higher kit"),
    "brush_kit": (over(STANDARD, BRUSH), "wires on a skin"),
}

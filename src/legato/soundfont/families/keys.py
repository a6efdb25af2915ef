"""Pianos, electric pianos, organs and reeds under keys."""

from dataclasses import replace
from typing import Any

from legato.soundfont.oscillators import drawbars, looping, pulse, steep
from legato.soundfont.presets import Envelope, Filter, Part, Tonal, Vibrato, Voice, keyboard
from legato.soundfont.strings import Fm, Piano, Pluck, Tine
from legato.soundfont.synthesis import formants, low_pass
from legato.soundfont.winds import Sustained

BOARD = formants((110, 60, 0.8), (240, 120, 0.6), (450, 200, 0.3), (1200, 700, 0.25))
GRAND = Voice(
    name="Grand",
    roots=keyboard(24, 102, 7),
    make=Piano(hardness_hz=700, board=BOARD),
    hard=Piano(hardness_hz=1900, knock=0.4, board=BOARD),
    hard_from=84,
)
TINES = Voice(
    name="Tines", roots=keyboard(36, 96, 8), make=Tine(drive=0.45), hard=Tine(drive=1.05, bell=0.35), hard_from=88
)
REEDS = Voice(name="Reeds EP", roots=keyboard(36, 96, 8), make=Tine(drive=1.6, offset=0.15, bell=0.05, seconds=2.6))
DX = ((1, 1, 1.1, 0.9, 0.75, 1.5), (1, 14, 0.28, 0.16, 0.32, 0.9), (1.001, 1, 0.5, 1.2, 0.35, 1.6))
DX_HARD = ((1, 1, 2.0, 0.7, 0.75, 1.5), (1, 14, 0.75, 0.2, 0.4, 0.9), (1.001, 1, 0.9, 1.2, 0.35, 1.6))
FM_PIANO = Voice(name="FM Piano", roots=keyboard(36, 96, 8), make=Fm(pairs=DX), hard=Fm(pairs=DX_HARD), hard_from=88)
FM_BELL_PAIRS = ((1, 3.5, 2.6, 0.9, 0.7, 1.1), (1, 1.41, 1.4, 0.7, 0.4, 0.9), (4, 5.6, 0.8, 0.3, 0.15, 0.4))
FM_BELL = Voice(name="FM Bell", roots=keyboard(48, 96, 8), make=Fm(pairs=FM_BELL_PAIRS, seconds=2.0))
HARPSICHORD = Voice(
    name="Harpsichord",
    roots=keyboard(36, 90, 8),
    make=Pluck(
        seconds=1.5,
        pluck=0.12,
        decay_s=0.9,
        damping=0.03,
        body=formants((300, 200, 0.5), (3000, 2500, 1.5)),
        knock=0.35,
    ),
)
CLAVINET = Voice(
    name="Clavinet",
    roots=keyboard(36, 90, 8),
    make=Pluck(
        seconds=1.1, pluck=0.09, pickup=0.14, decay_s=0.65, damping=0.06, body=formants((1800, 900, 1.2)), knock=0.15
    ),
)
UNDER: dict[str, Any] = {"body": low_pass(6000)}
DRAWBARS = Voice(
    name="Drawbars",
    roots=keyboard(36, 96, 8),
    make=looping(drawbars(0.6, 0.5, 1, 0.7, 0.25, 0.2, 0.1, 0.1, 0.15), **UNDER),
)
HOLLOW_BARS = Voice(
    name="Hollow Bars", roots=keyboard(36, 96, 8), make=looping(drawbars(1, 0.4, 1, 0, 0, 0, 0, 0, 0), **UNDER)
)
FULL_BARS = Voice(
    name="Full Bars",
    roots=keyboard(36, 96, 8),
    make=looping(drawbars(1, 0.9, 1, 0.8, 0.6, 0.6, 0.5, 0.5, 0.7), body=formants((700, 600, 1.0), floor=0.7)),
)
PIPES = Voice(
    name="Pipes",
    roots=keyboard(36, 96, 8),
    stereo=True,
    make=Sustained(
        tone=drawbars(0.35, 0.3, 1, 0.8, 0.4, 0.7, 0.2, 0.25, 0.5),
        body=low_pass(5000),
        seconds=0.7,
        spread_cents=2,
        line=0.7,
        breath=0.02,
        rise_s=0.03,
    ),
)
FREE_REED = Voice(
    name="Free Reed",
    roots=keyboard(36, 96, 8),
    make=looping(pulse(0.2), seconds=1.0, cents=(-5, 5), body=formants((900, 500, 1.2), (2400, 900, 0.9), floor=0.5)),
)
HARMONICA = Voice(
    name="Harmonica",
    roots=keyboard(48, 96, 8),
    make=Sustained(
        tone=steep(0.75),
        body=formants((1100, 500, 1.2), (2700, 900, 1.2), floor=0.25),
        spread_cents=4,
        line=0.8,
        breath=0.03,
        rise_s=0.03,
    ),
)

HELD = Envelope(attack_s=0.004, release_s=0.06)
STRUCK = Envelope(release_s=0.22)
LESLIE = Vibrato(hz=6.3, cents=5, delay_s=0.01, tremolo_db=1.2, tremolo_hz=6.3)
BREATH = Envelope(attack_s=0.03, release_s=0.09)


def key(
    name: str, program: str, voice: Voice, how: str, *, bank: int = 0, envelope: Envelope = STRUCK, **more: Any
) -> Tonal:
    """A preset of one voice under keys; `more` goes to its part, but for reverb and chorus."""
    sends: dict[str, float] = {"reverb": more.pop("reverb", 0.12), "chorus": more.pop("chorus", 0.0)}
    return Tonal(
        name=name, program=program, bank=bank, parts=(Part(voice=voice, envelope=envelope, **more),), how=how, **sends
    )


def twice(cents: float) -> tuple[Part, ...]:
    """The grand, and itself out of tune."""
    return tuple(
        Part(voice=GRAND, envelope=STRUCK, cents=each, pan=pan) for each, pan in ((-cents, -120), (cents, 120))
    )


PIANOS = (
    key(
        "Grand Piano",
        "acoustic_grand_piano",
        GRAND,
        "two or three strings a note as inharmonic modes, a felt hammer, a soundboard; two layers",
        soft_cents=-1800,
    ),
    key(
        "Mellow Piano",
        "acoustic_grand_piano",
        GRAND,
        "the same strings, softer",
        bank=1,
        filter=Filter(cutoff_hz=2200, tracking=0.5),
        reverb=0.2,
    ),
    key(
        "Felt Piano",
        "acoustic_grand_piano",
        replace(GRAND, hard=None),
        "the soft layer alone, close and dark",
        bank=2,
        filter=Filter(cutoff_hz=1300, tracking=0.6),
        reverb=0.1,
        envelope=Envelope(attack_s=0.004, release_s=0.3),
    ),
    key(
        "Bright Piano",
        "bright_acoustic_piano",
        GRAND.hard_alone(),
        "the hard layer of the grand alone",
        soft_cents=-2400,
    ),
    Tonal(name="Honky Tonk", program="honky_tonk_piano", parts=twice(7), how="the grand twice, 14 cents apart"),
    key(
        "Electric Grand",
        "electric_grand_piano",
        GRAND,
        "the grand, low-passed, with chorus",
        filter=Filter(cutoff_hz=2600, tracking=0.4, q_db=3),
        chorus=0.4,
    ),
    key(
        "Tine Piano",
        "electric_piano_1",
        TINES,
        "a tine and its bell before a bending pickup; two layers",
        reverb=0.15,
        chorus=0.1,
        soft_cents=-1500,
    ),
    key(
        "Tine Tremolo",
        "electric_piano_1",
        TINES,
        "the same tines through a tremolo",
        bank=1,
        vibrato=Vibrato(cents=0, tremolo_db=3, tremolo_hz=5.2),
        reverb=0.2,
    ),
    key(
        "Soft Tines",
        "electric_piano_1",
        replace(TINES, hard=None),
        "the soft tines, dark",
        bank=2,
        filter=Filter(cutoff_hz=1500, tracking=0.5),
        reverb=0.25,
        chorus=0.25,
    ),
    key(
        "Reed Piano",
        "electric_piano_1",
        REEDS,
        "a reed that bites the pickup's field",
        bank=3,
        reverb=0.12,
        vibrato=Vibrato(cents=0, tremolo_db=1.5, tremolo_hz=5.6),
    ),
    key(
        "FM Piano",
        "electric_piano_2",
        FM_PIANO,
        "three FM pairs, one of them a tine of 14 times; two layers",
        reverb=0.2,
        chorus=0.3,
        soft_cents=-1500,
    ),
    key(
        "FM Piano Soft",
        "electric_piano_2",
        replace(FM_PIANO, hard=None),
        "the soft FM pairs, darker",
        bank=1,
        filter=Filter(cutoff_hz=2000, tracking=0.5),
        reverb=0.25,
        chorus=0.4,
    ),
    key(
        "FM Piano Glass",
        "electric_piano_2",
        FM_PIANO.hard_alone(),
        "the hard FM pairs alone",
        bank=2,
        reverb=0.2,
        chorus=0.2,
    ),
    key("Harpsichord", "harpsichord", HARPSICHORD, "a string plucked near its end, hardly damped"),
    key("Clavinet", "clavinet", CLAVINET, "a struck string under a pickup", envelope=Envelope(release_s=0.05)),
    key("FM Bells", "crystal_fx", FM_BELL, "FM of odd ratios", reverb=0.35),
    Tonal(
        name="Bell Pad",
        program="brightness_fx",
        how="FM bells, long",
        reverb=0.4,
        chorus=0.3,
        parts=(
            Part(voice=FM_BELL, envelope=Envelope(release_s=0.9)),
            Part(
                voice=PIPES,
                envelope=Envelope(attack_s=0.005, decay_s=8, sustain_db=12, release_s=0.9),
                level_db=-8,
                soft_cents=-3000,
            ),
        ),
    ),
    key(
        "Drawbar Organ",
        "drawbar_organ",
        DRAWBARS,
        "nine drawbars, a rotating speaker",
        envelope=HELD,
        vibrato=LESLIE,
        soft_cents=0,
    ),
    Tonal(
        name="Percussive Organ",
        program="percussive_organ",
        how="hollow drawbars and a partial that is struck",
        parts=(
            Part(voice=HOLLOW_BARS, envelope=HELD, vibrato=LESLIE, soft_cents=0),
            Part(
                voice=HOLLOW_BARS,
                envelope=Envelope(decay_s=0.9, sustain_db=100, release_s=0.06),
                transpose=19,
                level_db=-7,
                soft_cents=0,
            ),
        ),
    ),
    key(
        "Rock Organ",
        "rock_organ",
        FULL_BARS,
        "all drawbars, a fast speaker",
        envelope=HELD,
        vibrato=replace(LESLIE, hz=6.8, cents=8, tremolo_db=2),
        soft_cents=0,
    ),
    key(
        "Church Organ",
        "church_organ",
        PIPES,
        "ranks of pipes and their breath, wide",
        envelope=Envelope(attack_s=0.05, release_s=0.35),
        reverb=0.5,
        soft_cents=0,
    ),
    key("Accordion", "accordion", FREE_REED, "two reeds 10 cents apart", envelope=BREATH, vibrato=Vibrato(cents=4)),
    key(
        "Harmonica",
        "harmonica",
        HARMONICA,
        "a reed, breath, two resonances",
        envelope=BREATH,
        vibrato=Vibrato(hz=5.2, cents=10, tremolo_db=1.5),
    ),
)

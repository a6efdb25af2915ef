"""Guitars, basses, harps and other strings that are plucked."""

from dataclasses import replace
from typing import Any

from legato.soundfont.presets import Envelope, Filter, Part, Tonal, Vibrato, Voice, keyboard
from legato.soundfont.strings import Driven, Pluck
from legato.soundfont.synthesis import Amplitude, formants, low_pass

FRETS = keyboard(40, 85, 6)
BASS_FRETS = keyboard(26, 62, 8)

STEEL_BODY = formants((110, 40, 1.2), (220, 70, 0.9), (410, 120, 0.6), (2500, 900, 0.7))
NYLON_BODY = formants((95, 35, 1.3), (190, 60, 1.2), (390, 110, 0.7), (1100, 500, 0.4))
BANJO_BODY = formants((420, 160, 1.5), (900, 350, 1.2), (2600, 900, 1.0), floor=0.4)
CABINET_PEAKS = formants((110, 70, 0.5), (2600, 1300, 1.3))


def cabinet(top_hz: float) -> Amplitude:
    """A guitar loudspeaker: a presence, and nothing high or very low."""
    return lambda hz: CABINET_PEAKS(hz) * low_pass(top_hz, 6)(hz) * (hz / 80) ** 2 / (1 + (hz / 80) ** 2)


STEEL_STRING = Pluck(seconds=2.2, pluck=0.13, decay_s=1.1, damping=0.10, stiffness=6e-5, body=STEEL_BODY, knock=0.35)
STEEL = Voice(
    name="Steel", roots=FRETS, make=replace(STEEL_STRING, softness_hz=3200, pluck=0.17), hard=STEEL_STRING, hard_from=80
)
NYLON = Voice(
    name="Nylon",
    roots=FRETS,
    make=Pluck(
        seconds=2.6, pluck=0.2, decay_s=0.75, damping=0.55, stiffness=3e-5, softness_hz=2600, body=NYLON_BODY, knock=0.3
    ),
)
CLEAN_STRING = Pluck(
    seconds=2.3, pluck=0.16, pickup=0.23, decay_s=1.6, damping=0.12, stiffness=4e-5, body=low_pass(4500), knock=0.08
)
CLEAN = Voice(name="Clean", roots=FRETS, make=CLEAN_STRING)
JAZZ = Voice(
    name="Jazz",
    roots=FRETS,
    make=replace(CLEAN_STRING, pluck=0.27, pickup=0.31, softness_hz=1500, body=low_pass(1500), damping=0.3),
)
MUTED = Voice(name="Muted", roots=FRETS, make=replace(CLEAN_STRING, seconds=0.7, decay_s=0.09, damping=1.2, knock=0.2))
HARMONICS = Voice(
    name="Harmonics",
    roots=keyboard(40, 85, 9),
    make=Pluck(seconds=2.6, pluck=0.5, pickup=0.4, decay_s=1.5, damping=0.3, softness_hz=1200, knock=0.1),
)
DRIVE_STRING = replace(CLEAN_STRING, seconds=2.4, decay_s=2.6, damping=0.08)
OVERDRIVE = Voice(
    name="Overdrive", roots=FRETS, make=Driven(string=DRIVE_STRING, gain=7, bias=0.25, cabinet=cabinet(4800))
)
DISTORTION = Voice(
    name="Distortion", roots=FRETS, make=Driven(string=DRIVE_STRING, gain=45, bias=0.1, cabinet=cabinet(5200))
)

FINGER_STRING = Pluck(seconds=2.0, pluck=0.21, pickup=0.16, decay_s=0.95, damping=1.2, body=low_pass(1500), knock=0.12)
FINGER = Voice(name="Finger", roots=BASS_FRETS, make=FINGER_STRING)
PICKED = Voice(
    name="Picked",
    roots=BASS_FRETS,
    make=replace(FINGER_STRING, pluck=0.11, damping=0.5, body=low_pass(3200), knock=0.4),
)
SLAP = Voice(
    name="Slap",
    roots=BASS_FRETS,
    make=replace(
        FINGER_STRING,
        seconds=1.5,
        pluck=0.07,
        pickup=0.11,
        damping=0.35,
        body=formants((90, 60, 1.0), (2800, 1500, 1.3), floor=0.6),
        knock=0.8,
    ),
)
UPRIGHT = Voice(
    name="Upright",
    roots=BASS_FRETS,
    make=Pluck(
        seconds=1.8,
        pluck=0.3,
        decay_s=0.6,
        damping=2.0,
        softness_hz=900,
        body=formants((75, 30, 0.8), (130, 60, 0.7), (600, 300, 0.3)),
        knock=0.5,
        attack_s=0.003,
    ),
)
FRETLESS = Voice(
    name="Fretless",
    roots=BASS_FRETS,
    make=replace(
        FINGER_STRING,
        pluck=0.3,
        damping=1.0,
        decay_s=1.3,
        softness_hz=700,
        body=formants((600, 250, 1.6), floor=0.7),
        knock=0.05,
        attack_s=0.008,
    ),
)

HARP = Voice(
    name="Harp",
    roots=keyboard(30, 96, 8),
    make=Pluck(
        seconds=2.6,
        pluck=0.38,
        decay_s=1.0,
        damping=0.45,
        stiffness=1e-5,
        softness_hz=2200,
        body=formants((200, 90, 0.7), (420, 200, 0.5)),
        knock=0.12,
    ),
)
PIZZICATO = Voice(
    name="Pizzicato",
    roots=keyboard(36, 90, 8),
    make=Pluck(
        seconds=1.0,
        pluck=0.22,
        decay_s=0.16,
        damping=0.7,
        softness_hz=2400,
        body=formants((280, 90, 1.2), (460, 120, 1.1), (900, 400, 0.5)),
        knock=0.4,
    ),
)
BANJO = Voice(
    name="Banjo",
    roots=keyboard(45, 87, 9),
    make=Pluck(seconds=1.2, pluck=0.1, decay_s=0.28, damping=0.15, body=BANJO_BODY, knock=0.4),
)
KOTO = Voice(
    name="Koto",
    roots=keyboard(45, 87, 9),
    make=Pluck(
        seconds=1.4, pluck=0.09, decay_s=0.65, damping=0.25, body=formants((330, 120, 1.0), (750, 300, 0.6)), knock=0.3
    ),
)
SITAR = Voice(
    name="Sitar",
    roots=keyboard(45, 87, 9),
    make=Pluck(
        seconds=1.5,
        pluck=0.06,
        decay_s=1.3,
        damping=0.02,
        stiffness=2e-5,
        body=formants((1500, 700, 1.2), (3200, 1500, 1.5), floor=0.35),
        knock=0.2,
    ),
)
DULCIMER = Voice(
    name="Dulcimer",
    roots=keyboard(45, 93, 9),
    make=Pluck(
        seconds=1.6, pluck=0.15, decay_s=0.9, damping=0.12, body=formants((400, 200, 0.8), (1500, 700, 0.4)), knock=0.3
    ),
)

RING = Envelope(release_s=0.22)
DAMPED = Envelope(release_s=0.12)


def string(
    name: str,
    program: str,
    voice: Voice,
    how: str,
    *,
    bank: int = 0,
    envelope: Envelope = RING,
    reverb: float = 0.12,
    chorus: float = 0.0,
    **more: Any,
) -> Tonal:
    """A preset of one string; `more` goes to its part."""
    return Tonal(
        name=name,
        program=program,
        bank=bank,
        parts=(Part(voice=voice, envelope=envelope, **more),),
        how=how,
        reverb=reverb,
        chorus=chorus,
    )


def pair(cents: float) -> tuple[Part, ...]:
    """A string and its octave, as on a guitar of twelve."""
    return (
        Part(voice=STEEL, envelope=RING, pan=-60),
        Part(voice=STEEL, envelope=RING, transpose=12, cents=cents, level_db=-7, pan=80),
    )


AMP = Envelope(attack_s=0.002, decay_s=28, sustain_db=60, release_s=0.12)
GUITARS = (
    string("Nylon Guitar", "nylon_guitar", NYLON, "a plucked string's modes, a soft finger, a guitar's body"),
    string(
        "Steel Guitar",
        "steel_guitar",
        STEEL,
        "a plucked string's modes, plectrum, a guitar's body; two layers",
        soft_cents=-1800,
    ),
    string(
        "Mellow Steel",
        "steel_guitar",
        replace(STEEL, hard=None),
        "the soft layer, by the finger",
        bank=1,
        filter=Filter(cutoff_hz=3000, tracking=0.3),
    ),
    Tonal(
        name="Twelve String",
        program="steel_guitar",
        bank=2,
        parts=pair(5),
        how="the steel string and its octave",
        reverb=0.15,
    ),
    string(
        "Bright Steel",
        "steel_guitar",
        replace(STEEL, make=STEEL_STRING, hard=None),
        "the hard layer alone",
        bank=3,
        soft_cents=-1500,
    ),
    string("Jazz Guitar", "jazz_guitar", JAZZ, "a neck pickup, dark"),
    string("Clean Guitar", "clean_guitar", CLEAN, "a plucked string under a pickup", reverb=0.15, chorus=0.12),
    string("Chorus Guitar", "clean_guitar", CLEAN, "the same, with chorus", bank=1, reverb=0.2, chorus=0.5),
    string(
        "Warm Clean",
        "clean_guitar",
        CLEAN,
        "the same, low-passed",
        bank=2,
        filter=Filter(cutoff_hz=2200, tracking=0.3),
        reverb=0.15,
    ),
    string(
        "Tremolo Guitar",
        "clean_guitar",
        CLEAN,
        "the same, through a tremolo",
        bank=3,
        vibrato=Vibrato(cents=0, tremolo_db=3.5, tremolo_hz=5.0),
        reverb=0.2,
    ),
    string("Muted Guitar", "muted_guitar", MUTED, "a string damped by the palm", envelope=DAMPED),
    string(
        "Overdriven Guitar", "overdriven_guitar", OVERDRIVE, "a string into a soft curve and a cabinet", envelope=AMP
    ),
    string(
        "Distortion Guitar", "distortion_guitar", DISTORTION, "a string into a hard curve and a cabinet", envelope=AMP
    ),
    string("Guitar Harmonics", "guitar_harmonics", HARMONICS, "a string touched and plucked at its middle", reverb=0.2),
    string(
        "Acoustic Bass",
        "acoustic_bass",
        UPRIGHT,
        "a thick string, a finger, an upright's body",
        envelope=DAMPED,
        reverb=0.08,
    ),
    string("Finger Bass", "finger_bass", FINGER, "a plucked string under a pickup", envelope=DAMPED, reverb=0.0),
    string(
        "Round Bass",
        "finger_bass",
        FINGER,
        "the same, darker",
        bank=1,
        envelope=DAMPED,
        filter=Filter(cutoff_hz=500, tracking=0.3),
        reverb=0.0,
    ),
    string(
        "Open Bass",
        "finger_bass",
        replace(FINGER, make=replace(FINGER_STRING, body=low_pass(2600), damping=0.8)),
        "the same, brighter",
        bank=2,
        envelope=DAMPED,
        reverb=0.0,
    ),
    string("Pick Bass", "pick_bass", PICKED, "plucked near the bridge by a plectrum", envelope=DAMPED, reverb=0.0),
    string(
        "Fretless Bass",
        "fretless_bass",
        FRETLESS,
        "a soft string that sings at 600 Hz",
        envelope=DAMPED,
        reverb=0.06,
        vibrato=Vibrato(cents=9, delay_s=0.4),
    ),
    string("Slap Bass", "slap_bass_1", SLAP, "struck near its end; the frets click", envelope=DAMPED, reverb=0.0),
    string(
        "Harp",
        "orchestral_harp",
        HARP,
        "a gut string plucked near its middle",
        envelope=Envelope(release_s=0.6),
        reverb=0.25,
    ),
    string("Pizzicato", "pizzicato_strings", PIZZICATO, "a short string on a violin's body", reverb=0.25),
    string("Banjo", "banjo", BANJO, "a short string on a skin", envelope=DAMPED),
    string("Koto", "koto", KOTO, "plucked at its end, on wood", reverb=0.2),
    string("Sitar", "sitar", SITAR, "a string that buzzes: hardly damped, plucked at its end", reverb=0.2),
    string("Dulcimer", "dulcimer", DULCIMER, "a struck string", reverb=0.2),
)

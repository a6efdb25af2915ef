"""Bowed strings, voices, brass, reeds and pipes."""

from typing import Any

import numpy as np

from legato.soundfont.oscillators import ensemble, steep
from legato.soundfont.presets import Envelope, Part, Tonal, Vibrato, Voice, keyboard
from legato.soundfont.synthesis import Amplitude, formants, low_pass
from legato.soundfont.winds import Sustained


def both(first: Amplitude, second: Amplitude) -> Amplitude:
    """Two weights, one after the other."""
    return lambda x: first(x) * second(x)


def odd(even: float, slope: float) -> Amplitude:
    """A closed pipe: even partials at `even` of their share, coming back higher up."""
    return lambda n: np.where(n % 2 == 1, 1.0, even + (1 - even) * np.clip((n - 6) / 14, 0, 1)) * n**-slope


FIDDLE = both(
    formants((280, 60, 1.2), (460, 80, 1.5), (560, 90, 0.8), (1050, 300, 0.6), (2500, 900, 1.3), floor=0.7),
    low_pass(7000, 4),
)
VIOLA_BODY = both(
    formants((220, 50, 1.3), (360, 80, 1.2), (600, 150, 0.6), (1900, 800, 0.9), floor=0.7), low_pass(5500, 4)
)
CELLO_BODY = both(
    formants((105, 30, 1.0), (180, 50, 1.3), (300, 90, 0.9), (650, 200, 0.5), (1500, 700, 0.8), floor=0.7),
    low_pass(4500, 4),
)
BASS_BODY = both(formants((60, 20, 1.0), (110, 40, 1.2), (220, 90, 0.7), (900, 500, 0.4), floor=0.7), low_pass(2800, 4))
AAH = formants((800, 110, 5), (1150, 130, 3.5), (2850, 260, 1.6), (3600, 350, 1.0), floor=0.12)
OOH = formants((360, 90, 4), (720, 130, 2), (2600, 300, 0.25), floor=0.06)
BELL_OF_BRASS = formants((1200, 700, 0.9), floor=0.6)


def bowed(name: str, low: int, high: int, body: Amplitude, slope: float = 1.0) -> Voice:
    """One player's samples."""
    make = Sustained(
        tone=steep(slope),
        body=body,
        seconds=0.7,
        spread_cents=5,
        line=0.62,
        breath=0.035,
        breath_hz=3000,
        chiff=0.12,
        rise_s=0.025,
        dull=0.8,
    )
    return Voice(name=name, roots=keyboard(low, high, 8), make=make)


def blown(
    name: str,
    low: int,
    high: int,
    tone: Amplitude,
    body: Amplitude,
    *,
    breath: float = 0.015,
    chiff: float = 0.05,
    rise_s: float = 0.03,
    dull: float = 1.2,
    breath_hz: float = 2500,
) -> Voice:
    """One player's samples."""
    make = Sustained(
        tone=tone,
        body=body,
        seconds=0.45,
        spread_cents=4,
        line=0.85,
        breath=breath,
        breath_hz=breath_hz,
        chiff=chiff,
        rise_s=rise_s,
        dull=dull,
    )
    return Voice(name=name, roots=keyboard(low, high, 8), make=make)


VIOLIN = bowed("Violin", 55, 97, FIDDLE)
VIOLA = bowed("Viola", 48, 90, VIOLA_BODY)
CELLO = bowed("Cello", 36, 78, CELLO_BODY)
CONTRABASS = bowed("Contrabass", 24, 60, BASS_BODY, 1.1)
SECTION = Voice(
    name="Section",
    roots=keyboard(36, 96, 8),
    stereo=True,
    make=ensemble(
        steep(1.0),
        both(
            formants((250, 90, 0.8), (480, 140, 0.8), (1100, 400, 0.4), (2600, 1000, 0.7), floor=0.6), low_pass(6000, 4)
        ),
        seconds=1.2,
        spread_cents=13,
    ),
)
AAHS = Voice(
    name="Aahs", roots=keyboard(42, 90, 8), stereo=True, make=ensemble(steep(0.8), AAH, seconds=1.0, spread_cents=14)
)
OOHS = Voice(
    name="Oohs", roots=keyboard(42, 90, 8), stereo=True, make=ensemble(steep(0.9), OOH, seconds=1.0, spread_cents=11)
)
TRUMPET = blown("Trumpet", 52, 88, steep(0.55), both(BELL_OF_BRASS, low_pass(3200, 3)), dull=1.6)
MUTED_TRUMPET = blown(
    "Muted Trumpet",
    52,
    88,
    steep(0.3),
    both(formants((1900, 500, 2.5), (3800, 900, 1.2), floor=0.12), low_pass(6500, 4)),
)
TROMBONE = blown("Trombone", 36, 78, steep(0.6), both(BELL_OF_BRASS, low_pass(1900, 3)), dull=1.6)
TUBA = blown("Tuba", 24, 60, steep(0.7), low_pass(600, 3), dull=1.2)
HORN = blown(
    "Horn", 36, 78, steep(0.7), both(formants((420, 200, 0.8), floor=0.6), low_pass(1100, 3)), dull=1.5, rise_s=0.04
)
BRASS = Voice(
    name="Brass",
    roots=keyboard(36, 90, 8),
    stereo=True,
    make=Sustained(
        tone=steep(0.6),
        body=both(BELL_OF_BRASS, low_pass(2600, 3)),
        seconds=0.7,
        spread_cents=8,
        line=0.2,
        breath=0.01,
        rise_s=0.02,
        dull=1.5,
    ),
)
SOPRANO_SAX = blown(
    "Soprano Sax", 54, 90, steep(0.8), formants((1100, 400, 1.5), (2600, 900, 1.0), floor=0.5), breath=0.03, chiff=0.08
)
ALTO_SAX = blown(
    "Alto Sax",
    48,
    84,
    steep(0.75),
    both(formants((750, 300, 1.5), (1700, 600, 1.0), floor=0.5), low_pass(4500, 3)),
    breath=0.035,
    chiff=0.08,
)
TENOR_SAX = blown(
    "Tenor Sax",
    42,
    78,
    steep(0.75),
    both(formants((520, 220, 1.5), (1350, 500, 1.0), floor=0.5), low_pass(3600, 3)),
    breath=0.04,
    chiff=0.08,
)
OBOE = blown(
    "Oboe",
    58,
    94,
    steep(0.5),
    both(formants((1100, 350, 2.0), (2900, 600, 1.2), floor=0.25), low_pass(5500, 4)),
    breath=0.01,
)
BASSOON = blown(
    "Bassoon",
    34,
    76,
    steep(0.6),
    both(formants((480, 130, 2.2), (1200, 400, 0.8), floor=0.3), low_pass(2800, 4)),
    breath=0.015,
)
CLARINET = blown("Clarinet", 48, 90, odd(0.06, 0.7), low_pass(2600, 3), breath=0.012)
FLUTE = blown(
    "Flute",
    58,
    98,
    lambda n: np.array([1, 0.55, 0.3, 0.12, 0.06, 0.03])[np.minimum(n, 6) - 1] * (n < 9),
    low_pass(5000),
    breath=0.09,
    chiff=0.25,
)
RECORDER = blown(
    "Recorder",
    60,
    96,
    lambda n: np.array([1, 0.1, 0.22, 0.04, 0.05, 0.02])[np.minimum(n, 6) - 1] * (n < 9),
    low_pass(6000),
    breath=0.05,
    chiff=0.3,
)
PAN_FLUTE = blown(
    "Pan Flute",
    55,
    91,
    lambda n: np.array([1, 0.08, 0.25, 0.03, 0.06, 0.01])[np.minimum(n, 6) - 1] * (n < 9),
    low_pass(5000),
    breath=0.22,
    chiff=0.9,
)
DRONE = blown("Chanter", 48, 84, steep(0.35), formants((1000, 400, 1.2), (2400, 800, 1.0), floor=0.3))

BOW = Envelope(attack_s=0.035, release_s=0.14)
SPOKEN = Envelope(attack_s=0.025, release_s=0.09)
SLOW = Envelope(attack_s=0.6, release_s=0.6)
SUNG = Vibrato(hz=5.5, cents=13, delay_s=0.3)


def player(
    name: str,
    program: str,
    voice: Voice,
    how: str,
    *,
    envelope: Envelope = SPOKEN,
    reverb: float = 0.25,
    chorus: float = 0.0,
    **more: Any,
) -> Tonal:
    """A preset of one voice; `more` goes to its part."""
    more = {"vibrato": SUNG, "soft_cents": -4800, **more}
    return Tonal(
        name=name,
        program=program,
        parts=(Part(voice=voice, envelope=envelope, **more),),
        how=how,
        reverb=reverb,
        chorus=chorus,
    )


BREATHY = "partials that never stand still, breath, "
STRINGS = (
    player("Violin", "violin", VIOLIN, "a saw on a violin's resonances, bow noise, vibrato", envelope=BOW),
    player("Viola", "viola", VIOLA, "a saw on a viola's resonances, bow noise, vibrato", envelope=BOW),
    player("Cello", "cello", CELLO, "a saw on a cello's resonances, bow noise, vibrato", envelope=BOW),
    player(
        "Contrabass", "contrabass", CONTRABASS, "a saw on a bass's resonances, bow noise", envelope=BOW, vibrato=None
    ),
    player(
        "Tremolo Strings",
        "tremolo_strings",
        SECTION,
        "the section, its bows trembling",
        envelope=Envelope(attack_s=0.012, release_s=0.14),
        vibrato=Vibrato(cents=0, tremolo_db=-5, tremolo_hz=11.5),
    ),
    player(
        "String Ensemble",
        "string_ensemble_1",
        SECTION,
        "bands of partials, as of many players, on a violin's resonances",
        envelope=Envelope(attack_s=0.55, release_s=0.45),
        reverb=0.35,
        vibrato=None,
    ),
    player(
        "Slow Strings",
        "string_ensemble_2",
        SECTION,
        "the section, slower and darker",
        envelope=Envelope(attack_s=0.75, release_s=0.8),
        reverb=0.4,
        vibrato=None,
        soft_cents=-3600,
    ),
)
VOICES = (
    player(
        "Choir Aahs",
        "choir_aahs",
        AAHS,
        "bands of partials on a vowel's formants",
        envelope=SLOW,
        reverb=0.4,
        vibrato=Vibrato(hz=5, cents=7),
    ),
    player(
        "Voice Oohs",
        "voice_oohs",
        OOHS,
        "bands of partials on a dark vowel's formants",
        envelope=SLOW,
        reverb=0.4,
        vibrato=Vibrato(hz=5, cents=7),
    ),
    player(
        "Synth Choir",
        "synth_choir",
        OOHS,
        "the dark vowel, slow, with chorus",
        envelope=Envelope(attack_s=0.6, release_s=0.9),
        reverb=0.4,
        chorus=0.3,
        vibrato=None,
    ),
    Tonal(
        name="Choir Pad",
        program="choir_pad",
        how="both vowels, slow",
        reverb=0.45,
        parts=tuple(Part(voice=voice, envelope=Envelope(attack_s=0.6, release_s=1.0)) for voice in (AAHS, OOHS)),
    ),
    Tonal(
        name="Orchestra Hit",
        program="orchestra_hit",
        how="strings and brass in octaves, short",
        reverb=0.35,
        parts=tuple(
            Part(
                voice=voice, transpose=t, envelope=Envelope(attack_s=0.004, decay_s=1.3, sustain_db=100, release_s=0.25)
            )
            for voice, t in ((SECTION, 0), (SECTION, 12), (BRASS, -12), (BRASS, 0))
        ),
    ),
)
BRASSES = (
    player("Trumpet", "trumpet", TRUMPET, "partials that brighten as a note speaks"),
    player("Trombone", "trombone", TROMBONE, "partials that brighten as a note speaks, darker"),
    player("Tuba", "tuba", TUBA, "partials that brighten as a note speaks, low", vibrato=None),
    player("Muted Trumpet", "muted_trumpet", MUTED_TRUMPET, "a trumpet's partials through a mute's resonances"),
    player("French Horn", "french_horn", HORN, "dark partials", envelope=Envelope(attack_s=0.04, release_s=0.15)),
    player("Brass Section", "brass_section", BRASS, "bands of partials that brighten, wide", vibrato=None),
)
WOODWINDS = (
    player("Soprano Sax", "soprano_sax", SOPRANO_SAX, BREATHY + "two resonances"),
    player("Alto Sax", "alto_sax", ALTO_SAX, BREATHY + "two resonances"),
    player("Tenor Sax", "tenor_sax", TENOR_SAX, BREATHY + "two resonances"),
    player("Oboe", "oboe", OBOE, "a reed's even spectrum on two resonances"),
    player("Bassoon", "bassoon", BASSOON, "a reed's even spectrum on low resonances", vibrato=None),
    player("Clarinet", "clarinet", CLARINET, "odd partials", vibrato=None),
    player("Flute", "flute", FLUTE, BREATHY + "few partials"),
    player("Recorder", "recorder", RECORDER, BREATHY + "hardly any partials", vibrato=None),
    player("Pan Flute", "pan_flute", PAN_FLUTE, "odd partials and much breath"),
    player("Bagpipe", "bagpipe", DRONE, "a reed's even spectrum, unmoving", vibrato=None, soft_cents=0),
)

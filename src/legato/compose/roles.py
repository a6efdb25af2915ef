"""The roles of a band and the ways they play, as tables.

A style's name promises what it says here, in the MIDI; prompts may claim it and a check can test it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Role:
    """A part's range and its place in the mix (MIDI controllers 7, 10 and 91)."""

    low: int  # pitch
    high: int
    volume: int
    pan: int
    reverb_send: int
    styles: dict[str, str]  # name: what it guarantees


ROLES = {
    "pad": Role(
        low=50,
        high=77,
        volume=84,
        pan=64,
        reverb_send=60,
        styles={"sustained": "every chord held until the next", "swelling": "held, and struck again halfway"},
    ),
    "arp": Role(
        low=55,
        high=91,
        volume=76,
        pan=84,
        reverb_send=50,
        styles={
            "up": "chord tones upwards",
            "down": "downwards",
            "up_down": "up and down again",
            "converging": "from the outer tones to the inner ones",
            "broken": "low, high, middle, high",
            "octaves": "each tone and its octave",
            "wandering": "an order of its own, repeated",
        },
    ),
    "lead": Role(
        low=62,
        high=91,
        volume=90,
        pan=56,
        reverb_send=50,
        styles={
            "legato": "notes reach the next one",
            "staccato": "notes sound for less than 60 % of their time",
        },
    ),
    "keys": Role(
        low=50,
        high=79,
        volume=86,
        pan=54,
        reverb_send=40,
        styles={
            "sustained": "chords held until the next",
            "stabs": "chords of an eighth at most",
            "comping": "a syncopated chord rhythm",
            "broken": "chord tones one after another",
        },
    ),
    "piano": Role(
        low=33,
        high=93,
        volume=100,
        pan=64,
        reverb_send=44,
        styles={
            "flowing": "broken chords in the left hand, no two of its notes together",
            "chordal": "chords in the left hand",
            "stride": "a bass note and a chord in turn in the left hand",
        },
    ),
    "bass": Role(
        low=28,
        high=52,
        volume=104,
        pan=64,
        reverb_send=0,
        styles={
            "roots": "only the chords' bass notes",
            "octaves": "bass notes and their octaves only",
            "walking": "a note on every beat, by step into the next chord",
            "fifths": "bass notes, fifths and octaves",
            "syncopated": "sixteenths off the beat, with muted ghosts",
            "melodic": "chord tones between the bass notes",
            "sustained": "one note a chord, held",
            "locked": "with the kick drum where there is one",
        },
    ),
    "sub": Role(
        low=24,
        high=48,
        volume=116,
        pan=64,
        reverb_send=0,
        styles={
            "gliding": "two slides or more",
            "plain": "no slides",
        },
    ),
    "strum": Role(
        low=40,
        high=81,
        volume=88,
        pan=42,
        reverb_send=30,
        styles={
            "strummed": "four strings or more, down and up, ringing to the next stroke",
            "palm_muted": "two or three low strings, short, all down-strokes",
            "offbeat": "short strokes between the beats",
        },
    ),
    "pick": Role(
        low=40,
        high=84,
        volume=84,
        pan=88,
        reverb_send=40,
        styles={
            "fingerpicked": "the bass string on the beat, upper strings between",
            "arpeggiated": "strings in order, one at a time",
        },
    ),
    "violin_1": Role(low=60, high=88, volume=96, pan=40, reverb_send=56, styles={}),
    "violin_2": Role(low=55, high=76, volume=86, pan=54, reverb_send=56, styles={}),
    "viola": Role(low=48, high=69, volume=88, pan=76, reverb_send=56, styles={}),
    "cello": Role(low=36, high=57, volume=98, pan=88, reverb_send=56, styles={}),
    "drums": Role(low=35, high=81, volume=104, pan=64, reverb_send=14, styles={}),
}
QUARTET = ("cello", "viola", "violin_2", "violin_1")  # from low to high
ARP_RATES = {"eighths": 2, "triplets": 3, "sixteenths": 4, "dotted": 1.5}  # notes per beat
DENSITIES = ("calm", "flowing", "busy")  # of melodies

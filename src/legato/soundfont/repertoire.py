"""Every melodic preset of legato.sf2, and which one plays each program of General MIDI."""

from legato.midi.gm import PROGRAMS
from legato.soundfont.families.basses import BASSES
from legato.soundfont.families.guitars import GUITARS
from legato.soundfont.families.keys import PIANOS
from legato.soundfont.families.leads import LEADS
from legato.soundfont.families.mallets import EFFECTS, MALLETS
from legato.soundfont.families.orchestra import BRASSES, STRINGS, VOICES, WOODWINDS
from legato.soundfont.families.pads import PADS
from legato.soundfont.presets import Tonal

TONALS = (*PIANOS, *MALLETS, *GUITARS, *STRINGS, *VOICES, *BRASSES, *WOODWINDS, *LEADS, *BASSES, *PADS, *EFFECTS)

OWN = {row.program: row for row in TONALS if row.bank == 0}
ALIASES = {
    "reed_organ": "accordion",
    "tango_accordion": "accordion",
    "slap_bass_2": "slap_bass_1",
    "baritone_sax": "tenor_sax",
    "english_horn": "oboe",
    "shanai": "oboe",
    "piccolo": "flute",
    "blown_bottle": "pan_flute",
    "shakuhachi": "pan_flute",
    "chiff_lead": "calliope_lead",
    "shamisen": "banjo",
    "fiddle": "violin",
    "synth_drum": "melodic_tom",
    "guitar_fret_noise": "breath_noise",
    "bird_tweet": "whistle",
    "telephone_ring": "tinkle_bell",
    "applause": "seashore",
}
NEAREST: dict[str, Tonal] = {program: OWN[ALIASES.get(program, program)] for program in PROGRAMS}

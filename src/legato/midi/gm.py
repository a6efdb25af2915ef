"""General MIDI as tables: program names, drum kits and drum pitches.

Conventions: `program` is 0–127; names are the GM Level 1 names in lower case with underscores; kits are the
Roland GS drum programs, which SoundFonts hold in bank 128; `pitch` 60 is middle C.
"""

from collections.abc import Collection

MELODIC_BANK = 0
DRUM_BANK = 128
GROUP = 8  # programs that are of one kind

_PROGRAM_NAMES = """
acoustic_grand_piano bright_acoustic_piano electric_grand_piano honky_tonk_piano
electric_piano_1 electric_piano_2 harpsichord clavinet
celesta glockenspiel music_box vibraphone marimba xylophone tubular_bells dulcimer
drawbar_organ percussive_organ rock_organ church_organ reed_organ accordion harmonica tango_accordion
nylon_guitar steel_guitar jazz_guitar clean_guitar muted_guitar overdriven_guitar distortion_guitar guitar_harmonics
acoustic_bass finger_bass pick_bass fretless_bass slap_bass_1 slap_bass_2 synth_bass_1 synth_bass_2
violin viola cello contrabass tremolo_strings pizzicato_strings orchestral_harp timpani
string_ensemble_1 string_ensemble_2 synth_strings_1 synth_strings_2 choir_aahs voice_oohs synth_choir orchestra_hit
trumpet trombone tuba muted_trumpet french_horn brass_section synth_brass_1 synth_brass_2
soprano_sax alto_sax tenor_sax baritone_sax oboe english_horn bassoon clarinet
piccolo flute recorder pan_flute blown_bottle shakuhachi whistle ocarina
square_lead saw_lead calliope_lead chiff_lead charang_lead voice_lead fifths_lead bass_and_lead
new_age_pad warm_pad polysynth_pad choir_pad bowed_pad metallic_pad halo_pad sweep_pad
rain_fx soundtrack_fx crystal_fx atmosphere_fx brightness_fx goblins_fx echoes_fx sci_fi_fx
sitar banjo shamisen koto kalimba bagpipe fiddle shanai
tinkle_bell agogo steel_drums woodblock taiko_drum melodic_tom synth_drum reverse_cymbal
guitar_fret_noise breath_noise seashore bird_tweet telephone_ring helicopter applause gunshot
""".split()  # noqa: SIM905 one word a program, eight a line, is how the standard prints them

PROGRAMS = {name: program for program, name in enumerate(_PROGRAM_NAMES)}

KITS = {
    "standard_kit": 0,
    "room_kit": 8,
    "hip_hop_kit": 9,
    "lofi_kit": 12,  # legato's own: GS has none
    "power_kit": 16,
    "electronic_kit": 24,
    "tr808_kit": 25,
    "tr909_kit": 30,
    "jazz_kit": 32,
    "brush_kit": 40,
}
OTHER_KIT = "other_kit"  # that a SoundFont has and that no table names
# Of other SoundFonts than legato's, which the user's own files may play; None: any other number.
OTHER_KITS: dict[str, int | None] = {"orchestra_kit": 48, OTHER_KIT: None}

DRUMS = {
    "kick_2": 35,
    "kick": 36,
    "side_stick": 37,
    "snare": 38,
    "clap": 39,
    "snare_2": 40,
    "closed_hat": 42,
    "floor_tom": 43,
    "pedal_hat": 44,
    "low_tom": 45,
    "open_hat": 46,
    "mid_tom": 47,
    "crash": 49,
    "high_tom": 50,
    "ride": 51,
    "ride_bell": 53,
    "tambourine": 54,
    "splash": 55,
    "cowbell": 56,
    "high_bongo": 60,
    "low_bongo": 61,
    "mute_conga": 62,
    "high_conga": 63,
    "low_conga": 64,
    "shaker": 70,
    "claves": 75,
    "wood_block": 76,
    "triangle": 81,
}

_KIT_NAMES = {program: name for name, program in (KITS | OTHER_KITS).items()}


def kit_name(program: int) -> str:
    """What a kit is called; standard kits are the first eight.

    >>> kit_name(25), kit_name(3), kit_name(57)
    ('tr808_kit', 'standard_kit', 'other_kit')
    """
    return _KIT_NAMES.get(program if program >= GROUP else 0, OTHER_KIT)


def stand_in_kit(program: int, kits: Collection[int]) -> int:
    """The kit of `kits` that plays where this one is asked for: itself, else its group's first, else the standard one.

    >>> [stand_in_kit(program, {0, 24, 25, 48}) for program in (25, 27, 48, 99)]
    [25, 24, 48, 0]
    """
    return next((kit for kit in (program, program // GROUP * GROUP) if kit in kits), 0)

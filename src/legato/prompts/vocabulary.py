"""The words of prompts as tables: for each thing that can be said of a track, the ways to say it.

Conventions: a wording is ASCII, without commas, and is complete on its own, because trainers drop and shuffle tags. No
wording says two things: `claims.read_tag` finds back what a tag claims.
"""

from legato.midi.gm import KITS, OTHER_KIT, OTHER_KITS, PROGRAMS

Wordings = tuple[str, ...]

# Where the General MIDI name, spaces for underscores, is not what a listener would say.
_SPOKEN_INSTRUMENTS: dict[str, Wordings] = {
    "acoustic_grand_piano": ("piano", "acoustic piano"),
    "bright_acoustic_piano": ("bright piano",),
    "honky_tonk_piano": ("honky tonk piano",),
    "electric_grand_piano": ("electric grand piano",),
    "electric_piano_1": ("electric piano", "mellow electric piano"),
    "electric_piano_2": ("fm electric piano", "digital electric piano"),
    "drawbar_organ": ("drawbar organ", "tonewheel organ"),
    "nylon_guitar": ("nylon guitar", "nylon string guitar"),
    "steel_guitar": ("steel guitar", "acoustic steel string guitar"),
    "jazz_guitar": ("jazz guitar",),
    "clean_guitar": ("clean electric guitar", "clean guitar"),
    "muted_guitar": ("muted guitar", "palm muted guitar tone"),
    "overdriven_guitar": ("overdriven guitar", "crunchy electric guitar"),
    "finger_bass": ("electric bass", "fingered bass guitar"),
    "pick_bass": ("picked bass", "bass guitar with a pick"),
    "slap_bass_1": ("slap bass", "slapped bass guitar"),
    "slap_bass_2": ("popped slap bass",),
    "synth_bass_1": ("synth bass", "analog synth bass"),
    "synth_bass_2": ("808 bass", "deep 808 bass"),
    "string_ensemble_1": ("string ensemble", "strings"),
    "string_ensemble_2": ("slow string ensemble", "soft strings"),
    "synth_strings_1": ("synth strings", "string machine"),
    "synth_strings_2": ("mellow synth strings",),
    "synth_brass_1": ("synth brass",),
    "synth_brass_2": ("soft synth brass",),
    "square_lead": ("square lead", "square wave synth lead"),
    "saw_lead": ("saw lead", "sawtooth synth lead"),
    "warm_pad": ("warm analog pad", "warm synth pad"),
    "polysynth_pad": ("polysynth pad", "analog polysynth"),
    "sweep_pad": ("sweep pad", "sweeping synth pad"),
    "standard_kit": ("drum kit", "acoustic drum kit"),
    "hip_hop_kit": ("hip hop drum kit", "sampled hip hop drums"),
    "lofi_kit": ("lo-fi drum kit", "dusty lo-fi drums"),
    "electronic_kit": ("electronic drum kit", "electronic drums"),
    "tr808_kit": ("808 drum kit", "808 drum machine"),
    "tr909_kit": ("909 drum kit", "909 drum machine"),
    "orchestra_kit": ("orchestral percussion", "orchestra drum kit"),
    OTHER_KIT: ("percussion kit",),
}
INSTRUMENTS: dict[str, Wordings] = {
    name: _SPOKEN_INSTRUMENTS.get(name, (name.replace("_", " "),)) for name in [*PROGRAMS, *KITS, *OTHER_KITS]
}

SCALES: dict[str, Wordings] = {
    "major": ("major",),
    "minor": ("minor",),
    "harmonic_minor": ("harmonic minor",),
    "dorian": ("dorian",),
    "mixolydian": ("mixolydian",),
    "phrygian": ("phrygian",),
}
KEY_FORMATS = ("{}", "in {}", "key of {}")
BPM_FORMATS = ("{} bpm", "{} BPM", "tempo {} bpm")

# Words for everything else, by the kind of claim and what is claimed.
CLAIMS: dict[str, dict[str, Wordings]] = {
    "instrument": INSTRUMENTS,
    "sound": {
        "supersaw": ("supersaw", "detuned supersaw"),
        "bright_supersaw": ("bright supersaw", "bright open supersaw"),
        "mellow_synth": ("mellow synth", "mellow filtered synth"),
        "distorted_808": ("distorted 808", "driven 808"),
        "clean_808": ("clean 808", "clean sine 808"),
        "long_808": ("long 808", "long ringing 808"),
        "short_808": ("short 808", "short punchy 808"),
        "acid_bass": ("acid bass", "acid synth bass"),
        "reese": ("reese bass", "reese"),
        "fm_bell": ("fm bell", "fm bells"),
        "pluck": ("synth pluck", "plucked synth"),
    },
    "drums": {
        "none": ("no drums", "without drums", "drumless"),
        "only": ("only drums", "drums only", "just drums"),
    },
    "groove": {
        "boom_bap": ("boom bap", "boom bap drums"),
        "dusty": ("dusty beat", "dusty drum break"),
        "trap": ("trap beat", "trap drums"),
        "house": ("four on the floor", "house beat"),
        "synthwave": ("synthwave beat", "retro synth drum beat"),
        "halftime": ("half time beat", "half time drums"),
        "pop": ("pop beat", "pop drum groove"),
        "rock": ("rock beat", "rock drums"),
        "lofi": ("lo-fi beat", "lazy lo-fi drums"),
        "funk": ("funk beat", "syncopated funk drums"),
        "sparse": ("sparse drums", "sparse 808 hits"),
    },
    "feel": {
        "swung": ("swung", "swing feel"),
        "straight": ("straight", "straight feel"),
    },
    "playing": {
        "arpeggiated": ("arpeggiated", "synth arpeggio"),
        "strummed": ("strummed chords", "strumming"),
        "picked": ("fingerpicked", "picked guitar pattern"),
        "melody": ("bass melody", "melodic low end"),
        "palm_muted": ("palm muted", "palm muted chugs"),
        "walking": ("walking bass", "walking bass line"),
        "octaves": ("octave bass", "bass in octaves"),
        "staccato": ("staccato lead", "short lead notes"),
        "stabs": ("chord stabs", "short keyboard chords"),
        "slides": ("sliding notes", "808 slides"),
        "rolls": ("hat rolls", "rolling hi-hats"),
        "ghosts": ("ghost notes", "ghosted snare"),
    },
    "harmony": {
        "sevenths": ("seventh chords", "rich seventh harmony"),
        "suspended": ("suspended chords", "sus chords"),
        "triads": ("simple triads", "plain triad harmony"),
    },
    "attack": {"slow": ("slow attack", "slowly swelling sound")},
    "mood": {
        "dark": ("dark", "dark mood"),
        "melancholic": ("melancholic", "wistful"),
        "uplifting": ("uplifting", "bright and hopeful"),
        "energetic": ("energetic", "high energy"),
        "calm": ("calm", "relaxed"),
        "laid_back": ("laid back", "laid back vibe"),
        "driving": ("driving", "driving rhythm"),
        "dreamy": ("dreamy", "dreamy atmosphere"),
    },
    "effect": {"lofi": ("lo-fi sound", "bit crushed sound")},
    "density": {
        "busy": ("busy", "busy arrangement"),
        "sparse": ("sparse", "minimal arrangement"),
    },
    "fidelity": {  # of recordings
        "mono": ("mono recording", "recorded in mono"),
        "eight_bit": ("8 bit recording",),
        "low_rate": ("low sample rate", "low bandwidth recording"),
    },
    "space": {
        "dry": ("dry", "dry mix"),
        "wet": ("reverberant", "washed in reverb"),
    },
    "width": {
        "wide": ("wide stereo", "wide mix"),
        "narrow": ("narrow stereo", "nearly mono"),
    },
}

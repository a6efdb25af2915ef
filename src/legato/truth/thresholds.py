"""Every number that decides on the notes whether a tag is true, in one table; those of the ear are in `by_ear`.

Conventions: shares are 0 to 1; a 16th is a step of the bar; a beat is a quarter note at the main bpm. All are chosen
by hand on composed music. When a tag is *said* is decided by the numbers of `legato.prompts.claims`; a check's "room"
is by how much it is laxer than they are. `python benchmarks/tags.py` measures how well the checks separate songs of
which a tag is said from others; docs/prompts.md has the results.
"""

# The file: bpm, key, feel, chords.
BPM_ROUNDING = 0.5  # a tag's bpm is a whole number: the file's is nearer to it than to the next one
SCALE_SHARE = 0.9  # of the notes' time within the scale; a tenth is left to passing notes and to borrowed chords
SWUNG_FROM, STRAIGHT_TO = 0.55, 0.535  # where off-beat 16ths fall, in median; claims: 0.57 and 0.52
OFF_BEAT = (0.4, 0.8)  # of an eighth: an onset between these is its second 16th, straight (0.5) or swung (to 0.67)
OFF_BEATS = 8  # the least number of them that tells how they fall
EARLY_BEATS = 0.1  # by which a player may be before a chord's first beat
SEVENTHS_ROOM = 0.1  # of the chords: how many fewer than stated may sound so, since a part may leave tones out
SUSPENDED_ROOM = 0.05  # the same; they are few, and so is what may miss
TRIADS_ROOM = 0.25  # the same: bass and melody may leave out thirds where no chord is struck

# Grooves: shares of the bars in which those drums play.
HIT_SHARE = 0.6  # of the bars that have the hit: fills and breaks leave it out in others
SYNCOPATED_SHARE = 0.25  # of kicks that are on no beat
TRAP_HATS_PER_BAR = 6
SPARSE_HITS_PER_BAR = 8

# Playing: how an instrument's notes follow one another.
CHORD_S = 0.012  # onsets nearer than this are one
LEAP_SEMITONES = 3  # from here on a step is a leap: more than a whole tone
FEWEST_GAPS = 8  # of notes, to say how they follow one another
ARPEGGIO_SINGLE_SHARE = 0.9  # of gaps that are no chord's
ARPEGGIO_GAP_S = 0.5  # the median: two notes a second or more
ARPEGGIO_LEAP_SHARE = 0.5  # of steps
STRUM_S = 0.15  # a strum's strings all sound within this
STRUM_GAP_S = STRUM_S / 3  # from one string to the next
STRUM_NOTES = 3  # strings of a strum, at least
STRUM_SHARE = 0.5  # of the notes that are in strums
PICK_GAP_S = 0.03  # from one string to the next, at least
PICK_SHARE = 0.6  # of gaps that are as long
PICK_PITCHES = 3  # different ones in a bar, in median
MUTED_BEATS = 0.34  # a palm-muted note's length, in median, at most: a third of a beat
WALKING_ROOM_BEATS = 0.15  # how far from a beat a step of a walking bass may be
WALKING_SHARE = 0.8  # of its steps
OCTAVE_SHARE = 0.25  # of a bass's steps; the others mostly repeat
STACCATO_GAP_S = 2 * CHORD_S  # from a note to the next one that does not sound with it
STACCATO_APART_SHARE = 0.8  # of gaps that are as long
STACCATO_LENGTH = 0.6  # of the time until the next note, in median
STAB_BEATS = 0.55  # a stab's length, at most: an eighth
STAB_CHORD_S = 0.04  # onsets nearer than this are one stab, played by hand
STAB_NOTES = 3  # of a stab, at least
STAB_SHARE = 0.6  # of the notes that are in stabs
BASS_MELODY_PITCHES = 4  # different ones: a bass of fewer only accompanies
ROLL_GAP_STEPS = 0.8  # hats nearer than this are in a roll
ROLL_GAPS = 2  # of a roll, at least: three hats
GHOST_VELOCITY = 60  # of a ghost note, at most; `compose.grooves` writes them at 40

# Sounds of our own instruments, on a note alone (`sounds`). When a word is said is in `legato.prompts.sounds`.
SUPERSAW_LINES = (5, 24)  # of a partial: seven saws, and what an envelope adds
SUPERSAW_CENTS = 5.0  # the deviation of a partial's power
SAW_ODD_DB = 12.0  # odd partials over even ones, at most: a saw has 5, a square 20 and more
REESE_LINES, REESE_CENTS = 3, 12.5
ENSEMBLE_LINES, ENSEMBLE_CENTS, ENSEMBLE_WIDTH_DB = 8, 5.0, -9.3
SQUARE_ODD_DB, SQUARE_OVERTONES_DB = 10.5, -14.0
SINE_SHARE = 0.8  # of the power: the fundamental of an 808 bass, however driven
EVENLY_BENT_DB = 36.0  # odd partials over even ones: a curve that is the same both ways makes odd ones
DYING_DB, DECAYED_DB = 6.0, 20.0
DISTORTED_DB, CLEAN_DB = -22.0, -23.0  # overtones over the fundamental
LONG_S, SHORT_S = 0.75, 0.5  # to DECAYED_DB
BRIGHT_HZ, MELLOW_HZ = 2200.0, 1400.0  # the centroid of the first second
ACID_OCTAVES, ACID_FUNDAMENTAL = 0.7, 0.97
PLUCK_LOUDEST_S = 0.3
PLUCK_S, PLUCK_OCTAVES, PLUCK_RISE_OCTAVES, PLUCK_OVERTONES_DB = 1.0, 0.3, 0.35, -22.0
BRASS_OCTAVES = 0.5  # by which it brightens
TINE_OVER_DB, TINE_DB = 30.0, -40.0  # of an FM piano: over the partials under it, and over all
BELL_INHARMONIC_DB, BELL_FUNDAMENTAL, BELL_S = -52.0, 0.75, 0.25
KICK_808_FALL, KICK_808_S, KICK_909_FALL = 1.3, 0.2, 1.4

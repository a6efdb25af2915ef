"""How each kind of verdict is known: whether it could have come out otherwise.

A verdict is *checked* where it is found in another way than the tag's fact was: what a composer meant in the notes of
the file, what notes say in the audio, what one estimator found by another one. It is *stated* where the judge can only
ask the same record, or measure the same thing again: then it is true unless somebody edited a prompt or a file. Stated
verdicts are judged, and must be true, but they are no part of the share of checked tags that are true.
"""

from typing import NamedTuple

NOTES, AUDIO, STATED = "notes", "audio", "stated"


class Verdict(NamedTuple):
    """Whether a tag is true by one check; a row of validate.jsonl has it as a list in this order."""

    tag: str
    kind: str
    is_true: bool
    basis: str  # NOTES, AUDIO or STATED


class Basis(NamedTuple):
    """How a kind of verdict is known of composed music, and of the user's own MIDI file.

    The facts of the latter were found in the very notes that the judge has.
    """

    composed: str
    own_file: str


HOW: dict[str, Basis] = {
    "phrase": Basis(NOTES, NOTES),  # the user's words
    "bpm": Basis(NOTES, STATED),
    "bpm_heard": Basis(AUDIO, AUDIO),
    "key": Basis(NOTES, NOTES),  # of a user's file by other key profiles than those that found it
    "scale": Basis(NOTES, NOTES),
    "no_drums": Basis(NOTES, STATED),
    "no_drums_heard": Basis(AUDIO, AUDIO),
    "only_drums": Basis(NOTES, STATED),
    "only_drums_heard": Basis(AUDIO, AUDIO),
    "instrument": Basis(NOTES, STATED),
    "bass_808": Basis(NOTES, NOTES),  # by the range, which no fact has
    "bass_808_heard": Basis(AUDIO, AUDIO),
    "sound_heard": Basis(AUDIO, AUDIO),  # our instruments, played again from their record and heard alone
    "lofi_heard": Basis(AUDIO, AUDIO),
    "groove": Basis(NOTES, NOTES),  # this and the next three are never said of a user's file; an edited prompt may
    "feel": Basis(NOTES, NOTES),
    "playing": Basis(NOTES, NOTES),
    "harmony": Basis(NOTES, NOTES),
    "mood": Basis(NOTES, STATED),
    "density": Basis(NOTES, STATED),
    "attack": Basis(STATED, STATED),  # the times that the renderer measured on the preset
    "fidelity": Basis(STATED, STATED),  # the record of the file that a recording was made of
    "space": Basis(STATED, STATED),  # the renderer's record
    "width": Basis(STATED, STATED),  # measured alike by the renderer, before the loudness was set
}

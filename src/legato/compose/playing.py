"""Each role's player, and what happens to its music at a section's end and at the song's."""

from functools import partial

from legato.compose import bass, chords, guitar, quartet
from legato.compose.dice import Dice, dice_of
from legato.compose.passage import Manner, Passage, Player
from legato.compose.roles import QUARTET, ROLES
from legato.compose.score import BAR, BEAT, Tone, cut
from legato.midi.theory import in_range

PLAYERS: dict[str, Player] = {
    "pad": chords.pad,
    "arp": chords.arp,
    "lead": chords.lead,
    "keys": chords.keys,
    "piano": chords.piano,
    "bass": bass.bass,
    "sub": bass.sub,
    "strum": guitar.strum,
    "pick": guitar.pick,
    **{role: quartet.player(role) for role in QUARTET},
}
HELD = ("pad", "keys", "bass", *QUARTET)  # who stops in a drop


def played(role: str, passage: Passage, manner: Manner, seed: int, dice: Dice) -> list[Tone]:
    """A part's section: the letter's music, ended afresh each time, with what happens at its end."""
    section = passage.section
    if section.kind == "ending":
        return _ending(role, passage)
    same, last = dice_of(seed), dice_of(seed + 1 + section.visit)
    tones = cut(PLAYERS[role](passage, manner, same, last), 0, section.ticks)
    if "counter" in section.changes and role in ("pad", "arp") and tones:
        tones = tones + _counter(passage, dice)
    if section.leaving == "drop" and role in HELD:
        tones = cut(tones, 0, section.ticks - BEAT) or tones
    if section.leaving == "crescendo":
        tones = _swelling(tones, section.ticks)
    return tones


def _leap(before: int, pitch: int) -> tuple[int, int]:
    """How far a pitch is from the one before; of two as far, the lower comes first."""
    return abs(pitch - before), pitch


def _counter(passage: Passage, dice: Dice) -> list[Tone]:
    """A quiet high line of long chord tones."""
    tones, pitch = [], 74
    for chord in passage.chords:
        pitch = min((p for p in range(67, 77) if p % 12 in chord.classes), key=partial(_leap, pitch))
        late = BEAT if chord.ticks >= BAR and dice.chance(0.5) else 0
        tones.append(Tone(chord.tick + late, chord.ticks - late, pitch, 64))
    return tones


def _swelling(tones: list[Tone], end: int) -> list[Tone]:
    """The last bar from 80 % to 115 % of its velocity."""
    start = end - BAR
    return [
        tone._replace(velocity=min(127, round(tone.velocity * (0.8 + 0.35 * (tone.tick - start) / BAR))))
        if tone.tick >= start and not tone.mark
        else tone
        for tone in tones
    ]


def _ending(role: str, passage: Passage) -> list[Tone]:
    """The last bar: the tonic chord held, its root in basses and melodies."""
    chord, row = passage.chords[0], ROLES[role]
    if role in ("bass", "sub"):
        pitches: tuple[int, ...] = (in_range(24 + chord.root, row.low, row.low + 11),)
    elif role in ("lead", "arp"):
        pitches = (in_range(60 + chord.root, row.low, row.low + 11),)
    elif role == "piano":
        low = in_range(24 + chord.root, row.low, row.low + 11)
        pitches = (low, low + 12, *(in_range(60 + c, 55, 66) for c in chord.classes))
    elif role in QUARTET:
        pitches = (passage.voicings[0][QUARTET.index(role)],)
    else:
        pitches = passage.voicings[0]
    delay = 0.022 if role in ("strum", "pick") else 0.0
    return [Tone(0, BAR, pitch, 94 - 2 * at, at * delay) for at, pitch in enumerate(sorted(set(pitches)))]

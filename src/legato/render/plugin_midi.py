"""A part as a MIDI file of one channel, as a host gives it to a plugin."""

from collections.abc import Iterator
from itertools import pairwise

from legato.errors import LegatoError
from legato.instruments.parts import CC_DATA, CC_PARAMETER, CC_PARAMETER_FINE, CC_WHEEL, MOST, Part, held_ends_s
from legato.midi import smf

DIVISION, TEMPO_US = 9600, 500_000  # ticks a quarter note, and its length: a tick is 0.05 ms
TICKS_PER_S = DIVISION * 1_000_000 / TEMPO_US
LONGEST_S = 1e5  # more than any track: a pedal that never goes up holds a note for ever
CENTRE, NOTE_OFF_VELOCITY = 8192, 64


def midi_of(part: Part, bend_semitones: int, where: str = "part", *, late_s: float = 0.0) -> bytes:
    """A part as a MIDI file of one channel, `late_s` later: notes as long as pedals hold them, bends, modulation.

    A key is let go before it is struck again, as on a keyboard: a note's end would end both. Volume is not in it.

    Raises:
        LegatoError: it bends further than that, or moves parameters.
    """
    if part.parameters:
        raise LegatoError(f"{where}: moves {', '.join(part.parameters)}, and a plugin's parameters cannot be moved")
    if far := next((value for _, value in part.bend if abs(value) > bend_semitones), None):
        raise LegatoError(f"{where}: bend_semitones: {bend_semitones}: a part bends by {far:g} semitones")
    events = sorted(_events(part, bend_semitones, late_s), key=lambda event: event[:2])  # stable
    tempo = smf.Event(0, smf.META, bytes([smf.SET_TEMPO]) + TEMPO_US.to_bytes(3, "big"))
    return smf.dump(DIVISION, [[tempo, *(smf.Event(tick, status, data) for tick, _, status, data in events)]])


def _events(part: Part, bend_semitones: int, late_s: float) -> Iterator[tuple[int, int, int, bytes]]:
    """(tick, rank, status, data): of one tick keys are let go first, and struck last."""
    for number, value in ((CC_PARAMETER, 0), (CC_PARAMETER_FINE, 0), (CC_DATA, bend_semitones)):
        yield 0, 1, smf.CONTROL, bytes([number, value])
    for s, semitones in part.bend:
        wheel = min(CENTRE + round(semitones / bend_semitones * CENTRE), 2 * CENTRE - 1)
        yield _tick(s + late_s), 1, smf.BEND, bytes([wheel & 0x7F, wheel >> 7])
    for s, depth in part.wheel:
        yield _tick(s + late_s), 1, smf.CONTROL, bytes([CC_WHEEL, round(depth * MOST)])
    for (pitch, start), (end, velocity) in _struck(part, late_s).items():
        yield start, 2, smf.NOTE_ON, bytes([pitch, velocity])
        yield end, 0, smf.NOTE_OFF, bytes([pitch, NOTE_OFF_VELOCITY])


def _struck(part: Part, late_s: float) -> dict[tuple[int, int], tuple[int, int]]:
    """Each key and when it is struck: when it is let go, at the latest where it is struck again, and how hard."""
    struck: dict[tuple[int, int], tuple[int, int]] = {}
    for start_s, end_s, pitch, velocity in zip(part.start_s, held_ends_s(part), part.pitch, part.velocity, strict=True):
        key = int(pitch), _tick(start_s + late_s)
        end, hard = struck.get(key, (key[1] + 1, 0))
        struck[key] = max(end, _tick(min(float(end_s), LONGEST_S) + late_s)), max(hard, int(velocity))
    keys = sorted(struck)
    for (pitch, start), (next_pitch, next_start) in pairwise(keys):
        if pitch == next_pitch:
            end, velocity = struck[pitch, start]
            struck[pitch, start] = min(end, next_start), velocity
    return struck


def _tick(s: float) -> int:
    return max(0, round(float(s) * TICKS_PER_S))

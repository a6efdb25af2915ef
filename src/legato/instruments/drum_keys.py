"""Which sound of a drum machine each General MIDI key strikes.

A drum machine has few sounds: a key without one of its own is played by the nearest, higher or lower where it is tuned.
"""

from collections.abc import Sequence

from legato.midi.gm import DRUMS

AS_IT_IS = 69.0  # the pitch at which a sound is played as it is
# Sound and semitones by key.
KEYS: dict[int, tuple[str, float]] = {
    DRUMS["kick_2"]: ("kick", -1),
    DRUMS["kick"]: ("kick", 0),
    DRUMS["side_stick"]: ("side_stick", 0),
    DRUMS["snare"]: ("snare", 0),
    DRUMS["clap"]: ("clap", 0),
    DRUMS["snare_2"]: ("snare", 1),
    41: ("tom", -5),
    DRUMS["closed_hat"]: ("closed_hat", 0),
    DRUMS["floor_tom"]: ("tom", -3),
    DRUMS["pedal_hat"]: ("closed_hat", 0),
    DRUMS["low_tom"]: ("tom", 0),
    DRUMS["open_hat"]: ("open_hat", 0),
    DRUMS["mid_tom"]: ("tom", 3),
    48: ("tom", 5),
    DRUMS["crash"]: ("crash", 0),
    DRUMS["high_tom"]: ("tom", 8),
    DRUMS["ride"]: ("ride", 0),
    52: ("crash", 0),
    DRUMS["ride_bell"]: ("ride", 0),
    DRUMS["tambourine"]: ("shaker", 0),
    DRUMS["splash"]: ("crash", 0),
    DRUMS["cowbell"]: ("cowbell", 0),
    57: ("crash", 0),
    59: ("ride", 0),
    DRUMS["high_bongo"]: ("conga", 7),
    DRUMS["low_bongo"]: ("conga", 3),
    DRUMS["mute_conga"]: ("conga", 2),
    DRUMS["high_conga"]: ("conga", 0),
    DRUMS["low_conga"]: ("conga", -4),
    65: ("conga", 5),
    66: ("conga", -5),
    67: ("cowbell", 0),
    68: ("cowbell", 0),
    69: ("shaker", 0),
    DRUMS["shaker"]: ("shaker", 0),
    DRUMS["claves"]: ("claves", 0),
    DRUMS["wood_block"]: ("claves", -4),
    77: ("claves", -9),
    DRUMS["triangle"]: ("cowbell", 0),
    82: ("shaker", 0),
}
OTHERWISE = ("side_stick", 0.0)


def struck(sounds: Sequence[str], key: int) -> tuple[int, float]:
    """The number of the sound that a key strikes, and the pitch at which it is played.

    >>> struck(("kick", "snare", "tom"), 50)
    (2, 77.0)
    """
    name, semitones = KEYS.get(key, OTHERWISE)
    return sounds.index(name), AS_IT_IS + semitones

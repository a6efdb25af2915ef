"""Mallets, bells, tuned drums and effects."""

from typing import Any

from legato.soundfont import mallets as struck
from legato.soundfont.families.orchestra import AAHS, OOHS
from legato.soundfont.families.waves import GLASSY, PWM, SAWS, SHIMMER, SYNC
from legato.soundfont.mallets import Struck
from legato.soundfont.presets import Envelope, Filter, Part, Tonal, Vibrato, Voice, keyboard
from legato.soundfont.synthesis import band
from legato.soundfont.winds import Noise

RING = Envelope(release_s=0.9)
SHORT = Envelope(release_s=0.35)


def voice(name: str, low: int, high: int, partials: tuple[tuple[float, float, float], ...], **how: Any) -> Voice:
    """Samples of something struck."""
    return Voice(name=name, roots=keyboard(low, high, 9), make=Struck(partials=partials, **how))


CELESTA = voice("Celesta", 48, 96, struck.CELESTA, mallet=0.06)
GLOCKENSPIEL = voice("Glockenspiel", 60, 102, struck.GLOCKENSPIEL, mallet=0.12, mallet_hz=5000, seconds=2.6)
MUSIC_BOX = voice("Music Box", 48, 96, struck.MUSIC_BOX, mallet=0.15, mallet_hz=4000)
VIBRAPHONE = voice("Vibraphone", 48, 90, struck.VIBRAPHONE, mallet=0.05, seconds=3.4)
MARIMBA = voice("Marimba", 42, 96, struck.MARIMBA, mallet=0.25, mallet_hz=900, seconds=1.6)
XYLOPHONE = voice("Xylophone", 54, 102, struck.XYLOPHONE, mallet=0.3, mallet_hz=2500, seconds=1.0)
TUBULAR = voice("Tubular Bells", 48, 84, struck.TUBULAR, mallet=0.12, beat_cents=1.2, slowing=0.3, seconds=2.6)
BELL = voice("Bell", 48, 84, struck.CHURCH_BELL, mallet=0.1, beat_cents=1.8, slowing=0.3, seconds=2.6)
KALIMBA = voice("Kalimba", 48, 90, struck.KALIMBA, mallet=0.3, mallet_hz=800, seconds=1.6)
STEEL_DRUM = voice("Steel Drum", 48, 90, struck.STEEL_DRUM, mallet=0.2, mallet_hz=900, beat_cents=1.5, seconds=1.8)
TIMPANI = voice("Timpani", 36, 60, struck.TIMPANI, mallet=0.5, mallet_hz=300, slowing=0.4, seconds=2.4)
GLASS = voice("Glass", 48, 96, struck.GLASS, mallet=0.05, seconds=2.8)
AGOGO = voice("Agogo", 48, 90, struck.AGOGO, mallet=0.15)
WOOD = voice("Wood", 48, 90, struck.WOOD, mallet=0.1, mallet_hz=1500, slowing=0.3)
TAIKO = voice("Taiko", 36, 72, struck.TAIKO, mallet=0.7, mallet_hz=400, slowing=0.3, seconds=1.8)
TOM = voice("Melodic Tom", 36, 84, struck.TOM, mallet=0.35, mallet_hz=900, slowing=0.4, seconds=1.4)
AIR = Voice(name="Air", roots=(60,), make=Noise(weights=band(500, 6000)), fixed=True)
SURF = Voice(
    name="Surf", roots=(60,), make=Noise(weights=lambda hz: 60 / (60 + hz) * (hz > 30)), stereo=True, fixed=True
)


def bell(
    name: str, program: str, of: Voice, how: str, *, envelope: Envelope = RING, reverb: float = 0.25, **more: Any
) -> Tonal:
    """A preset of one struck thing."""
    return Tonal(name=name, program=program, parts=(Part(voice=of, envelope=envelope, **more),), how=how, reverb=reverb)


MALLETS = (
    bell("Celesta", "celesta", CELESTA, "a steel plate's modes over a box"),
    bell("Glockenspiel", "glockenspiel", GLOCKENSPIEL, "a free steel bar's modes"),
    bell("Music Box", "music_box", MUSIC_BOX, "a plucked comb's modes"),
    bell(
        "Vibraphone",
        "vibraphone",
        VIBRAPHONE,
        "an arched bar's modes, its resonators turning",
        vibrato=Vibrato(cents=0, tremolo_db=2.5, tremolo_hz=4.6),
    ),
    bell("Marimba", "marimba", MARIMBA, "an arched wooden bar's modes, a soft mallet", envelope=SHORT),
    bell("Xylophone", "xylophone", XYLOPHONE, "a wooden bar's modes, a hard mallet", envelope=SHORT),
    bell("Tubular Bells", "tubular_bells", TUBULAR, "a tube's modes that beat", reverb=0.35),
    bell("Tinkle Bell", "tinkle_bell", BELL, "a bell's modes that beat", reverb=0.35),
    bell("Kalimba", "kalimba", KALIMBA, "a plucked tongue's modes", envelope=SHORT),
    bell("Steel Drums", "steel_drums", STEEL_DRUM, "a steel pan's modes, nearly harmonic"),
    bell("Timpani", "timpani", TIMPANI, "a kettledrum's modes"),
    bell("Agogo", "agogo", AGOGO, "a cone bell's modes", envelope=SHORT),
    bell("Woodblock", "woodblock", WOOD, "a hollow block's modes", envelope=SHORT),
    bell("Taiko", "taiko_drum", TAIKO, "a large skin's modes"),
    bell("Melodic Tom", "melodic_tom", TOM, "a skin's modes", envelope=SHORT),
    bell("Glass Bells", "echoes_fx", GLASS, "a glass's modes", reverb=0.4),
)
SLOW = Envelope(attack_s=0.7, release_s=1.2)
EFFECTS = (
    Tonal(
        name="Halo Pad",
        program="halo_pad",
        how="a dark vowel under a shimmer",
        reverb=0.45,
        chorus=0.2,
        parts=(Part(voice=OOHS, envelope=SLOW), Part(voice=SHIMMER, envelope=SLOW, level_db=-3, transpose=12)),
    ),
    Tonal(
        name="Soundtrack",
        program="soundtrack_fx",
        how="saws, a fifth and a shimmer, slow",
        reverb=0.45,
        parts=(
            Part(
                voice=SAWS,
                envelope=SLOW,
                filter=Filter(cutoff_hz=900, tracking=0.3, sweep_cents=1200, attack_s=2, decay_s=6),
            ),
            Part(voice=SHIMMER, envelope=SLOW, transpose=7, level_db=-6),
        ),
    ),
    Tonal(
        name="Rain",
        program="rain_fx",
        how="glass bells over glassy bands",
        reverb=0.45,
        parts=(
            Part(voice=GLASS, envelope=RING, transpose=12),
            Part(
                voice=GLASSY, envelope=Envelope(attack_s=0.004, decay_s=5, sustain_db=100, release_s=0.9), level_db=-4
            ),
        ),
    ),
    Tonal(
        name="Atmosphere",
        program="atmosphere_fx",
        how="a glass's strike before a string machine",
        reverb=0.45,
        parts=(Part(voice=GLASS, envelope=RING), Part(voice=SHIMMER, envelope=SLOW, level_db=-5)),
    ),
    Tonal(
        name="Goblins",
        program="goblins_fx",
        how="swinging pulses through a resonance that sways",
        reverb=0.45,
        parts=(
            Part(
                voice=PWM,
                envelope=SLOW,
                filter=Filter(cutoff_hz=900, tracking=0.4, q_db=13, lfo_hz=0.6, lfo_cents=1300),
            ),
        ),
    ),
    Tonal(
        name="Sci-Fi",
        program="sci_fi_fx",
        how="a synced saw through a slow sweep",
        reverb=0.45,
        parts=(
            Part(
                voice=SYNC,
                envelope=SLOW,
                filter=Filter(cutoff_hz=700, tracking=0.4, q_db=10, sweep_cents=3000, attack_s=2.5, decay_s=6),
            ),
        ),
    ),
    Tonal(
        name="Voice Lead",
        program="voice_lead",
        how="a vowel's formants, quick",
        reverb=0.25,
        parts=(Part(voice=AAHS, envelope=Envelope(attack_s=0.03, release_s=0.15), vibrato=Vibrato(cents=14)),),
    ),
    Tonal(
        name="Reverse Swell",
        program="reverse_cymbal",
        how="noise that rises for a second",
        reverb=0.2,
        parts=(Part(voice=AIR, envelope=Envelope(attack_s=1.4, release_s=0.05)),),
    ),
    Tonal(
        name="Breath",
        program="breath_noise",
        how="a puff of noise",
        parts=(Part(voice=AIR, envelope=Envelope(attack_s=0.03, decay_s=2.5, sustain_db=100, release_s=0.1)),),
    ),
    Tonal(
        name="Seashore",
        program="seashore",
        how="low noise that swells",
        reverb=0.2,
        parts=(
            Part(
                voice=SURF,
                envelope=Envelope(attack_s=0.9, release_s=1.5),
                filter=Filter(cutoff_hz=1500, lfo_hz=0.18, lfo_cents=1500),
            ),
        ),
    ),
    Tonal(
        name="Helicopter",
        program="helicopter",
        how="low noise, chopped",
        parts=(Part(voice=SURF, filter=Filter(cutoff_hz=900), vibrato=Vibrato(cents=0, tremolo_db=9, tremolo_hz=9)),),
    ),
    Tonal(
        name="Gunshot",
        program="gunshot",
        how="a burst of noise",
        reverb=0.3,
        parts=(
            Part(
                voice=SURF,
                envelope=Envelope(decay_s=1.4, sustain_db=100, release_s=0.4),
                filter=Filter(cutoff_hz=1200, sweep_cents=3600, decay_s=0.5),
            ),
        ),
    ),
)

"""Pads, synth strings and synth brass."""

from dataclasses import replace

from legato.soundfont.families.waves import GLASSY, PWM, SAW3, SAWS, SHIMMER, SQUARES
from legato.soundfont.presets import Envelope, Filter, Part, Tonal, Vibrato, Voice

SLOW = Envelope(attack_s=0.65, release_s=1.1)
FAST = Envelope(attack_s=0.012, decay_s=6, sustain_db=5, release_s=0.35)
DRIFT = Vibrato(hz=0.4, cents=2, delay_s=0.01)


def pad(name: str, voice: Voice, filter_: Filter, how: str, *, envelope: Envelope = SLOW, bank: int = 0) -> Tonal:
    """A warm pad of one voice."""
    part = Part(voice=voice, envelope=envelope, filter=filter_, vibrato=DRIFT)
    return Tonal(name=name, program="warm_pad", bank=bank, parts=(part,), how=how, reverb=0.3, chorus=0.2)


PADS = (
    pad(
        "Warm Pad",
        SAWS,
        Filter(cutoff_hz=900, tracking=0.3, q_db=1, sweep_cents=1300, attack_s=1.0, decay_s=5, sustain=0.4),
        "four detuned saws a side; a low pass that opens slowly",
    ),
    pad(
        "Dark Pad",
        SAWS,
        Filter(cutoff_hz=480, tracking=0.4, sweep_cents=700, attack_s=1.6, decay_s=6, sustain=0.5),
        "the same saws, darker and slower",
        envelope=Envelope(attack_s=0.9, release_s=1.6),
        bank=1,
    ),
    pad(
        "PWM Pad",
        PWM,
        Filter(cutoff_hz=1500, tracking=0.3, q_db=2, lfo_hz=0.25, lfo_cents=500),
        "two pulses whose widths swing; the filter swings too",
        bank=2,
    ),
    pad(
        "Bright Pad",
        SAWS,
        Filter(cutoff_hz=2600, tracking=0.3, q_db=3, sweep_cents=900, attack_s=0.7, decay_s=4, sustain=0.5),
        "the same saws, open, with resonance",
        envelope=Envelope(attack_s=0.6, release_s=0.9),
        bank=3,
    ),
    pad(
        "String Machine",
        SHIMMER,
        Filter(cutoff_hz=3000, tracking=0.2),
        "bands of partials, as of many oscillators",
        envelope=Envelope(attack_s=0.6, release_s=0.9),
        bank=4,
    ),
    Tonal(
        name="Polysynth Pad",
        program="polysynth_pad",
        how="swinging pulses; a resonant filter falls",
        reverb=0.2,
        chorus=0.3,
        parts=(
            Part(
                voice=PWM,
                envelope=FAST,
                filter=Filter(cutoff_hz=1500, tracking=0.4, q_db=4, sweep_cents=2000, decay_s=3),
            ),
        ),
    ),
    Tonal(
        name="Poly Saws",
        program="polysynth_pad",
        bank=1,
        how="detuned saws; a resonant filter falls",
        reverb=0.2,
        chorus=0.2,
        parts=(
            Part(
                voice=SAWS,
                envelope=FAST,
                filter=Filter(cutoff_hz=1300, tracking=0.4, q_db=3, sweep_cents=2300, decay_s=2.5),
            ),
        ),
    ),
    Tonal(
        name="Poly Brassy",
        program="polysynth_pad",
        bank=2,
        how="saws whose filter opens as a note begins",
        reverb=0.2,
        chorus=0.2,
        parts=(
            Part(
                voice=SAWS,
                envelope=replace(FAST, attack_s=0.02),
                filter=Filter(
                    cutoff_hz=700, tracking=0.5, q_db=2, sweep_cents=2600, attack_s=0.05, decay_s=3, sustain=0.3
                ),
            ),
        ),
    ),
    Tonal(
        name="Poly Soft",
        program="polysynth_pad",
        bank=3,
        how="two squares, low-passed",
        reverb=0.25,
        chorus=0.4,
        parts=(
            Part(voice=SQUARES, envelope=FAST, filter=Filter(cutoff_hz=1300, tracking=0.5, sweep_cents=900, decay_s=3)),
        ),
    ),
    Tonal(
        name="New Age Pad",
        program="new_age_pad",
        how="a shimmer under glassy bands an octave up",
        reverb=0.4,
        chorus=0.2,
        parts=(
            Part(voice=SHIMMER, envelope=SLOW, level_db=-2),
            Part(voice=GLASSY, envelope=SLOW, level_db=-6, transpose=12),
        ),
    ),
    Tonal(
        name="Bowed Glass Pad",
        program="bowed_pad",
        how="bands of a glass's partials, slow",
        reverb=0.4,
        parts=(Part(voice=GLASSY, envelope=replace(SLOW, attack_s=0.7), filter=Filter(cutoff_hz=3500, tracking=0.4)),),
    ),
    Tonal(
        name="Metallic Pad",
        program="metallic_pad",
        how="a fifth of swinging pulses through high resonance",
        reverb=0.35,
        parts=(
            Part(
                voice=PWM,
                envelope=SLOW,
                filter=Filter(cutoff_hz=2400, tracking=0.5, q_db=12, lfo_hz=0.15, lfo_cents=700),
            ),
            Part(voice=GLASSY, envelope=SLOW, level_db=-5, transpose=12),
        ),
    ),
    Tonal(
        name="Sweep Pad",
        program="sweep_pad",
        how="saws through a resonant filter that sweeps for seconds",
        reverb=0.35,
        chorus=0.2,
        parts=(
            Part(
                voice=SAWS,
                envelope=replace(SLOW, attack_s=0.7),
                filter=Filter(cutoff_hz=450, tracking=0.3, q_db=11, sweep_cents=3600, attack_s=3.0, decay_s=8),
            ),
        ),
    ),
    Tonal(
        name="Synth Strings 1",
        program="synth_strings_1",
        how="detuned saws, open",
        reverb=0.3,
        chorus=0.3,
        parts=(
            Part(
                voice=SAWS,
                envelope=Envelope(attack_s=0.55, release_s=0.6),
                filter=Filter(cutoff_hz=4200, tracking=0.2),
                vibrato=DRIFT,
            ),
        ),
    ),
    Tonal(
        name="Synth Strings 2",
        program="synth_strings_2",
        how="detuned saws and swinging pulses, slow",
        reverb=0.3,
        chorus=0.2,
        parts=(
            Part(voice=SAWS, envelope=replace(SLOW, attack_s=0.7), filter=Filter(cutoff_hz=2500, tracking=0.3)),
            Part(
                voice=PWM,
                envelope=replace(SLOW, attack_s=0.7),
                filter=Filter(cutoff_hz=2500, tracking=0.3),
                level_db=-4,
            ),
        ),
    ),
    Tonal(
        name="Synth Brass 1",
        program="synth_brass_1",
        how="detuned saws; the filter opens as a note begins",
        reverb=0.2,
        chorus=0.15,
        parts=(
            Part(
                voice=SAWS,
                envelope=Envelope(attack_s=0.02, decay_s=6, sustain_db=3, release_s=0.25),
                soft_cents=-3000,
                filter=Filter(
                    cutoff_hz=900, tracking=0.6, q_db=2, sweep_cents=2500, attack_s=0.06, decay_s=4, sustain=0.5
                ),
            ),
        ),
    ),
    Tonal(
        name="Synth Brass 2",
        program="synth_brass_2",
        how="three saws, softer",
        reverb=0.25,
        chorus=0.2,
        parts=(
            Part(
                voice=SAW3,
                envelope=Envelope(attack_s=0.03, decay_s=6, sustain_db=3, release_s=0.3),
                soft_cents=-3000,
                filter=Filter(
                    cutoff_hz=700, tracking=0.6, q_db=1, sweep_cents=1900, attack_s=0.05, decay_s=5, sustain=0.5
                ),
            ),
        ),
    ),
)

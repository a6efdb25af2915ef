"""Pads, leads, synth basses and chip voices."""

from dataclasses import replace

import numpy as np

from legato.soundfont.oscillators import (
    drawbars,
    ensemble,
    hard_sync,
    looping,
    pulse,
    pulse_width,
    saw,
    sine,
    square,
    steep,
    triangle,
    with_loop,
)
from legato.soundfont.presets import Envelope, Filter, Part, Tonal, Vibrato, Voice, keyboard
from legato.soundfont.synthesis import SAMPLE_RATE, Made, driven, faded, formants, key_hz, low_pass

WIDE = keyboard(36, 96, 8)
BASS = keyboard(24, 60, 8)

SAWS = Voice(name="Saws", roots=WIDE, make=looping(saw, seconds=1.2, cents=(-13, -5, 5, 13)), stereo=True)
SAW3 = Voice(name="Saw 3", roots=WIDE, make=looping(saw, seconds=1.0, cents=(-7, 0, 7)))
SAW1 = Voice(name="Saw", roots=WIDE, make=looping(saw))
SQUARE = Voice(name="Square", roots=WIDE, make=looping(square))
PULSE_25 = Voice(name="Pulse 25", roots=WIDE, make=looping(pulse(0.25)))
PULSE_12 = Voice(name="Pulse 12", roots=WIDE, make=looping(pulse(0.125)))
TRIANGLE = Voice(name="Triangle", roots=WIDE, make=looping(triangle))
SINE = Voice(name="Sine", roots=WIDE, make=looping(sine))
SQUARES = Voice(name="Squares", roots=WIDE, make=looping(square, seconds=1.0, cents=(-6, 6)))
PWM = Voice(name="PWM", roots=WIDE, make=pulse_width(0.12, 0.5, 1.0), stereo=True)
SYNC = Voice(name="Sync", roots=WIDE, make=hard_sync(4.2, 1.62, 0.5))
BASS_SAWS = Voice(name="Bass Saws", roots=BASS, make=looping(saw, seconds=0.8, cents=(-6, 6)))
REESE = Voice(name="Reese", roots=BASS, make=looping(saw, seconds=1.7, cents=(-22, -8, 8, 22)))
BASS_PULSE = Voice(name="Bass Pulse", roots=BASS, make=looping(pulse(0.35)))
SUB = Voice(
    name="Sub", roots=BASS, make=looping(lambda n: np.where(n == 1, 1, np.where(n == 3, 0.06, 0.03 * (n == 2))))
)
SHIMMER = Voice(
    name="Shimmer", roots=WIDE, make=ensemble(steep(1.7), low_pass(5000), seconds=1.5, spread_cents=9), stereo=True
)
GLASSY = Voice(
    name="Glassy",
    roots=WIDE,
    stereo=True,
    make=ensemble(
        lambda n: np.isin(n, (1, 3, 4, 7, 9, 11)) / n**0.9, formants((3200, 1500, 1.5)), seconds=1.3, spread_cents=5
    ),
)


def eight_oh_eight(drive: float, sweep_s: float = 0.012, sweep_cycles: int = 2, second: float = 0.0) -> Voice:
    """An 808 bass: a driven sine whose pitch drops onto its note, then eight periods to loop.

    The sweep adds a whole number of cycles, so that the phase is back in place where the loop begins.
    """

    def make(key: int, top_hz: float, rng: np.random.Generator) -> Made:
        del rng  # nothing about it is random
        hz = key_hz(key)
        n_loop = round(8 * SAMPLE_RATE / hz)  # eight periods, so that rounding detunes by an eighth as much
        loop_hz = 8 * SAMPLE_RATE / n_loop
        n_cycles = 8 * (round(14 * sweep_s * hz / 8) + 1)
        n_head = n_cycles * n_loop // 8
        time = (np.arange(n_head + 2 * n_loop) - n_head) / SAMPLE_RATE
        sweep = sweep_cycles * (1 - np.exp(-(time + n_head / SAMPLE_RATE) / sweep_s))
        turns = 2 * np.pi * (loop_hz * time + sweep)
        wave = np.sin(turns) + second * np.sin(2 * turns)
        wave = driven(faded(wave, attack_s=0.003, release_s=0), lambda x: np.tanh(drive * x) / np.tanh(drive), top_hz)
        return with_loop(wave[:n_head], wave[n_head : n_head + n_loop])

    return Voice(name=f"808 {drive:g}", roots=keyboard(24, 60, 5), make=make)


CLEAN_808, WARM_808, HARD_808 = eight_oh_eight(0.7), eight_oh_eight(1.6, second=0.06), eight_oh_eight(4.5, 0.016, 3)

SLOW = Envelope(attack_s=0.65, release_s=1.1)
FAST = Envelope(attack_s=0.012, decay_s=6, sustain_db=5, release_s=0.35)
LEAD = Envelope(attack_s=0.006, decay_s=3, sustain_db=3, release_s=0.18)
PLUCK = Envelope(attack_s=0.001, decay_s=1.6, sustain_db=100, release_s=0.25)
BASS_ENVELOPE = Envelope(attack_s=0.003, decay_s=3, sustain_db=5, release_s=0.08)
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


def lead(
    name: str,
    program: str,
    voice: Voice,
    how: str,
    *,
    bank: int = 0,
    filter_: Filter | None = None,
    second: Part | None = None,
    envelope: Envelope = LEAD,
    vibrato: Vibrato | None = None,
    chorus: float = 0.1,
) -> Tonal:
    """A lead of one voice or two."""
    first = Part(voice=voice, envelope=envelope, filter=filter_, vibrato=vibrato)
    return Tonal(
        name=name,
        program=program,
        bank=bank,
        parts=(first, second) if second else (first,),
        how=how,
        reverb=0.2,
        chorus=chorus,
    )


SUNG = Vibrato(hz=5.6, cents=14, delay_s=0.45)
SAW_FILTER = Filter(cutoff_hz=4500, tracking=0.4, q_db=2, sweep_cents=1400, decay_s=1.5)
LEADS = (
    lead(
        "Saw Lead", "saw_lead", SAW3, "three detuned saws; the filter falls a little", filter_=SAW_FILTER, vibrato=SUNG
    ),
    lead(
        "Super Saw", "saw_lead", SAWS, "four detuned saws a side", bank=1, filter_=Filter(cutoff_hz=7000, tracking=0.3)
    ),
    lead(
        "Sync Lead",
        "saw_lead",
        SYNC,
        "a sawtooth restarted by another; its ratio falls",
        bank=2,
        filter_=Filter(cutoff_hz=8000, tracking=0.2),
        vibrato=SUNG,
    ),
    lead(
        "Mono Saw",
        "saw_lead",
        SAW1,
        "one saw through a resonant filter",
        bank=3,
        vibrato=SUNG,
        filter_=Filter(cutoff_hz=2000, tracking=0.5, q_db=8, sweep_cents=2000, decay_s=1.2),
    ),
    lead(
        "Square Lead",
        "square_lead",
        SQUARE,
        "a square wave, softened",
        vibrato=SUNG,
        filter_=Filter(cutoff_hz=6000, tracking=0.3, q_db=1, sweep_cents=600, decay_s=1.0),
    ),
    lead(
        "Pulse Lead",
        "square_lead",
        PULSE_25,
        "a pulse of a quarter, bare, as in a chip",
        bank=1,
        chorus=0.0,
        envelope=Envelope(attack_s=0.002, decay_s=4, sustain_db=6, release_s=0.05),
    ),
    lead(
        "Thin Pulse",
        "square_lead",
        PULSE_12,
        "a pulse of an eighth, bare, as in a chip",
        bank=2,
        chorus=0.0,
        envelope=Envelope(attack_s=0.002, decay_s=4, sustain_db=6, release_s=0.05),
    ),
    lead(
        "Two Squares",
        "square_lead",
        SQUARES,
        "two detuned squares",
        bank=3,
        filter_=Filter(cutoff_hz=5000, tracking=0.3),
        vibrato=SUNG,
    ),
    lead(
        "Calliope Lead",
        "calliope_lead",
        TRIANGLE,
        "a triangle and its octave",
        vibrato=Vibrato(cents=10),
        second=Part(voice=SINE, envelope=LEAD, transpose=12, level_db=-6),
    ),
    lead(
        "Charang Lead",
        "charang_lead",
        SYNC,
        "a synced saw with a plain one",
        second=Part(voice=SAW1, envelope=LEAD, level_db=-4),
    ),
    lead(
        "Fifths Lead",
        "fifths_lead",
        SAW3,
        "three saws and their fifth",
        filter_=SAW_FILTER,
        second=Part(voice=SAW3, envelope=LEAD, filter=SAW_FILTER, transpose=7, level_db=-2),
    ),
    lead(
        "Bass and Lead",
        "bass_and_lead",
        SAW3,
        "saws over a square an octave down",
        filter_=SAW_FILTER,
        second=Part(voice=SQUARE, envelope=LEAD, filter=Filter(cutoff_hz=1500), transpose=-12),
    ),
    Tonal(
        name="Triangle Lead",
        program="ocarina",
        how="a triangle wave",
        reverb=0.2,
        parts=(Part(voice=TRIANGLE, envelope=Envelope(attack_s=0.03, release_s=0.12), vibrato=Vibrato(cents=10)),),
    ),
    Tonal(
        name="Sine Whistle",
        program="whistle",
        how="a sine that swings",
        reverb=0.25,
        parts=(
            Part(voice=SINE, envelope=Envelope(attack_s=0.04, release_s=0.12), vibrato=Vibrato(cents=22, delay_s=0.2)),
        ),
    ),
)


def bass(
    name: str,
    program: str,
    voice: Voice,
    filter_: Filter | None,
    how: str,
    *,
    bank: int = 0,
    envelope: Envelope = BASS_ENVELOPE,
    second: Part | None = None,
) -> Tonal:
    """A synth bass: dry."""
    first = Part(voice=voice, envelope=envelope, filter=filter_, soft_cents=-2000)
    return Tonal(
        name=name, program=program, bank=bank, parts=(first, second) if second else (first,), how=how, reverb=0.0
    )


def boom(seconds: float) -> Envelope:
    """An 808's: falls by 100 dB in `seconds`."""
    return Envelope(attack_s=0.001, decay_s=seconds, sustain_db=100, release_s=0.12)


SQUELCH = Filter(cutoff_hz=320, tracking=0.5, q_db=9, sweep_cents=2800, decay_s=1.1)
BASSES = (
    bass(
        "Synth Bass",
        "synth_bass_1",
        BASS_SAWS,
        Filter(cutoff_hz=450, tracking=0.4, q_db=7, sweep_cents=2600, decay_s=1.2),
        "two detuned saws; a resonant filter falls",
    ),
    bass(
        "Reese Bass",
        "synth_bass_1",
        REESE,
        Filter(cutoff_hz=700, tracking=0.3, q_db=2, lfo_hz=0.3, lfo_cents=300),
        "four saws far apart, beating",
        bank=1,
    ),
    bass("Sub Bass", "synth_bass_1", SUB, None, "a sine with a trace of its second and third partial", bank=2),
    bass(
        "Plucked Bass",
        "synth_bass_1",
        BASS_PULSE,
        replace(SQUELCH, q_db=3, decay_s=1.0),
        "a pulse through a resonant filter, plucked",
        bank=3,
        envelope=Envelope(attack_s=0.001, decay_s=2.4, sustain_db=100, release_s=0.08),
    ),
    bass("Acid Bass", "synth_bass_1", SAW1, replace(SQUELCH, q_db=16), "one saw through high resonance", bank=4),
    bass(
        "Pulse Bass",
        "synth_bass_1",
        BASS_PULSE,
        Filter(cutoff_hz=900, tracking=0.4, sweep_cents=1200, decay_s=1),
        "a pulse over a sub",
        bank=5,
        second=Part(voice=SUB, envelope=BASS_ENVELOPE, level_db=-3),
    ),
    bass(
        "808 Bass", "synth_bass_2", WARM_808, None, "a driven sine that drops onto its note, long", envelope=boom(7.5)
    ),
    bass("808 Clean", "synth_bass_2", CLEAN_808, None, "a nearly pure sine, long", bank=1, envelope=boom(9)),
    bass("808 Driven", "synth_bass_2", HARD_808, None, "a sine driven hard, long", bank=2, envelope=boom(8)),
    bass("808 Short", "synth_bass_2", WARM_808, None, "the driven sine, short", bank=3, envelope=boom(3.2)),
    bass(
        "808 Endless",
        "synth_bass_2",
        WARM_808,
        Filter(cutoff_hz=900),
        "the driven sine, darker and hardly falling",
        bank=4,
        envelope=boom(16),
    ),
)
CHIFF = drawbars(0, 0.3, 1, 0.3, 0.1, 0, 0, 0, 0)

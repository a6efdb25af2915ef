"""The waves that synths are made of: voices without envelopes."""

import numpy as np

from legato.soundfont.oscillators import (
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
from legato.soundfont.presets import Voice, keyboard
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

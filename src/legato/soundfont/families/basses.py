"""Synth basses and 808s."""

from dataclasses import replace

from legato.soundfont.families.waves import BASS_PULSE, BASS_SAWS, CLEAN_808, HARD_808, REESE, SAW1, SUB, WARM_808
from legato.soundfont.presets import Envelope, Filter, Part, Tonal, Voice

BASS_ENVELOPE = Envelope(attack_s=0.003, decay_s=3, sustain_db=5, release_s=0.08)


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

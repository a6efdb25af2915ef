"""Leads and chip voices."""

from legato.soundfont.families.waves import PULSE_12, PULSE_25, SAW1, SAW3, SAWS, SINE, SQUARE, SQUARES, SYNC, TRIANGLE
from legato.soundfont.presets import Envelope, Filter, Part, Tonal, Vibrato, Voice

LEAD = Envelope(attack_s=0.006, decay_s=3, sustain_db=3, release_s=0.18)


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

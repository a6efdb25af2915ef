"""What the composer promises of every song, whatever the seed."""

import hashlib
import json
import sys
from collections import Counter
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.musics import ALL_ROLES, CATEGORIES, EVERY, EXAMPLES, OFFERED, ROOT, TONAL, musics, song_of
from legato.compose import guitar
from legato.compose.config import MusicParams, needed_drums
from legato.compose.dice import dice_of
from legato.compose.drums import LOUDEST_GHOST, ODDS
from legato.compose.form import lay_out
from legato.compose.grooves import FILLS, GROOVES, STEPS_PER_BAR
from legato.compose.harmony import Key
from legato.compose.modes import FUNCTIONS
from legato.compose.performance import swing_beats
from legato.compose.playing import PLAYERS
from legato.compose.roles import ARP_RATES, QUARTET, ROLES
from legato.compose.score import BAR, BEAT, GHOST, Tone, chord_at
from legato.compose.song import Score, draft, perform_score, write_score
from legato.compose.tonality import durations, heard_key
from legato.compose.voicing import has_parallels, lead, lead_quartet, positions
from legato.errors import LegatoError
from legato.midi.contents import read_contents
from legato.midi.gm import DRUM_BANK, DRUMS, KITS, PROGRAMS
from legato.midi.key import PROFILES
from legato.midi.song import BEATS_PER_BAR, BEND_RANGE, bar_seconds, write_midi
from legato.midi.theory import CHORDS, NOTE_NAMES, SCALES
from legato.workspace import params

FREE = {"timing_ms": 0.0, "velocity": 0.0}
seeds = st.integers(0, 2**32)


def score_of(music: MusicParams, seed: int) -> Score:
    return draft(music, np.random.default_rng(seed))


def with_(music: MusicParams, **changes: object) -> MusicParams:
    return MusicParams.model_validate({**music.model_dump(), **changes})


# Songs


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_a_song_keeps_to_its_parameters(music: MusicParams, seed: int) -> None:
    song, facts = song_of(music, seed)
    assert music.bpm[0] <= song.bpm <= music.bpm[1]
    assert music.seconds[0] <= song.n_bars * bar_seconds(song.bpm) <= music.seconds[1]
    assert [part.role for part in song.parts] == list(music.parts)
    assert {role: name for role, name in facts["instruments"].items() if name not in music.parts[role]} == {}
    assert facts["groove"] in music.grooves or (facts["groove"] is None and not music.grooves)
    assert music.swing[0] - 0.001 <= facts["swing"] <= music.swing[1] + 0.001
    assert all(style in music.playing.get(role, ROLES[role].styles) for role, style in facts["playing"].items())
    assert json.loads(json.dumps(facts)) == facts


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_every_note_lies_within_the_song_and_its_roles_range(music: MusicParams, seed: int) -> None:
    song, _ = song_of(music, seed)
    for part in song.parts:
        assert part.notes, part.role
        assert part.is_drum == (part.role == "drums")
        for note in part.notes:
            assert 0 <= note.beat < note.beat + note.beats <= song.n_bars * BEATS_PER_BAR + 0.031
            assert ROLES[part.role].low <= note.pitch <= ROLES[part.role].high, part.role
            assert 1 <= note.velocity <= 127


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_no_pitch_is_struck_while_it_sounds(music: MusicParams, seed: int) -> None:
    for part in song_of(music, seed)[0].parts:
        ends: dict[int, float] = {}
        for note in part.notes:
            assert note.beat >= ends.get(note.pitch, 0) - 0.031, (part.role, note)
            ends[note.pitch] = note.beat + note.beats


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_tonal_notes_belong_to_the_stated_key(music: MusicParams, seed: int) -> None:
    song, facts = song_of(music, seed)
    tonal = [part for part in song.parts if not part.is_drum]
    assert (facts["key"] is None) == (not tonal)
    if tonal:
        tonic = NOTE_NAMES.index(facts["key"])
        classes = {(tonic + step) % 12 for step in SCALES[facts["scale"]]}
        assert {note.pitch % 12 for part in tonal for note in part.notes} <= classes


@pytest.mark.parametrize("name", sorted(TONAL))
def test_the_stated_key_is_heard(name: str) -> None:
    """Both profiles find the tonic and its third in nine of ten tracks; the drafts alone are right in most."""
    n_tracks, heard, drafts = 40, Counter(), 0
    for seed in range(n_tracks):
        score = write_score(TONAL[name], np.random.default_rng(seed))
        key = score.key.tonic, score.key.has_minor_third
        total = durations([tone for role, tones in score.parts.items() if role != "drums" for tone in tones])
        heard.update(profile for profile in PROFILES if heard_key(total, profile) == key)
        first = score_of(TONAL[name], seed)
        total = durations([tone for role, tones in first.parts.items() if role != "drums" for tone in tones])
        drafts += heard_key(total, "albrecht_shanahan") == (first.key.tonic, first.key.has_minor_third)
    assert min(heard[profile] for profile in PROFILES) >= 0.9 * n_tracks
    assert drafts >= 0.55 * n_tracks


def test_profiles_hear_plain_scales() -> None:
    for tonic, minor in product(range(12), (False, True)):
        chord = CHORDS["minor" if minor else "major"]
        tones = [Tone(0, 24, 60 + tonic + step, 80) for step in chord]
        assert {heard_key(durations(tones), profile) for profile in PROFILES} == {(tonic, minor)}


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_a_song_ends_on_its_tonic(music: MusicParams, seed: int) -> None:
    score = score_of(music, seed)
    last_bar = (score.n_bars - 1) * BAR
    third, fifth = (score.key.tonic + (3 if score.key.has_minor_third else 4)) % 12, (score.key.tonic + 7) % 12
    for role, tones in score.parts.items():
        final = [tone for tone in tones if tone.tick >= last_bar]
        assert final, role
        assert all(tone.tick == last_bar for tone in final)
        if role != "drums":
            assert all(tone.ticks == BAR for tone in final)
            assert {tone.pitch % 12 for tone in final} <= {score.key.tonic, third, fifth}
        if role in ("bass", "sub", "lead", "cello"):
            assert {tone.pitch % 12 for tone in final} == {score.key.tonic}
    if score.chords:
        functions = FUNCTIONS[score.key.scale]
        assert score.chords[-1].degree == 0
        assert score.chords[0].degree == 0
        homeward = {**functions["D"], **functions["P"]}
        assert score.chords[-2].degree in homeward or score.n_bars < 4


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_no_part_falls_silent_within_a_section_it_plays(music: MusicParams, seed: int) -> None:
    score = score_of(music, seed)
    for section in score.sections:
        for bar in range(section.start_bar, section.start_bar + section.n_bars):
            sounding = [
                tone
                for role, tones in score.parts.items()
                for tone in tones
                if tone.tick < (bar + 1) * BAR and tone.tick + tone.ticks > bar * BAR
            ]
            assert sounding, (section, bar)


# Form


@settings(deadline=None)
@given(st.integers(2, 400), seeds)
def test_sections_fill_the_song_and_differ(n_bars: int, seed: int) -> None:
    roles = ["pad", "lead", "bass", "drums"]
    sections = lay_out(n_bars, roles, dice_of(seed))
    bars = [bar for section in sections for bar in range(section.start_bar, section.start_bar + section.n_bars)]
    assert bars == list(range(n_bars))
    assert sections[-1].kind == "ending"
    main = [section.letter for section in sections if section.kind == "main"]
    assert n_bars < 5 or len(set(main)) >= 2
    assert all(section.roles for section in sections)
    assert {role for section in sections if section.kind == "main" for role in section.roles} == set(roles)
    visits: Counter = Counter()
    for section in sections:
        if section.kind == "main":
            assert section.visit == visits[section.letter]
            visits[section.letter] += 1


def runs(tones: list[Tone], start: int, end: int) -> set[tuple]:
    """Three-note runs of intervals and times between within a stretch."""
    inside = sorted((tone.tick, tone.pitch) for tone in tones if start <= tone.tick < end)
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(inside)]
    return set(pairwise(steps))


@pytest.mark.parametrize("name", sorted(EVERY))
def test_a_returning_section_is_recognised_and_varied(name: str) -> None:
    shares, strangers, n_identical, n_returns = [], [], 0, 0
    for seed in range(25):
        score = score_of(with_(EVERY[name], seconds=[44.0, 60.0]), seed)
        first = {}
        main = [section for section in score.sections if section.kind == "main"]
        for section in main:
            if section.letter not in first:
                first[section.letter] = section
                continue
            before, n_returns = first[section.letter], n_returns + 1
            pairs = []
            for tones in score.parts.values():
                a, b = (runs(tones, s.start, s.start + s.ticks) for s in (before, section))
                pairs.append(
                    [
                        sorted(
                            (t.tick - s.start, t.ticks, t.pitch) for t in tones if s.start <= t.tick < s.start + s.ticks
                        )
                        for s in (before, section)
                    ]
                )
                if a and b:
                    shares.append(len(a & b) / min(len(a), len(b)))
                for other in main:
                    c = runs(tones, other.start, other.start + other.ticks)
                    if other.letter != section.letter and b and c:
                        strangers.append(len(c & b) / min(len(c), len(b)))
            n_identical += all(a == b for a, b in pairs)
    assert n_returns > 5
    assert np.mean(shares) > 0.35
    assert np.mean(shares) > np.mean(strangers) + 0.1
    assert n_identical == 0


# Harmony


@settings(deadline=None, max_examples=60)
@given(musics, seeds)
def test_chords_fill_the_song_and_are_what_they_say(music: MusicParams, seed: int) -> None:
    score = score_of(music, seed)
    if not score.is_tonal:
        assert score.chords == ()
        return
    assert score.chords[0].tick == 0
    assert all(a.end == b.tick for a, b in pairwise(score.chords))
    assert score.chords[-1].end == score.n_bars * BAR
    for chord in score.chords:
        assert chord.classes == tuple((chord.root + step) % 12 for step in CHORDS[chord.quality])
        assert chord.bass in chord.classes
    for chord, after in pairwise(score.chords):
        if chord.quality == "sus4":
            assert (after.root, after.quality, after.bass) == (chord.root, "major", chord.bass)


def test_all_roots_scales_qualities_and_inversions_occur() -> None:
    scores = [score_of(with_(ALL_ROLES, parts={"pad": ["warm_pad"]}, grooves=[]), seed) for seed in range(300)]
    assert len({(score.key.tonic, score.key.scale) for score in scores}) > 65  # of 72
    chords = [chord for score in scores for chord in score.chords]
    assert {chord.quality for chord in chords} >= {
        "major",
        "minor",
        "sus4",
        "major_7",
        "minor_7",
        "dominant_7",
        "minor_9",
    }
    assert any(chord.bass != chord.root for chord in chords)
    assert len({chord.ticks for chord in chords}) >= 4
    shapes = {tuple((c.degree, c.ticks) for c in score.chords if c.tick < 4 * BAR) for score in scores}
    assert len(shapes) > 200  # progressions are drawn, not listed


@settings(deadline=None, max_examples=80)
@given(musics, seeds)
def test_voices_are_led(music: MusicParams, seed: int) -> None:
    score = score_of(music, seed)
    if not score.is_tonal:
        return
    pads = [lead(score.chords, 50, 77, n_voices) for n_voices in (3, 4)]
    bounds = (12, 2.6), (7, 2.2), (11, 3.0)  # semitones: the largest move, the mean
    for led, (largest, mean) in zip([*pads, lead_quartet(score.chords)], bounds, strict=True):
        moves = [abs(a - b) for before, after in pairwise(led) for a, b in zip(before, after, strict=True)]
        assert not any(has_parallels(before, after) for before, after in pairwise(led))
        assert max(moves) <= largest
        assert np.mean(moves) < mean
    for chord, voicing in zip(score.chords, lead_quartet(score.chords), strict=True):
        assert voicing[0] % 12 == chord.bass
        assert list(voicing) == sorted(set(voicing))
        assert all(b - a <= 12 for a, b in pairwise(voicing[1:]))
    for led, n_voices in zip(pads, (3, 4), strict=True):
        for chord, voicing in zip(score.chords, led, strict=True):
            assert len(voicing) == n_voices
            assert (
                {chord.classes[1] if chord.quality != "sus4" else chord.root}
                <= {p % 12 for p in voicing}
                <= set(chord.classes)
            )
            assert voicing in positions(chord.classes, 50, 77, n_voices)


def test_voices_move_by_steps_on_average() -> None:
    moves: dict[str, list[int]] = {"three": [], "four": [], "quartet": []}
    for seed in range(60):
        chords = score_of(EXAMPLES["string_quartet"], seed).chords
        led = {"three": lead(chords, 50, 77, 3), "four": lead(chords, 50, 77, 4), "quartet": lead_quartet(chords)}
        for name, voicings in led.items():
            moves[name] += [abs(a - b) for x, y in pairwise(voicings) for a, b in zip(x, y, strict=True)]
    means = {name: float(np.mean(found)) for name, found in moves.items()}
    assert means["three"] < 1.6, means
    assert means["four"] < 1.25, means
    assert means["quartet"] < 2.1, means


@settings(deadline=None, max_examples=30)
@given(seeds)
def test_the_quartet_sounds_its_plan_on_every_change(seed: int) -> None:
    score = score_of(EXAMPLES["string_quartet"], seed)
    plan = lead_quartet(score.chords)
    for section in score.sections:
        if set(QUARTET) <= section.roles:
            for chord, voicing in zip(score.chords, plan, strict=True):
                if section.start <= chord.tick < section.start + section.ticks - BEAT:
                    heard = [[t.pitch for t in score.parts[role] if t.tick == chord.tick] for role in QUARTET]
                    assert heard == [[pitch] for pitch in voicing]


# Melodies


@settings(deadline=None, max_examples=60)
@given(seeds)
def test_melodies_have_chord_tones_on_strong_beats_and_small_steps(seed: int) -> None:
    score = score_of(EVERY["synth_no_drums"], seed)
    tones = sorted(score.parts["lead"], key=lambda tone: tone.tick)
    for tone in tones:
        if tone.tick % (2 * BEAT) == 0:
            assert tone.pitch % 12 in chord_at(score.chords, tone.tick).classes
    leaps = [abs(b.pitch - a.pitch) for a, b in pairwise(tones)]
    assert np.mean([leap > 9 for leap in leaps]) < 0.25
    assert all(a.tick + a.ticks <= b.tick for a, b in pairwise(tones))
    for section in score.sections[:-1]:
        last_bar = section.start + section.ticks - BAR
        final = [tone.tick - last_bar for tone in tones if last_bar <= tone.tick < last_bar + BAR]
        if (
            "lead" in section.roles
            and section.n_bars > 1
            and section.leaving != "pickup"
            and "ornament" not in section.changes
        ):
            assert final  # a phrase comes to rest
            assert max(final) <= 2 * BEAT


@pytest.mark.parametrize("style", sorted(ROLES["arp"].styles))
def test_arpeggios_keep_their_grid_and_their_shape(style: str) -> None:
    music = MusicParams(bpm=[100, 120], seconds=[20.0, 30.0], parts={"arp": ["saw_lead"]}, playing={"arp": [style]})
    rates = set()
    for seed in range(12):
        score = score_of(music, seed)
        rate = ARP_RATES[score.manners["arp"].arp_rate]
        rates.add(rate)
        tones = [tone for tone in score.parts["arp"] if tone.tick < (score.n_bars - 1) * BAR]
        grid = BEAT / rate if rate >= 2 else BEAT / 4
        assert all((tone.tick - chord_at(score.chords, tone.tick).tick) % grid == 0 for tone in tones)
        assert all(tone.pitch % 12 in chord_at(score.chords, tone.tick).classes for tone in tones if tone.velocity > 64)
        rises = [b.pitch > a.pitch for a, b in pairwise(tones) if a.velocity > 64 < b.velocity and a.pitch != b.pitch]
        assert style != "up" or np.mean(rises) > 0.6
        assert style != "down" or np.mean(rises) < 0.4
        if rate >= 2:
            assert len({t.tick for t in tones}) >= 0.6 * rate * BEATS_PER_BAR * (score.n_bars - 1) - 8
    assert len(rates) >= 3


# Basses


@settings(deadline=None, max_examples=60)
@given(seeds, st.booleans())
def test_the_808_line_is_monophonic_within_c1_to_c3_bends_and_all(seed: int, has_drums: bool) -> None:
    music = CATEGORIES["bass_808"]
    if has_drums:
        music = with_(music, parts={"sub": ["synth_bass_2"], "drums": ["tr808_kit"]}, grooves=["sparse"])
    song, facts = song_of(music, seed)
    assert any(part.is_drum for part in song.parts) == has_drums
    part = song.parts[0]
    assert all(a.beat + a.beats <= b.beat + 1e-9 for a, b in pairwise(part.notes))
    assert all(24 <= note.pitch <= 48 for note in part.notes)
    for note, after in pairwise([*part.notes, None]):
        until = after.beat if after else float("inf")
        inside = [bend for bend in part.bends if note.beat <= bend.beat < until]
        assert all(24 <= note.pitch + bend.semitones <= 48 for bend in inside)
        assert all(abs(bend.semitones) <= BEND_RANGE for bend in inside)
        held = [bend for bend in part.bends if bend.beat <= note.beat + 1e-3]
        assert not held or held[-1].semitones == 0  # every note begins unbent
    assert (facts["slides"] >= 2) == (facts["playing"]["sub"] == "gliding")
    assert sum(bend.semitones == 0 for bend in part.bends) == facts["slides"]


@pytest.mark.parametrize("style", sorted(ROLES["bass"].styles))
def test_basses_play_the_chords_bass_and_keep_their_style(style: str) -> None:
    for seed in range(15):
        score = score_of(with_(CATEGORIES["guitar_pop"], playing={"bass": [style]}), seed)
        by_tick = {tone.tick: tone for tone in score.parts["bass"]}
        body = [tone for tone in score.parts["bass"] if tone.tick < (score.n_bars - 1) * BAR]
        for section in score.sections:
            for chord in score.chords:
                inside = section.start <= chord.tick < section.start + section.ticks - BEAT
                if inside and "bass" in section.roles:
                    assert by_tick[chord.tick].pitch % 12 == chord.bass
        for tone in body:
            chord = chord_at(score.chords, tone.tick)
            interval = (tone.pitch - chord.bass) % 12
            if style in ("roots", "octaves", "sustained", "locked"):
                assert interval == 0
            if style == "fifths":
                assert tone.pitch % 12 in chord.classes
            if style == "walking":
                assert tone.tick % BEAT == 0
        assert style != "octaves" or any(b.pitch - a.pitch == 12 for a, b in pairwise(body))
        assert style != "syncopated" or any(tone.mark == GHOST for tone in body)


@pytest.mark.parametrize(("role", "style"), [(r, style) for r in ("keys", "pad", "lead") for style in ROLES[r].styles])
def test_keys_pads_and_leads_keep_their_style(role: str, style: str) -> None:
    music = MusicParams(bpm=[90, 120], seconds=[20.0, 30.0], parts={role: ["warm_pad"]}, playing={role: [style]})
    n_struck_again = 0
    for seed in range(12):
        score = score_of(music, seed)
        tones = [tone for tone in score.parts[role] if tone.tick < (score.n_bars - 1) * BAR and tone.velocity > 64]
        for tone in tones:
            chord = chord_at(score.chords, tone.tick)
            left = chord.end - tone.tick
            if style == "stabs":
                assert tone.ticks <= BEAT / 2
            elif style in ("sustained", "comping", "swelling"):
                assert tone.ticks <= left
                assert style == "comping" or tone.tick in (chord.tick, chord.tick + chord.ticks // 2)
            n_struck_again += style == "swelling" and tone.tick != chord.tick
        if style == "broken":
            assert len({tone.tick for tone in tones}) == len(tones)
        if style == "staccato":
            gaps = [(a.ticks, b.tick - a.tick) for a, b in pairwise(sorted(tones, key=lambda tone: tone.tick))]
            assert all(ticks <= max(0.6 * gap, 3) for ticks, gap in gaps)
    assert (style == "swelling") == (n_struck_again > 0)


# Guitars


def can_be_held(pitches: list[int]) -> bool:
    """Whether a hand can: each note on a string of its own, at most four frets wide, open strings aside."""
    for strings in product(range(6), repeat=len(pitches)):
        if len(set(strings)) == len(strings):
            frets = [p - guitar.TUNING[s] for p, s in zip(pitches, strings, strict=True)]
            pressed = [fret for fret in frets if fret]
            if all(0 <= fret <= 12 for fret in frets) and (not pressed or max(pressed) - min(pressed) < 4):
                return True
    return False


def test_every_chord_of_every_key_can_be_held() -> None:
    for root in range(12):
        for quality, steps in CHORDS.items():
            if quality in ("augmented_major_7",):
                continue
            classes = tuple((root + step) % 12 for step in steps)
            found = guitar.shapes(classes, root)
            assert found, (root, quality)
            for shape in found[:4]:
                pitches = guitar.pitches(shape)
                assert pitches[0] % 12 == root
                assert {p % 12 for p in pitches} <= set(classes)
                assert can_be_held(list(pitches)) if root % 4 == 0 else True


def test_c_and_e_minor_have_their_campfire_shapes() -> None:
    assert (None, 3, 2, 0, 1, 0) in guitar.shapes((0, 4, 7), 0)
    assert (0, 2, 2, 0, 0, 0) in guitar.shapes((4, 7, 11), 4)
    assert (1, 3, 3, 2, 1, 1) in guitar.shapes((5, 9, 0), 5)  # a barre


@pytest.mark.parametrize("style", sorted(ROLES["strum"].styles))
def test_strums_can_be_held_and_run_across_the_strings(style: str) -> None:
    music = with_(CATEGORIES["guitar_pop"], playing={"strum": [style]})
    for seed in range(6):
        score = score_of(music, seed)
        strokes: dict[int, list[Tone]] = {}
        for tone in score.parts["strum"]:
            if tone.tick < (score.n_bars - 1) * BAR:
                strokes.setdefault(tone.tick, []).append(tone)
        directions = set()
        for stroke in strokes.values():
            in_time = sorted(stroke, key=lambda tone: tone.late)
            pitches = [tone.pitch for tone in in_time]
            assert all(b.late > a.late for a, b in pairwise(in_time))
            assert pitches in (sorted(pitches), sorted(pitches, reverse=True))
            directions.add(pitches == sorted(pitches))
        for pitches in {tuple(sorted(t.pitch for t in stroke)) for stroke in strokes.values()}:
            assert can_be_held(list(pitches))
            assert (2 <= len(pitches) <= 3) if style == "palm_muted" else len(pitches) >= 3
        if style == "palm_muted":
            assert directions == {True}
            assert all(t.ticks <= BEAT / 4 for stroke in strokes.values() for t in stroke)
        if style == "offbeat":
            assert all(t.ticks <= BEAT / 3 for stroke in strokes.values() for t in stroke)


# Drums and time


def test_swing_moves_off_16ths_by_exactly_its_amount_and_nothing_else() -> None:
    music = with_(CATEGORIES["hiphop_drums"], humanize=FREE, swing=[0.6, 0.6])
    n_off = 0
    for seed in range(5):
        score = score_of(music, seed)
        (part,) = perform_score(score, music, np.random.default_rng(0)).parts
        written = sorted((tone.tick, tone.pitch, tone.late) for tone in score.parts["drums"])
        played = {(round(n.beat, 4), n.pitch) for n in part.notes}
        for tick, pitch, late in written:
            if tick % 6 == 0 or tick % 8 == 0:
                n_off += tick % 12 == 6
                expected = tick / BEAT + late + (0.05 if tick % 12 == 6 else 0)
                assert (round(max(expected, 0), 4), pitch) in played
    assert n_off > 50
    table = swing_beats(2 / 3)
    assert table[6] == table[18] == pytest.approx(1 / 12)  # 16ths become triplets
    assert not table[[0, 8, 12, 16]].any()


def test_humanising_strays_as_far_as_it_says() -> None:
    music = with_(CATEGORIES["hiphop_drums"], swing=[0.5, 0.5], humanize={"timing_ms": 8.0, "velocity": 6.0})
    stray, touch = [], []
    for seed in range(20):
        score = score_of(music, seed)
        human = perform_score(score, music, np.random.default_rng(1)).parts[0].notes
        plain = perform_score(score, with_(music, humanize=FREE), np.random.default_rng(1)).parts[0].notes
        by_pitch = [sorted(notes, key=lambda n: (n.pitch, n.beat)) for notes in (human, plain)]
        for a, b in zip(*by_pitch, strict=True):
            stray.append((a.beat - b.beat) * 60_000 / score.bpm)
            touch.append(a.velocity - b.velocity)
    assert np.max(np.abs(stray)) <= 16.001
    assert np.std(stray) == pytest.approx(8, rel=0.2)
    assert np.std(touch) == pytest.approx(6, rel=0.25)


@pytest.mark.parametrize("groove", sorted(GROOVES))
def test_grooves_hit_only_the_drums_they_name_and_no_two_bars_alike(groove: str) -> None:
    music = with_(CATEGORIES["hiphop_drums"], grooves=[groove])
    bars: Counter = Counter()
    for seed in range(20):
        score = score_of(music, seed)
        tones = score.parts["drums"]
        assert {tone.pitch for tone in tones} <= needed_drums(music)
        assert len({(tone.tick, tone.pitch) for tone in tones}) == len(tones)
        assert all(tone.velocity <= LOUDEST_GHOST for tone in tones if tone.mark == GHOST)
        per_bar: dict[int, set] = {}
        for tone in tones:
            per_bar.setdefault(tone.tick // BAR, set()).add((tone.tick % BAR, tone.pitch))
        assert len({frozenset(bar) for bar in per_bar.values()}) >= len(per_bar) / 4
        bars.update(frozenset(bar) for bar in per_bar.values())
    common = bars.most_common(2)[-1][1] / bars.total()
    assert common < 0.12


def test_rolls_and_ghosts_are_counted_as_they_sound() -> None:
    n_rolls = n_ghosts = 0
    for seed in range(30):
        song, facts = song_of(with_(CATEGORIES["hiphop_drums"], grooves=["trap"], humanize=FREE), seed)
        hats = sorted(n.beat for n in song.parts[0].notes if n.pitch == DRUMS["closed_hat"])
        quick = [b - a < 0.2 for a, b in pairwise(hats)]
        n_runs = sum(b and not a for a, b in pairwise([False, *quick]))
        assert facts["hat_rolls"] <= n_runs * 2 + 1
        assert bool(facts["hat_rolls"]) <= bool(n_runs)
        n_rolls += facts["hat_rolls"]
        n_ghosts += facts["ghost_notes"]
    assert n_rolls > 60
    assert n_ghosts > 30


def test_the_tables_are_well_formed() -> None:
    for groove in GROOVES.values():
        for layer in groove.layers.values():
            assert set(layer.drums) <= set(DRUMS)
            for line in layer.lines:
                assert len(line) == STEPS_PER_BAR
                assert set(line) <= set(ODDS)
        assert set(groove.fills) <= set(FILLS)
    assert {drum for drums in FILLS.values() for drum in drums} <= set(DRUMS)
    assert set(FUNCTIONS) == set(SCALES)
    assert set(PLAYERS) | {"drums"} == set(ROLES)


# Seeds, variety, examples


def test_ten_songs_have_the_bytes_they_had(tmp_path: Path) -> None:
    """The same songs whatever was composed before, in whatever order."""

    def digests(order: list[tuple[str, int]]) -> dict:
        found = {}
        for name, seed in order:
            path = tmp_path / "song.mid"
            write_midi(path, song_of(EVERY[name], seed)[0])
            found[name, seed] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    order = [(name, seed) for name in sorted(EVERY) for seed in (0, 1)]
    assert digests(order) == digests(order[::-1])


def test_no_two_of_many_songs_are_near_duplicates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    variety = __import__("variety")
    for name in ("hiphop_drums", "bass_808"):
        found = [variety.one((name, index)) for index in range(120)]
        shares = variety.nearest_shares([grams for _, grams in found])
        assert len({whole for whole, _ in found}) == 120
        assert (shares > 0.5).mean() < 0.01
        twins = variety.nearest_shares([found[0][1], found[1][1], found[0][1]])
        assert twins[0] == twins[2] == 1
        assert twins[1] < 0.5
    del sys.modules["variety"]


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_the_documentations_categories_compose(name: str) -> None:
    song, facts = song_of(EXAMPLES[name], 0)
    assert set(OFFERED[name]) == {"tracks", "prompt", "music"}
    assert {part.role for part in song.parts} == set(OFFERED[name]["music"]["parts"])
    assert facts["n_notes"] > 40


def test_six_categories_are_offered() -> None:
    assert len(OFFERED) >= 6


# MIDI files


@pytest.mark.parametrize("name", sorted(EVERY))
def test_the_midi_file_plays_the_song(tmp_path: Path, name: str) -> None:
    song, facts = song_of(EVERY[name], 1)
    path = tmp_path / "song.mid"
    write_midi(path, song)
    midi = pretty_midi.PrettyMIDI(str(path))
    _, tempi = midi.get_tempo_changes()
    assert tempi == pytest.approx([facts["bpm"]], rel=1e-5)
    assert [(t.numerator, t.denominator, t.time) for t in midi.time_signature_changes] == [(4, 4, 0)]
    assert len(midi.instruments) == len(song.parts)
    for part, instrument in zip(song.parts, midi.instruments, strict=True):
        assert (instrument.program, instrument.is_drum, instrument.name) == (part.program, part.is_drum, part.role)
        controls = {c.number: c.value for c in instrument.control_changes if c.time == 0}
        assert [controls[n] for n in (7, 10, 91)] == [part.volume, part.pan, part.reverb_send]
        written = sorted((n.pitch, n.start * song.bpm / 60, n.velocity) for n in instrument.notes)
        asked = sorted((n.pitch, n.beat, n.velocity) for n in part.notes)
        np.testing.assert_allclose(written, asked, atol=0.002)
        assert len(instrument.pitch_bends) == len(part.bends)
    drums = {(DRUM_BANK, KITS[n]) for role, n in facts["instruments"].items() if role == "drums"}
    melodic = {(0, PROGRAMS[n]) for role, n in facts["instruments"].items() if role != "drums"}
    assert read_contents(path).presets == drums | melodic


def test_bends_have_their_range_first_and_parts_their_channels(tmp_path: Path) -> None:
    import mido

    music = with_(ALL_ROLES, playing={"sub": ["gliding"]}, seconds=[30.0, 60.0])
    song, facts = song_of(music, 4)
    write_midi(tmp_path / "song.mid", song)
    tracks = mido.MidiFile(tmp_path / "song.mid").tracks
    channels = []
    for track in tracks:
        events = [message for message in track if not message.is_meta]
        assert track[-1].type == "end_of_track"
        if events:
            (channel,) = {message.channel for message in events}
            channels.append(channel)
            assert (channel == 9) == (track.name == "drums")
        if any(message.type == "pitchwheel" for message in events):
            kinds = [(m.control, m.value) for m in events if m.type == "control_change"][:4]
            assert kinds == [(101, 0), (100, 0), (6, BEND_RANGE), (38, 0)]
            assert track.name == "sub"
            assert facts["slides"] > 1
    assert len(channels) == len(set(channels)) == len(song.parts)


# What is wrong in params.yaml is named


RIGHT = {"bpm": [90, 100], "seconds": [20.0, 30.0], "parts": {"drums": ["tr808_kit"]}, "grooves": ["trap"]}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"scales": ["lydian"]}, r"categories\.x\.music\.scales\.0: 'lydian': not a scale; known are major"),
        ({"scales": []}, r"music\.scales: \[\]: .*at least 1"),
        ({"grooves": ["polka"]}, r"music\.grooves\.0: 'polka': not a groove; known are boom_bap"),
        ({"parts": {"kazoo": ["saw_lead"]}}, r"music\.parts\.kazoo.*'kazoo': not a role; known are pad"),
        ({"parts": {"lead": ["kazoo"]}, "grooves": []}, r"music\.parts\.lead: 'kazoo': not a General MIDI program"),
        ({"parts": {"drums": ["saw_lead"]}}, r"music\.parts\.drums: 'saw_lead': not a drum kit"),
        ({"bpm": [100, 90]}, r"music\.bpm: \[100, 90\]: the low end of a range comes first"),
        ({"bpm": []}, r"music\.bpm: \[\]: a range is two numbers"),
        ({"seconds": [20.05, 20.08]}, r"music\.seconds: \[20\.05, 20\.08\]: no whole number of bars fits"),
        ({"humanize": {"timing_ms": 80.0}}, r"music\.humanize\.timing_ms: 80\.0: .*less than or equal to 15"),
        ({"humanize": {"velocity": -1.0}}, r"music\.humanize\.velocity: -1\.0: .*greater than or equal to 0"),
        ({"playing": {"bass": ["walking"]}}, r"music\.playing\.bass: \['walking'\]: parts has no bass"),
        ({"playing": {"drums": ["softly"]}}, r"music\.playing\.drums: 'softly': not a style of drums"),
        ({"colors": ["pastel"]}, r"music\.colors\.0: 'pastel': not a colour of chords; known are triads"),
        ({"density": ["dense"]}, r"music\.density\.0: 'dense': not a density; known are calm"),
    ],
)
def test_a_wrong_parameter_is_named_in_one_line(tmp_path: Path, change: dict, line: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({"categories": {"x": {"music": {**RIGHT, **change}}}}), encoding="utf-8")
    with pytest.raises(LegatoError, match=line) as error:
        params.load("categories.x.music", MusicParams, path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(path))


def test_needed_drums_are_those_of_the_grooves_alone() -> None:
    assert needed_drums(EXAMPLES["solo_piano"]) == set()
    sparse = needed_drums(with_(CATEGORIES["hiphop_drums"], grooves=["sparse"]))
    assert sparse == {DRUMS[n] for n in ("kick", "clap", "snare", "side_stick", "closed_hat", "crash")}
    assert sparse < needed_drums(with_(CATEGORIES["hiphop_drums"], grooves=["sparse", "funk"]))


def test_keys_have_seven_classes() -> None:
    assert set(Key(tonic=9, scale="minor", color="triads").scale_classes()) == {0, 2, 4, 5, 7, 9, 11}

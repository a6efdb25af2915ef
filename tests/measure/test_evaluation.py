"""What the figures of generated clips mean."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.signals import silence, sine
from legato.audio.samples import write_audio
from legato.dia.dataset import Track
from legato.errors import LegatoError
from legato.measure.evaluation.adherence import Heard, judge, judge_other, judge_own
from legato.measure.evaluation.clips import Clip, Samples, excerpt_starts, excerpts, read_samples
from legato.measure.evaluation.codebooks import codebook_use, jensen_shannon_bits
from legato.measure.evaluation.frechet import Gaussian, fit, frechet, frechet_log_mel_db, levels_of
from legato.measure.evaluation.report import evaluate, no_counts
from legato.measure.intervals import share_of
from legato.measure.metrics import usage
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CHANNELS, SAMPLE_RATE

N_FRAMES = 260  # 3 s
SECONDS = N_FRAMES * HOP_LENGTH / SAMPLE_RATE
counts = st.lists(st.integers(0, 50), min_size=4, max_size=4).filter(any).map(np.array)


def codes(n_frames: int, first: int = 0, n_used: int = 16) -> torch.Tensor:
    """Codes that use `n_used` entries of every codebook equally, from `first` on."""
    used_T = first + np.arange(n_frames) % n_used
    return torch.from_numpy(np.repeat(used_T[:, None], N_CHANNELS, axis=1).astype(np.int16))


def clip(audio: np.ndarray, *tags: str, codes_TK: torch.Tensor | None = None) -> Clip:
    return Clip(tags=tags, codes_TK=(codes(N_FRAMES) if codes_TK is None else codes_TK).numpy(), audio=audio)


def noise_bursts(bpm: float = 120.0, seconds: float = SECONDS) -> np.ndarray:
    """A burst of noise on every beat."""
    audio, rng = silence(seconds), np.random.default_rng(0)
    for start in np.arange(0, seconds - 0.1, 60 / bpm):
        at = round(start * SAMPLE_RATE)
        audio[at : at + 2000] += (0.3 * rng.standard_normal(2000) * np.exp(-np.arange(2000) / 300))[:, None]
    return audio


BASS, PAD = sine(SECONDS, -12.0, hz=55.0), sine(SECONDS, -12.0, hz=440.0)
BEAT = noise_bursts()

# Adherence


@pytest.mark.parametrize(
    ("prompt", "true_of", "false_of"),
    [
        ("90's synth no drums", PAD, PAD + BEAT),
        ("hip hop beat only drums", BEAT, PAD),
        ("808 bass melody", BASS, PAD),
        ("guitar pop beat", BEAT, PAD),
        ("my own drumless thing", BASS, BEAT),
        ("la la la, wide stereo", PAD * [1.0, -0.5], PAD),
        ("la la la, nearly mono", PAD, PAD * [1.0, -0.5]),
    ],
)
def test_a_prompts_words_and_tags_say_what_must_be_heard(prompt, true_of, false_of) -> None:
    tags = prompt.split(", ")
    holds, fails = (judge(clip(audio, *tags), tags).verdicts for audio in (true_of, false_of))
    assert holds
    assert all(holds.values())
    assert not all(fails.values())


def test_a_prompt_without_a_word_to_check_has_no_verdict() -> None:
    assert judge(clip(PAD, "something lovely"), ["something lovely"]).verdicts == {}


def test_bpm_is_heard_where_it_is_asked_for_and_an_excerpt_has_its_own() -> None:
    played = clip(noise_bursts(bpm=120, seconds=4), "808 beat", "120 bpm")
    assert judge(played, played.tags).verdicts["bpm_heard"]
    assert judge(played, played.tags).heard.bpm_error < 0.01
    asked = ["808 beat", "100 bpm"]
    wrong = judge(clip(played.audio, *asked), asked)
    assert not wrong.verdicts["bpm_heard"]
    assert wrong.heard.bpm_error == pytest.approx(0.2, abs=0.03)
    assert wrong.bpms == (100, pytest.approx(120, abs=1))
    assert judge_own(played, asked).verdicts["bpm_heard"], "real music must have its own bpm"
    assert not judge_other(played, asked).verdicts["bpm_heard"], "and as other music not the one that is asked for"
    unstated = clip(played.audio, "808 beat")
    for judged in (judge_own(unstated, asked), judge_other(unstated, asked)):
        assert "bpm_heard" not in judged.verdicts
        assert judged.bpms is None or judged.bpms[0] == 100


@pytest.mark.parametrize("octave", [0.5, 1, 2])
def test_half_and_double_bpm_are_the_same_pulse(octave) -> None:
    tags = ["a beat", f"{round(100 * octave)} bpm"]
    found = judge(clip(noise_bursts(bpm=100, seconds=4), *tags), tags)
    assert found.verdicts["bpm_heard"]
    assert found.bpms == (100 * octave, pytest.approx(100 * octave, rel=0.01))


@given(st.sampled_from([60, 73, 90, 101, 117, 139, 171]), st.sampled_from([4.0, 6.0]))
@settings(max_examples=14, deadline=None)
def test_four_seconds_tell_the_pulse(bpm, seconds) -> None:
    tags = ["a beat", f"{bpm} bpm"]
    assert judge(clip(noise_bursts(bpm=bpm, seconds=seconds), *tags), tags).verdicts["bpm_heard"]


def chords(*keys: int) -> np.ndarray:
    """Each key's octave and overtones, one after another."""
    tones = [
        sum(sine(1.0, -18.0 - 6 * nth, hz=440 * 2 ** ((key - 69) / 12) * (nth + 1)) for nth in range(3)) for key in keys
    ]
    return np.concatenate(tones)


def test_a_key_is_heard_where_it_is_asked_for() -> None:
    played = chords(48, 52, 55, 60, 53, 57, 55, 59)  # tonic, subdominant and dominant of C major
    for key, is_true in (("C major", True), ("F sharp major", False), ("E flat minor", False)):
        tags = ["solo piano", key]
        found = judge(clip(played, *tags), tags)
        assert found.verdicts["key_heard"] == is_true
        assert found.keys == (key, "C major")
    assert judge_own(clip(played, "solo piano", "C major"), ["solo piano", "F sharp major"]).verdicts["key_heard"]
    assert judge_other(clip(played, "solo piano", "C major"), ["solo piano", "C mixolydian"]).verdicts == {}


def test_what_cannot_be_told_is_left_out_by_name() -> None:
    samples = Samples(N_FRAMES, {"la la la, lo-fi sound, 90 bpm": [clip(PAD, "la la la", "lo-fi sound", "90 bpm")]})
    found = evaluate(samples, [], 2, partial(decode, {}))["prompts"]["la la la, lo-fi sound, 90 bpm"]
    assert found["passed"] == {}
    assert set(found["not_told"]) == {"lofi_heard", "bpm_heard"}


@pytest.mark.parametrize(
    "audio", [silence(SECONDS), BEAT[:HOP_LENGTH], silence(0.0)], ids=["silence", "a frame", "nothing"]
)
@pytest.mark.parametrize("prompt", ["no drums", "only drums", "808 bass melody", "a beat"])
def test_nothing_holds_of_what_cannot_be_heard(audio, prompt) -> None:
    found = judge(clip(audio, prompt), [prompt])
    assert set(found.verdicts.values()) == {False}
    assert found.heard == Heard()


# Fréchet distance

levels = st.integers(0, 9).map(lambda seed: np.random.default_rng(seed).normal(size=(40, 5)) * (1 + seed))


@given(levels, levels)
def test_the_frechet_distance_is_symmetric_and_nothing_of_the_same(one, other) -> None:
    there, back = frechet(fit(one), fit(other)), frechet(fit(other), fit(one))
    assert there == pytest.approx(back, rel=1e-9, abs=1e-9)
    assert there >= 0
    assert frechet(fit(one), fit(one[::-1])) == pytest.approx(0, abs=1e-9)


@given(levels, st.lists(st.floats(-20, 20), min_size=5, max_size=5).map(np.array), st.floats(0.1, 5))
def test_the_frechet_distance_of_shifted_and_stretched_is_the_closed_form(values, shift, stretch) -> None:
    """|shift|^2 of a shift alone; of a stretch by s, (s - 1)^2 of the trace besides."""
    mean, covariance = fit(values)
    assert frechet(fit(values), fit(values + shift)) == pytest.approx(shift @ shift, rel=1e-6, abs=1e-6)
    moved = Gaussian(mean + shift, stretch**2 * covariance)
    wanted = shift @ shift + (stretch - 1) ** 2 * np.trace(covariance)
    assert frechet(fit(values), moved) == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("n_vectors", [1, 3])
def test_few_vectors_lack_rank_and_have_a_distance(n_vectors) -> None:
    few, many = (np.random.default_rng(n).normal(size=(n, 20)) for n in (n_vectors, 500))
    assert 0 < frechet(fit(few), fit(many)) < np.inf
    assert frechet(fit(few), fit(few + 3)) == pytest.approx(20 * 9, rel=1e-6)


def test_the_mel_distance_is_the_gain_in_db_whatever_the_order() -> None:
    noises = [0.05 * np.random.default_rng(seed).standard_normal((SAMPLE_RATE // 2, 2)) for seed in range(3)]
    clips, louder = ([levels_of(gain * noise) for noise in order] for gain, order in ((1, noises), (2, noises[::-1])))
    assert frechet_log_mel_db(clips, clips[::-1]) == pytest.approx(0, abs=1e-4)
    assert frechet_log_mel_db(clips, louder) == pytest.approx(20 * np.log10(2), abs=0.01)
    assert frechet_log_mel_db(clips, louder) == pytest.approx(frechet_log_mel_db(louder, clips))
    assert frechet_log_mel_db(clips, [levels_of(PAD)]) > 10


# Codebooks


@given(counts, counts)
def test_divergence_is_symmetric_and_between_nothing_and_a_bit(left, right) -> None:
    found = jensen_shannon_bits(left, right)
    assert -1e-9 <= found <= 1 + 1e-9
    assert found == pytest.approx(jensen_shannon_bits(right, left))


@given(counts, st.integers(1, 9))
def test_divergence_compares_shares_and_not_amounts(values, times) -> None:
    assert jensen_shannon_bits(values, values * times) == pytest.approx(0, abs=1e-9)


def test_divergence_of_a_half_shared_usage_is_the_formulas() -> None:
    left, right = np.array([1, 1, 0]), np.array([0, 1, 1])
    mixture_bits = -(0.25 * np.log2(0.25) * 2 + 0.5 * np.log2(0.5))
    assert jensen_shannon_bits(left, right) == pytest.approx(mixture_bits - 1)


def test_code_figures_are_what_the_codes_are_made_of() -> None:
    held, data = np.repeat(codes(32).numpy(), 2, axis=0), usage(codes(64).numpy())  # each code for two frames
    assert codebook_use([held], data) == {
        "perplexity": pytest.approx(16),
        "unigram_js_bits": pytest.approx(0, abs=1e-9),
        "repeats": 32 / 63,
        "sides_agree": 1.0,
    }
    apart = codes(64, 512, 32).numpy()
    apart[:48, 0] = 9
    found = codebook_use([apart, apart], data)
    assert found["sides_agree"] == pytest.approx(1 - 48 / 64 / 9)
    assert found["unigram_js_bits"] == pytest.approx(17 / 18, abs=0.06)
    assert codebook_use([held[:1]], no_counts())["repeats"] is None
    assert codebook_use([held[:1]], no_counts())["unigram_js_bits"] is None


# Clips and excerpts


def write_samples(folder, clips) -> None:
    folder.mkdir()
    rows = []
    for index, (prompt, audio, codes_TK) in enumerate(clips):
        name = f"{index:02d}_0"
        write_audio(folder / f"{name}.wav", audio, SAMPLE_RATE, "PCM_16")
        torch.save(codes_TK, folder / f"{name}.pt")
        facts = {"frames": len(codes_TK), "frames_asked": N_FRAMES, "ended": len(codes_TK) < N_FRAMES}
        rows.append({"id": name, "prompt": prompt, "clip": 0, **facts})
    (folder / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@given(st.lists(st.integers(1, 50), max_size=6), st.integers(1, 9), st.integers(1, 60))
def test_excerpts_lie_within_their_tracks_and_are_spread_over_them(lengths, count, n_frames) -> None:
    found = excerpt_starts(lengths, count, n_frames)
    assert len(found) == (count if lengths else 0)
    assert all(0 <= start <= max(0, lengths[index] - n_frames) for index, start in found)
    times = [[index for index, _ in found].count(index) for index in range(len(lengths))]
    assert not lengths or max(times) - min(times) <= 1


def test_an_excerpt_is_what_the_codec_makes_of_its_own_frames() -> None:
    track = Track("t", ("a beat", "90 bpm"), torch.arange(100)[:, None].expand(100, N_CHANNELS).to(torch.int16))
    (found,) = excerpts([track], 1, 20, decode=lambda codes_TK: codes_TK.numpy()[:, :2] / 100)
    assert found.codes_TK[:, 0].tolist() == list(range(40, 60))
    assert np.allclose(found.audio[:, 0] * 100, found.codes_TK[:, 0])
    assert found.tags == track.tags


def test_missing_samples_are_named(tmp_path) -> None:
    with pytest.raises(LegatoError, match=r"samples\.jsonl: no such file"):
        read_samples(tmp_path)
    (tmp_path / "samples.jsonl").write_text("")
    with pytest.raises(LegatoError, match="at least one sample"):
        read_samples(tmp_path)


@pytest.mark.parametrize("suffix", [".wav", ".pt"])
def test_a_missing_file_of_a_sample_is_named(tmp_path, suffix) -> None:
    write_samples(tmp_path / "samples", [("pad", sine(1.0, -6.0), codes(CODEBOOK_SIZE))])
    (tmp_path / f"samples/00_0{suffix}").unlink()
    with pytest.raises(LegatoError, match=f"00_0{suffix}: .*no such file"):
        read_samples(tmp_path / "samples")


# The report


def shares(found: dict) -> dict:
    """Shares without their intervals."""
    return {side: found[side] for side in ("generated", "held_out", "others") if side in found}


def decode(sounds: dict[int, np.ndarray], codes_TK: torch.Tensor) -> np.ndarray:
    """In place of a codec: the sound that the first code stands for."""
    return sounds[int(codes_TK.min()) // 100][: len(codes_TK) * HOP_LENGTH]


@pytest.fixture(scope="module")
def report() -> dict:
    """Two prompts, of which one's clips are as asked and the other's silent; and one that is no category's."""
    held_out = [
        Track("a", ("808 bass melody", "dry"), codes(4 * N_FRAMES, 0)),
        Track("b", ("hip hop beat only drums",), codes(4 * N_FRAMES, 100)),
    ]
    samples = Samples(
        N_FRAMES,
        {
            "808 bass melody": [clip(BASS, "808 bass melody"), clip(BASS * 0.5, "808 bass melody")],
            "hip hop beat only drums, dark": [clip(silence(SECONDS), "hip hop beat only drums", "dark")],
            "la la la": [clip(PAD, "la la la", codes_TK=codes(N_FRAMES, 900))],
        },
    )
    return evaluate(samples, held_out, 2, partial(decode, {0: BASS, 1: BEAT}))


def test_a_prompts_figures_stand_beside_those_of_its_own_and_of_other_tracks(report) -> None:
    found = report["prompts"]["808 bass melody"]
    assert (found["clips"], found["seconds"], found["ended"]) == (2, round(2 * SECONDS, 3), 0)
    assert shares(found["passed"]["bass_808_heard"]) == {"generated": 1, "held_out": 1, "others": 0}
    assert found["passed"]["bass_808_heard"]["generated_low"] == share_of(2, 2).low
    assert found["low_share"]["generated"] == found["low_share"]["held_out"] == 1
    assert found["percussive_share"]["others"] > found["percussive_share"]["held_out"]
    assert found["unigram_js_bits"] == {"generated": pytest.approx(0, abs=1e-3), "held_out": pytest.approx(0, abs=1e-3)}
    assert shares(found["recognised"]) == {"generated": 1, "held_out": 1}
    assert found["lufs"]["generated"] == pytest.approx(found["lufs"]["held_out"] - 3.01, abs=0.1)
    assert found["frechet_log_mel_db"]["held_out"] < 0.1 < found["frechet_log_mel_db"]["generated"]
    assert "bpm_error" not in found


def test_a_silent_clip_fails_and_its_figures_are_null(report) -> None:
    found = report["prompts"]["hip hop beat only drums, dark"]
    assert shares(found["passed"]["only_drums_heard"]) == {"generated": 0, "held_out": 1, "others": 0}
    assert [found[name]["generated"] for name in ("lufs", "percussive_share", "hiss_share")] == [None] * 3
    assert found["silence"] == {"generated": 1, "held_out": pytest.approx(0.5, abs=0.4)}
    assert found["recognised"]["generated"] == 0


def test_what_no_track_begins_with_has_nothing_beside_it(report) -> None:
    found = report["prompts"]["la la la"]
    assert found["passed"] == {}
    assert found["unigram_js_bits"] == {"generated": None, "held_out": None}
    assert found["frechet_log_mel_db"] == {"generated": None, "held_out": None}
    assert found["perplexity"] == {"generated": 16, "held_out": None}


def test_the_total_is_of_all_clips(report) -> None:
    total = report["total"]
    assert (total["clips"], total["seconds"]) == (4, round(4 * SECONDS, 3))
    assert total["passed"]["all"]["generated"] == 0.6667  # both basses, and not the silence
    assert total["passed"]["all"]["held_out"] == 1
    assert total["recognised"]["generated"] == pytest.approx(2 / 3, abs=1e-4)
    assert total["codebook_perplexity"]["R8"]["held_out"] == 32
    assert len(total["codebook_perplexity"]) == N_CHANNELS


def test_the_report_is_plain_json(report) -> None:
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_samples_read_back_and_are_reported(tmp_path) -> None:
    write_samples(tmp_path / "samples", [("a beat", BEAT, codes(N_FRAMES)), ("a beat", BEAT[:HOP_LENGTH], codes(1))])
    samples = read_samples(tmp_path / "samples")
    assert samples.n_frames == N_FRAMES
    found = evaluate(samples, [], 2, partial(decode, {}))["prompts"]["a beat"]
    assert (found["clips"], found["ended"]) == (2, 1)
    assert shares(found["passed"]["drums_heard"]) == {"generated": 0.5, "held_out": None, "others": None}

"""What the codes of a dataset keep of its audio, as numbers to compare between versions and codecs.

Conventions: codes are (T, 18), left before right; `c0` to `c8` are the codec's codebooks, both channels together;
perplexity is 2 ** entropy, 1 to 1024; figures of audio are means over excerpts, both channels together. Log-mel
distance is the mean absolute difference of 80 mel bands' levels in dB (frames of 2048, hop 512).
"""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch

from legato.audio.mel import log_mel_db, mel_centres_hz
from legato.audio.samples import read_audio
from legato.codec import model as codec
from legato.codec.engine import Engine, track_codes
from legato.codec.windows import MARGIN_FRAMES
from legato.contract.codes import read_codes
from legato.errors import LegatoError
from legato.files import Json
from legato.measure.metrics import TOTAL, perplexity, usage
from legato.tokens import CODEBOOK_SIZE, HOP_LENGTH, N_CODEBOOKS, SAMPLE_RATE
from legato.work import items, recorded
from legato.workspace.layout import AUDIO, CODES

TRACKS = 2  # of each category that are listened to
EXCERPT_FRAMES = 345  # 4 s, from a track's middle
BANDS_HZ = {"to_1k": (0, 1e3), "to_4k": (1e3, 4e3), "to_8k": (4e3, 8e3), "above_8k": (8e3, SAMPLE_RATE / 2)}
CODEBOOKS = tuple(f"c{number}" for number in range(N_CODEBOOKS))


def quality_of(categories: Sequence[str], weights: Path) -> dict[str, Json]:
    """The figures of the workspace's categories.

    Raises:
        LegatoError: a track has codes and no audio; or as `codec_metrics`.
    """
    recorded.verify(made.folder(name) for name in categories for made in (CODES, AUDIO))
    return codec_metrics({name: _pairs(name) for name in categories}, weights)


def _pairs(category: str) -> list[tuple[Path, Path]]:
    pairs = [(AUDIO.file(category, codes.stem), codes) for codes in CODES.files(category)]
    for audio, codes in pairs:
        if not audio.is_file():
            raise LegatoError(f"{codes}: its audio is missing in {audio.parent}; run `dvc repro`")
    return pairs


def codec_metrics(
    categories: dict[str, list[tuple[Path, Path]]],
    weights: Path,
    *,
    tracks: int = TRACKS,
    excerpt_frames: int = EXCERPT_FRAMES,
) -> dict[str, Json]:
    """Figures in total and per category.

    Args:
        categories: each one's tracks, as paths of (audio, codes).
        tracks: of each category that are listened to.
        excerpt_frames: from the middle of each that are.

    Returns:
        Of `total` and of each category what `code_figures` returns, and the means of what `excerpt_figures` returns.

    Raises:
        LegatoError: audio, codes or weights cannot be used.
    """
    sample = [(name, *pair) for name, pairs in categories.items() for pair in pairs[:tracks]]
    heard = items.run(
        lambda one: {"category": one[0], **excerpt_figures(*one[1:], weights, excerpt_frames)},
        sample,
        stage="quality",
        name=lambda one: one[1].stem,
    )
    used = {TOTAL: _Used()} | {name: _Used() for name in categories}
    for name, pairs in categories.items():
        for _, path in pairs:
            codes_TK = read_codes(path).numpy()
            used[TOTAL].add(codes_TK)
            used[name].add(codes_TK)
    return {
        name: one.figures() | _mean([row for row in heard if name in (TOTAL, row["category"])])
        for name, one in used.items()
    }


def code_figures(tracks: Iterable[np.ndarray]) -> Json:
    """How tracks' codes, (T, 18) each, use the codebooks, and how alike left and right are.

    Returns:
        Of each codebook, by `c0` to `c8`: `perplexity` (1 to 1024), `used`, the share of entries that occur (0 to 1),
        and `dead`, how many do not (0 to 1024). Of all: `sides_agree`, the share of codes that are the same left and
        right, and `mono`, the share of tracks where all codes are (0 to 1).
    """
    used = _Used()
    for codes_TK in tracks:
        used.add(codes_TK)
    return used.figures()


class _Used:
    """Counts the codes of one track after another."""

    def __init__(self) -> None:
        self._counts = np.zeros((N_CODEBOOKS, CODEBOOK_SIZE), int)
        self._n_agree = self._n = self._n_mono = self._n_tracks = 0

    def add(self, codes_TK: np.ndarray) -> None:
        both = codes_TK.reshape(-1, N_CODEBOOKS)  # a row left, a row right
        agree = both[0::2] == both[1::2]
        self._counts += usage(both)
        self._n_agree += int(agree.sum())
        self._n += agree.size
        self._n_mono += bool(agree.all())
        self._n_tracks += 1

    def figures(self) -> Json:
        """As `code_figures`."""
        dead = (self._counts == 0).sum(axis=1)
        return {
            "perplexity": dict(zip(CODEBOOKS, perplexity(self._counts).round(1).tolist(), strict=True)),
            "used": dict(zip(CODEBOOKS, (1 - dead / CODEBOOK_SIZE).round(4).tolist(), strict=True)),
            "dead": dict(zip(CODEBOOKS, dead.tolist(), strict=True)),
            "sides_agree": round(self._n_agree / self._n, 4),
            "mono": round(self._n_mono / self._n_tracks, 4),
        }


def excerpt_figures(audio: Path, codes: Path, weights: Path, n_frames: int = EXCERPT_FRAMES) -> Json:
    """What an excerpt of a track loses by its codes.

    Returns:
        `si_sdr_db` and `log_mel_db` of the decoded codes against the audio, in dB, the second by range of frequencies
        (`log_mel_distances_db`); `not_exact`, by `c0` to `c8`, the share of codes that `exact` has otherwise (0 to 1).
    """
    torch.set_num_threads(1)
    codes_TK, samples = read_codes(codes), read_audio(audio, SAMPLE_RATE)
    start = max(0, (len(codes_TK) - n_frames) // 2)
    part = slice(start, min(start + n_frames, len(codes_TK)))
    original = samples[part.start * HOP_LENGTH : part.stop * HOP_LENGTH]
    decoded = codec.decode(codec.loaded(weights), codes_TK[part])[: len(original)]
    differ_TK = exact_codes(samples, part, len(codes_TK), weights) != codes_TK[part]
    return {
        "si_sdr_db": si_sdr_db(decoded, original),
        "log_mel_db": log_mel_distances_db(decoded, original),
        "not_exact": dict(zip(CODEBOOKS, differ_TK.float().reshape(-1, N_CODEBOOKS).mean(dim=0).tolist(), strict=True)),
    }


def exact_codes(samples: np.ndarray, part: slice, n_codes: int, weights: Path) -> torch.Tensor:
    """The codes of some of a track's frames, (T, 18), as `exact` gives them."""
    begin, end = max(0, part.start - MARGIN_FRAMES), min(n_codes, part.stop + MARGIN_FRAMES)
    window_CN = np.zeros((2, (end - begin) * HOP_LENGTH), np.float32)
    heard = samples[begin * HOP_LENGTH : end * HOP_LENGTH].T
    window_CN[:, : heard.shape[1]] = heard
    return track_codes(_exact(weights), [(slice(part.start - begin, part.stop - begin), window_CN)])


def si_sdr_db(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio over all samples (Le Roux et al., 2019), -100 to 100 dB.

    >>> round(si_sdr_db(np.array([1.0, 0.1]), np.array([1.0, 0.0])), 1)
    20.0
    """
    estimate, reference = estimate.ravel().astype(float), reference.ravel().astype(float)
    target = reference * (estimate @ reference) / max(reference @ reference, 1e-20)
    error = estimate - target
    if not target @ target:
        return -100.0
    return float(np.clip(10 * np.log10(target @ target / max(error @ error, 1e-20)), -100, 100))


def log_mel_distances_db(estimate: np.ndarray, reference: np.ndarray) -> Json:
    """How far apart the levels of mel bands are; (n_samples, 2) each.

    Returns:
        The mean absolute difference in dB: `all` bands, and those in each range of `BANDS_HZ`.
    """
    apart, centres = np.abs(log_mel_db(estimate) - log_mel_db(reference)), mel_centres_hz()
    bands = {name: apart[..., (low < centres) & (centres <= high)] for name, (low, high) in BANDS_HZ.items()}
    return {name: float(values.mean()) for name, values in {"all": apart, **bands}.items()}


@cache
def _exact(weights: Path) -> Engine:
    return Engine(codec.loaded(weights), "exact")


def _mean(rows: Sequence[Json]) -> Json:
    """The mean of each figure over rows of the same keys."""
    found: Json = {}
    for key, value in rows[0].items():
        if isinstance(value, dict):
            found[key] = _mean([row[key] for row in rows])
        elif not isinstance(value, str):
            found[key] = round(float(np.mean([row[key] for row in rows])), 4)
    return found

"""Loudness after ITU-R BS.1770-4, measured block by block, with its gates after any given gain.

Conventions: audio is float32 (n_samples, 2); `lufs` is integrated loudness. A bin is the shortest stretch that is told
apart, about 2 ms: a whole number of bins is a hop of 0.1 s, and four hops are a gating block. Within the loudness of a
gating block its power is the mean square of the K-weighted signal, summed over both channels.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from legato.audio.k_weighting import KWeighting
from legato.audio.samples import Source

MIN_SECONDS = 0.4  # one gating block
HOPS_PER_S, HOPS_PER_BLOCK = 10, 4
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE = 0.1  # of the mean power: -10 LU
OFFSET_LU = -0.691
END_BEND = 4  # times the highest sample: no bend is sharper
LONGEST_BIN = 128  # samples
BINS_AT_A_TIME = 400  # in memory: 1 s, which a processor's own cache holds


@dataclass(frozen=True, kw_only=True)
class Bins:
    """What was measured of audio, bin by bin; the last one may be shorter than the others."""

    n_samples: int
    sample_rate: int
    peaks: np.ndarray  # (n_bins,) float32, of samples, the louder channel
    bends: np.ndarray  # (n_bins,) float32, the most that a sample is off the line through the two before it
    energies: np.ndarray  # (n_bins,) float32, of the K-weighted signal, both channels

    @property
    def n_bin(self) -> int:
        """Samples of a bin."""
        return bin_samples(self.sample_rate)

    @property
    def seconds(self) -> float:
        """The length of a bin."""
        return self.n_bin / self.sample_rate


class Meter:
    """Measures audio that comes in blocks, each of them but the last a whole number of bins."""

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate, self._n_bin = sample_rate, bin_samples(sample_rate)
        self._heard = KWeighting(sample_rate, self._n_bin)
        self._before = np.zeros((2, 2), np.float32)  # the last two samples
        self._n_samples = 0
        self._measured: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, audio: np.ndarray) -> None:
        """The next block."""
        if not len(audio):
            return
        bends = largest_per_bin(bends_of(audio, self._before), self._n_bin)
        self._measured.append((largest_per_bin(audio, self._n_bin), bends, self._heard.energies(audio)))
        self._before = np.concatenate([self._before, audio[-2:]])[-2:]
        self._n_samples += len(audio)

    def bins(self) -> Bins:
        """What all blocks together gave."""
        nothing = np.zeros(0, np.float32)
        peaks, bends, energies = (np.concatenate([nothing, *(of[nth] for of in self._measured)]) for nth in range(3))
        bends[-1:] = np.maximum(bends[-1:], END_BEND * peaks[-2:].max(initial=0))  # the end itself may be sharp
        return Bins(
            n_samples=self._n_samples, sample_rate=self._sample_rate, peaks=peaks, bends=bends, energies=energies
        )


@cache
def bin_samples(sample_rate: int) -> int:
    """The length of a bin: the longest of at most 128 samples that half a hop is a whole number of.

    Args:
        sample_rate: a multiple of 20 Hz.

    >>> bin_samples(44100)
    105
    """
    n_half = sample_rate // (2 * HOPS_PER_S)
    return max(n for n in range(1, LONGEST_BIN + 1) if n_half % n == 0)


def largest_per_bin(audio: np.ndarray, n_bin: int) -> np.ndarray:
    """The largest magnitude of each bin, of both channels, (n_samples, 2) to (n_bins,)."""
    n_whole = len(audio) // n_bin
    whole = np.ascontiguousarray(audio[: n_whole * n_bin]).reshape(n_whole, 2 * n_bin)
    found = np.maximum(whole.max(axis=1), -whole.min(axis=1)) if n_whole else np.zeros(0, np.float32)
    rest = audio[n_whole * n_bin :]
    return np.append(found, np.abs(rest).max()) if len(rest) else found


def bends_of(audio: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """How far each sample is off the line through the two before it: second differences, (n_samples, 2).

    Args:
        before: (2, 2) the two samples before the first; if not given, silence.
    """
    led = np.concatenate([np.zeros((2, 2), np.float32) if before is None else before, audio])
    steps = led[1:] - led[:-1]
    return steps[1:] - steps[:-1]


def blocks_of(source: Source, sample_rate: int) -> Iterator[np.ndarray]:
    """A source in blocks of whole bins."""
    return source.blocks(BINS_AT_A_TIME * bin_samples(sample_rate))


def measured(blocks: Iterable[np.ndarray], sample_rate: int) -> Bins:
    """All blocks in one meter."""
    meter = Meter(sample_rate)
    for block in blocks:
        meter.add(block)
    return meter.bins()


def block_powers(bins: Bins, weights: np.ndarray | None = None) -> np.ndarray:
    """The power of each gating block, (n_blocks,).

    As in pyloudnorm, to the rounding, a last block that lacks up to half a hop counts, and what comes after does not.

    Args:
        weights: (n_bins,) what each bin's energy is multiplied by.
    """
    n_hop = bins.sample_rate // HOPS_PER_S
    beyond_s = bins.n_samples / bins.sample_rate - MIN_SECONDS
    n_hops = round(beyond_s / (MIN_SECONDS / HOPS_PER_BLOCK)) + HOPS_PER_BLOCK
    energies = bins.energies if weights is None else bins.energies * weights
    per_hop = n_hop // bins.n_bin
    hops = np.pad(energies, (0, max(0, n_hops * per_hop - len(energies))))[: n_hops * per_hop].reshape(n_hops, per_hop)
    sums = np.convolve(hops.sum(axis=1, dtype=np.float64), np.ones(HOPS_PER_BLOCK), "valid")
    return sums / (HOPS_PER_BLOCK * n_hop)


def gated_lufs(powers: np.ndarray, gain_db: float = 0.0) -> float:
    """The integrated loudness of blocks after a gain, where the absolute gate acts; -inf where it takes them all."""
    loud = powers[powers >= 10 ** ((ABSOLUTE_GATE_LUFS - gain_db - OFFSET_LU) / 10)]
    if not len(loud):
        return float("-inf")
    return lufs_of(float(loud[loud > RELATIVE_GATE * loud.mean()].mean())) + gain_db


def lufs_of(power: float) -> float:
    """A power's loudness."""
    return OFFSET_LU + 10 * float(np.log10(power)) if power > 0 else float("-inf")


def plain_gain_db(powers: np.ndarray, target_lufs: float) -> float:
    """The least gain after which blocks have the target loudness; infinite for silence.

    More gain lets more blocks through the absolute gate, none of them louder than what passed already. So what the gain
    must be, given what passes at a lower one, is never too much: from below it is reached in a few steps.

    >>> tiers = np.repeat([1e-7, 1e-8], 50)  # -70.7 LUFS, which no gate lets through, and 10 LU less
    >>> round(plain_gain_db(tiers, -14), 2), round(gated_lufs(tiers, plain_gain_db(tiers, -14)), 2)
    (59.29, -14.0)
    """
    gain_db, lower_db = target_lufs - lufs_of(float(powers.max())), float("-inf")
    while lower_db < gain_db < float("inf"):
        lower_db = gain_db
        gain_db = max(lower_db, target_lufs - (gated_lufs(powers, lower_db) - lower_db))
    return gain_db

"""BS.1770's K-weighting, and the energy that it leaves of each bin, by matrix products.

SciPy's `sosfilt`, which goes sample by sample, takes three times as long, and importing it longer than to level a
track of a minute.
"""

from typing import NamedTuple

import numpy as np

LONGEST_PIECE = 24  # samples: what one product takes in
N_STATES = 4  # two for each of the two filters
FOR_ONE_THREAD = 2**18  # multiplications of a product: for more of them OpenBLAS wakes up threads
FORGOTTEN = 1e-30  # of a state
INAUDIBLE = 1e-60


class _Filter(NamedTuple):
    """A second-order section: y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''."""

    b: tuple[float, float, float]
    a: tuple[float, float]


# Key idea: what a piece of L samples makes the filters put out, and the state it leaves them in, are linear in those
# samples and in the state before it. So one matrix, (4 + L, L), gives all outputs of all pieces at once, if the states
# before them are known. Those follow from one another: within a bin by a matrix too, and from bin to bin by doubling,
# where every step lets a state reach twice as far. After some hundred bins nothing is left of a state, so few steps do.
class KWeighting:
    """The filters on a stream of stereo audio; what comes before the first block is silence."""

    def __init__(self, sample_rate: int, n_bin: int) -> None:
        n_piece = max(n for n in range(1, LONGEST_PIECE + 1) if n_bin % n == 0)
        self._n_bin, self._n_pieces = n_bin, n_bin // n_piece
        states, samples = np.eye(N_STATES, N_STATES + n_piece), np.eye(n_piece, N_STATES + n_piece, N_STATES)
        outputs, after = filtered(sections(sample_rate), states, samples)
        self._outputs = outputs.T  # of the state before a piece and its samples
        of_state, self._left = after.T[:N_STATES], after.T[N_STATES:]  # what they leave
        # The state at each piece's end and the bin's, of that before the bin and of what each piece leaves by itself.
        powers = [np.linalg.matrix_power(of_state, n) for n in range(self._n_pieces + 1)]
        self._of_bin = powers[-1]
        along = np.zeros((1 + self._n_pieces, N_STATES, self._n_pieces, N_STATES))
        for to in range(self._n_pieces):
            along[0, :, to] = powers[to + 1]
            for at in range(to + 1):
                along[1 + at, :, to] = powers[to - at]
        self._along = along.reshape(-1, self._n_pieces * N_STATES)
        self._state = np.zeros((2, 1, N_STATES))  # of each channel's filters

    def energies(self, audio: np.ndarray) -> np.ndarray:
        """The energy of each bin of the next block, of both channels, (n_samples, 2) to (n_bins,) float32."""
        n_samples, n_piece = len(audio), len(self._left)
        n_bins = -(-n_samples // self._n_bin)
        if n_samples % self._n_bin:
            audio = np.pad(audio, ((0, n_bins * self._n_bin - n_samples), (0, 0)))
        pieces = np.empty((2, n_bins, self._n_pieces, N_STATES + n_piece))  # the states before them, and samples
        pieces[..., N_STATES:] = audio.T.reshape(2, n_bins, self._n_pieces, n_piece)
        self._find_states(pieces)
        heard = _product(pieces.reshape(-1, N_STATES + n_piece), self._outputs)
        heard.reshape(2, -1)[:, n_samples:] = 0  # the filters ring on
        heard = heard.reshape(2, n_bins, self._n_bin)
        return np.einsum("cbn,cbn->b", heard, heard).astype(np.float32)

    def _find_states(self, pieces: np.ndarray) -> None:
        """Fill in the state before each piece, and keep the one after the last."""
        n_bins = pieces.shape[1]
        known = np.zeros((2, n_bins, 1 + self._n_pieces, N_STATES))  # the state before each bin, what its pieces leave
        samples = pieces.reshape(-1, pieces.shape[-1])[:, N_STATES:]
        known[:, :, 1:] = _product(samples, self._left).reshape(2, n_bins, self._n_pieces, N_STATES)
        flat = known.reshape(2 * n_bins, -1)
        ends = _product(flat, self._along[:, -N_STATES:]).reshape(2, n_bins, N_STATES)  # had each bin found nothing
        states = np.concatenate([self._state, ends], axis=1)  # before each bin, and after the last
        reach, power = 1, self._of_bin
        while reach <= n_bins and np.abs(power).max() > FORGOTTEN:
            states[:, reach:] += states[:, :-reach] @ power
            reach, power = 2 * reach, power @ power
        states[np.abs(states) < INAUDIBLE] = 0  # in silence: numbers too small for the processor's fast way
        self._state = states[:, -1:]
        known[:, :, 0] = pieces[:, :, 0, :N_STATES] = states[:, :-1]
        ends = _product(flat, self._along[:, :-N_STATES])
        pieces[:, :, 1:, :N_STATES] = ends.reshape(2, n_bins, self._n_pieces - 1, N_STATES)


def _product(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """A matrix product, by one thread."""
    product, n_rows = np.empty((len(rows), matrix.shape[1])), max(1, FOR_ONE_THREAD // matrix.size)
    for start in range(0, len(rows), n_rows):
        part = slice(start, start + n_rows)
        np.matmul(rows[part], matrix, out=product[part])
    return product


def sections(sample_rate: int) -> tuple[_Filter, _Filter]:
    """The shelf for the head and the high-pass, for any sample rate, as pyloudnorm has them (De Man, 2018)."""
    return _shelf(sample_rate, gain_db=4.0, q=1 / np.sqrt(2), hz=1500.0), _high_pass(sample_rate, q=0.5, hz=38.0)


def filtered(filters: tuple[_Filter, ...], state: np.ndarray, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What filters put out, and their state after it: sample by sample, each of any shape.

    Args:
        state: (2 for each filter, ...), transposed direct form II.
        samples: (n_samples, ...)
    """
    state, outputs = state.copy(), np.empty_like(samples)
    for at, sample in enumerate(samples):
        for nth, (b, a) in enumerate(filters):
            first, second = state[2 * nth], state[2 * nth + 1]
            output = b[0] * sample + first
            state[2 * nth], state[2 * nth + 1] = b[1] * sample - a[0] * output + second, b[2] * sample - a[1] * output
            sample = output
        outputs[at] = sample
    return outputs, state


def _shelf(sample_rate: int, gain_db: float, q: float, hz: float) -> _Filter:
    """A high shelf (Bristow-Johnson, Cookbook formulae for audio EQ biquad filter coefficients)."""
    amplitude, angle = 10 ** (gain_db / 40), 2 * np.pi * hz / sample_rate
    alpha, cosine, root = np.sin(angle) / (2 * q), np.cos(angle), 2 * np.sqrt(amplitude)
    up, down = amplitude + 1, amplitude - 1
    a0 = up - down * cosine + root * alpha
    b = (
        amplitude * (up + down * cosine + root * alpha) / a0,
        -2 * amplitude * (down + up * cosine) / a0,
        amplitude * (up + down * cosine - root * alpha) / a0,
    )
    return _Filter(b, (2 * (down - up * cosine) / a0, (up - down * cosine - root * alpha) / a0))


def _high_pass(sample_rate: int, q: float, hz: float) -> _Filter:
    """As in the same Cookbook."""
    angle = 2 * np.pi * hz / sample_rate
    alpha, cosine = np.sin(angle) / (2 * q), np.cos(angle)
    a0 = 1 + alpha
    side = (1 + cosine) / 2 / a0
    return _Filter((side, -2 * side, side), (-2 * cosine / a0, (1 - alpha) / a0))

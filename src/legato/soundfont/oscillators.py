"""Sounds that last as long as a key is held: samples whose loops have no seam, because they are made as one period.

Conventions: as in `synthesis`; a maker's loop holds a whole number of the fundamental's cycles.
"""

import numpy as np

from legato.soundfont.synthesis import LOOP_LEAD, SAMPLE_RATE, Amplitude, Made, Maker, Wave, key_hz

TABLE = 32768  # points of a wavetable


def saw(numbers: np.ndarray) -> np.ndarray:
    """Partials of a sawtooth."""
    return 1 / numbers


def square(numbers: np.ndarray) -> np.ndarray:
    """Partials of a square wave: the odd ones."""
    return (numbers % 2) / numbers


def triangle(numbers: np.ndarray) -> np.ndarray:
    """Partials of a triangle: the odd ones, softer."""
    return (numbers % 2) / numbers**2


def sine(numbers: np.ndarray) -> np.ndarray:
    """The fundamental alone."""
    return (numbers == 1).astype(float)


def pulse(duty: float) -> Amplitude:
    """Partials of a pulse that is high for `duty` of its period."""
    return lambda numbers: np.abs(np.sin(np.pi * numbers * duty)) / numbers


def steep(slope: float) -> Amplitude:
    """Partials that fall off as their number to the power of -slope."""
    return lambda numbers: numbers**-slope


def drawbars(*levels: float) -> Amplitude:
    """An organ's nine drawbars, 16' to 1', as partials of the 16' pipe an octave under the key."""
    numbers_of = (1, 3, 2, 4, 6, 8, 10, 12, 16)

    def amplitude(numbers: np.ndarray) -> np.ndarray:
        weights = np.zeros(len(numbers))
        for number, level in zip(numbers_of, levels, strict=True):
            if number <= len(weights):
                weights[number - 1] = level
        return weights

    return amplitude


def everywhere(hz: np.ndarray) -> np.ndarray:
    """No body at all."""
    return np.ones_like(hz)


def with_loop(head: Wave, loop: Wave) -> Made:
    """A head, or at least a lead-in, and the loop that it runs into."""
    if not len(head):
        head = loop[-LOOP_LEAD:]
    return np.concatenate([head, loop, loop[:LOOP_LEAD]]), (len(head), len(head) + len(loop))


def cycles_in(hz: float, seconds: float) -> tuple[int, int]:
    """How many cycles a loop of about `seconds` holds, and its samples; within 0.4 cents of `hz` (866 / samples)."""
    cycles = max(round(seconds * hz), int(np.ceil(2200 * hz / SAMPLE_RATE)), 1)
    if cycles * SAMPLE_RATE / hz < 6000:  # a short loop: the number of cycles that fits whole samples best
        candidates = np.arange(cycles, 2 * cycles + 1)
        lengths = candidates * SAMPLE_RATE / hz
        cycles = int(candidates[np.argmin(np.abs(lengths - np.round(lengths)) / lengths)])
    return cycles, round(cycles * SAMPLE_RATE / hz)


def shorter(seconds: float, key: int) -> float:
    """The length of a high key's loop, whose voices beat the faster: halved every three octaves above middle C."""
    return seconds * min(1.0, 2 ** ((60 - key) / 36))


def looping(
    amplitude: Amplitude, *, seconds: float = 0.1, cents: tuple[float, ...] = (0,), body: Amplitude = everywhere
) -> Maker:
    """Steady voices, one for each of `cents` of detune, that beat; each fits the loop a whole number of times."""

    def make(key: int, top_hz: float, rng: np.random.Generator) -> Made:
        cycles, n_samples = cycles_in(key_hz(key), shorter(seconds, key))
        spectrum = np.zeros(n_samples // 2 + 1, complex)
        for detune in cents:
            own = cycles + round(cycles * (2 ** (detune / 1200) - 1) + np.sign(detune) * 0.2)
            numbers = np.arange(1, int(top_hz / SAMPLE_RATE * n_samples / own) + 1)
            phases = rng.uniform(0, 2 * np.pi) * numbers if len(cents) > 1 else 0 * numbers
            weights = amplitude(numbers) * body(numbers * own / n_samples * SAMPLE_RATE)
            spectrum[numbers * own] += weights * np.exp(1j * (phases - np.pi / 2))
        return with_loop(np.zeros(0), np.fft.irfft(spectrum, n_samples))

    return make


def alive(
    hz: float,
    amplitude: Amplitude,
    body: Amplitude,
    *,
    seconds: float,
    spread_cents: float,
    line: float,
    top_hz: float,
    rng: np.random.Generator,
) -> Wave:
    """A loop whose partials are bands: many players, or one whose tone is never twice the same.

    After the PADsynth algorithm (Nasca Octavian Paul, 2006): each partial is a line of weight `line` and a
    Gaussian band of random phases, as wide as `spread_cents`.
    """
    cycles, n_samples = cycles_in(hz, seconds)
    spectrum = np.zeros(n_samples // 2 + 1, complex)
    numbers = np.arange(1, int(top_hz / hz) + 1)
    weights = amplitude(numbers) * body(numbers * hz)
    for number, weight in zip(numbers, weights, strict=True):
        if weight < 1e-5 * weights.max():
            continue
        width = max(number * cycles * (2 ** (spread_cents / 1200) - 1), 0.5)
        below = int(number) * cycles - 1
        reach = min(int(3 * width) + 1, below, cycles // 2)
        offsets = np.arange(-reach, reach + 1)
        gauss = np.exp(-0.5 * (offsets / width) ** 2)
        gauss *= (1 - line) / np.sqrt((gauss**2).sum())
        phases = rng.uniform(0, 2 * np.pi, len(offsets))
        bins = number * cycles + offsets
        inside = bins < min(len(spectrum), int(top_hz / SAMPLE_RATE * n_samples) + 1)
        spectrum[bins[inside]] += (weight * gauss * np.exp(1j * phases))[inside]
        if number * cycles < len(spectrum):
            spectrum[number * cycles] += weight * line * np.exp(1j * rng.uniform(0, 2 * np.pi))
    return np.fft.irfft(spectrum, n_samples)


def ensemble(amplitude: Amplitude, body: Amplitude = everywhere, *, seconds: float, spread_cents: float) -> Maker:
    """Many players at once."""

    def make(key: int, top_hz: float, rng: np.random.Generator) -> Made:
        wide: dict[str, float] = {"seconds": shorter(seconds, key), "spread_cents": spread_cents}
        loop = alive(key_hz(key), amplitude, body, line=0.0, top_hz=top_hz, rng=rng, **wide)
        return with_loop(np.zeros(0), loop)

    return make


def pulse_width(low: float, high: float, seconds: float) -> Maker:
    """A pulse whose width swings between `low` and `high`: the difference of two sawtooths that slide apart."""

    def make(key: int, top_hz: float, rng: np.random.Generator) -> Made:
        cycles, n_samples = cycles_in(key_hz(key), shorter(seconds, key))
        turns = np.arange(n_samples) / n_samples
        wave = np.zeros(n_samples)
        for extra in (0, 1):  # two oscillators whose widths swing apart, the second's pitch a little too
            late = rng.uniform()
            width = (low + high) / 2 + (high - low) / 2 * np.sin(2 * np.pi * ((1 + extra) * turns + late))
            at = cycles * turns + extra * 0.12 * np.sin(2 * np.pi * turns) + rng.uniform()
            table = _table(saw, int(top_hz * 0.97 / key_hz(key)))
            wave += _read(table, at - width / 2) - _read(table, at + width / 2)  # its middle stays in place
        return with_loop(np.zeros(0), wave)

    return make


def hard_sync(start: float, end: float, seconds: float, swing: float = 0.15) -> Maker:
    """An oscillator restarted by another; its ratio falls from `start` to `end`, then swings a little in the loop."""

    def make(key: int, top_hz: float, rng: np.random.Generator) -> Made:
        del rng
        hz = key_hz(key)
        cycles, n_loop = cycles_in(hz, 0.6)
        n_head = round(seconds * SAMPLE_RATE)
        head = end + (start - end) * np.exp(-5 * np.arange(n_head) / n_head)
        loop = end + swing * np.sin(2 * np.pi * np.arange(n_loop) / n_loop)
        head_end = np.clip((np.arange(n_head) - n_head + 2000) / 2000, 0, 1)
        ratios = np.concatenate([head + (end - head) * head_end, loop])
        ladder = np.linspace(end - swing, start, 65)
        tables = np.stack([_synced(ratio, int(top_hz * 0.97 / hz)) for ratio in ladder])
        at = np.arange(-n_head, n_loop) * cycles / n_loop
        place = np.clip((ratios - ladder[0]) / (ladder[1] - ladder[0]), 0, len(ladder) - 1.001)
        lower = place.astype(int)
        index = np.floor(at % 1 * tables.shape[1]).astype(int)
        share = place - lower
        wave = (1 - share) * tables[lower, index] + share * tables[lower + 1, index]
        return with_loop(wave[:n_head], wave[n_head:])

    return make


def _synced(ratio: float, n_partials: int) -> Wave:
    """One period of a sawtooth of `ratio` times the frequency, restarted at its end, of `n_partials`."""
    points = np.arange(TABLE) / TABLE
    spectrum = np.fft.rfft(2 * (points * ratio % 1) - 1)
    spectrum[0] = 0
    spectrum[max(n_partials, 1) + 1 :] = 0
    return np.fft.irfft(spectrum, TABLE)


def _table(amplitude: Amplitude, n_partials: int) -> Wave:
    spectrum = np.zeros(TABLE // 2 + 1, complex)
    numbers = np.arange(1, max(n_partials, 1) + 1)
    spectrum[numbers] = amplitude(numbers) * -0.5j * TABLE
    return np.fft.irfft(spectrum, TABLE)


def _read(table: Wave, turns: Wave) -> Wave:
    return np.interp(turns % 1, np.arange(TABLE + 1) / TABLE, np.append(table, table[0]))

"""Charts as small SVG pictures in a page."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np

from legato.page.figures import number
from legato.page.html import element

WIDTH = 320  # of the view, a unit a pixel or a little more
BAR_HEIGHT = 132
CURVE_WIDTH, CURVE_HEIGHT = 400, 220
LEFT, RIGHT, TOP, BOTTOM = 14, 14, 18, 34
CURVE_LEFT = 40
MOST_BINS, N_LABELS, N_TICKS = 14, 6, 4
N_COLORS = 6
THOUSAND = 1000  # counts from here on are shortened
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Scale:
    """Round values along an axis, each a `step` from the one before."""

    ticks: tuple[float, ...]
    step: float

    @property
    def digits(self) -> int:
        """How many digits distinguish one tick from the next."""
        return len(f"{self.step:.10f}".rstrip("0").partition(".")[2])


def scale_over(low: float, high: float, most: int) -> Scale:
    """The finest round scale of at most `most` steps that covers two bounds.

    >>> scale_over(83, 143, 14).ticks[:3], scale_over(83, 143, 14).step
    ((80.0, 85.0, 90.0), 5.0)
    """
    span = (high - low) or abs(high) or 1.0
    power = math.floor(math.log10(span / most)) - 1
    for step in (factor * 10.0**exponent for exponent in range(power, power + 4) for factor in (1, 2, 2.5, 5)):
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        last = max(last, first + 1)
        if last - first <= most:
            return Scale(tuple(round(at * step, 10) for at in range(first, last + 1)), step)
    raise ValueError(f"{low} to {high}: no scale of {most} steps")  # cannot be: the last steps are wider than the span


def histogram(values: Sequence[float] | np.ndarray, words: str, unit: str, scale: Scale) -> Element:
    """How many of some values are in each step of a scale that pictures next to each other share.

    A bar has its count above it, so that the height needs no axis of its own.
    """
    counts, _ = np.histogram(values, bins=scale.ticks)
    most = max(int(counts.max()), 1)
    picture = _picture(words, WIDTH, BAR_HEIGHT)
    base = BAR_HEIGHT - BOTTOM
    across, up = (WIDTH - LEFT - RIGHT) / len(counts), (base - TOP) / most
    for at, count in enumerate(counts.tolist()):
        if count:
            low, high = (number(scale.ticks[at + one], scale.digits) for one in (0, 1))
            x, y = LEFT + at * across, base - count * up
            bar = element("rect", element("title", f"{count} from {low} to {high} {unit}"), class_="bar")
            bar.attrib |= {"x": f"{x + 1:.1f}", "y": f"{y:.1f}", "width": f"{across - 2:.1f}"}
            picture.append(bar)
            bar.attrib["height"] = f"{count * up:.1f}"
            picture.append(_text(_short(count), x + across / 2, y - 4, "middle", "count"))
    picture.append(element("path", d=f"M{LEFT} {base}H{WIDTH - RIGHT}", class_="axis"))
    labels = scale_over(scale.ticks[0], scale.ticks[-1], N_LABELS)
    for tick in labels.ticks:
        if scale.ticks[0] <= tick <= scale.ticks[-1]:
            x = LEFT + (tick - scale.ticks[0]) / scale.step * across
            picture.append(element("path", d=f"M{x:.1f} {base}v4", class_="axis"))
            picture.append(_text(number(tick, labels.digits), x, base + 16, "middle"))
    picture.append(_text(unit, WIDTH / 2, BAR_HEIGHT - 4, "middle", "title"))
    return picture


def curves(lines: Mapping[str, Points], words: str, across_words: str) -> Element:
    """Lines over a common x, with a legend that has their last values."""
    points = [point for line in lines.values() for point in line]
    (left, low), (right, high) = (tuple(f(axis) for axis in zip(*points, strict=True)) for f in (min, max))
    up, right_scale = scale_over(low, high, N_TICKS), scale_over(left, right, N_TICKS)
    base = CURVE_HEIGHT - BOTTOM
    x_of = _place(left, max(right, right_scale.ticks[-1]), CURVE_LEFT, CURVE_WIDTH - RIGHT)
    y_of = _place(up.ticks[0], up.ticks[-1], base, TOP)
    picture = _picture(words, CURVE_WIDTH, CURVE_HEIGHT)
    for tick in up.ticks:
        picture.append(element("path", d=f"M{CURVE_LEFT} {y_of(tick):.1f}H{CURVE_WIDTH - RIGHT}", class_="grid"))
        picture.append(_text(number(tick, up.digits), CURVE_LEFT - 6, y_of(tick) + 4, "end"))
    for tick in right_scale.ticks:
        if tick >= left:
            picture.append(_text(number(tick, right_scale.digits), x_of(tick), base + 16, "middle"))
    picture.append(_text(across_words, (CURVE_LEFT + CURVE_WIDTH - RIGHT) / 2, CURVE_HEIGHT - 4, "middle", "title"))
    for at, line in enumerate(lines.values()):
        places = (f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in line)
        picture.append(element("polyline", points=" ".join(places), class_=f"line line{at % N_COLORS}"))
    return element("figure", element("figcaption", words), picture, element("ul", *_legend(lines), class_="legend"))


def _legend(lines: Mapping[str, Points]) -> Iterator[Element]:
    for at, (name, line) in enumerate(lines.items()):
        swatch = element("span", class_=f"swatch line{at % N_COLORS}")
        yield element("li", swatch, f"{name}, {number(line[-1][1], 2)} at the end")


def _place(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """From values to places along an axis."""
    return lambda value: start + (value - low) / ((high - low) or 1) * (end - start)


def _picture(words: str, width: int, height: int) -> Element:
    return element("svg", viewBox=f"0 0 {width} {height}", class_="chart", role="img", aria_label=words)


def _text(words: str, x: float, y: float, anchor: str, kind: str = "") -> Element:
    made = element("text", words, class_=f"tick {kind}".strip())
    made.attrib |= {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    return made


def _short(count: int) -> str:
    return str(count) if count < THOUSAND else f"{count / THOUSAND:.1f}k"

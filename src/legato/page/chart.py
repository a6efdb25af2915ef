"""Charts as small SVG pictures in a page."""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

import numpy as np

from legato.page.html import element

WIDTH, HEIGHT = 320, 120  # of the view
LEFT, BOTTOM, TOP = 40, 18, 6
N_BINS = 24
N_COLORS = 6
Points = Sequence[tuple[float, float]]


def histogram(values: Sequence[float], words: str, low: float, high: float) -> Element:
    """How many of some values lie where, between two bounds that pictures next to each other share."""
    counts, edges = np.histogram(values, bins=N_BINS, range=(low, high if high > low else low + 1))
    most = max(int(counts.max()), 1)
    picture = _picture(f"{words}: {len(values)} tracks, {min(values):g} to {max(values):g}")
    across, up = (WIDTH - LEFT) / N_BINS, (HEIGHT - BOTTOM - TOP) / most
    for at, count in enumerate(counts.tolist()):
        if count:
            bar = element("rect", element("title", f"{count} from {edges[at]:.4g} to {edges[at + 1]:.4g}"))
            x, y = LEFT + at * across, HEIGHT - BOTTOM - count * up
            bar.attrib |= {"x": f"{x + 0.5:.1f}", "y": f"{y:.1f}", "width": f"{across - 1:.1f}"}
            bar.attrib |= {"height": f"{count * up:.1f}", "class": "part0"}
            picture.append(bar)
    return _with_axes(picture, (edges[0], edges[-1]), (0, most))


def curves(lines: Mapping[str, Points], words: str) -> Element:
    """Lines over a common x, with a legend."""
    points = [point for line in lines.values() for point in line]
    (left, low), (right, high) = (tuple(f(axis) for axis in zip(*points, strict=True)) for f in (min, max))
    across = (WIDTH - LEFT - 4) / ((right - left) or 1)
    up = (HEIGHT - BOTTOM - TOP) / ((high - low) or 1)
    picture = _picture(words)
    for at, line in enumerate(lines.values()):
        places = (f"{LEFT + (x - left) * across:.1f},{HEIGHT - BOTTOM - (y - low) * up:.1f}" for x, y in line)
        picture.append(element("polyline", points=" ".join(places), class_=f"line line{at % N_COLORS}"))
    legend = (element("li", name, class_=f"line{at % N_COLORS}") for at, name in enumerate(lines))
    chart = _with_axes(picture, (left, right), (low, high))
    return element("figure", element("figcaption", words), chart, element("ul", *legend, class_="legend"))


def _picture(words: str) -> Element:
    return element("svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", class_="chart", role="img", aria_label=words)


def _with_axes(picture: Element, across: tuple[float, float], up: tuple[float, float]) -> Element:
    base = HEIGHT - BOTTOM
    picture.append(element("path", d=f"M{LEFT} {TOP}V{base}H{WIDTH}", class_="axis"))
    for value, x, y, anchor in (
        (across[0], LEFT, HEIGHT - 5, "start"),
        (across[1], WIDTH, HEIGHT - 5, "end"),
        (up[0], LEFT - 4, base, "end"),
        (up[1], LEFT - 4, TOP + 8, "end"),
    ):
        label = element("text", f"{value:.4g}", class_="tick")
        label.attrib |= {"x": str(x), "y": str(y), "text-anchor": anchor}
        picture.append(label)
    return picture

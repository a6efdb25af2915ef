"""A piano roll as a small picture in a page."""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from legato.midi.contents import Contents
from legato.page.html import element

HEIGHT = 96  # of the view, a unit a pixel or so
WIDTH = 600
N_COLORS = 6
MARGIN = 2  # pitches above and below


@dataclass(frozen=True)
class Scale:
    """What pictures that are compared have in common."""

    seconds: float  # that a picture is wide
    presets: list[tuple[int, int]]  # each has its colour


def scale_of(*songs: Contents) -> Scale:
    """The scale that all of some songs fit."""
    presets = sorted({preset for song in songs for preset in song.presets})
    return Scale(max((song.seconds for song in songs), default=0.0), presets)


def roll(music: Contents, scale: Scale) -> Element:
    """The notes of a track, time to the right and pitch up, as an SVG; a class for each instrument."""
    pitches = [int(pitch) for instrument in music.instruments for pitch in instrument.pitch]
    low, high = min(pitches) - MARGIN, max(pitches) + MARGIN
    across, up = WIDTH / scale.seconds, HEIGHT / (high - low + 1)
    picture = element(
        "svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        preserveAspectRatio="none",
        class_="roll",
        role="img",
        aria_label=f"piano roll: {len(pitches)} notes in {music.seconds:.0f} seconds",
    )
    for instrument in music.instruments:
        starts, ends = instrument.start_s * across, instrument.end_s * across
        notes = zip(starts, (ends - starts).clip(1), (high - instrument.pitch) * up, strict=True)
        path = "".join(f"M{x:.1f} {y:.1f}h{width:.1f}v{up:.1f}h-{width:.1f}z" for x, width, y in notes)
        picture.append(element("path", d=path, class_=f"part{scale.presets.index(instrument.preset) % N_COLORS}"))
    return picture

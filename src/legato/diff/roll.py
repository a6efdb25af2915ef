"""A piano roll as a small picture in a page."""

from xml.etree.ElementTree import Element

from legato.midi_reader import Contents

HEIGHT = 96  # of the view, a unit a pixel or so
WIDTH = 600
N_COLORS = 6
MARGIN = 2  # pitches above and below


def roll(music: Contents, seconds: float) -> Element:
    """The notes of a track, time to the right and pitch up, as an SVG `seconds` wide; a class for each instrument."""
    pitches = [int(pitch) for instrument in music.instruments for pitch in instrument.pitch]
    low, high = min(pitches) - MARGIN, max(pitches) + MARGIN
    across, up = WIDTH / max(seconds, music.seconds), HEIGHT / (high - low + 1)
    picture = Element(
        "svg",
        {
            "viewBox": f"0 0 {WIDTH} {HEIGHT}",
            "preserveAspectRatio": "none",
            "class": "roll",
            "role": "img",
            "aria-label": f"piano roll: {len(pitches)} notes in {music.seconds:.0f} seconds",
        },
    )
    for number, instrument in enumerate(music.instruments):
        starts, ends = instrument.start_s * across, instrument.end_s * across
        notes = zip(starts, (ends - starts).clip(1), (high - instrument.pitch) * up, strict=True)
        path = "".join(f"M{x:.1f} {y:.1f}h{width:.1f}v{up:.1f}h-{width:.1f}z" for x, width, y in notes)
        picture.append(Element("path", {"d": path, "class": f"part{number % N_COLORS}"}))
    return picture

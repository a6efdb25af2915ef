"""A track on the page: once what both versions share, next to each other what differs."""

import base64
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from legato.diff.compare import Difference
from legato.diff.prompts import marked
from legato.diff.text import steps_in_words
from legato.diff.tracks import Shown, Side
from legato.diff.version import Version
from legato.page.html import element, with_code
from legato.page.preview import MIME_TYPE
from legato.page.roll import Scale, roll, scale_of


def card(track: Shown, found: Difference) -> Element:
    """One track: players, piano rolls, prompts with the words marked that differ, and facts."""
    if track.old and track.new:
        how = f"differs {steps_in_words([track.steps])}"
    else:
        how = f"only in {(found.new if track.new else found.old).name}"
    scale = scale_of(*(side.music for side in (track.old, track.new) if side and side.music))
    sides = (
        _side(found.old, track.old, track.new, scale),
        _side(found.new, track.new, track.old, scale),
    )
    return element(
        "article",
        element("h3", track.name, element("span", how, class_="how")),
        *_shared(track.old, track.new, scale),
        element("div", *(element("div", *inside, class_="side") for inside in sides), class_="sides"),
        id=track.name,
    )


def _shared(old: Side | None, new: Side | None, scale: Scale) -> Iterator[Element]:
    """The audio and the music of both versions, where they are the same."""
    if not (old and new):
        return
    same_audio, same_music = old.audio and old.has_audio_of(new), old.music and old.has_music_of(new)
    if what := " and ".join(word for word, is_same in (("audio", same_audio), ("music", same_music)) if is_same):
        yield element("h4", f"the same {what} in both")
    if same_audio:
        yield _player(old, "both versions")
    if same_music and old.music:
        yield roll(old.music, scale)


def _side(version: Version, side: Side | None, other: Side | None, scale: Scale) -> Iterator[Element]:
    yield element("h4", version.name)
    if side is None:
        yield element("p", f"not in {version.name}", class_="absent")
        return
    yield from (element("p", *with_code(reason), class_="absent") for reason in side.nowhere)
    if side.audio and not (other and side.has_audio_of(other)):
        yield _player(side, version.name)
    if side.music and not (other and side.has_music_of(other)):
        yield roll(side.music, scale)
    if side.prompt is not None:
        words = marked(side.prompt, other.prompt if other and other.prompt is not None else side.prompt)
        pieces = (element("mark", word.text) if word.differ else word.text for word in words)
        yield element("p", *pieces, class_="prompt")
    yield from _facts(side, other)


def _player(side: Side, of: str) -> Element:
    source = f"data:{MIME_TYPE};base64,{base64.b64encode(side.audio or b'').decode()}"
    return element("audio", src=source, controls="", preload="metadata", aria_label=f"{side.audio_words}, {of}")


def _facts(side: Side, other: Side | None) -> Iterator[Element]:
    facts = facts_of(side.facts)
    others = facts_of(other.facts) if other else facts
    cells = []
    for name, value in facts.items():
        cells += [element("dt", name), element("dd", value if others.get(name) == value else element("mark", value))]
    if cells:
        yield element("dl", *cells)


def facts_of(facts: dict[str, Any]) -> dict[str, str]:
    """What is shown of a track's facts, in words; a fact that is not known is left out.

    >>> facts_of({"bpm": 90, "key": "A", "scale": "harmonic_minor", "lufs": -14.0})
    {'bpm': '90', 'key': 'A harmonic minor', 'loudness': '-14.0 LUFS'}
    """
    instruments = facts.get("instruments") or {}
    told = {
        "bpm": facts.get("bpm"),
        "key": f"{facts['key']} {facts['scale']}" if facts.get("key") and facts.get("scale") else None,
        "seconds": facts.get("seconds"),
        "loudness": f"{facts['lufs']} LUFS" if "lufs" in facts else None,
        "instruments": ", ".join(map(str, instruments.values())) or None if isinstance(instruments, dict) else None,
    }
    return {name: str(value).replace("_", " ") for name, value in told.items() if value is not None}

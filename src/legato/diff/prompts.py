"""Which words of a prompt differ from another version's."""

import difflib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from legato.contract.tags import SEPARATOR, split_tags


class Words(NamedTuple):
    """Some words of a prompt, and whether the other prompt has others in their place."""

    text: str
    differ: bool


def marked(text: str, other: str) -> list[Words]:
    """A prompt in pieces, those marked that the other prompt does not have.

    Tags are compared wherever they are, for their order means nothing; of a tag that the other prompt has in
    another wording, the words that differ are marked.

    >>> marked("slow pads, tempo 90 bpm", "tempo 104 bpm, slow pads")
    [Words(text='slow pads, tempo ', differ=False), Words(text='90', differ=True), Words(text=' bpm', differ=False)]
    """
    tags, others = split_tags(text), split_tags(other)
    free = [tag for tag in others if tag not in tags]
    pieces: list[Words] = []
    for number, tag in enumerate(tags):
        if number:
            pieces.append(Words(SEPARATOR, False))
        pieces += [Words(tag, False)] if tag in others else _marked_tag(tag, free)
    return list(_joined(pieces))


def _marked_tag(tag: str, free: Sequence[str]) -> list[Words]:
    """A tag's words, marked where the most similar of the `free` tags has others."""
    similar = difflib.get_close_matches(tag, free, n=1)
    if not similar:
        return [Words(tag, True)]
    words, others = tag.split(" "), similar[0].split(" ")
    pieces = []
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, words, others, autojunk=False).get_opcodes():
        if end > start:
            space = " " if start else ""
            pieces += [Words(space, False), Words(" ".join(words[start:end]), kind != "equal")]
    return pieces


def _joined(pieces: list[Words]) -> Iterator[Words]:
    """Neighbours of one kind as one piece."""
    text, differ = "", False
    for piece in pieces:
        if piece.differ != differ and text:
            yield Words(text, differ)
            text = ""
        differ = piece.differ
        text += piece.text
    if text:
        yield Words(text, differ)

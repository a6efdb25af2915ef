"""A prompt as tags, and tags as a prompt: the one rule for those who write, judge, measure and train on them.

Conventions: a prompt is at most `tokens.MAX_TEXT_BYTES` bytes of UTF-8, what a Dia's text encoder reads.
"""

from collections.abc import Iterable

from legato.tokens import MAX_TEXT_BYTES

COMMA = ","
SEPARATOR = f"{COMMA} "


def split_tags(text: str) -> tuple[str, ...]:
    """A prompt's tags: what is between its commas, without the space around it; what is empty is no tag.

    >>> split_tags("808 bass melody,no drums ,, dry")
    ('808 bass melody', 'no drums', 'dry')
    """
    return tuple(tag.strip() for tag in text.split(COMMA) if tag.strip())


def join_tags(tags: Iterable[str]) -> str:
    """Tags as a prompt; `split_tags` gives the same tags back, where each is one.

    >>> join_tags(["808 bass melody", "no drums"])
    '808 bass melody, no drums'
    """
    return SEPARATOR.join(tags)


def fits(text: str) -> bool:
    """Whether a model reads all of a prompt."""
    return len(text.encode()) <= MAX_TEXT_BYTES

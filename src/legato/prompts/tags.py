"""A track's prompt, and the phrase that it begins with, as files and parameters have them.

Conventions: a tag is ASCII without commas and can be read on its own; the base phrase comes first. How tags make a
prompt is `legato.contract.tags`.
"""

from typing import Annotated

from pydantic import AfterValidator

from legato import shards
from legato.contract.tags import COMMA, fits, split_tags
from legato.errors import LegatoError
from legato.tokens import MAX_TEXT_BYTES
from legato.workspace.layout import PROMPT

MAX_PHRASE_BYTES = 80


def _check_phrase(phrase: str) -> str:
    if not phrase.strip() or phrase != phrase.strip():
        raise ValueError("must not be empty nor begin or end with a space")
    if not (phrase.isascii() and phrase.isprintable()):
        raise ValueError("must be printable ASCII")
    if COMMA in phrase:
        raise ValueError("must hold no comma: trainers split prompts at commas")
    if len(phrase) > MAX_PHRASE_BYTES:
        raise ValueError(f"must be at most {MAX_PHRASE_BYTES} characters")
    return phrase


BasePhrase = Annotated[str, AfterValidator(_check_phrase)]


def read_prompt(category: str, name: str) -> str:
    """A track's prompt.

    Raises:
        LegatoError: it is missing, without a tag, too long or not ASCII.
    """
    path = PROMPT.file(category, name)
    if not shards.exists(path):
        raise LegatoError(f"{path}: no such file; run `dvc repro`")
    text = shards.read(path).decode(errors="replace")
    if not (split_tags(text) and text.isascii() and fits(text)):
        raise LegatoError(f"{path}: {text[:40]!r}: a prompt is 1 to {MAX_TEXT_BYTES} ASCII characters, with a tag")
    return text

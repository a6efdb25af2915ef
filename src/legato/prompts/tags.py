"""A track's prompt as a text of comma-separated tags, and where it stands.

Conventions: a tag is ASCII without commas and stands on its own; the base phrase comes first; the whole
prompt is at most `MAX_BYTES`, what a Dia text encoder reads.
"""

from typing import Annotated

from pydantic import AfterValidator

from legato.errors import LegatoError
from legato.workspace.layout import PROMPT

MAX_BYTES = 512
MAX_PHRASE_BYTES = 80
SEPARATOR = ", "


def _check_phrase(phrase: str) -> str:
    if not phrase.strip() or phrase != phrase.strip():
        raise ValueError("must not be empty nor begin or end with a space")
    if not (phrase.isascii() and phrase.isprintable()):
        raise ValueError("must be printable ASCII")
    if "," in phrase:
        raise ValueError("must hold no comma: trainers split prompts at commas")
    if len(phrase) > MAX_PHRASE_BYTES:
        raise ValueError(f"must be at most {MAX_PHRASE_BYTES} characters")
    return phrase


BasePhrase = Annotated[str, AfterValidator(_check_phrase)]


def tags_of(text: str) -> list[str]:
    """A prompt's tags, as trainers split them.

    >>> tags_of("808 bass melody, no drums")
    ['808 bass melody', 'no drums']
    """
    return text.split(SEPARATOR)


def read_prompt(category: str, name: str) -> str:
    """A track's prompt.

    Raises:
        LegatoError: it is missing, empty, too long or not ASCII.
    """
    path = PROMPT.file(category, name)
    if not path.is_file():
        raise LegatoError(f"{path}: no such file; run `dvc repro`")
    text = path.read_text(encoding="utf-8", errors="replace")
    if not (text.strip() and text.isascii() and len(text) <= MAX_BYTES):
        raise LegatoError(f"{path}: {text[:40]!r}: a prompt is 1 to {MAX_BYTES} ASCII characters")
    return text

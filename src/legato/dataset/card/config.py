"""`card` in params.yaml: what the dataset's card says and no fact of a track does."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from legato.workspace.params import Strict

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
VERSION = re.compile(r"\d+\.\d+\.\d+")
DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
ADDRESS = re.compile(r"https?://[^\s\"<>]+")


def _check_name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError("must be letters, digits, dot, dash and underscore")
    return text


def _check_version(text: str) -> str:
    if not VERSION.fullmatch(text):
        raise ValueError("must be three numbers, as in 1.0.0")
    return text


def _check_date(value: Any) -> Any:
    if not (isinstance(value, str) and DATE.fullmatch(value)):
        raise ValueError('must be a date in quotes, as in "2026-12-31"')
    return value


def _check_address(text: str) -> str:
    if not ADDRESS.fullmatch(text):
        raise ValueError("must be an address that begins with http:// or https://")
    return text


def _check_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be one line of text")
    return text


class CardParams(Strict):
    """What to call the dataset, and what to state before it is published; what is null is left out."""

    name: Annotated[str, AfterValidator(_check_name)]
    version: Annotated[str, AfterValidator(_check_version)]
    creator: Annotated[str, AfterValidator(_check_line)] | None
    url: Annotated[str, AfterValidator(_check_address)] | None  # of its page
    published: Annotated[str, BeforeValidator(_check_date)] | None

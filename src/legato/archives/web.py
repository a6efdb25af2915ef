"""Requests to one host and no other: what it answers is bounded, and is what it should be or an error of one line."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from legato.archives.limits import Limits
from legato.archives.records import shown
from legato.errors import LegatoError

TIMEOUT_S = (10.0, 60.0)  # to connect, and between two bytes
MOST_JSON = 2**24  # bytes of an answer
MOST_REDIRECTS = 3
AT_A_TIME = 2**20  # bytes
ANSWER_S = 120.0  # for a whole answer of JSON
AGENT = "legato"


class Gone(Exception):  # noqa: N818
    """There is no such thing there: 404."""


class UnexpectedError(Exception):
    """An answer that is none; `detail` is what it says, `status` 0 where there was no answer."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {shown(detail)}" if status else shown(detail))
        self.status, self.detail = status, detail


class _Header(AuthBase):
    """Authorization by a header; as an object, no password file of the user's takes its place."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._text
        return request


class Site:
    """One host, by its scheme, name and port."""

    def __init__(self, base: str, limits: Limits, sleep: Callable[[float], None] = time.sleep) -> None:
        self._base, self._limits, self._sleep = base, limits, sleep
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": AGENT, "Accept-Encoding": "identity"})

    def json(self, path: str, query: Mapping[str, str], authorization: str) -> dict[str, Any]:
        """An object of JSON.

        Raises:
            Gone: 404.
            UnexpectedError: another status, or no object of JSON, or none at all.
        """
        with self.get(path, query, authorization) as answer:
            return _object(b"".join(blocks(answer, MOST_JSON, ANSWER_S)))

    @contextmanager
    def get(self, path: str, query: Mapping[str, str], authorization: str) -> Iterator[requests.Response]:
        """An answer of 200, whose body has not been read; redirects lead to the same host, or nowhere.

        Raises:
            Gone: 404.
            UnexpectedError: another status, or none.
            LegatoError: a redirect leads elsewhere, or the day's limit is reached.
        """
        address = f"{self._base}{path}"
        for _ in range(MOST_REDIRECTS + 1):
            self._limits.take(self._sleep)
            try:
                answer = self._session.get(
                    address,
                    params=query,
                    auth=_Header(authorization),
                    timeout=TIMEOUT_S,
                    stream=True,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                raise UnexpectedError(0, f"no answer: {type(error).__name__}") from None
            with answer:
                if not answer.is_redirect:
                    self._check(answer)
                    yield answer
                    return
                address, query = self._next(address, answer.headers.get("Location", "")), {}
        raise LegatoError(f"{self._base}{path}: redirects more than {MOST_REDIRECTS} times")

    def _next(self, address: str, location: str) -> str:
        """Where a redirect leads.

        Raises:
            LegatoError: it is another scheme, host or port, or has a password in it.
        """
        found = urljoin(address, location)
        if urlsplit(found)[:2] != urlsplit(self._base)[:2]:
            raise LegatoError(f"{self._base}: redirects to another host, {shown(found)}: not followed")
        return found

    def _check(self, answer: requests.Response) -> None:
        if answer.status_code == requests.codes.not_found:
            raise Gone
        if answer.status_code != requests.codes.ok:
            content = b"".join(blocks(answer, MOST_JSON, ANSWER_S))
            raise UnexpectedError(answer.status_code, _detail(content))


def blocks(answer: requests.Response, most_bytes: int, most_s: float) -> Iterator[bytes]:
    """An answer's body as it was sent, whatever arrives at a time; never unpacked.

    Raises:
        UnexpectedError: the connection was cut; or it is longer, or takes longer, than it may.
    """
    received, started = 0, time.monotonic()
    try:
        while block := answer.raw.read1(AT_A_TIME, decode_content=False):
            received += len(block)
            if received > most_bytes:
                raise UnexpectedError(0, f"is longer than {most_bytes} bytes")
            if time.monotonic() - started > most_s:
                raise UnexpectedError(0, f"takes longer than {most_s:g} s")
            yield block
    except HTTPError as error:
        raise UnexpectedError(0, f"the connection was cut: {type(error).__name__}") from None


def _object(content: bytes) -> dict[str, Any]:
    if content.lstrip()[:1] == b"<":
        raise UnexpectedError(0, "it answers with a page in place of data")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UnexpectedError(0, "it answers with what is no object of JSON")
    if set(found) == {"detail"}:
        raise UnexpectedError(0, f"it answers 200 with an error: {found['detail']}")
    return found


def _detail(content: bytes) -> str:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return "no JSON" if content.lstrip()[:1] != b"<" else "a page in place of data"
    return str(found.get("detail")) if isinstance(found, dict) else "no detail"

"""Freesound's APIv2, the small second way in: a search, each sound asked for again before it is downloaded, originals.

Its terms allow it for non-commercial purposes; they bind the fetching. The token and the OAuth2 access token are taken
from the environment, sent to the one host alone, and written nowhere. A page's `next` is not followed: pages are
counted here, and ids remembered, since the index moves under the paging.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from legato.archives import freesound
from legato.archives.config import ApiParams, FreesoundParams
from legato.archives.limits import Limits
from legato.archives.packs import MOST_BYTES
from legato.archives.records import Reason, Record, shown
from legato.archives.web import Gone, Site, UnexpectedError, blocks
from legato.errors import LegatoError
from legato.files import replacing
from legato.workspace.layout import LIMITS

BASE = "https://freesound.org"
LICENSE_FILTER = 'license:"Creative Commons 0"'
FIELDS = (
    "id,url,name,tags,category_code,category_is_user_provided,created,license,gen_ai_preference,type,channels,filesize,"
    "duration,samplerate,username,pack,pack_name,is_remix,md5"
)
LASTING = ("license", "gen_ai_preference", "is_remix", "tags", "username", "type", "md5", "filesize")
PAGE_SIZE = 150  # the most that it gives
MOST_PASSES = 3  # over the pages, where their number changes meanwhile
MINUTE_S = 60.0
TRIES = 4
UNAUTHORIZED, FORBIDDEN, TOO_MANY, SERVER_ERROR = 401, 403, 429, 500  # of HTTP's statuses; from the last on
DOWNLOAD_S = 900.0  # for one original


def token_of(variable: str) -> str:
    """A token from the environment.

    Raises:
        LegatoError: there is none, or it is no token; the message does not show it.
    """
    text = os.environ.get(variable, "").strip()
    if not text:
        raise LegatoError(f"environment: {variable}: must hold a token of Freesound: docs/archives.md says which")
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise LegatoError(f"environment: {variable}: is no token: it holds spaces, or letters that no token has")
    return text


@dataclass
class FreesoundApi:
    """An archive whose records are the results of a search."""

    asked: FreesoundParams
    api: ApiParams
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        limits = Limits(LIMITS / "freesound.sqlite", per_minute=self.api.per_minute, per_day=self.api.per_day)
        self._site = Site(BASE, limits, self.sleep)
        self._token = f"Token {token_of(self.api.token_env)}"
        self._bearer = f"Bearer {token_of(self.api.oauth_env)}"

    def records(self) -> Iterator[Record]:
        """The results, each once."""
        known: set[int] = set()
        for _ in range(MOST_PASSES):
            counts = set()
            for count, results in self._pages():
                counts.add(count)
                for row in results:
                    if isinstance(row, dict) and isinstance(row.get("id"), int) and row["id"] not in known:
                        known.add(row["id"])  # a result may be null, where index and database are out of step
                        yield freesound.of_api(self.asked, row)
            if len(counts) <= 1:
                return

    def find(self, ids: set[str]) -> Iterator[Record]:
        """The sounds of a list, those that there still are."""
        for sound in sorted(ids):
            row = self._sound(sound)
            if row is not None:
                yield freesound.of_api(self.asked, row)

    def extract(self, wanted: Mapping[str, tuple[Record, Path]]) -> Iterator[tuple[str, Reason | None]]:
        """Download originals, those that are here already not again; each is asked for once more before."""
        for name, (record, path) in wanted.items():
            if path.is_file() and _md5(path) == record.raw.get("md5"):
                yield name, None
                continue
            yield name, self._changed(record) or self._download(record, path)

    def _pages(self) -> Iterator[tuple[Any, list[Any]]]:
        page = 1
        query = {
            "query": self.api.query,
            "filter": f"{LICENSE_FILTER} {self.api.filter}".strip(),
            "sort": "created_asc",
            "fields": FIELDS,
            "page_size": str(PAGE_SIZE),
        }
        while True:
            try:
                found = self._json("/apiv2/search/", query | {"page": str(page)})
            except Gone:  # past the last page
                return
            results = found.get("results")
            if not isinstance(results, list):
                raise LegatoError(f"{BASE}: its search answers without results: {shown(found.get('detail'))}")
            yield found.get("count"), results
            if not results or found.get("next") is None:
                return
            page += 1

    def _sound(self, sound: str) -> dict[str, Any] | None:
        try:
            return self._json(f"/apiv2/sounds/{sound}/", {"fields": FIELDS})
        except Gone:
            return None

    def _changed(self, record: Record) -> Reason | None:
        """What is other now than when it was searched: the licence and the preference are the uploader's to change."""
        now = self._sound(record.id)
        if now is None:
            return Reason("gone since it was searched")
        changed = [key for key in LASTING if now.get(key) != record.raw.get(key)]
        return Reason("changed since it was searched", ", ".join(changed)) if changed else None

    def _json(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        for _ in range(TRIES):
            try:
                return self._site.json(path, query, self._token)
            except UnexpectedError as error:
                self._wait_for(error)
        raise LegatoError(f"{BASE}{path}: does not answer as it should, {TRIES} times")

    def _download(self, record: Record, path: Path) -> Reason | None:
        size, md5 = record.raw.get("filesize"), record.raw.get("md5")
        if not (isinstance(size, int) and 0 < size <= MOST_BYTES and isinstance(md5, str)):
            return Reason("no size or md5", shown(size))
        why = "does not come"
        for _ in range(TRIES):
            try:
                self._receive(record.id, path, size, md5)
                return None
            except Gone:
                return Reason("gone since it was searched")
            except UnexpectedError as error:
                self._wait_for(error)
                why = str(error)
            except _WrongError as error:
                why = str(error)
        return Reason("download", why[:80])

    def _receive(self, sound: str, path: Path, size: int, md5: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, received = hashlib.md5(usedforsecurity=False), 0
        with (
            self._site.get(f"/apiv2/sounds/{sound}/download/", {}, self._bearer) as answer,
            replacing(path) as temporary,
            temporary.open("wb") as out,
        ):
            for block in blocks(answer, size, DOWNLOAD_S):
                received += len(block)
                digest.update(block)
                out.write(block)
            if received != size:
                raise _WrongError(f"has {received} bytes in place of {size}")
            if digest.hexdigest() != md5:
                raise _WrongError("has another md5 than it should have")

    def _wait_for(self, error: UnexpectedError) -> None:
        """What an answer that is none calls for: to wait for a minute, to try again, or to stop.

        Freesound says in words alone which limit was reached, and without Retry-After.

        Raises:
            LegatoError: there is nothing to wait for.
        """
        said = error.detail
        if error.status == TOO_MANY and "/minute)" in said:
            self.sleep(MINUTE_S)
        elif error.status == TOO_MANY:
            kind = "the limit of a day is reached: the same command goes on tomorrow"
            if "/day)" not in said:
                kind = "the key was refused: ask Freesound before anything else"
            raise LegatoError(f"{BASE}: {kind}: {shown(said)}")
        elif error.status in (UNAUTHORIZED, FORBIDDEN):
            names = f"{self.api.token_env}, {self.api.oauth_env}"
            raise LegatoError(f"{BASE}: {error.status}: a token ({names}) has expired or was revoked: {shown(said)}")
        elif error.status >= SERVER_ERROR or error.status == 0:
            self.sleep(2.0)
        else:
            raise LegatoError(f"{BASE}: {error}")


class _WrongError(Exception):
    """A download that is not what it should be."""


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()

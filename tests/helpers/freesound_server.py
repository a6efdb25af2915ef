"""A server on loopback that answers as Freesound's API does, its limits and its faults too."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from helpers.archive_packs import CC0

TOKEN, BEARER = "secret-token", "secret-bearer"
MINUTE = "Request was throttled because of exceeding a request limit rate (60/minute)"
DAY = "Request was throttled because of exceeding a request limit rate (2000/day)"
SUSPENDED = "Request was throttled because the credential has been suspended"
Answer = Callable[["Handler"], None]


def sound(number: int, content: bytes, **changes: Any) -> dict[str, Any]:
    """A sound as the API has it."""
    found = {
        "id": number,
        "url": f"https://freesound.org/people/ann/sounds/{number}/",
        "name": "a loop",
        "tags": ["drum-loop"],
        "category_code": "m-sp",
        "license": CC0,
        "gen_ai_preference": "no-additional-preferences",
        "type": "wav",
        "filesize": len(content),
        "duration": 12.0,
        "username": "ann",
        "pack": None,
        "is_remix": False,
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    }
    return found | changes


class Freesound:
    """What the server has, what it was asked for, and what it does in place of answering."""

    def __init__(self) -> None:
        self.sounds: dict[int, dict[str, Any]] = {}
        self.contents: dict[int, bytes] = {}
        self.results: list[Any] | None = None  # of the search, where these are not the sounds
        self.asked: list[str] = []  # paths
        self.headers: list[dict[str, str]] = []
        self.faults: list[tuple[str, Answer]] = []  # the first whose text is in a path is used up
        self.page_size = 2
        self.address = ""

    def add(self, number: int, content: bytes, **changes: Any) -> None:
        self.sounds[number], self.contents[number] = sound(number, content, **changes), content

    def fail(self, part: str, answer: Answer, times: int = 1) -> None:
        self.faults += [(part, answer)] * times

    def count(self, part: str) -> int:
        return sum(part in path for path in self.asked)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    state: Freesound

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def reply(self, status: int, value: Any, **headers: str) -> None:
        """Answer with JSON."""
        self.send(status, json.dumps(value).encode(), **{"Content-Type": "application/json"} | headers)

    def send(self, status: int, content: bytes, length: int | None = None, **headers: str) -> None:
        """Answer; the connection is closed after it where the length is a lie."""
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = length is not None

    def do_GET(self) -> None:
        state = self.state
        state.asked.append(self.path)
        state.headers.append(dict(self.headers))
        for at, (part, answer) in enumerate(state.faults):
            if part in self.path:
                del state.faults[at]
                answer(self)
                return
        parts = [part for part in urlsplit(self.path).path.split("/") if part]
        is_download = parts[-1] == "download"
        if self.headers.get("Authorization") != (f"Bearer {BEARER}" if is_download else f"Token {TOKEN}"):
            self.reply(401, {"detail": "Invalid token"})
        elif parts[1] == "search":
            self._search()
        elif int(parts[2]) not in state.sounds:
            self.reply(404, {"detail": "Not found"})
        elif is_download:
            self.send(200, state.contents[int(parts[2])], Content_Type="audio/wav")
        else:
            self.reply(200, state.sounds[int(parts[2])])

    def _search(self) -> None:
        state = self.state
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        results = list(state.sounds.values()) if state.results is None else state.results
        page, size = int(query["page"]), state.page_size
        found = results[(page - 1) * size : page * size]
        if not found and page > 1:
            self.reply(404, {"detail": "Not found"})
            return
        follows = f"http://elsewhere.example/apiv2/search/?page={page + 1}" if page * size < len(results) else None
        self.reply(200, {"count": len(results), "previous": None, "next": follows, "results": found})


@contextmanager
def serving() -> Iterator[Freesound]:
    """A server in this process, on a port of its own."""
    state = Freesound()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"state": state}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Weights are found by name or path, pinned by their SHA-256, and downloaded whole or not at all."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from helpers.checkout import ROOT, SMALL_CODEC
from legato.codec import weights
from legato.codec.weights import CODECS, Codec, CodecParams, download, fetch
from legato.errors import LegatoError
from legato.files import sha256_of

CONTENT = bytes(range(256)) * 400
WHOLE, CUT, PLAIN, GONE = "/weights.pth", "/cut.pth", "/no_ranges.pth", "/gone.pth"


class Handler(BaseHTTPRequestHandler):
    """Serves the content whole, by ranges, cut short of what it announces, or not at all; keeps what was asked."""

    asked: ClassVar[list[str | None]] = []
    etag = '"one"'

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.asked.append(wanted)
        if self.path == GONE:
            self.send_error(404)
            return
        start = 0
        if wanted and self.path in (WHOLE, CUT) and self.headers["If-Range"] == self.etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(CONTENT):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.send_header("ETag", self.etag)
        self.end_headers()
        self.wfile.write(CONTENT[start : start + 1000] if self.path == CUT else CONTENT[start:])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Handler.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def test_a_name_gives_the_weights_in_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    target = tmp_path / "weights.pth"
    assert fetch(CodecParams(weights="small"), target) == sha256_of(SMALL_CODEC)
    assert target.read_bytes() == SMALL_CODEC.read_bytes()


def test_a_path_needs_its_hash_and_the_error_tells_it(tmp_path: Path) -> None:
    path, target = tmp_path / "mine.pth", tmp_path / "out/weights.pth"
    path.write_bytes(CONTENT)
    with pytest.raises(LegatoError, match=rf"codec\.sha256: this key is missing.*{sha256_of(path)}"):
        fetch(CodecParams(weights=str(path)), target)
    with pytest.raises(
        LegatoError, match=rf"mine\.pth: sha256 is {sha256_of(path)}, but codec\.sha256 pins {'0' * 64}"
    ):
        fetch(CodecParams(weights=str(path), sha256="0" * 64), target)
    assert not target.exists()
    assert fetch(CodecParams(weights=str(path), sha256=sha256_of(path)), target) == sha256_of(path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(LegatoError, match=r"codec\.weights: 'smal': no such file, and not one of small, dac_44khz"):
        fetch(CodecParams(weights="smal"), tmp_path / "weights.pth")


def test_a_download_happens_once(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(CODECS, "served", Codec(license="CC0-1.0", url=server + WHOLE))
    target = tmp_path / "weights.pth"
    fetch(CodecParams(weights="served"), target)
    assert target.read_bytes() == CONTENT
    monkeypatch.setitem(CODECS, "served", Codec(license="CC0-1.0", url=server + GONE))
    assert fetch(CodecParams(weights="served"), target) == sha256_of(target)


def test_who_wants_the_same_download_at_once_waits_for_the_first(server: str, tmp_path: Path) -> None:
    target = tmp_path / "weights.pth"
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: download(server + WHOLE, target), range(4)))
    assert Handler.asked == [None]
    assert target.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [target]


def test_a_broken_download_goes_on_where_it_ended(server: str, tmp_path: Path) -> None:
    target = tmp_path / "weights.pth"
    for received in (1000, 2000):
        with pytest.raises(LegatoError, match=f"ended after {received} of 102400 bytes; run the same command again"):
            download(server + CUT, target)
        assert not target.exists()
    download(server + WHOLE, target)
    assert target.read_bytes() == CONTENT
    assert Handler.asked == [None, "bytes=1000-", "bytes=2000-"]
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("path", [WHOLE, PLAIN])
def test_a_file_that_changed_and_a_server_without_ranges_begin_again(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    target = tmp_path / "weights.pth"
    with pytest.raises(LegatoError, match="ended after"):
        download(server + CUT, target)
    monkeypatch.setattr(Handler, "etag", '"two"')
    download(server + path, target)
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_too_long_begins_again(server: str, tmp_path: Path) -> None:
    target = tmp_path / "weights.pth"
    (tmp_path / "weights.pth.part").write_bytes(CONTENT + b"more")
    (tmp_path / "weights.pth.etag").write_text(Handler.etag)
    download(server + WHOLE, target)
    assert target.read_bytes() == CONTENT


def test_a_refused_download_leaves_nothing(server: str, tmp_path: Path) -> None:
    with pytest.raises(LegatoError, match="cannot be downloaded: Not Found; .* or place the file at"):
        download(server + GONE, tmp_path / "weights.pth")
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_is_not_the_pinned_one_is_named(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(CODECS, "served", Codec(license="CC0-1.0", url=server + WHOLE, sha256="0" * 64))
    with pytest.raises(LegatoError, match=f"served.pth: sha256 is .*, but codec.sha256 pins {'0' * 64}"):
        fetch(CodecParams(weights="served"), tmp_path / "weights.pth")


def test_no_network_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LegatoError, match=r"http://127.0.0.1:9/w.pth: cannot be downloaded: .*refused"):
        download("http://127.0.0.1:9/w.pth", tmp_path / "weights.pth")
    assert list(tmp_path.iterdir()) == []


def test_the_cache_lies_outside_the_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert not weights.download_folder().is_relative_to(ROOT)

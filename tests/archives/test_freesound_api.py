"""The API's client against a server on loopback, which answers and fails as Freesound does."""

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from helpers import freesound_server as server
from helpers.archive_packs import audio_bytes, beat
from helpers.archive_sources import ArchiveWorkspace
from helpers.checkout import ROOT
from helpers.freesound_server import BEARER, TOKEN, Freesound, Handler, serving
from helpers.waiting import until
from legato.archives import freesound_api
from legato.archives.limits import DAY_S, Limits
from legato.errors import LegatoError

CONTENT = [audio_bytes(beat(1, seed)) for seed in range(5)]
API = {"accept_terms": "non-commercial", "query": "loop", "filter": "duration:[1 TO 30]"}
ASKED = {"source": "freesound", "gen_ai": ["no-additional-preferences"], "api": API}


@pytest.fixture
def freesound(monkeypatch: pytest.MonkeyPatch) -> Iterator[Freesound]:
    """A server with three sounds, whose address is the client's."""
    with serving() as state:
        for at in range(3):
            state.add(at + 1, CONTENT[at], username=f"user{at}")
        monkeypatch.setattr(freesound_api, "BASE", state.address)
        monkeypatch.setenv("FREESOUND_TOKEN", TOKEN)
        monkeypatch.setenv("FREESOUND_OAUTH", BEARER)
        yield state


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client would have waited; it does not."""
    waits: list[float] = []
    real = freesound_api.FreesoundApi

    def impatient(asked: Any, api: Any) -> Any:
        return real(asked, api, sleep=waits.append)

    monkeypatch.setattr("legato.archives.fetching.FreesoundApi", impatient)
    return waits


@pytest.fixture
def client(taken: ArchiveWorkspace, freesound: Freesound, slept: list[float]) -> ArchiveWorkspace:
    """A taken that asks the server."""
    assert freesound.address
    assert slept == []
    taken.ask_without_path(ASKED)
    return taken


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def refused(taken: ArchiveWorkspace) -> dict[str, tuple[str, str]]:
    return {row["id"]: (row["reason"], row["detail"]) for row in taken.lines("refused.jsonl")}


def test_a_search_becomes_originals(client: ArchiveWorkspace, freesound: Freesound) -> None:
    head, rows = client.fetch()
    assert ids(rows) == ["1", "2", "3"]
    assert head["refused"] == {}
    assert [(client.folder / f"dataset/fetched/taken/originals/{n}.wav").read_bytes() for n in (1, 2, 3)] == CONTENT[:3]
    (search, *_) = [path for path in freesound.asked if "/search/?" in path]
    assert "license%3A%22Creative+Commons+0%22+duration" in search
    assert "sort=created_asc" in search
    assert freesound.count("/download/") == 3
    assert not any("elsewhere" in header["Host"] for header in freesound.headers)


def test_it_becomes_tracks(client: ArchiveWorkspace) -> None:
    client.fetch()
    tracks = client.tracks()
    assert [track["archive"]["id"] for track in tracks] == ["1", "2", "3"]
    assert all(track["seconds_composed"] >= 10 for track in tracks)


def test_no_token_is_in_any_file_or_message(client: ArchiveWorkspace, capfd: pytest.CaptureFixture[str]) -> None:
    client.fetch()
    for path in client.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert TOKEN.encode() not in content, path
            assert BEARER.encode() not in content, path
    printed = "".join(capfd.readouterr())
    assert TOKEN not in printed
    assert BEARER not in printed


@pytest.mark.parametrize("variable", ["FREESOUND_TOKEN", "FREESOUND_OAUTH"])
@pytest.mark.parametrize("value", ["", "two words", "b\x1bd"])
def test_a_token_that_is_none(
    client: ArchiveWorkspace, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(LegatoError, match=f"environment: {variable}") as raised:
        client.fetch()
    assert value == "" or value not in str(raised.value)


def test_nulls_and_what_is_no_sound_are_passed_over(client: ArchiveWorkspace, freesound: Freesound) -> None:
    sounds = list(freesound.sounds.values())
    freesound.results = [None, sounds[0], "x", sounds[1], {"id": "7"}, None, sounds[0], sounds[2]]
    assert ids(client.fetch()[1]) == ["1", "2", "3"]
    assert freesound.count("/download/") == 3


def test_every_result_is_judged_whatever_the_filter(client: ArchiveWorkspace, freesound: Freesound) -> None:
    by = "http://creativecommons.org/licenses/by/4.0/"
    freesound.sounds[1]["license"], freesound.sounds[2]["gen_ai_preference"] = by, "no-gen-ai"
    head, rows = client.fetch()
    assert ids(rows) == ["3"]
    assert head["refused"] == {"recording license": 1, "gen-AI preference": 1}
    assert freesound.count("/download/") == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"license": "http://creativecommons.org/licenses/by-nc/4.0/"}, ("changed since it was searched", "license")),
        ({"gen_ai_preference": "no-gen-ai"}, ("changed since it was searched", "gen_ai_preference")),
        ({"is_remix": True}, ("changed since it was searched", "is_remix")),
        (None, ("gone since it was searched", "")),
    ],
)
def test_a_sound_is_asked_for_again_before_it_is_downloaded(
    client: ArchiveWorkspace, freesound: Freesound, change: dict[str, Any] | None, reason: tuple[str, str]
) -> None:
    freesound.results = [dict(one) for one in freesound.sounds.values()]
    if change is None:
        del freesound.sounds[2]
    else:
        freesound.sounds[2] |= change
    assert ids(client.fetch()[1]) == ["1", "3"]
    assert refused(client) == {"2": reason}
    assert freesound.count("/2/download/") == 0


def test_pages_that_move(client: ArchiveWorkspace, freesound: Freesound) -> None:
    """A sound is deleted after the first page: the third slips to a page that was read. The count says so."""
    freesound.add(4, CONTENT[3], username="user3")

    def shrink(handler: Handler) -> None:
        del freesound.sounds[1]
        handler._search()

    freesound.fail("page=2", shrink)
    assert ids(client.fetch()[1]) == ["2", "3", "4"]
    assert refused(client) == {"1": ("gone since it was searched", "")}


def test_a_minutes_limit_is_waited_for(client: ArchiveWorkspace, freesound: Freesound, slept: list[float]) -> None:
    freesound.fail("/search/", lambda handler: handler.reply(429, {"detail": server.MINUTE}))
    freesound.fail("/download/", lambda handler: handler.reply(429, {"detail": server.MINUTE}))
    assert ids(client.fetch()[1]) == ["1", "2", "3"]
    assert slept == [60.0, 60.0]


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (429, server.DAY, "the limit of a day is reached"),
        (429, server.SUSPENDED, "the key was refused"),
        (429, "something new", "the key was refused"),
        (401, "Expired", "a token .* has expired or was revoked"),
        (403, "Forbidden", "a token .* has expired or was revoked"),
        (400, "Search server error: bad filter", "400: .*bad filter"),
    ],
)
@pytest.mark.parametrize("part", ["/search/", "/sounds/2/?", "/download/"])
def test_what_cannot_be_waited_for_stops_it_in_one_line(
    client: ArchiveWorkspace, freesound: Freesound, slept: list[float], status: int, said: str, words: str, part: str
) -> None:
    freesound.fail(part, lambda handler: handler.reply(status, {"detail": said}))
    with pytest.raises(LegatoError, match=words) as raised:
        client.fetch()
    assert "\n" not in str(raised.value)
    assert slept == []
    assert not (client.folder / "sources/taken.fetched.jsonl").exists()


def html(handler: Handler) -> None:
    handler.send(200, b"<!DOCTYPE html><title>Just a moment...</title>", Content_Type="application/json")


def cut(handler: Handler) -> None:
    handler.send(200, b'{"count": 1, "res', length=10_000, Content_Type="application/json")


def drop(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.close()


@pytest.mark.parametrize(
    "fault",
    [
        html,
        cut,
        drop,
        lambda handler: handler.reply(500, {"detail": "overloaded"}),
        lambda handler: handler.reply(200, {"detail": "an error inside"}),
        lambda handler: handler.reply(200, [1]),
        lambda handler: handler.send(200, b"[" * 10**6),
        lambda handler: handler.send(502, b"<html>"),
    ],
)
def test_an_answer_that_is_none_is_asked_for_again(
    client: ArchiveWorkspace, freesound: Freesound, slept: list[float], fault: Any
) -> None:
    freesound.fail("/search/", fault)
    freesound.fail("/sounds/1/?", fault)
    assert ids(client.fetch()[1]) == ["1", "2", "3"]
    assert slept == [2.0, 2.0]
    (client.folder / "sources/taken.fetched.jsonl").unlink()
    freesound.fail("/search/", fault, times=freesound_api.TRIES)
    with pytest.raises(LegatoError, match="/apiv2/search/: does not answer as it should"):
        client.fetch()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda handler: handler.send(200, CONTENT[1][:1000], length=len(CONTENT[1])), "the connection was cut"),
        (lambda handler: handler.send(200, CONTENT[1][:1000]), "has 1000 bytes in place of"),
        (lambda handler: handler.send(200, CONTENT[1] + b"more"), "is longer than"),
        (lambda handler: handler.send(200, bytes(len(CONTENT[1]))), "another md5"),
        (html, "has 46 bytes in place of"),
        (drop, "no answer"),
    ],
)
def test_a_download_that_is_wrong_is_tried_again_and_then_refused(
    client: ArchiveWorkspace, freesound: Freesound, fault: Any, words: str
) -> None:
    freesound.fail("/2/download/", fault)
    assert ids(client.fetch()[1]) == ["1", "2", "3"]
    (client.folder / "sources/taken.fetched.jsonl").unlink()
    (client.folder / "dataset/fetched/taken/originals/2.wav").unlink()
    freesound.fail("/2/download/", fault, times=freesound_api.TRIES)
    assert ids(client.fetch()[1]) == ["1", "3"]
    reason, detail = refused(client)["2"]
    assert reason == "download"
    assert words in detail
    assert sorted(path.name for path in (client.folder / "dataset/fetched/taken/originals").iterdir()) == [
        "1.wav",
        "3.wav",
    ]


def test_a_download_that_drips_is_given_up(
    client: ArchiveWorkspace, freesound: Freesound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freesound_api, "DOWNLOAD_S", 2)
    monkeypatch.setattr(freesound_api, "TRIES", 1)

    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT[1])))
        handler.end_headers()
        with suppress(OSError):
            for at in range(1000):
                handler.wfile.write(CONTENT[1][at : at + 1])
                time.sleep(0.02)

    freesound.fail("/2/download/", drip)
    assert ids(client.fetch()[1]) == ["1", "3"]
    assert refused(client)["2"] == ("download", "'takes longer than 2 s'")


def test_a_packed_answer_is_not_unpacked(client: ArchiveWorkspace, freesound: Freesound) -> None:
    """A gigabyte of zeros in a megabyte is a megabyte that is no JSON."""
    bomb = gzip.compress(bytes(2**24))
    packed = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    freesound.fail("/search/", lambda handler: handler.send(200, bomb, **packed))
    assert ids(client.fetch()[1]) == ["1", "2", "3"]
    assert all(header["Accept-Encoding"] == "identity" for header in freesound.headers)


@pytest.mark.parametrize(
    "target",
    [
        "http://elsewhere.example/x",
        "https://127.0.0.1/x",
        "//169.254.169.254/latest",
        "file:///etc/passwd",
        "http://localhost:1/x",
        "ftp://127.0.0.1/x",
    ],
)
@pytest.mark.parametrize("part", ["/search/", "/download/"])
def test_a_redirect_leads_to_the_same_host_or_nowhere(
    client: ArchiveWorkspace, freesound: Freesound, target: str, part: str
) -> None:
    freesound.fail(part, lambda handler: handler.send(302, b"", Location=target))
    with pytest.raises(LegatoError, match="redirects to another host"):
        client.fetch()


def test_a_redirect_on_the_same_host_is_followed(client: ArchiveWorkspace, freesound: Freesound) -> None:
    freesound.fail("/1/download/", lambda handler: handler.send(302, b"", Location="/apiv2/sounds/1/download/"))
    assert ids(client.fetch()[1]) == ["1", "2", "3"]
    loop = "/apiv2/sounds/1/download/"
    freesound.fail("/1/download/", lambda handler: handler.send(302, b"", Location=loop), times=9)
    (client.folder / "sources/taken.fetched.jsonl").unlink()
    (client.folder / "dataset/fetched/taken/originals/1.wav").unlink()
    with pytest.raises(LegatoError, match="redirects more than"):
        client.fetch()


def test_records_limits_what_is_searched_and_downloaded(client: ArchiveWorkspace, freesound: Freesound) -> None:
    client.ask_without_path(ASKED | {"records": 1})
    assert ids(client.fetch()[1]) == ["1"]
    assert freesound.count("/search/") == 1
    assert freesound.count("/download/") == 1


def test_the_list_brings_its_sounds_back_and_no_others(client: ArchiveWorkspace, freesound: Freesound) -> None:
    client.fetch()
    freesound.add(4, CONTENT[3])
    (client.folder / "dataset/fetched/taken/originals/2.wav").unlink()
    freesound.asked.clear()
    assert ids(client.fetch()[1]) == ["1", "2", "3"]
    assert freesound.count("/search/") == 0
    assert freesound.count("/download/") == 1
    (client.folder / "dataset/fetched/taken/originals/2.wav").unlink()
    freesound.sounds[2]["license"] = "http://creativecommons.org/licenses/by/4.0/"
    with pytest.raises(LegatoError, match="2: the archive has no such record any more"):
        client.fetch()


def test_where_all_sounds_are_here_no_token_is_needed(
    client: ArchiveWorkspace, freesound: Freesound, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.fetch()
    freesound.asked.clear()
    monkeypatch.delenv("FREESOUND_TOKEN")
    assert ids(client.fetch()[1]) == ["1", "2", "3"]
    assert freesound.asked == []


def test_the_limits_hold_over_restarts(tmp_path: Path) -> None:
    now = [1_000_000.0]
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    def take() -> None:
        Limits(tmp_path / "x.sqlite", per_minute=2, per_day=5, clock=lambda: now[0]).take(wait)

    for _ in range(5):
        take()
    assert waits == [60.0, 60.0]
    with pytest.raises(LegatoError, match=r"5 requests in a day are spent; the next in 24\.0 hours"):
        take()
    now[0] -= 3600  # a clock that is set back gives nothing
    with pytest.raises(LegatoError, match="are spent"):
        take()
    now[0] += DAY_S + 3600
    take()


def test_a_limits_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(LegatoError, match=r"x\.sqlite: cannot be used"):
        Limits(tmp_path / "x.sqlite", per_minute=2, per_day=5).take()


KILLED = """
import sys
from legato.archives import freesound_api
from legato.archives.fetching import fetch_category
freesound_api.BASE = sys.argv[1]
fetch_category("taken")
"""


def test_a_fetch_that_is_killed_goes_on_where_it_was(client: ArchiveWorkspace, freesound: Freesound) -> None:
    hold = []

    def hang(handler: Handler) -> None:
        hold.append(handler)
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT[2])))
        handler.end_headers()
        handler.wfile.write(CONTENT[2][:500])
        handler.wfile.flush()
        while process.poll() is None:
            time.sleep(0.02)

    freesound.fail("/3/download/", hang)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen([sys.executable, "-c", KILLED, freesound.address], cwd=client.folder, env=environment)
    until(lambda: hold or process.poll() is not None)
    assert hold
    process.send_signal(signal.SIGKILL)
    process.wait()
    spent = len(freesound.asked)
    limits = Limits(client.folder / ".legato/limits/freesound.sqlite", per_minute=60, per_day=2000)
    assert limits.spent() == spent
    assert not (client.folder / "sources/taken.fetched.jsonl").exists()
    freesound.asked.clear()
    assert ids(client.fetch()[1]) == ["1", "2", "3"]
    assert [path for path in freesound.asked if "/download/" in path] == ["/apiv2/sounds/3/download/"]
    assert limits.spent() == spent + len(freesound.asked)
    assert not [path.name for path in client.folder.rglob("dataset/fetched/taken/originals/.*")]


def test_json_of_a_result_is_the_evidence(client: ArchiveWorkspace) -> None:
    rows = client.fetch()[1]
    raw = {json.loads(line)["id"]: line for line in (client.folder / "dataset/fetched/taken/records.jsonl").open()}

    for row in rows:
        assert hashlib.sha256(raw[int(row["id"])].rstrip("\n").encode()).hexdigest() == row["record"]

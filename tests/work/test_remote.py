"""A remote that cannot be used is one line at once; what was pushed is whole, or is named, and comes again."""

import contextlib
import http.server
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.s3_server import BIN, Server
from helpers.waiting import until
from legato import cli
from legato.errors import LegatoError
from legato.work import remote, s3

DATA = {f"{name}": name.encode() * 300_000 for name in "abc"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3: Server) -> Path:
    """A project of a stage that has made a folder, with a remote."""
    folder = tmp_path / "here"
    (folder / ".dvc").mkdir(parents=True)
    monkeypatch.chdir(folder)
    (folder / "params.yaml").write_text("{}\n")
    configure(folder, endpointurl=s3.address)
    return folder


def configure(folder: Path, **changes: str) -> None:
    """Name a remote, and if nothing else was written, a file for it as docs/sharing.md has it."""
    if not (folder / ".dvc/s3.ini").exists():
        (folder / ".dvc/s3.ini").write_text("[default]\nresponse_checksum_validation = when_required\n")
    values = {"url": "s3://legato/data", "configpath": "s3.ini"} | changes
    lines = [f"    {key} = {value}\n" for key, value in values.items()]
    (folder / ".dvc/config").write_text("".join(["[core]\n    remote = store\n", "['remote \"store\"']\n", *lines]))


def refused(*words: str) -> str:
    """The line that `legato remote` ends with."""
    with pytest.raises(LegatoError) as error:
        cli.main("remote", *words)
    assert "\n" not in str(error.value)
    return str(error.value)


class Refusing(http.server.BaseHTTPRequestHandler):
    """A store that lists nothing, and refuses in the words of stores that this machine does not have."""

    refused = "PUT"  # the method; of others it knows one object
    status, code = 0, ""
    kept = b""

    def do_GET(self) -> None:
        start, _, last = self.headers.get("Range", "bytes=0-65535").removeprefix("bytes=").partition("-")
        listing = b"<ListBucketResult></ListBucketResult>"
        self.answer(200, listing if "list-type" in self.path else self.kept[int(start) : int(last) + 1])

    def do_PUT(self) -> None:
        Refusing.kept = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer_change("PUT")

    def do_DELETE(self) -> None:
        self.answer_change("DELETE")

    def answer_change(self, method: str) -> None:
        error = f"<Error><Code>{self.code}</Code><Message>no</Message></Error>".encode()
        self.answer(*((self.status, error) if method == self.refused else (200, b"")))

    def answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def refusing() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def stalling() -> Iterator[str]:
    """A server that takes every connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.usefixtures("project")
def test_a_remote_that_works_is_said_to_and_is_as_it_was(s3: Server, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main("remote")
    cli.main("remote", "store", "--read-only")
    said = "s3://legato/data: can be read and written\ns3://legato/data: can be read\n"
    assert capsys.readouterr().out == said
    assert not [path for path in s3.bucket.rglob("*") if path.is_file()]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_keys(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "wrong")
    assert refused().startswith("s3://legato/data: the store does not know these keys: look at AWS_ACCESS_KEY_ID")


@pytest.mark.usefixtures("project")
def test_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert refused() == "s3://legato/data: no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def test_keys_of_the_remotes_own(project: Path, s3: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "wrong")
    configure(project, endpointurl=s3.address, access_key_id="user", secret_access_key="password")
    cli.main("remote")
    assert "password" not in repr(remote.find())


def test_keys_of_a_file_that_the_remote_names(project: Path, s3: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    (project / ".dvc/keys").write_text("[mine]\naws_access_key_id = user\naws_secret_access_key = password\n")
    (project / ".dvc/s3.ini").write_text("[profile mine]\nresponse_checksum_validation = when_required\n")
    configure(project, endpointurl=s3.address, credentialpath="keys", profile="mine")
    cli.main("remote")


def test_a_part_that_comes_with_the_checksum_of_the_whole(
    project: Path, monkeypatch: pytest.MonkeyPatch, s3: Server
) -> None:
    """As DVC would stumble over when it fetches an archive."""
    (project / ".dvc/s3.ini").write_text("")
    assert "set AWS_RESPONSE_CHECKSUM_VALIDATION=when_required" in refused()
    assert not [path for path in s3.bucket.rglob("*") if path.is_file()]
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
    cli.main("remote")


def test_no_such_bucket(project: Path, s3: Server) -> None:
    configure(project, endpointurl=s3.address, url="s3://nothere/data")
    assert refused().startswith("s3://nothere/data: no such bucket: make it, or mend the address")


def test_no_server(project: Path) -> None:
    with socket.socket() as taken:  # a port that nobody else can have, and that nobody listens on
        taken.bind(("127.0.0.1", 0))
        configure(project, endpointurl=f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert refused().startswith("s3://legato/data: no server answers: ")


def test_a_server_for_reading_alone(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = Server(tmp_path / "other", "--read-only")
    configure(project, endpointurl=server.address)
    assert refused().endswith("it can be read, and not written to: full, or for reading alone?")
    cli.main("remote", "--read-only")
    assert "can be read" in capsys.readouterr().out
    server.kill()


def test_a_store_that_is_full(project: Path, tmp_path: Path) -> None:
    with Server(tmp_path / "other", full=True) as server:
        configure(project, endpointurl=server.address)
        assert refused().endswith("it can be read, and not written to: full, or for reading alone?")
        cli.main("remote", "--read-only")
        assert not [path for path in server.bucket.rglob("*") if path.is_file()]


def test_keys_that_may_push_and_not_remove(
    project: Path, refusing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As docs/sharing.md says: `dvc push` needs no more."""
    configure(project, endpointurl=refusing)
    for name, value in (("refused", "DELETE"), ("status", 403), ("code", "AccessDenied")):
        monkeypatch.setattr(Refusing, name, value)
    cli.main("remote")
    said, last = capsys.readouterr().out.splitlines()
    assert said.startswith("s3://legato/data: legato-probe: these keys may not do that")
    assert "`dvc push` does without" in said
    assert last == "s3://legato/data: can be read and written"


@pytest.mark.parametrize(
    ("status", "code", "line"),
    [
        (403, "AccessDenied", "these keys may not do that: docs/sharing.md has the policies"),
        (507, "XMinioStorageFull", "the store is full"),
        (403, "QuotaExceeded", "the store is full"),
        (400, "ExpiredToken", "the store does not know these keys"),
    ],
)
def test_stores_of_others_refuse_in_their_words(
    project: Path, refusing: str, monkeypatch: pytest.MonkeyPatch, status: int, code: str, line: str
) -> None:
    configure(project, endpointurl=refusing)
    monkeypatch.setattr(Refusing, "status", status)
    monkeypatch.setattr(Refusing, "code", code)
    assert refused().startswith(f"s3://legato/data: legato-probe: {line}")
    cli.main("remote", "--read-only")


def test_a_server_that_stalls_is_given_up(project: Path, stalling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (s3.CONNECT_S + s3.READ_S) * s3.TRIES <= 30
    monkeypatch.setattr(s3, "READ_S", 0.2)
    configure(project, endpointurl=stalling)
    assert refused() == "s3://legato/data: the server says nothing, for 0.2 s twice"


def test_a_server_that_takes_no_connection_is_given_up(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "CONNECT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening, contextlib.ExitStack() as waiting:
        for _ in range(3):  # which leave no room for more
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        configure(project, endpointurl=f"http://127.0.0.1:{listening.getsockname()[1]}")
        assert refused() == "s3://legato/data: no server answers, for 0.2 s twice"


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("config", "line"),
    [
        ("", "core.remote: no such remote"),
        ("[core]\n    remote = store\n", "store: no such remote"),
        ("[core]\n    remote = x\n['remote \"x\"']\n    url = /tmp/x\n", "x: /tmp/x: is no S3 store"),
        ("[", ".dvc/config: "),
    ],
)
def test_a_remote_that_is_none(config: str, line: str) -> None:
    Path(".dvc/config").write_text(config)
    assert line in refused()


@pytest.mark.usefixtures("project")
def test_a_folders_list_that_is_nowhere_or_damaged_is_named(s3: Server, capsys: pytest.CaptureFixture[str]) -> None:
    """As where a part of a version was pushed by somebody, and pulled by somebody else; repair does not stop at it."""
    Path("data.dvc").write_text(f"outs:\n- md5: {'ab' * 16}.dir\n  hash: md5\n  path: data\n")
    name = f"files/md5/ab/{'ab' * 15}.dir"
    assert refused("--verify").startswith("s3://legato/data: 1 object missing or damaged")
    assert capsys.readouterr().out == f"{name}: not in the store\n"
    remote.find().write(name, b"[]")
    assert refused("--verify").startswith("s3://legato/data: 1 object missing or damaged")
    assert f"{name}: damaged in the store" in capsys.readouterr().out
    cli.main("remote", "--repair")
    assert not [path for path in s3.bucket.rglob("*") if path.is_file()]


def dvc(folder: Path, server: Server, *words: str, check: bool = True) -> int:
    command = [BIN / words[0], *words[1:]] if words[0] == "dvc" else words
    return subprocess.run(command, cwd=folder, check=check, capture_output=True, env=server.environment()).returncode


def test_a_server_killed_in_mid_push_and_what_is_damaged_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """The retry finishes, what is damaged is named and put again, and a clone has every byte."""
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "data").mkdir(parents=True)
    monkeypatch.chdir(here)
    (here / "params.yaml").write_text("{}\n")
    for name, content in DATA.items():
        (here / "data" / name).write_bytes(content)
    dvc(here, s3, "git", "init", "-q")
    dvc(here, s3, "dvc", "init", "-q")
    configure(here, endpointurl=s3.address)
    dvc(here, s3, "dvc", "add", "-q", "data")
    push = subprocess.Popen([BIN / "dvc", "push", "-q"], env=s3.environment(), stderr=subprocess.DEVNULL)
    until(lambda: any(path.is_file() for path in s3.bucket.rglob("*")))
    s3.kill()
    push.send_signal(signal.SIGINT)  # it would try for long
    push.wait()
    s3.start()
    dvc(here, s3, "dvc", "push", "-q")
    cli.main("remote", "--verify")
    assert capsys.readouterr().out == "s3://legato/data: every object of this version is there, and whole\n"
    found = {path.read_bytes()[:1]: path for path in s3.bucket.rglob("??/*") if len(path.name) == 30}
    found[b"b"].write_bytes(b"b" * 1000)  # what another server might leave of a killed push
    found[b"c"].unlink()
    s3.kill()
    s3.start()  # it remembers what is in a folder
    assert refused("--verify") == (
        "s3://legato/data: 2 objects missing or damaged: `legato remote --repair`, then `dvc push`"
    )
    name = str(found[b"b"].relative_to(s3.bucket / "data"))
    assert f"{name}: damaged in the store: 1000 bytes that are not its own\n" in capsys.readouterr().out
    cli.main("remote", "--repair")
    dvc(here, s3, "dvc", "push", "-q")
    cli.main("remote", "--verify")
    dvc(here, s3, "git", "add", "-A")
    dvc(here, s3, "git", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")
    dvc(tmp_path, s3, "git", "clone", "-q", str(here), str(there))
    dvc(there, s3, "dvc", "pull", "-q")
    assert {path.name: path.read_bytes() for path in (there / "data").iterdir()} == DATA
    # And what DVC has pushed is read by its names, without pulling it.
    folder = remote.folder(remote.find(), Path("data"))
    assert {name: folder.read(name) for name in DATA} == DATA
    assert folder.read("c", 299_999, 1) == b"c"
    with pytest.raises(LegatoError, match="nowhere: has not been made"):
        remote.folder(remote.find(), Path("nowhere"))

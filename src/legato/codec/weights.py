"""Which codec weights a dataset is made with: found, fetched, and checked by their SHA-256.

Torch-free, so that checking params.yaml does not pay for torch.
"""

import fcntl
import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import StringConstraints, model_validator
from tqdm import tqdm

from legato.errors import LegatoError
from legato.files import replacing, require_file, sha256_of
from legato.workspace.layout import SMALL_CODEC, WEIGHTS
from legato.workspace.params import PARAMS, FilePath, Strict

DOWNLOAD_TIMEOUT_S = 60
BLOCK_BYTES = 1 << 16


class CodecParams(Strict):
    """`codec` in params.yaml."""

    weights: FilePath  # "small", "dac_44khz", or a path
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    license: str | None = None  # SPDX or an address; of weights at a path

    @model_validator(mode="after")
    def _check_license(self) -> Self:
        known = CODECS.get(self.weights)
        if known and self.license not in (None, known.license):
            raise ValueError(f"license: {self.license!r}: {self.weights} is {known.license}; leave the key out")
        return self

    @property
    def license_id(self) -> str | None:
        """The weights' licence; None where it is not stated."""
        return CODECS[self.weights].license if self.weights in CODECS else self.license


@dataclass(frozen=True, kw_only=True)
class Codec:
    """Weights that legato knows by name."""

    license: str  # SPDX
    sha256: str | None = None
    path: Path | None = None  # in this repository
    url: str | None = None


CODECS = {
    "small": Codec(
        license="MIT",
        path=SMALL_CODEC,
    ),
    "dac_44khz": Codec(
        license="MIT",
        url="https://github.com/descriptinc/descript-audio-codec/releases/download/0.0.1/weights.pth",
    ),
}


def fetch(params: CodecParams, target: Path = WEIGHTS.path) -> str:
    """Copy the weights that `params` names to `target`, whole or not at all, and return their SHA-256.

    Raises:
        LegatoError: they are missing, cannot be downloaded, or are not the ones pinned.
    """
    known = CODECS.get(params.weights)
    source = _source(params.weights, known)
    found = sha256_of(source)
    pinned = params.sha256 or (known.sha256 if known else None)
    if known is None and pinned is None:
        raise LegatoError(
            f"{PARAMS}: codec.sha256: this key is missing: weights at a path are pinned; theirs is {found}"
        )
    if pinned not in (None, found):
        raise LegatoError(f"{source}: sha256 is {found}, but codec.sha256 pins {pinned}")
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
    return found


def expected_sha256(params: CodecParams) -> str | None:
    """The SHA-256 that the weights have, or are going to have; None of what is not pinned and not here yet."""
    known = CODECS.get(params.weights)
    pinned = params.sha256 or (known.sha256 if known else None)
    if pinned:
        return pinned
    path = known.path if known else Path(params.weights)
    path = path or download_folder() / f"{params.weights}.pth"
    return sha256_of(path) if path.is_file() else None


def download_folder() -> Path:
    """Where downloads are kept, outside the workspace: `$XDG_CACHE_HOME/legato`, else `~/.cache/legato`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "legato"


def _source(name: str, known: Codec | None) -> Path:
    path = known.path if known and known.path else Path(name)
    if known and known.url:
        path = download_folder() / f"{name}.pth"
        if not path.exists():
            download(known.url, path)
    if known is None and not path.exists():
        names = ", ".join(CODECS)
        raise LegatoError(f"{PARAMS}: codec.weights: {name!r}: no such file, and not one of {names}")
    return require_file(path)


def download(url: str, target: Path) -> None:
    """Fetch `url` to `target`, with a progress bar; what an earlier try left beside it is continued.

    `target` appears when all of it is there, and is not fetched again. A server that does not speak ranges sends
    everything again, and so does one whose file changed in between (If-Range). Who wants the same file at the same
    time waits for the first.

    Raises:
        LegatoError: there is no network, the server refuses, or the answer ends early.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(target.parent):
        if not target.exists():
            _download(url, target)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """No other process is in this block for the same folder. The lock ends with its process, and leaves no file."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another process that downloads to {folder}", file=sys.stderr)
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _download(url: str, target: Path) -> None:
    part, tag = target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.etag")
    try:
        with _ask(url, part, tag) as answer:
            start = part.stat().st_size if answer.status == HTTPStatus.PARTIAL_CONTENT else 0
            expected = start + int(answer.headers["Content-Length"]) if answer.headers["Content-Length"] else None
            tag.write_text(answer.headers["ETag"] or answer.headers["Last-Modified"] or "")
            _receive(answer, part, start, expected)
    except urllib.error.HTTPError as error:
        raise LegatoError(_failed(url, error.reason, target)) from None
    except OSError as error:  # URLError too: no network, or it broke off
        raise LegatoError(_failed(url, getattr(error, "reason", error), target)) from None
    received = part.stat().st_size
    if expected is not None and received != expected:
        raise LegatoError(f"{url}: ended after {received} of {expected} bytes; run the same command again to go on")
    part.replace(target)
    tag.unlink(missing_ok=True)


def _ask(url: str, part: Path, tag: Path) -> Any:
    """The answer to a request for what `part` still lacks, or for everything."""
    known = tag.read_text() if tag.exists() else ""
    had = part.stat().st_size if part.exists() and known else 0
    headers = {"Range": f"bytes={had}-", "If-Range": known} if had else {}
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=DOWNLOAD_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if not had or error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        part.unlink()  # it has all bytes there are, or more: what they are worth is not known
        return _ask(url, part, tag)


def _receive(answer: Any, part: Path, start: int, expected: int | None) -> None:
    bar = tqdm(desc=part.stem, total=expected, initial=start, unit="B", unit_scale=True, disable=None)
    with bar, part.open("r+b" if start else "wb") as file:
        file.seek(start)
        while block := answer.read(BLOCK_BYTES):
            file.write(block)
            bar.update(len(block))


def _failed(url: str, reason: object, target: Path) -> str:
    return f"{url}: cannot be downloaded: {reason}; run the same command again to go on, or place the file at {target}"

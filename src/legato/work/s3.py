"""Objects of an S3 store, by ranges of bytes; whatever a store refuses is one line, within half a minute.

Keys are those of the environment, of `~/.aws`, or of the machine's role; AWS_ENDPOINT_URL_S3 names a server other
than AWS.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    FlexibleChecksumError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as UnreachableError
from botocore.session import Session

from legato.errors import LegatoError

SCHEME = "s3://"
CONNECT_S, READ_S, TRIES = 4, 6, 2  # of one request; a stalled one is given up after 12 s and some
WRONG_KEYS = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "AuthorizationHeaderMalformed",
}
FULL = {"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "507"}
NO_OBJECT = "no such object"
WRONG_CHECKSUM = (
    "the checksum is not that of the bytes: set AWS_RESPONSE_CHECKSUM_VALIDATION=when_required (docs/sharing.md)"
)
REASONS = (
    ({"NoSuchBucket"}, "no such bucket: make it, or mend the address"),
    (WRONG_KEYS, "the store does not know these keys: look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    (FULL, "the store is full: nothing more can be written to it"),
    ({"AccessDenied", "403"}, "these keys may not do that: docs/sharing.md has the policies that they need"),
    ({"NoSuchKey", "404"}, NO_OBJECT),
    ({"SlowDown", "503"}, "the store is overloaded: try again later"),
)


class Keys(NamedTuple):
    """What a store knows a user by."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


@dataclass(frozen=True)
class Bucket:
    """A part of a bucket, as a folder of objects."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None  # None: AWS, or what the environment names
    profile: str | None = None
    region: str | None = None
    access: Keys | None = field(default=None, repr=False)  # None: those of the environment, of a file or of the machine
    config_file: Path | None = None  # in place of ~/.aws/config
    credentials_file: Path | None = None  # in place of ~/.aws/credentials
    verify: bool | str | None = None  # a server's certificate: not at all, or by a file; None: as botocore does
    checks_bytes: bool = True  # by MD5 or SHA-256, so that a store's own checksums are not needed; else as DVC asks
    keys: Mapping[str, str] = field(default_factory=dict, hash=False)  # of objects that are named otherwise than here
    name: str = ""  # in errors

    def __str__(self) -> str:
        return self.name or f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    def __truediv__(self, name: str) -> "Bucket":
        return replace(self, prefix=self._key(name))

    def read(self, name: str, offset: int = 0, size: int | None = None) -> bytes:
        """An object's bytes, or a range of them.

        Raises:
            LegatoError: it cannot be had, or ends before.
        """
        if size == 0:
            return b""
        wanted = {} if size is None else {"Range": f"bytes={offset}-{offset + size - 1}"}
        with told(f"{self}: {name}"):
            found = self._client().get_object(Bucket=self.bucket, Key=self._key(name), **wanted)["Body"].read()
        if size is not None and len(found) != size:
            raise LegatoError(f"{self}: {name}: is cut off: has no {size} bytes from {offset} on")
        return found

    def write(self, name: str, content: bytes) -> None:
        """Write an object."""
        with told(f"{self}: {name}"):
            self._client().put_object(Bucket=self.bucket, Key=self._key(name), Body=content)

    def remove(self, name: str) -> None:
        """Remove an object."""
        with told(f"{self}: {name}"):
            self._client().delete_object(Bucket=self.bucket, Key=self._key(name))

    def sizes(self, name: str = "") -> Iterator[tuple[str, int, str]]:
        """Of each object below a name what it is called here, its size and ETag, an MD5 where it was put at once."""
        start = len(self._key("")) + 1 if self.prefix else 0
        more: dict[str, Any] = {}
        while True:
            with told(str(self)):
                page = self._client().list_objects_v2(Bucket=self.bucket, Prefix=self._key(name), **more)
            for one in page.get("Contents", []):
                yield one["Key"][start:], one["Size"], one.get("ETag", "").strip('"')
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _key(self, name: str) -> str:
        if self.keys and name:
            return self.keys.get(name, name)
        return "/".join(filter(None, (self.prefix, name)))

    def _client(self) -> Any:
        stated = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))
        return _client(replace(self, bucket="", prefix="", keys={}, name=""), os.getpid(), stated)


def parse(address: str) -> Bucket:
    """A bucket by its address, `s3://bucket/folder`.

    >>> str(parse("s3://music/v1/"))
    's3://music/v1'

    Raises:
        LegatoError: it is no such address.
    """
    bucket, _, prefix = address.removeprefix(SCHEME).partition("/")
    if not address.startswith(SCHEME) or not bucket or not address.isprintable():
        raise LegatoError(f"{address!r}: must be s3://, a bucket, and a folder in it")
    return Bucket(bucket, prefix.strip("/"))


@contextmanager
def told(where: str) -> Iterator[None]:
    """Say in one line what a store refuses.

    Raises:
        LegatoError: it refuses, does not answer, or is not there.
    """
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError):
        raise LegatoError(f"{where}: no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from None
    except ClientError as error:
        raise LegatoError(f"{where}: {_reason(error)}") from None
    except ConnectTimeoutError:
        raise LegatoError(f"{where}: no server answers, for {CONNECT_S} s twice") from None
    except ReadTimeoutError:
        raise LegatoError(f"{where}: the server says nothing, for {READ_S} s twice") from None
    except FlexibleChecksumError:
        raise LegatoError(f"{where}: {WRONG_CHECKSUM}") from None
    except (UnreachableError, HTTPClientError) as error:
        raise LegatoError(f"{where}: no server answers: {' '.join(str(error).split())}") from None
    except BotoCoreError as error:
        raise LegatoError(f"{where}: {' '.join(str(error).split())}") from None


def _reason(error: ClientError) -> str:
    said = error.response.get("Error", {})
    codes = {str(said.get("Code", "")), str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", ""))}
    known = next((reason for found, reason in REASONS if codes & found), None)
    words = " ".join(f"{said.get('Code', '')} {said.get('Message', '')}".split())
    return f"{known} ({words})" if known else f"the store refuses: {words}"


@cache
def _client(like: Bucket, _process: int, _stated: tuple[tuple[str, str], ...]) -> Any:
    """A client of this process and environment: one made before a fork may share a connection with its parent."""
    with told(like.endpoint or "s3"):
        session = Session(profile=like.profile)
        files = {"AWS_CONFIG_FILE": like.config_file, "AWS_SHARED_CREDENTIALS_FILE": like.credentials_file}
        for (variable, path), name in zip(files.items(), ("config_file", "credentials_file"), strict=True):
            if path and variable not in os.environ:  # which DVC obeys first
                session.set_config_variable(name, str(path))
        region = like.region or session.get_config_variable("region") or "us-east-1"
        # Newer checksums not every store knows, and botocore trips on them where a store answers 500.
        names = ("request_checksum_calculation", "response_checksum_validation")
        checksums = dict.fromkeys(names, "when_required") if like.checks_bytes else {}
        how = Config(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            max_pool_connections=32,
            **checksums,
        )
        keys = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        given = dict(zip(keys, like.access, strict=True)) if like.access else {}
        return session.create_client(
            "s3", region_name=region, endpoint_url=like.endpoint, config=how, verify=like.verify, **given
        )

"""Where content can be fetched from, by URL.

http(s)://HOST[/PREFIX]/bundles/… or /holdouts/…    that address, a store's or any other server's
http(s)://HOST[/PREFIX], and the kind               a store: /bundles/<digest> or /holdouts/<digest> below it
s3://BUCKET/KEY                                     a bundle's folder, or a holdout's object; KEY.csv is a holdout
file:///PATH                                        a bundle's directory, or a holdout's CSV: a volume, an image
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import httpx

from access.caller import NO_CREDENTIALS, OwnCredentials
from content_store.bundle_tar import stream_bundle, stream_file
from content_store.client import connect, parse_url, show, store_url
from content_store.content_name import ContentName, Kind
from content_store.draft import Draft
from content_store.errors import AddressNotUsable
from content_store.s3_source import S3Source

_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>.*[^/])/*")


class Source(Protocol):
    """Gives one content; what it gives is not verified yet."""

    @property
    def content(self) -> ContentName:
        """What it gives."""

    def copy_into(self, draft: Draft) -> None:
        """Write the content into `draft`. Raises ContentStoreError. Can be repeated, with a new draft."""


@dataclass(frozen=True)
class WebSource:
    """An address of the web."""

    content: ContentName
    url: httpx.URL
    credentials: OwnCredentials = NO_CREDENTIALS

    def copy_into(self, draft: Draft) -> None:
        """Download it."""
        with connect(self.url, self.credentials) as client:
            client.download(self.url, draft)


@dataclass(frozen=True)
class FileSource:
    """A bundle's directory or a holdout's CSV on a file system."""

    content: ContentName
    path: Path

    def copy_into(self, draft: Draft) -> None:
        """Copy it."""
        try:
            stream = stream_bundle(self.path) if self.content.kind is Kind.BUNDLE else stream_file(self.path)
            for chunk in stream.chunks:
                draft.write(chunk)
        except OSError as error:
            raise AddressNotUsable(f"{error.filename or self.path} cannot be read: {error.strerror}") from error


def parse_source(text: str, digest: str, kind: Kind | None, credentials: OwnCredentials = NO_CREDENTIALS) -> Source:
    """The source that a person names. Raises AddressNotUsable when `text`, `digest` and `kind` do not go together."""
    if text.startswith("file:"):
        return _parse_file(text, digest, kind)
    if text.startswith("s3:"):
        return _parse_s3(text, digest, kind)
    if not text.startswith(("http:", "https:")):
        raise AddressNotUsable(f"{text[:200]!r}: expected http://…, https://…, s3://… or file:///…")
    url = parse_url(text)
    named = next((one for one in Kind if f"/{one.collection}/" in url.path), None)
    _check_kind(named, kind, show(url))
    if named is not None:
        return WebSource(ContentName(named, digest), url, credentials)
    if kind is None:
        paths = " or ".join(f"/{one.collection}/…" for one in Kind)
        raise AddressNotUsable(f"{show(url)} does not say what it is; expected {paths} in it, or --kind")
    content = ContentName(kind, digest)
    return WebSource(content, store_url(url, content), credentials)


def _parse_file(text: str, digest: str, kind: Kind | None) -> FileSource:
    parts = urlsplit(text)
    path = Path(unquote(parts.path))
    if parts.netloc not in {"", "localhost"} or not path.is_absolute():
        raise AddressNotUsable(f"{text[:200]!r}: expected file:/// and an absolute path")
    if not os.path.isdir(path) and not os.path.isfile(path):  # pathlib's raise for a path that is too long
        raise AddressNotUsable(f"{path}: no such file; expected a bundle's directory or a holdout's CSV")
    found = Kind.BUNDLE if os.path.isdir(path) else Kind.HOLDOUT
    _check_kind(found, kind, str(path))
    return FileSource(ContentName(found, digest), path)


def _parse_s3(text: str, digest: str, kind: Kind | None) -> S3Source:
    parts = _S3.fullmatch(text)
    if parts is None:
        shown = text.rpartition("@")[2]  # before it might stand a password
        raise AddressNotUsable(f"{shown[:200]!r}: expected s3://BUCKET/KEY, without credentials")
    named = Kind.HOLDOUT if parts["key"].endswith(".csv") else None
    _check_kind(named, kind, text)
    return S3Source(ContentName(named or kind or Kind.BUNDLE, digest), parts["bucket"], parts["key"])


def _check_kind(found: Kind | None, asked: Kind | None, where: str) -> None:
    if found is not None and asked not in {None, found}:
        raise AddressNotUsable(f"{where} is a {found}, not a {asked}")

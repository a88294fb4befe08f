"""A store, or any other server of such content, as seen from a client. Every call is tried once (patience.py)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from access.caller import OwnCredentials
from content_store.bundle_tar import ContentStream
from content_store.content_name import ContentName
from content_store.draft import Draft
from content_store.errors import AddressNotUsable, ContentNotFound, StoreRefused, StoreUnreachable

_TIMEOUT = httpx.Timeout(30.0, read=300.0, connect=5.0)  # a large holdout is verified for a while before the answer
_NOT_NOW = frozenset({429, 502, 503, 504})
_TEXT_LIMIT_BYTES = 1000


@dataclass(frozen=True, slots=True)
class StoreClient:
    """Asks over one HTTP client; use `connect`."""

    http: httpx.Client

    def has(self, url: httpx.URL) -> bool:
        """Whether the store has what `url` names. Raises StoreUnreachable, StoreRefused. Can be repeated."""
        with self._ask("HEAD", url) as answer:
            if answer.status_code == 404:
                return False
            _check(answer, url)
            return True

    def upload(self, url: httpx.URL, stream: ContentStream) -> bool:
        """Put content there; False when it was there already. Raises what `has` raises. Can be repeated."""
        size = {"content-length": str(stream.size_bytes)}
        with self._ask("PUT", url, content=stream.chunks, headers=size) as answer:
            _check(answer, url)
            return answer.status_code == 201

    def download(self, url: httpx.URL, draft: Draft) -> None:
        """Write what is there into `draft`; it is not verified yet.

        Raises what `has` and `Draft.write` raise, and ContentNotFound. Can be repeated, with a new draft.
        """
        plain = {"accept-encoding": "identity"}  # what is counted and hashed is what came
        with self._ask("GET", url, headers=plain, follow_redirects=True) as answer:
            if answer.status_code == 404:
                raise ContentNotFound(_explain(answer, url))
            _check(answer, url)
            for chunk in answer.iter_raw():
                draft.write(chunk)

    @contextmanager
    def _ask(self, method: str, url: httpx.URL, **options: Any) -> Iterator[httpx.Response]:
        try:
            with self.http.stream(method, url, **options) as answer:
                yield answer
        except httpx.TransportError as error:
            raise StoreUnreachable(f"{show(url)}: {error or type(error).__name__}") from error
        except httpx.RequestError as error:
            raise StoreRefused(f"{show(url)}: {error}") from error


@contextmanager
def connect(url: httpx.URL, credentials: OwnCredentials) -> Iterator[StoreClient]:
    """A client for `url`'s server, which is shown `credentials`; one that it redirects to is shown no key."""
    verify, headers = credentials.verify(str(url)), credentials.headers
    with httpx.Client(timeout=_TIMEOUT, trust_env=False, verify=verify, headers=headers) as http:
        yield StoreClient(http)


def parse_url(text: str) -> httpx.URL:
    """An address of the web. Raises AddressNotUsable."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise AddressNotUsable(f"{text[:200]!r} is no URL: {error}") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise AddressNotUsable(f"{text[:200]!r}: expected a URL such as http://127.0.0.1:8080")
    return url


def store_url(base: httpx.URL, content: ContentName) -> httpx.URL:
    """Where the store at `base` answers for `content`."""
    return base.copy_with(path=base.path.rstrip("/") + content.url_path)


def show(url: httpx.URL) -> str:
    """A URL as a person may read it: a query may be a signature, and before the host may stand a password."""
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))


def _check(answer: httpx.Response, url: httpx.URL) -> None:
    if answer.is_success:
        return
    raise (StoreUnreachable if answer.status_code in _NOT_NOW else StoreRefused)(_explain(answer, url))


def _explain(answer: httpx.Response, url: httpx.URL) -> str:
    body = next(answer.iter_raw(_TEXT_LIMIT_BYTES), b"")
    try:
        text = str(orjson.loads(body)["error"])
    except (orjson.JSONDecodeError, KeyError, TypeError):  # not an answer of ours
        text = body.decode(errors="replace")
    return f"{show(url)}: {answer.status_code}: {' '.join(text.split()) or answer.reason_phrase}"

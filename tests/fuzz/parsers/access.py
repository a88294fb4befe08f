"""The file of keys, and the headers by which somebody is let in or not."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from starlette.datastructures import Headers

from access.browser import find_foreign, host_name, is_plain_address
from access.errors import Denied, KeysNotUsable
from access.key_file import KeyFile, create_key, read_keys
from access.keyring import ValidKeys
from access.scopes import Scope
from tests.fuzz.parser import Parser

_BEGAN = datetime(2026, 11, 21, tzinfo=UTC)


def access_parsers(folder: Path) -> Iterator[Parser]:
    """A file with two keys, and a request with one of them."""
    path = folder / "keys.json"
    stored, key = create_key(path, "ann@desk", [Scope.READ], now=_BEGAN)
    create_key(path, "bob", [Scope.ADMIN], now=_BEGAN, expires_at=_BEGAN)
    yield Parser("key-file", [path.read_bytes()], _read_key_file(path), (KeysNotUsable,), is_json=True)
    request = f"authorization: Bearer {key}\r\nhost: localhost:80\r\norigin: http://localhost:80\r\n".encode()
    other = b"authorization: bearer x\r\nhost: [::1]:80\r\norigin: https://a@[::1]:80/\r\nsec-fetch-site: cross-site"
    words = (key.encode(), b"http://[", b"]", b"@", b":80:80", b"Bearer ", b"sec-fetch-mode: navigate", b"%", b"0.0")
    yield Parser("access-headers", [request, other], _read_headers(ValidKeys((stored,)), key), (Denied,), None, words)


def _read_key_file(path: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path.write_bytes(content)
        keys = read_keys(path)
        path.write_bytes(KeyFile(keys=keys).model_dump_json().encode())
        assert read_keys(path) == keys

    return read


def _read_headers(keys: ValidKeys, key: str) -> Callable[[bytes], None]:
    """Nobody gets in whose header does not hold the very key."""

    def read(content: bytes) -> None:
        fields = [line.partition(b":")[::2] for line in content.split(b"\r\n")]
        headers = Headers(raw=[(name.strip().lower(), value.strip()) for name, value in fields])
        host = headers.get("host", "")
        assert not is_plain_address(host) or host_name(host)
        assert len(find_foreign(headers).splitlines()) <= 1
        keys.find(headers.get("authorization"))
        assert key in headers["authorization"]

    return read

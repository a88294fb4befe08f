"""The file of keys: who has one, for what, until when. It holds the hash of each key, and no key.

A key is 256 random bits behind an id by which it is found, so that one hash is compared, in constant time. What is
random needs no slow hash: nobody tries 2^256 of them (docs/decisions/0025-access.md).
"""

import fcntl
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from access.errors import KeysNotUsable, NoSuchKey
from access.scopes import Scope

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}"
_KEY = re.compile(r"assay_([0-9a-f]{8})_[0-9a-f]{64}")


class StoredKey(BaseModel):
    """A key as the file has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[0-9a-f]{8}$")
    name: str = Field(pattern=f"^{NAME_PATTERN}$")
    """Whose it is; several may have one name, such as the old one and the new one while it is replaced."""
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the whole key."""
    scopes: tuple[Scope, ...]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    """None: never."""

    def is_valid_at(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires_at is None or now < self.expires_at

    def allows(self, scope: Scope) -> bool:
        """Whether it is good for a door that needs `scope`."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def is_of(self, key: str) -> bool:
        """Whether `key` is this one; how long that takes says nothing about how much of it is right."""
        return compare_digest(self.sha256, hash_of(key))


class KeyFile(BaseModel):
    """The document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    keys: tuple[StoredKey, ...] = ()


def hash_of(key: str) -> str:
    """What the file has of a key: its SHA-256, in hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()


def id_of(key: str) -> str | None:
    """The id that stands in a key; None where it is none of ours."""
    found = _KEY.fullmatch(key)
    return found[1] if found else None


def read_keys(path: Path) -> tuple[StoredKey, ...]:
    """The keys in the file. Raises KeysNotUsable."""
    try:
        return KeyFile.model_validate_json(path.read_bytes()).keys
    except OSError as error:
        raise KeysNotUsable(f"the file of keys {path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the document"
        found = " ".join(f"{where[:100]}: {error.errors()[0]['msg']}".split())
        raise KeysNotUsable(f"{path} is no file of keys ({found}); expected one that `assay keys` has made") from None


def create_key(
    path: Path,
    name: str,
    scopes: Sequence[Scope],
    *,
    now: datetime,
    expires_at: datetime | None = None,
    others_expire_at: datetime | None = None,
) -> tuple[StoredKey, str]:
    """Add a key to the file, which is made where it is missing; the key itself is nowhere but in what is returned.

    `others_expire_at` is when those of the same name expire, where they would not sooner. Raises KeysNotUsable.
    """
    key_id = secrets.token_hex(4)
    key = f"assay_{key_id}_{secrets.token_hex(32)}"
    stored = StoredKey(
        id=key_id, name=name, sha256=hash_of(key), scopes=tuple(scopes), created_at=now, expires_at=expires_at
    )

    def add(keys: tuple[StoredKey, ...]) -> tuple[StoredKey, ...]:
        if any(one.id == key_id for one in keys):
            raise KeysNotUsable(f"{path}: the id {key_id} came twice by chance; try again")
        if others_expire_at is not None:
            keys = tuple(_expire(one, others_expire_at) if one.name == name else one for one in keys)
        return (*keys, stored)

    _change(path, add)
    return stored, key


def revoke_keys(path: Path, which: str, *, at: datetime, now: datetime) -> tuple[StoredKey, ...]:
    """Let the key with the id `which`, or all of the name `which`, expire `at`; what has expired leaves the file.

    Returns those that it was about, as they are now. Raises KeysNotUsable, and NoSuchKey.
    """
    revoked: list[StoredKey] = []

    def expire(keys: tuple[StoredKey, ...]) -> tuple[StoredKey, ...]:
        meant = {one.id for one in keys if which in {one.id, one.name}}
        if not meant:
            raise NoSuchKey(f"{path} has no key with the name or id {which}; `assay keys list` shows those that it has")
        changed = tuple(_expire(one, at) if one.id in meant else one for one in keys)
        revoked.extend(one for one in changed if one.id in meant)
        return tuple(one for one in changed if one.is_valid_at(now))

    _change(path, expire)
    return tuple(revoked)


def _expire(key: StoredKey, at: datetime) -> StoredKey:
    return key.model_copy(update={"expires_at": at if key.expires_at is None else min(at, key.expires_at)})


def _change(path: Path, change: Callable[[tuple[StoredKey, ...]], tuple[StoredKey, ...]]) -> None:
    """Write the file anew, whole or not at all, for nobody else to read; of two that change it one waits."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = change(read_keys(path) if path.exists() else ())
            _write(path, KeyFile(keys=keys).model_dump_json(indent=1).encode() + b"\n")
        finally:
            os.close(lock)
    except OSError as error:
        raise KeysNotUsable(f"the file of keys {path} cannot be written: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    number, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600 from its first byte on
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(draft)
        raise

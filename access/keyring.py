"""The keys of a file as a server knows them: looked at again twice a second, as requests come.

What is current is one object that never changes; another one takes its place when a key was added, revoked or has
expired. So whoever remembers what a key allowed has to compare no more than that.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from access.errors import KeyMissing, KeyRefused, KeysNotUsable
from access.key_file import StoredKey, hash_of, id_of, read_keys

LOOK_SECONDS = 0.5
_SCHEME = "bearer "
_NOBODY = StoredKey(
    id="00000000", name="nobody", sha256=hash_of(""), scopes=(), created_at=datetime(2026, 1, 1, tzinfo=UTC)
)
"""Compared with what has no id that is known, so that such a key takes as long as another wrong one."""


class ValidKeys:
    """The keys that are valid now."""

    def __init__(self, keys: tuple[StoredKey, ...], problem: str = "") -> None:
        self.keys = keys
        self._problem = problem
        self._by_id = {key.id: key for key in keys}

    def find(self, authorization: str | None) -> StoredKey:
        """The key that a request's header Authorization gives. Raises KeyMissing, KeyRefused and KeysNotUsable."""
        if not authorization:
            raise KeyMissing
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise KeyMissing
        return self.find_key(authorization[len(_SCHEME) :].strip())

    def find_key(self, key: str) -> StoredKey:
        """The same for a key alone."""
        if self._problem:
            raise KeysNotUsable(self._problem)
        stored = self._by_id.get(id_of(key) or "", _NOBODY)
        if not stored.is_of(key) or stored is _NOBODY:
            raise KeyRefused
        return stored

    def find_id(self, key_id: str) -> StoredKey | None:
        """The valid key with this id."""
        return self._by_id.get(key_id)


class Keyring:
    """Reads `path` at once, and raises KeysNotUsable if it cannot. For several threads.

    A file that cannot be read later lets nobody in; `report` is told, once for each reason.
    """

    def __init__(self, path: Path, report: Callable[[str], None]) -> None:
        self._path = path
        self._report = report
        self._lock = threading.Lock()
        self._look_at = 0.0
        self._problem = ""
        self._signature: tuple[int, int, int] | None = None
        self._stored: tuple[StoredKey, ...] = ()
        self._current = ValidKeys(())
        self._look()
        if self._problem:
            raise KeysNotUsable(self._problem)

    def current(self) -> ValidKeys:
        """What is valid now: the same object as long as that is the same."""
        if time.monotonic() >= self._look_at:
            with self._lock:
                self._look()
        return self._current

    def _look(self) -> None:
        self._look_at = time.monotonic() + LOOK_SECONDS
        problem = self._read()
        now = datetime.now(UTC)
        valid = tuple(key for key in self._stored if key.is_valid_at(now))
        if valid != self._current.keys or problem != self._problem:
            self._current = ValidKeys(valid, "the keys of this server cannot be read now" if problem else "")
        self._problem = problem
        ends = min((key.expires_at for key in valid if key.expires_at), default=None)
        if ends is not None:
            self._look_at = min(self._look_at, time.monotonic() + (ends - now).total_seconds())

    def _read(self) -> str:
        """Read the file where it has changed; why it cannot be, or nothing."""
        try:
            found = self._path.stat()
            signature = found.st_mtime_ns, found.st_size, found.st_ino  # before it is read: what comes later is seen
            if signature != self._signature:
                self._stored = read_keys(self._path)
                self._signature = signature
            return ""
        except (KeysNotUsable, OSError) as error:
            self._stored, self._signature = (), None
            problem = str(error) if isinstance(error, KeysNotUsable) else _explain(self._path, error)
            if problem != self._problem and self._current.keys:
                self._report(problem)
            return problem


def _explain(path: Path, error: OSError) -> str:
    return f"the file of keys {path} cannot be read: {error.strerror}; nobody is let in until it can"

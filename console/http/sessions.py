"""Who has signed in with a key: the browser gets a random token, and never keeps the key.

Sessions are in memory: whoever has signed in does so again when the console was started anew. A session is as good as
its key: revoked or expired, it ends within a second.
"""

import hashlib
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass

from access.doorkeeper import Doorkeeper
from access.errors import KeyRefused, ScopeMissing
from access.key_file import StoredKey
from access.scopes import Scope

SESSION_SECONDS = 12 * 3600
_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Session:
    key_id: str
    ends_at: float


class Sessions:
    """Of one console."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self._doorkeeper = doorkeeper
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def begin(self, key: StoredKey) -> str:
        """A new session's token."""
        token = secrets.token_urlsafe(32)
        self._sessions[_name_of(token)] = _Session(key.id, time.monotonic() + SESSION_SECONDS)
        while len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)
        return token

    def find(self, token: str) -> StoredKey:
        """Whose session it is. Raises KeyRefused for one that has ended, or whose key is no longer valid."""
        session = self._sessions.get(_name_of(token))
        keys = self._doorkeeper.keys()
        key = keys.find_id(session.key_id) if session and keys and time.monotonic() < session.ends_at else None
        if key is None:
            self.end(token)
            raise KeyRefused
        return key

    def end(self, token: str) -> None:
        """Forget it."""
        self._sessions.pop(_name_of(token), None)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at the page, for as long as that stays open."""

    sessions: Sessions
    token: str

    def check(self, scope: Scope) -> str:
        """Its name, if it may do now what takes `scope`. Raises KeyRefused and ScopeMissing."""
        key = self.sessions.find(self.token)
        if not key.allows(scope):
            raise ScopeMissing(key.name, scope)
        return key.name


def _name_of(token: str) -> str:
    """What is looked up, so that how long that takes says nothing about a token."""
    return hashlib.sha256(token.encode()).hexdigest()

"""Asked once for every request: is there a key, is it good for this door, and may its owner ask again already?"""

from access.errors import ScopeMissing, TooManyRequests
from access.key_file import StoredKey
from access.keyring import Keyring, ValidKeys
from access.request_rates import RequestRates
from access.scopes import Scope


class Doorkeeper:
    """Of one server; without keys and rates it lets everybody in. For several threads."""

    def __init__(self, keyring: Keyring | None = None, rates: RequestRates | None = None) -> None:
        self._keyring = keyring
        self._rates = rates

    @property
    def is_asking(self) -> bool:
        """Whether keys are needed at all."""
        return self._keyring is not None

    @property
    def is_counting(self) -> bool:
        """Whether one caller may ask only so often."""
        return self._rates is not None

    def keys(self) -> ValidKeys | None:
        """What is valid now: the same object as long as that is the same; None where no keys are needed."""
        return self._keyring.current() if self._keyring else None

    def check(self, scope: Scope, authorization: str | None) -> StoredKey | None:
        """Whose key it is; None where none is needed. Raises KeyMissing, KeyRefused, ScopeMissing and KeysNotUsable."""
        keys = self.keys()
        if keys is None:
            return None
        key = keys.find(authorization)
        if not key.allows(scope):
            raise ScopeMissing(key.name, scope)
        return key

    def count(self, caller: str) -> None:
        """One more request of `caller`: a key's id, or an address. Raises TooManyRequests."""
        if self._rates and (seconds := self._rates.take(caller)):
            raise TooManyRequests(seconds)

    def uncount(self, caller: str) -> None:
        """A request that was counted begins anew, and is counted then."""
        if self._rates:
            self._rates.give_back(caller)

    def admit(self, scope: Scope | None, authorization: str | None, address: str) -> StoredKey | None:
        """Check and count, unless the door is open. Raises what both raise."""
        if scope is None:
            return None
        key = self.check(scope, authorization)
        self.count(caller_name(key, address))
        return key


def caller_name(key: StoredKey | None, address: str) -> str:
    """Under which a request is counted: a key's id, or, where no keys are needed, the client's address."""
    return key.id if key else address

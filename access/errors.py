"""What can go wrong with keys and certificates.

AccessError
├── KeysNotUsable        the file of keys cannot be read or written, or is none
├── NoSuchKey            no key of this name or id is in the file
├── CertificateNotUsable a certificate, its key or an authority cannot be read, or they do not go together
├── OwnKeyNotUsable      the key that this program shows to servers cannot be read
├── NotWithoutKeys       other machines would reach a server that asks for no key
└── Denied               told to the caller as it is
    ├── KeyMissing           the door takes a key, and none was given
    ├── KeyRefused           it is not, or no longer, a key of this server
    ├── ScopeMissing         the key is good, but not for this door
    └── TooManyRequests      more requests than one caller may send
"""

import math
from collections.abc import Mapping


class AccessError(Exception):
    """Base of everything that this room raises; its text is one line for a person, and never holds a key."""


class KeysNotUsable(AccessError):
    """The file of keys cannot be read or written, or is none."""


class NoSuchKey(AccessError):
    """No key of this name or id is in the file."""


class CertificateNotUsable(AccessError):
    """A certificate, its key or an authority cannot be read, or they do not go together."""


class OwnKeyNotUsable(AccessError):
    """The key that this program shows to servers cannot be read, or is none."""


class NotWithoutKeys(AccessError):
    """Other machines would reach a server that asks for no key, and nobody has said that they may."""


class Denied(AccessError):
    """Base of what a caller is told; `headers` go with it over HTTP."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What an HTTP answer says beside the code (RFC 6750, section 3)."""
        return {}


class KeyMissing(Denied):
    """The door takes a key, and none was given."""

    def __init__(self) -> None:
        super().__init__("a key is needed; expected the header Authorization: Bearer KEY")

    @property
    def headers(self) -> Mapping[str, str]:
        """See Denied."""
        return {"www-authenticate": 'Bearer realm="assay"'}


class KeyRefused(Denied):
    """What was given is no key of this server, or no longer one."""

    def __init__(self) -> None:
        super().__init__(
            "the key is not, or no longer, a key of this server; expected one that `assay keys list` shows"
        )

    @property
    def headers(self) -> Mapping[str, str]:
        """See Denied."""
        return {"www-authenticate": 'Bearer realm="assay", error="invalid_token"'}


class ScopeMissing(Denied):
    """The key is good, but not for this door; `scope` is the one that it lacks."""

    def __init__(self, name: str, scope: str) -> None:
        super().__init__(f"the key {name} does not allow it; expected one with the scope {scope}")
        self.scope = scope

    @property
    def headers(self) -> Mapping[str, str]:
        """See Denied."""
        return {"www-authenticate": f'Bearer realm="assay", error="insufficient_scope", scope="{self.scope}"'}


class TooManyRequests(Denied):
    """More requests than one caller may send; the next one is taken in `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        super().__init__(f"too many requests of one caller; the next one is taken in {self.seconds} s")

    @property
    def headers(self) -> Mapping[str, str]:
        """See Denied."""
        return {"retry-after": str(self.seconds)}

"""How content is named: by what it is, and by the digest of what is in it."""

import re
from dataclasses import dataclass
from enum import StrEnum

from content_store.errors import AddressNotUsable

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Kind(StrEnum):
    """What a store keeps."""

    BUNDLE = "bundle"
    HOLDOUT = "holdout"

    @property
    def collection(self) -> str:
        """The plural, as it stands in a URL's path and on disk."""
        return f"{self}s"


@dataclass(frozen=True, slots=True)
class ContentName:
    """A bundle or a holdout, by its digest. Raises AddressNotUsable unless that is `sha256:<64 hex digits>`."""

    kind: Kind
    digest: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.digest):
            raise AddressNotUsable(f"{self.digest[:100]!r} is no digest; expected sha256: and 64 hex digits")

    @property
    def hex_digits(self) -> str:
        """The digest as a file's name."""
        return self.digest.removeprefix("sha256:")

    @property
    def url_path(self) -> str:
        """Where a store answers for it."""
        return f"/{self.kind.collection}/{self.digest}"

    def __str__(self) -> str:
        return f"{self.kind} {self.digest}"

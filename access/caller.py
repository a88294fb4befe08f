"""What a program of ours shows to the servers that it asks: its key, and its certificate where one is wanted.

The key goes to the servers that somebody has named (--stable, --canary, a gateway, a store), and to nobody to whom one
of those redirects.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from access.errors import CertificateNotUsable
from access.settings import CallerSettings


@dataclass(frozen=True, slots=True)
class CredentialFiles:
    """The content of the files, None where there is none."""

    authorities: bytes | None
    client_certificate: bytes | None
    client_key: bytes | None


@dataclass(frozen=True)
class OwnCredentials:
    """One program's; none by default."""

    key: str = ""
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None

    @classmethod
    def read(cls) -> Self:
        """What the environment says now. Raises OwnKeyNotUsable and CertificateNotUsable."""
        settings = CallerSettings.read()
        own = cls(settings.key(), settings.ca_file, settings.client_certificate, settings.client_key)
        own.verify("https:")  # now, and not in the middle of a rollout
        return own

    def __repr__(self) -> str:
        return f"OwnCredentials(key={'given' if self.key else 'none'})"

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Of an HTTP request, or the metadata of a call."""
        return {"authorization": f"Bearer {self.key}"} if self.key else {}

    def verify(self, url: str) -> ssl.SSLContext | bool:
        """How a server at `url` is verified, for httpx. Raises CertificateNotUsable.

        Without TLS there is nothing to verify, and loading the certificate authorities takes longer than asking.
        """
        if not url.startswith(("https:", "grpcs:")):
            return False
        return self._context if self.ca_file or self.client_certificate else True

    def read_files(self) -> "CredentialFiles":
        """What gRPC is given, as PEM. Raises CertificateNotUsable."""
        try:
            return CredentialFiles(_read(self.ca_file), _read(self.client_certificate), _read(self.client_key))
        except OSError as error:
            raise CertificateNotUsable(f"{error.filename} cannot be read: {error.strerror}") from error

    @cached_property
    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.client_certificate:
                context.load_cert_chain(self.client_certificate, self.client_key)
        except (OSError, ssl.SSLError) as error:
            raise CertificateNotUsable(
                f"a certificate of ASSAY_CA_FILE or ASSAY_CLIENT_… cannot be used: {error}"
            ) from None
        return context


NO_CREDENTIALS = OwnCredentials()
"""For servers that ask for none."""


def _read(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None

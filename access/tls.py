"""The server's side of TLS: its certificate, and, where an authority is named, that of every client (mTLS).

Certificate and key are read again when their files change; connections that are open stay as they are. Which authority
signs clients is read once, at the start.
"""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from access.errors import CertificateNotUsable

_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where they are, as PEM; `client_ca` where clients have to show a certificate that it has signed."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


def certificate_files(certificate: Path | None, key: Path | None, client_ca: Path | None) -> CertificateFiles | None:
    """What is set; None where nothing is. Raises CertificateNotUsable for a part of it."""
    if certificate is not None and key is not None:
        return CertificateFiles(certificate, key, client_ca)
    if certificate is key is client_ca is None:
        return None
    raise CertificateNotUsable("of TLS only a part is set; expected the certificate and its key, and maybe a client CA")


class ServerCertificates:
    """Reads them at once, and raises CertificateNotUsable if they cannot be used. For several threads.

    Files that cannot be used later leave what was read before in force; `report` is told, once for each reason.
    """

    def __init__(self, files: CertificateFiles, report: Callable[[str], None]) -> None:
        self._files = files
        self._report = report
        self._lock = threading.Lock()
        self._look_at = 0.0
        self._problem = ""
        self._signature = self._sign()
        self._context = self._read()

    @property
    def has_clients_sign(self) -> bool:
        """Whether clients have to show a certificate."""
        return self._files.client_ca is not None

    def context(self) -> ssl.SSLContext:
        """For a listener: each handshake takes the certificate that is there by then."""
        context = self._read()

        def choose(connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self.current()

        context.sni_callback = choose
        return context

    def current(self) -> ssl.SSLContext:
        """With what is in the files now: the same object as long as that is the same."""
        with self._lock:
            if time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + _LOOK_SECONDS
                self._look()
            return self._context

    def read_files(self) -> tuple[bytes, bytes, bytes | None]:
        """The content of key, certificate and authority, as gRPC takes it, once they were seen to go together.

        Raises CertificateNotUsable.
        """
        files = self._files
        self._read()
        try:
            authority = files.client_ca.read_bytes() if files.client_ca else None
            return files.key.read_bytes(), files.certificate.read_bytes(), authority
        except OSError as error:
            raise _explain(error) from error

    def _look(self) -> None:
        try:
            signature = self._sign()
            if signature != self._signature:
                self._context = self._read()
                self._signature = signature
            self._problem = ""
        except CertificateNotUsable as error:
            if str(error) != self._problem:
                self._report(f"{error}; the one before stays in force")
            self._problem = str(error)

    def _sign(self) -> tuple[tuple[int, int, int], ...]:
        try:
            found = [path.stat() for path in (self._files.certificate, self._files.key)]
        except OSError as error:
            raise _explain(error) from error
        return tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in found)

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        files = self._files
        try:
            context.load_cert_chain(files.certificate, files.key, password=_no_password)
            if files.client_ca:
                context.load_verify_locations(files.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except ssl.SSLError as error:
            raise CertificateNotUsable(
                f"{files.certificate} and {files.key} are no certificate with its key, or {files.client_ca} is no "
                f"authority: {error.reason or error}"
            ) from error
        except OSError as error:
            raise _explain(error) from error
        return context


def _no_password() -> str:
    raise CertificateNotUsable("the key of the certificate is encrypted; expected one that is not")


def _explain(error: OSError) -> CertificateNotUsable:
    return CertificateNotUsable(f"a certificate, its key or an authority cannot be read: {error}")

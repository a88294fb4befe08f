"""The one place that maps errors to codes. An error that is not in the table is nobody's to explain: INTERNAL."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from access.errors import Denied, KeyMissing, KeyRefused, KeysNotUsable, ScopeMissing, TooManyRequests
from open_inference import ProtocolError
from predictor.errors import (
    BadRequest,
    BodyTooLarge,
    CallerGone,
    DataNotProcessed,
    DeadlineExceeded,
    LoadFailed,
    NotAllowed,
    NotFound,
    NotReady,
    QueueFull,
    RequestRefused,
)

INTERNAL_ERROR_TEXT = "internal error: the server's log says more under this request id"


@dataclass(frozen=True, slots=True)
class Codes:
    """The code of an error on each transport."""

    http: int
    grpc: str
    """Name of a grpc.StatusCode."""
    retry_after_seconds: int | None = None
    """When to ask again, where that is soon."""

    def http_headers(self) -> dict[str, str]:
        """What an HTTP answer says beside the code."""
        return {} if self.retry_after_seconds is None else {"retry-after": str(self.retry_after_seconds)}


INTERNAL = Codes(500, "INTERNAL")
GONE_AWAY = Codes(499, "CANCELLED")
"""499 is nginx's word for a client that did not wait: it is counted, and nobody reads it."""
CODES: Mapping[type[Exception], Codes] = MappingProxyType(
    {
        ProtocolError: Codes(400, "INVALID_ARGUMENT"),
        RequestRefused: Codes(400, "INVALID_ARGUMENT"),
        BadRequest: Codes(400, "INVALID_ARGUMENT"),
        DataNotProcessed: Codes(403, "INVALID_ARGUMENT"),
        LoadFailed: Codes(400, "FAILED_PRECONDITION"),
        KeyMissing: Codes(401, "UNAUTHENTICATED"),
        KeyRefused: Codes(401, "UNAUTHENTICATED"),
        ScopeMissing: Codes(403, "PERMISSION_DENIED"),
        TooManyRequests: Codes(429, "RESOURCE_EXHAUSTED"),
        KeysNotUsable: Codes(503, "UNAVAILABLE", retry_after_seconds=1),
        NotAllowed: Codes(403, "PERMISSION_DENIED"),
        NotFound: Codes(404, "NOT_FOUND"),
        BodyTooLarge: Codes(413, "RESOURCE_EXHAUSTED"),
        QueueFull: Codes(429, "RESOURCE_EXHAUSTED", retry_after_seconds=1),
        NotReady: Codes(503, "UNAVAILABLE"),
        DeadlineExceeded: Codes(504, "DEADLINE_EXCEEDED"),
        CallerGone: GONE_AWAY,
    }
)


_GRPC_FAILURES = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE"})


def is_success(code: int | str) -> bool:
    """Whether a code of either transport says that the request was answered as it was asked."""
    return code in {200, "OK"}


def is_server_failure(code: int | str) -> bool:
    """Whether a code of either transport says that the server did not do its part."""
    return code >= 500 if isinstance(code, int) else code in _GRPC_FAILURES


def http_headers_of(error: Exception) -> dict[str, str]:
    """What an HTTP answer says of an error beside its code."""
    return codes_of(error).http_headers() | dict(error.headers if isinstance(error, Denied) else {})


def codes_of(error: Exception) -> Codes:
    """The codes of an error; INTERNAL for one that is not in the table, whose text is not for the caller."""
    return next((codes for kind, codes in CODES.items() if isinstance(error, kind)), INTERNAL)

"""The one place that maps errors to codes. An error that is not in the table is nobody's to explain: INTERNAL."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from open_inference import ProtocolError
from predictor.errors import BodyTooLarge, NotFound, NotReady, RequestRefused

INTERNAL_ERROR_TEXT = "internal error: the server's log says more under this request id"


@dataclass(frozen=True, slots=True)
class Codes:
    """The code of an error on each transport."""

    http: int
    grpc: str
    """Name of a grpc.StatusCode."""


INTERNAL = Codes(500, "INTERNAL")
CODES: Mapping[type[Exception], Codes] = MappingProxyType(
    {
        ProtocolError: Codes(400, "INVALID_ARGUMENT"),
        RequestRefused: Codes(400, "INVALID_ARGUMENT"),
        NotFound: Codes(404, "NOT_FOUND"),
        BodyTooLarge: Codes(413, "RESOURCE_EXHAUSTED"),
        NotReady: Codes(503, "UNAVAILABLE"),
    }
)


def codes_of(error: Exception) -> Codes:
    """The codes of an error; INTERNAL for one that is not in the table, whose text is not for the caller."""
    return next((codes for kind, codes in CODES.items() if isinstance(error, kind)), INTERNAL)

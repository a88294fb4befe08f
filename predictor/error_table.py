"""The one place that maps errors to codes. An error that is not in the table is nobody's to explain: 500.

gRPC's status codes are a second column of the same table.
"""

from collections.abc import Mapping
from types import MappingProxyType

from open_inference import ProtocolError
from predictor.errors import BodyTooLarge, NotFound, NotReady, RequestRefused

INTERNAL_ERROR_TEXT = "internal error: the server's log says more under this request id"

HTTP_STATUS: Mapping[type[Exception], int] = MappingProxyType(
    {
        ProtocolError: 400,
        RequestRefused: 400,
        NotFound: 404,
        BodyTooLarge: 413,
        NotReady: 503,
    }
)

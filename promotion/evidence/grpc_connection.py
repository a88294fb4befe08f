"""A predictor over gRPC. The only module here that knows grpcio; it is imported when somebody asks by grpc://."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import grpc

from access.caller import OwnCredentials
from open_inference import InferRequest
from open_inference.grpc_messages.generated import open_inference_pb2 as messages
from open_inference.grpc_messages.infer_messages import read_response, write_request
from promotion.evidence.predictor_connection import Answered, NoAnswer, Refused, WrongAddress

SERVICE = messages.DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name
DIGEST_KEY = "x-assay-bundle-digest"
CARD = "card"
UNREACHABLE_CODES = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
    }
)
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),  # who was asked before has no say in when the next one tries again
    ("grpc.initial_reconnect_backoff_ms", 100),  # else a predictor that is back within a retry is not noticed
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 200),
)


class GrpcConnection:
    """A PredictorConnection over V2's service; the digest stands in every answer's trailing metadata.

    Each call has a deadline, which the predictor is told of and gives up at, too. Raises WrongAddress,
    and CertificateNotUsable where one of ours cannot be read.
    """

    transport = "gRPC"

    def __init__(self, url: str, timeout_seconds: float, credentials: OwnCredentials) -> None:
        self._timeout_seconds = timeout_seconds
        self._metadata = tuple(credentials.headers.items())
        address = _address(url)
        if url.startswith("grpcs:"):
            own = credentials.read_files()
            given = grpc.ssl_channel_credentials(own.authorities, own.client_key, own.client_certificate)
            self._channel = grpc.secure_channel(address, given, options=_OPTIONS)
        else:
            self._channel = grpc.insecure_channel(address, options=_OPTIONS)

    def read_metadata(self) -> bytes:
        """As the protocol says; a server with several models is refused, as /metadata does."""
        index, _ = self._ask("RepositoryIndex", messages.RepositoryIndexRequest(), messages.RepositoryIndexResponse)
        names = sorted({model.name for model in index.models})
        if len(names) != 1:
            raise Refused(f"it has {len(names)} models; expected one")
        asked = messages.ModelMetadataRequest(name=names[0])
        said, _ = self._ask("ModelMetadata", asked, messages.ModelMetadataResponse)
        if CARD not in said.parameters:
            raise Refused(f"{names[0]} says nothing of itself; expected the parameter `{CARD}`, as a predictor has it")
        card: str = said.parameters[CARD].string_param
        return card.encode()

    def infer(self, model: str, request: InferRequest) -> Answered:
        """As the protocol says."""
        message, call = self._ask("ModelInfer", write_request(request, model), messages.ModelInferResponse)
        described = {name: value for name, value in call.trailing_metadata() or () if isinstance(value, str)}
        return Answered(read_response(message), described.get(DIGEST_KEY))

    def close(self) -> None:
        """As the protocol says."""
        self._channel.close()

    def _ask(self, method: str, request: Any, kind: Any) -> tuple[Any, grpc.Call]:
        parse: Callable[[bytes], Any] = kind.FromString
        ask: Any = self._channel.unary_unary(f"/{SERVICE}/{method}", response_deserializer=parse)
        try:
            answer, call = ask.with_call(
                request.SerializeToString(), timeout=self._timeout_seconds, metadata=self._metadata
            )
            return answer, call
        except grpc.RpcError as error:
            refusal: Any = error
            code, text = refusal.code(), (refusal.details() or "")[:300]
            if code in UNREACHABLE_CODES:
                raise NoAnswer(code.name, f"{code.name}: {text}") from error
            raise Refused(f"{code.name}: {text}") from error


def _address(url: str) -> str:
    """HOST:PORT. Raises WrongAddress."""
    try:
        parts = urlsplit(url)
        if parts.hostname and parts.port and not parts.path:
            return parts.netloc
    except ValueError as error:
        raise WrongAddress(f"not a URL: {error}") from error
    raise WrongAddress("expected grpc://HOST:PORT")

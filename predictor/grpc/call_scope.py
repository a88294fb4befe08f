"""Around every call: its id, the model that it is for, its metrics, and a code whatever happens.

What request_scope.py is for REST. A message that cannot be parsed is the caller's mistake, and told so; grpcio itself
would call it internal.
"""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from access.doorkeeper import Doorkeeper
from open_inference import MalformedMessage
from predictor.data_plane import Caller
from predictor.error_table import GONE_AWAY, INTERNAL, INTERNAL_ERROR_TEXT, codes_of
from predictor.grpc.method_scopes import METHOD_SCOPES
from predictor.grpc.threads import run_in
from predictor.request_trail import Trail
from predictor.request_watch import RequestWatch
from predictor.served_model import ServedModel
from predictor.served_models import ServedModels
from predictor.serving import Serving

M = TypeVar("M", bound=Message)


@dataclass(slots=True)
class Call:
    """A call: its trail, the models as they were when it arrived, who waits for the answer, and who answers."""

    trail: Trail
    models: ServedModels
    caller: Caller
    model: ServedModel | None

    def find_model(self, name: str, version: str) -> ServedModel:
        """The model of that name, which answers from now on; the highest version where `version` is empty.

        Raises NotReady and NotFound.
        """
        self.model = self.models.find(name, version or None)
        return self.model


class CallScope:
    """Makes handlers of the methods of one service."""

    def __init__(self, service: str, serving: Serving, watch: RequestWatch, doorkeeper: Doorkeeper) -> None:
        self._service = service
        self._doorkeeper = doorkeeper
        self._serving = serving
        self._watch = watch

    def handle(
        self, name: str, kind: type[M], method: Callable[[M, Call], Message], threads: ThreadPoolExecutor | None = None
    ) -> tuple[str, "grpc.RpcMethodHandler[bytes, bytes]"]:  # generic in its stubs alone
        """The method `name`, which takes messages of `kind`, and its handler; it runs in `threads`, or the server's."""
        route = f"/{self._service}/{name}"
        scope = METHOD_SCOPES[name]

        def answer(content: bytes, context: grpc.ServicerContext) -> bytes:
            trail = self._watch.begin("grpc", _texts(context))
            models = self._serving.models
            call = Call(trail, models, _caller(trail, context), models.default)
            text, written = "", b""
            try:
                self._doorkeeper.admit(scope, trail.carrier.get("authorization"), address_of(context))
                written = method(_parse(kind, content), call).SerializeToString()
                code = "OK" if context.is_active() else GONE_AWAY.grpc
            except Exception as error:
                trail.error = error
                codes = codes_of(error)
                code, text = codes.grpc, INTERNAL_ERROR_TEXT if codes is INTERNAL else str(error)
            context.set_trailing_metadata(_describe(call))
            identity = call.model.identity if call.model else None
            self._watch.end(trail, route=route, identity=identity, code=code)
            return context.abort(grpc.StatusCode[code], text) if text else written

        return name, grpc.unary_unary_rpc_method_handler(run_in(threads, answer))


def _parse(kind: type[M], content: bytes) -> M:
    try:
        return kind.FromString(content)
    except DecodeError as error:
        raise MalformedMessage("the message cannot be parsed", f"a {kind.__name__}") from error


def _caller(trail: Trail, context: grpc.ServicerContext) -> Caller:
    seconds: float | None = context.time_remaining()
    return Caller(trail, math.inf if seconds is None else seconds, context.is_active)


def address_of(context: grpc.ServicerContext) -> str:
    """The client's address without its port, as grpcio writes it: ipv4:127.0.0.1."""
    peer: str = context.peer()
    return peer.rpartition(":")[0]


def _texts(context: grpc.ServicerContext) -> dict[str, str]:
    given: Any = context.invocation_metadata() or ()
    return {name: value for name, value in given if isinstance(value, str)}


def _describe(call: Call) -> tuple[tuple[str, str], ...]:
    described: tuple[tuple[str, str], ...] = (("x-request-id", call.trail.request_id),)
    if call.trail.span:
        described += (("traceparent", call.trail.span.trace_parent),)
    if call.model is None:
        return described
    identity = call.model.identity
    return (
        *described,
        ("x-assay-model", identity.model),
        ("x-assay-version", identity.version),
        ("x-assay-revision", identity.revision),
        ("x-assay-bundle-digest", identity.bundle_digest),
    )

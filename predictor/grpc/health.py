"""grpc.health.v1: the same readiness as everywhere, for the server ("") and for the inference service.

grpcio's own implementation keeps a state that has to be told; this one asks, so it can never say anything else. A watch
ends when the server drains, because it would hold up the end.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1.health_pb2 import DESCRIPTOR, HealthCheckRequest, HealthCheckResponse

from predictor.errors import NotReady
from predictor.grpc.threads import run_in
from predictor.serving import Serving

HEALTH_SERVICE = DESCRIPTOR.services_by_name["Health"].full_name
_LOOK_SECONDS = 1.0


class Health:
    """The methods of the service."""

    def __init__(self, serving: Serving, services: tuple[str, ...]) -> None:
        self._serving = serving
        self._services = {"", *services}

    def handlers(self, watches: ThreadPoolExecutor) -> grpc.GenericRpcHandler:
        """The service, for a server; each watch takes one of the threads `watches`."""
        form = {
            "request_deserializer": HealthCheckRequest.FromString,
            "response_serializer": HealthCheckResponse.SerializeToString,
        }
        return grpc.method_handlers_generic_handler(
            HEALTH_SERVICE,
            {
                "Check": grpc.unary_unary_rpc_method_handler(self._check, **form),
                "Watch": grpc.unary_stream_rpc_method_handler(run_in(watches, self._watch), **form),
            },
        )

    def _check(self, asked: HealthCheckRequest, context: grpc.ServicerContext) -> HealthCheckResponse:
        if asked.service not in self._services:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
        return HealthCheckResponse(status=self._status())

    def _watch(self, asked: HealthCheckRequest, context: grpc.ServicerContext) -> Iterator[HealthCheckResponse]:
        is_known = asked.service in self._services
        last = None
        while context.is_active():
            change, is_draining = self._serving.next_change(), self._serving.is_draining
            status = self._status() if is_known else HealthCheckResponse.SERVICE_UNKNOWN
            if status != last:
                yield HealthCheckResponse(status=status)
                last = status
            if is_draining:
                return
            change.wait(_LOOK_SECONDS)  # and then look whether the client is still there

    def _status(self) -> HealthCheckResponse.ServingStatus:
        try:
            self._serving.check_ready()
        except NotReady:
            return HealthCheckResponse.NOT_SERVING
        return HealthCheckResponse.SERVING

"""grpcio's server: the port, what is on it, and the end. What a signal means is server.py's affair."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from access.doorkeeper import Doorkeeper
from access.errors import AccessError
from access.tls import ServerCertificates
from predictor.data_plane import DataPlane
from predictor.error_table import codes_of
from predictor.errors import CannotListen
from predictor.grpc.call_scope import address_of
from predictor.grpc.health import HEALTH_SERVICE, Health
from predictor.grpc.method_scopes import REFLECTION
from predictor.grpc.service import SERVICE, InferenceService
from predictor.grpc.threads import run_in
from predictor.listening_socket import open_listening_socket

_QUICK_THREADS = 2  # for what never takes long
_STREAM_THREADS = 8  # each open watch or reflection takes one


class GrpcListener:
    """A Listener: the services on a port, which is taken at once. Raises CannotListen.

    A port that is shared is reserved already, by the supervisor of those who share it.
    """

    def __init__(
        self,
        plane: DataPlane,
        doorkeeper: Doorkeeper,
        *,
        host: str,
        port: int,
        message_limit_bytes: int,
        finish_seconds: int,
        is_port_shared: bool,
        certificates: ServerCertificates | None,
    ) -> None:
        if not is_port_shared:
            open_listening_socket(host, port, "--grpc-port").close()  # grpcio would not say whose the port is
        self._server = grpc.server(
            ThreadPoolExecutor(_QUICK_THREADS, "grpc"),
            options=(
                ("grpc.max_receive_message_length", message_limit_bytes),
                ("grpc.so_reuseport", int(is_port_shared)),  # or two servers would share it, and neither would know
            ),
        )
        streams = ThreadPoolExecutor(_STREAM_THREADS, "grpc-stream")
        self._server.add_generic_rpc_handlers(
            (
                InferenceService(plane, doorkeeper).handlers(),
                Health(plane.serving, (SERVICE,)).handlers(streams),
                _reflection(streams, doorkeeper),
            )
        )
        shown = f"[{host}]" if ":" in host else host
        try:
            self._address = f"{shown}:{self._open(f'{shown}:{port}', certificates)}"
        except RuntimeError as error:
            raise CannotListen(f"port {port} of {host} cannot be taken: {error}; choose another one") from error
        self._finish_seconds = finish_seconds
        self._closed = asyncio.get_running_loop().create_future()

    @property
    def address(self) -> str:
        """See Listener."""
        return self._address

    def _open(self, address: str, certificates: ServerCertificates | None) -> int:
        if certificates is None:
            return self._server.add_insecure_port(address)
        return self._server.add_secure_port(address, _credentials(certificates))

    async def run(self) -> None:
        """See Listener."""
        self._server.start()
        await self._closed
        await asyncio.to_thread(self._server.stop(self._finish_seconds).wait)

    def close(self) -> None:
        """See Listener."""
        if not self._closed.done():
            self._closed.set_result(None)

    def abandon(self) -> None:
        """See Listener."""
        self._server.stop(0)


def _credentials(certificates: ServerCertificates) -> grpc.ServerCredentials:
    """Asked at every handshake, which takes what is in the files by then."""

    def configure() -> grpc.ServerCertificateConfiguration:
        key, certificate, authority = certificates.read_files()
        return grpc.ssl_server_certificate_configuration([(key, certificate)], authority)

    last, used = certificates.current(), configure()

    def look_again() -> grpc.ServerCertificateConfiguration:
        nonlocal last, used
        if (now := certificates.current()) is not last:
            last, used = now, configure()
        return used

    return grpc.dynamic_ssl_server_credentials(used, look_again, certificates.has_clients_sign)


def _reflection(streams: ThreadPoolExecutor, doorkeeper: Doorkeeper) -> grpc.GenericRpcHandler:
    servicer = reflection.ReflectionServicer((SERVICE, HEALTH_SERVICE, reflection.SERVICE_NAME))

    def describe(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        given: Any = dict(context.invocation_metadata() or ())
        try:
            doorkeeper.admit(REFLECTION, given.get("authorization"), address_of(context))
        except AccessError as error:
            context.abort(grpc.StatusCode[codes_of(error).grpc], str(error))
        yield from servicer.ServerReflectionInfo(requests, context)

    handler = grpc.stream_stream_rpc_method_handler(
        run_in(streams, describe),
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(reflection.SERVICE_NAME, {"ServerReflectionInfo": handler})

"""A door in front of a predictor's gRPC port: calls go through, but for those that a test wants answered otherwise."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

DEADLINE_SECONDS = 60.0


class GrpcDoor(grpc.GenericRpcHandler):
    """The first calls get one of `troubles` each, None lets pass; all others go on as they are."""

    def __init__(self, behind: grpc.Channel) -> None:
        self._behind = behind
        self._lock = threading.Lock()
        self.troubles: list[grpc.StatusCode | None] = []
        self.digest: str | None = None
        """What answers say instead of the predictor's own digest."""
        self.hold: Callable[[], None] = lambda: None
        """What each inference waits for."""

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        method: str = details.method

        def answer(content: bytes, context: grpc.ServicerContext) -> bytes:
            with self._lock:
                trouble = self.troubles.pop(0) if self.troubles else None
            if trouble is not None:
                context.abort(trouble, "not now")
            if method.endswith("/ModelInfer"):
                self.hold()
            send: Any = self._behind.unary_unary(method)
            try:
                said, call = send.with_call(content, timeout=DEADLINE_SECONDS)
            except grpc.RpcError as error:
                refusal: Any = error
                context.abort(refusal.code(), refusal.details())
            trailing = dict(call.trailing_metadata())
            if self.digest is not None:
                trailing["x-assay-bundle-digest"] = self.digest
            context.set_trailing_metadata(tuple(trailing.items()))
            return bytes(said)

        return grpc.unary_unary_rpc_method_handler(answer)


@contextmanager
def open_grpc_door(behind: str) -> Iterator[tuple[GrpcDoor, str]]:
    """The door in front of `behind`, HOST:PORT, and its URL."""
    server = grpc.server(ThreadPoolExecutor(32, "door"))
    with grpc.insecure_channel(behind) as channel:
        door = GrpcDoor(channel)
        server.add_generic_rpc_handlers((door,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield door, f"grpc://127.0.0.1:{port}"
        finally:
            server.stop(None).wait()

"""The way to the API server, which a test can block: an API server that restarts, or a network that fails."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from promotion.kubernetes.api_server import ApiServer
from tests.promotion.kubernetes.place import api_server_of_the_kubeconfig


class Relay:
    """Carries bytes from a port of this machine to the API server, and back."""

    def __init__(self, host: str, port: int) -> None:
        self._behind = host, port
        self._door = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._is_blocked = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._door.getsockname()[1]}"

    def block(self) -> None:
        """Break every connection, and answer none from now on."""
        self._is_blocked = True
        self._break_all()

    def unblock(self) -> None:
        self._is_blocked = False

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)  # else whoever waits to accept goes on waiting
        self._door.close()
        self._break_all()

    def _break_all(self) -> None:
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                if self._is_blocked:
                    client.close()
                    continue
                server = socket.create_connection(self._behind)
                self._open += [client, server]
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=_carry, args=(one, other), daemon=True).start()


@contextmanager
def open_relay() -> Iterator[tuple[Relay, ApiServer]]:
    """A relay, and the API server as it is seen through it."""
    configuration = api_server_of_the_kubeconfig()
    host, _, port = configuration.host.removeprefix("https://").partition(":")
    relay = Relay(host, int(port or 443))
    configuration.host = relay.url
    try:
        yield relay, ApiServer(configuration)
    finally:
        relay.close()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)

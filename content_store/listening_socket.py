"""The socket that a store listens on: bound first, so that a port in use is known at once and said in one line."""

import os
import socket

from content_store.errors import CannotListen


def open_listening_socket(host: str, port: int) -> socket.socket:
    """A bound TCP socket; port 0 takes any free one. Raises CannotListen."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise CannotListen(f"{host} is no address of this machine: {error.strerror}; choose one with --host") from error
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A port whose last connections are still in TIME_WAIT is free; one that somebody listens on is not.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()
    except OSError as error:
        listening.close()
        reason = os.strerror(error.errno or 0)
        raise CannotListen(f"port {port} of {host} cannot be taken: {reason}; choose another with --port") from error
    return listening

"""The socket that a predictor listens on: bound before the model is loaded, so that a port in use is known at once."""

import errno
import os
import socket

from predictor.errors import CannotListen

_BACKLOG = 2048  # connections that wait while a worker is replaced


def open_listening_socket(host: str, port: int, option: str = "--http-port") -> socket.socket:
    """A TCP socket that listens; port 0 takes any free one.

    Raises CannotListen, which names the port's owner if it can, and `option`, by which another port is chosen.
    """
    return _open(host, port, option, is_shared=False, is_listening=True)


def open_shared_sockets(host: str, port: int, count: int) -> list[socket.socket]:
    """Sockets that listen on one port; port 0 takes any free one. Raises CannotListen."""
    open_listening_socket(host, port).close()  # or it would be shared with another server that shares its port
    sockets: list[socket.socket] = []
    for _ in range(count):
        sockets.append(_open(host, port, "--http-port", is_shared=True, is_listening=True))
        port = sockets[0].getsockname()[1]
    return sockets


def reserve_port(host: str, port: int, option: str) -> socket.socket:
    """A socket that keeps a port for sockets of this user that share it, and gets no connections itself.

    Port 0 takes any free one. Raises CannotListen.
    """
    open_listening_socket(host, port, option).close()
    return _open(host, port, option, is_shared=True, is_listening=False)


def _open(host: str, port: int, option: str, *, is_shared: bool, is_listening: bool) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise CannotListen(f"{host} is no address of this machine: {error.strerror}; choose one with --host") from error
    try:
        # A port whose last connections are still in TIME_WAIT is free; one that somebody listens on is not.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(address)
        if is_listening:
            listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise _explain(error, host, port, option) from error
    return listening


def _explain(error: OSError, host: str, port: int, option: str) -> CannotListen:
    if error.errno == errno.EADDRINUSE:
        return CannotListen(f"port {port} is in use{_owner(port)}; choose another with {option}")
    reason = os.strerror(error.errno or 0)
    return CannotListen(f"port {port} of {host} cannot be taken: {reason}; choose another with {option} or --host")


def _owner(port: int) -> str:
    import psutil  # noqa: PLC0415  # every start would wait for what only this error needs

    try:
        for connection in psutil.net_connections(kind="tcp"):
            is_owner = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if is_owner and connection.pid:
                return f" (pid {connection.pid}, {psutil.Process(connection.pid).name()})"
    except psutil.Error:  # another user's process: that the port is taken is still true
        return ""
    return ""

"""Whether the gateway can have its port: asked before Envoy is started, because Envoy's own answer names nobody."""

import contextlib
import errno
import socket

import psutil

from promotion.routers.envoy.errors import GatewayNotStarted


def refuse_taken_port(host: str, port: int, advice: str = "choose another for the gateway") -> None:
    """Raise GatewayNotStarted, naming the port and who holds it, unless `host:port` can be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection that still closes is no holder
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise GatewayNotStarted(f"port {port} on {host} cannot be used: {error.strerror}") from error
            holder = _find_holder(port)
            raise GatewayNotStarted(f"port {port} is in use{holder}; {advice}") from error


def _find_holder(port: int) -> str:
    """` (pid 4121, python)`, or nothing where the system does not tell."""
    with contextlib.suppress(psutil.Error, OSError):  # processes come and go while they are listed
        for connection in psutil.net_connections(kind="tcp"):
            is_holder = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if is_holder and connection.pid is not None:
                return f" (pid {connection.pid}, {psutil.Process(connection.pid).name()})"
    return ""

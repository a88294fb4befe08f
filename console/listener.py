"""The address that a console listens on: a loopback one, unless it asks for keys, or it is said that it need not."""

import socket

from access.reach import check_reach
from console.errors import CannotListen
from content_store.errors import CannotListen as PortTaken
from content_store.listening_socket import open_listening_socket


def open_socket(host: str, port: int, *, has_keys: bool, without_keys: bool) -> socket.socket:
    """A bound TCP socket; port 0 takes any free one. Raises CannotListen, and NotWithoutKeys."""
    check_reach(host, has_keys=has_keys, without_keys=without_keys, variable="ASSAY_CONSOLE_WITHOUT_KEYS")
    try:
        return open_listening_socket(host, port)
    except PortTaken as error:
        raise CannotListen(str(error)) from error

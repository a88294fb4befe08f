"""The address that a console listens on: a loopback one, unless it is said that others may reach it."""

import ipaddress
import socket

from console.errors import CannotListen
from content_store.errors import CannotListen as PortTaken
from content_store.listening_socket import open_listening_socket


def open_socket(host: str, port: int, *, others_may_reach: bool) -> socket.socket:
    """A bound TCP socket; port 0 takes any free one. Raises CannotListen."""
    try:
        listening = open_listening_socket(host, port)
    except PortTaken as error:
        raise CannotListen(str(error)) from error
    address = listening.getsockname()[0]
    if not ipaddress.ip_address(address.partition("%")[0]).is_loopback and not others_may_reach:
        listening.close()
        raise CannotListen(
            f"{host} is reached by other machines, and whoever reaches a console may deploy: it asks for no key; "
            "listen on 127.0.0.1, or say --others-may-reach"
        )
    return listening

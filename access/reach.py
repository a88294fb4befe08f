"""Whether other machines reach an address, and whether they may."""

import ipaddress
import socket

from access.errors import NotWithoutKeys


def check_reach(host: str, *, has_keys: bool, without_keys: bool, variable: str) -> None:
    """Raises NotWithoutKeys where other machines would reach a server at `host` that asks for no key.

    `without_keys` says that they may; `variable` is the setting that says so. An address that cannot be resolved is
    for whoever listens there to explain.
    """
    if has_keys or without_keys or not is_reached_by_others(host):
        return
    raise NotWithoutKeys(
        f"{host} is reached by other machines, and no keys are set: whoever reaches it could ask for anything; "
        f"expected {variable.replace('WITHOUT_KEYS', 'KEYS_FILE')}, a file that `assay keys create` makes, a loopback "
        f"address, or {variable}=true where something else keeps others out"
    )


def is_reached_by_others(host: str) -> bool:
    """Whether any address of `host`, resolved as a listener resolves it, is none of the loopback ones."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        return False
    return any(not ipaddress.ip_address(str(one[4][0]).partition("%")[0]).is_loopback for one in found)

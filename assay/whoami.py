"""Who gives an order, for the record of a rollout."""

import os
import pwd
import socket


def who() -> str:
    """The user and the machine, such as ann@workstation."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user has a number only
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"

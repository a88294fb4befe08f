"""Who gives an order, for the record of a rollout, and where a rollout is, for the database of records."""

import os
import pwd
import socket
from pathlib import Path


def who() -> str:
    """The user and the machine, such as ann@workstation."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user has a number only
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


def rollout_environment(gateway: Path, release: str | None, namespace: str) -> str:
    """Where rollouts are: shop/assay for a release in a cluster, else workstation:/srv/shop/build/gateway."""
    return f"{namespace}/{release}" if release is not None else f"{socket.gethostname()}:{gateway.resolve()}"

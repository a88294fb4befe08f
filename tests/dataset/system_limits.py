"""A limit of the system, reached on purpose: how a file that cannot be opened or written is made without a mock."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lowered(limit: int, value: int) -> Iterator[None]:
    """This process lives with a lower `resource.RLIMIT_…` inside the block, and with its own again after it."""
    soft, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (value, hard))
    try:
        yield
    finally:
        resource.setrlimit(limit, (soft, hard))

"""What the life of the process asks of a transport."""

from typing import Protocol


class Listener(Protocol):
    """A transport on its port, which is taken already."""

    @property
    def address(self) -> str:
        """Where it listens, as a client writes it."""

    async def run(self) -> None:
        """Answer requests; returns when it was closed and the requests in flight are answered."""

    def close(self) -> None:
        """Take no new connection; finish what is in flight within `finish_seconds`. Can be repeated."""

    def abandon(self) -> None:
        """Do not wait for what is in flight, either. Can be repeated."""

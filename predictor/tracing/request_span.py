"""What the rest of the predictor knows of traces: nothing happens on a request's way where none are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from predictor.identity import ModelIdentity


@dataclass(frozen=True, slots=True)
class EndedRequest:
    """A request as it ended."""

    transport: str
    method: str
    """HTTP's; empty over gRPC."""
    route: str
    request_id: str
    identity: ModelIdentity | None
    code: int | str
    """The transport's own."""
    is_failure: bool
    """Whether it was the server's fault."""


class RequestSpan(Protocol):
    """The span of one request."""

    @property
    def trace_parent(self) -> str:
        """The span as W3C's `traceparent` names it."""

    def add_run(self, others: Sequence["RequestSpan"], *, started_ns: int, ended_ns: int, rows: int) -> None:
        """A run of the model, from and to nanoseconds since the epoch, that this request and `others` shared."""

    def end(self, request: EndedRequest) -> None:
        """The request is answered."""


class Tracing(Protocol):
    """Makes spans, and sends them away. Can be used from several threads at once; nothing here waits or raises."""

    def begin(self, carrier: Mapping[str, str]) -> RequestSpan:
        """The span of a request with these headers or metadata, whose trace it goes on with if they name one."""

    def close(self, timeout_seconds: float) -> None:
        """Send what has ended, for so long at most. Can be repeated."""

"""The log's lines about requests: one for each that failed or was slow, as long as they are not too many."""

import logging
import threading
import time

from access.request_id import find_trace_id
from predictor.error_table import INTERNAL, codes_of
from predictor.identity import ModelIdentity
from predictor.log_lines import LOG
from predictor.request_trail import Trail

_BURST = 20  # lines at once
_LINES_PER_SECOND = 2.0


class RequestLog:
    """Writes at most 20 lines at once and 2 a second; the next one says how many there would have been.

    Can be used from several threads at once.
    """

    def __init__(self, *, slow_seconds: float) -> None:
        self.slow_seconds = slow_seconds
        self._lock = threading.Lock()
        self._allowed = float(_BURST)
        self._asked = time.monotonic()
        self._suppressed = 0

    def write(
        self,
        trail: Trail,
        *,
        route: str,
        identity: ModelIdentity | None,
        code: int | str,
        seconds: float,
        is_failure: bool,
    ) -> None:
        """Write a line of a request that failed by the server's fault, or took `slow_seconds` or more."""
        suppressed = self._take_turn()
        if suppressed is None:
            return
        fields = {
            "request_id": trail.request_id,
            "trace_id": _trace_id(trail),
            "transport": trail.transport,
            "route": route,
            "model": identity.model if identity else None,
            "revision": identity.revision if identity else None,
            "bundle_digest": identity.bundle_digest if identity else None,
            "code": code,
            "seconds": round(seconds, 6),
            "rows": trail.rows or None,
            "queue_seconds": round(trail.queue_seconds, 6) if trail.rows else None,
            "error": f"{type(trail.error).__name__}: {trail.error}" if trail.error else None,
            "suppressed": suppressed or None,
        }
        said = {name: value for name, value in fields.items() if value is not None}
        is_unknown = isinstance(trail.error, Exception) and codes_of(trail.error) is INTERNAL
        logging.getLogger(LOG).log(
            logging.ERROR if is_failure else logging.WARNING,
            "a request failed" if is_failure else "a request was slow",
            extra={"fields": said},
            exc_info=trail.error if is_unknown else None,
        )

    def close(self) -> None:
        """Say how many lines are still untold."""
        with self._lock:
            suppressed, self._suppressed = self._suppressed, 0
        if suppressed:
            fields = {"suppressed": suppressed}
            logging.getLogger(LOG).warning("more requests failed or were slow", extra={"fields": fields})

    def _take_turn(self) -> int | None:
        """How many lines were suppressed since the last one; None where this one is, too."""
        with self._lock:
            now = time.monotonic()
            self._allowed = min(_BURST, self._allowed + (now - self._asked) * _LINES_PER_SECOND)
            self._asked = now
            if self._allowed < 1:
                self._suppressed += 1
                return None
            self._allowed -= 1
            suppressed, self._suppressed = self._suppressed, 0
            return suppressed


def _trace_id(trail: Trail) -> str | None:
    """Of the trace that is made here, or that the caller goes on with."""
    given = trail.span.trace_parent if trail.span else trail.carrier.get("traceparent", "")
    return find_trace_id(given)

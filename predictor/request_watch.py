"""Around every request of every transport: it is counted, recorded, traced, and logged where that is called for.

A transport begins a request's trail with its first byte and ends it when the answer is handed to the connection.
"""

import time
from collections.abc import Mapping, Sequence

from access.request_id import choose_request_id
from predictor.error_table import is_server_failure, is_success
from predictor.identity import ModelIdentity
from predictor.metrics import PredictorMetrics
from predictor.recording.prediction_recorder import DiscardRecorder, Prediction, PredictionRecorder
from predictor.recording.recorded_run import RecordedRun
from predictor.request_log import RequestLog
from predictor.request_trail import Trail
from predictor.tracing.request_span import EndedRequest, Tracing

_CLIENT_LENGTH = 128
_HEALTH = "/v2/health"  # says that it is not ready with a code that is no failure


class RequestWatch:
    """Tells all who want to know of requests; `tracing` is None where there are no traces. For several threads."""

    def __init__(
        self,
        metrics: PredictorMetrics,
        recorder: PredictionRecorder,
        log: RequestLog,
        tracing: Tracing | None,
        *,
        client_header: str = "",
    ) -> None:
        self._metrics = metrics
        self._recorder = recorder
        self._log = log
        self._tracing = tracing
        self.client_header = client_header.lower()
        """Of a request or of a call's metadata, which says who asked; empty where that is not recorded."""
        self.is_recording = not isinstance(recorder, DiscardRecorder)
        """Whether anybody keeps the answers of a trail."""
        self.is_tracing = tracing is not None

    def begin(self, transport: str, carrier: Mapping[str, str], *, method: str = "") -> Trail:
        """A request has come, with these headers or metadata (names in lower case)."""
        request_id = choose_request_id(carrier.get("x-request-id", ""))
        span = self._tracing.begin(carrier) if self._tracing else None
        client = carrier.get(self.client_header, "")[:_CLIENT_LENGTH] if self.client_header else ""
        return Trail(transport, method, request_id, carrier, span, client)

    def end(self, trail: Trail, *, route: str, identity: ModelIdentity | None, code: int | str) -> None:
        """It was answered with `code`, the transport's own; `identity` is None while no model is loaded."""
        seconds = time.perf_counter() - trail.started
        self._metrics.count_request(trail.transport, route, identity, code, seconds)
        if trail.answers and is_success(code):
            self._record(trail, route, seconds)
        if trail.part is not None and is_success(code):
            run, part = trail.part
            run.requests.append((seconds, part))
        is_failure = is_server_failure(code) and not route.startswith(_HEALTH)
        if is_failure or seconds >= self._log.slow_seconds:
            self._log.write(trail, route=route, identity=identity, code=code, seconds=seconds, is_failure=is_failure)
        if trail.span:
            trail.span.end(
                EndedRequest(trail.transport, trail.method, route, trail.request_id, identity, code, is_failure)
            )

    def end_runs(self, runs: Sequence[RecordedRun]) -> None:
        """All requests that shared one of `runs` have ended: record those that were answered."""
        if answered := [run for run in runs if run.requests]:
            self._recorder.record_runs(answered)

    def close(self, timeout_seconds: float) -> None:
        """Nothing comes any more: bring what is recorded and traced to where it belongs, for so long at most."""
        deadline = time.monotonic() + timeout_seconds
        self._log.close()
        self._recorder.close(timeout_seconds)
        if self._tracing:
            self._tracing.close(max(deadline - time.monotonic(), 0))

    def _record(self, trail: Trail, route: str, seconds: float) -> None:
        now = time.time_ns()
        for answer in trail.answers:
            self._recorder.record(
                Prediction(
                    request_id=trail.request_id,
                    transport=trail.transport,
                    door=route,
                    time_ns=now,
                    seconds=seconds,
                    classes=answer.model.manifest.classes,
                    request=answer.request,
                    inference=answer.inference,
                    rows=answer.rows,
                    client=trail.client,
                )
            )

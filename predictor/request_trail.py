"""What a request leaves behind on its way, for those who want to know how it ended (request_watch.py)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from open_inference import InferRequest
from predictor.recording.chunk import RunPart
from predictor.recording.recorded_run import RecordedRun
from predictor.served_model import Inference, ServedModel
from predictor.tracing.request_span import RequestSpan


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """An inference that was made for a request."""

    model: ServedModel
    request: InferRequest
    inference: Inference
    rows: int


@dataclass(slots=True, eq=False)
class Trail:
    """One request, from its first byte to its answer. Written to by whoever works on it, one after the other."""

    transport: str
    method: str
    """HTTP's; empty over gRPC."""
    request_id: str
    carrier: Mapping[str, str]
    """Headers or metadata, by names in lower case."""
    span: RequestSpan | None
    client: str = ""
    """Who asks, where that is recorded and known."""
    started: float = field(default_factory=time.perf_counter)
    rows: int = 0
    queue_seconds: float = 0.0
    answers: list[Answered] = field(default_factory=list)
    part: tuple[RecordedRun, RunPart] | None = None
    """In the place of `answers`, where the request shared a run and somebody records it."""
    error: BaseException | None = None

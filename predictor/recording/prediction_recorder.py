"""Who is told of every answer. The rest of the predictor knows this seam only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from open_inference import InferRequest
from predictor.served_model import Inference

if TYPE_CHECKING:
    from predictor.recording.recorded_run import RecordedRun


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """An inference as it was answered."""

    request_id: str
    transport: str
    door: str
    """The route that was asked."""
    time_ns: int
    """When it was answered, since the epoch."""
    seconds: float
    """From the request's first byte to its answer."""
    classes: tuple[str, ...]
    """Names by index."""
    request: InferRequest
    inference: Inference
    rows: int
    client: str = ""
    """Who asked, where it is known."""


class PredictionRecorder(Protocol):
    """Keeps predictions, or does not. Can be used from several threads at once."""

    def record(self, prediction: Prediction) -> None:
        """Keep the prediction, as far as that is possible. Never waits, raises nothing."""

    def record_runs(self, runs: "Sequence[RecordedRun]") -> None:
        """The same for all requests that were answered from some runs of the model."""

    def close(self, timeout_seconds: float) -> None:
        """Write what was recorded, for so long at most; nothing is recorded from now on. Can be repeated."""


class DiscardRecorder:
    """A PredictionRecorder that keeps nothing."""

    def record_runs(self, runs: "Sequence[RecordedRun]") -> None:
        """See PredictionRecorder."""

    def record(self, prediction: Prediction) -> None:
        """See PredictionRecorder."""

    def close(self, timeout_seconds: float) -> None:
        """See PredictionRecorder."""
